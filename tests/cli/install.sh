#!/bin/bash
# install - make install puts programs, manual pages and documents into PREFIX,
# below DESTDIR; what is installed works there; make uninstall takes it away
set -u
. tests/lib.sh install
# The programs are there (-o), built as the make that runs the tests was told.
old=()
m() {
    env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES make "${old[@]}" SAN="$SAN" BIN="$BIN" "$@" \
        >"$T/out" 2>"$T/err" || { echo "not ok install_make: $*: $(tail -n 3 "$T/err" | tr '\n' ' ')"; exit 1; }
}
programs=$(cd bin && ls *.c | sed 's/\.c$//')
for p in $programs; do old+=(-o "$BIN/$p"); done
rm -rf build/man
m install PREFIX=/usr DESTDIR="$T/a stage"
to="$T/a stage/usr"
is programs "$programs" "$(ls "$to/bin")"
is pages "$(sed 's/$/.1/' <<<"$programs")" "$(ls "$to/share/man/man1")"
cmp -s "$BIN/kl" "$to/bin/kl"; is the_same_program 0 $?
is it_runs "$("$BIN/kl" --version)" "$(cd / && "$to/bin/kl" --version)"
is version_is_that_of_the_changes "$(sed -n 's/^## \([0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)" \
    "$("$to/bin/kl" --version | sed 's/.* //')"

# Links between documents hold in the copy (in the tree: docs.sh).
broken() { # DIR
    (cd "$1" && find . -name '*.md' | while read -r d; do
        grep -oE '\]\([^)#: ]+' "$d" | sed 's/^](//' | while read -r l; do
            [ -e "$(dirname "$d")/$l" ] || echo "$d: $l"
        done
    done)
}
is links_hold_where_installed '' "$(broken "$to/share/doc/ulp")"

# A page has every option and every sentence of --help.
flat() { tr -s ' \n' '  ' | sed 's/- //g; s/-//g; s/ //g'; }
page() { # FILE: its text, without formatting; what troff would print
    sed -E '/^\.(TH|nf|fi|br|TP|PP|SH|SS)/d; s/^\.B //; s/^\\&//; s/\\-/-/g; s/\\e/\\/g' "$1"
}
for p in $programs; do
    want=$("$BIN/$p" --help | sed -n '3,/^Exit status:/p' | sed -E 's/^Usage: //; /^(Exit status|Options):$/d
        /^[A-Z][A-Za-z ]*:$/d' | flat)
    [[ "$(page "$to/share/man/man1/$p.1" | flat)" == *"$want"* ]] ||
        echo "not ok install_page_of_$p: lacks words of --help"
done
echo "ok install_pages_are_compared"
if command -v groff >/dev/null; then
    is groff_has_no_warning '' "$(for p in $programs; do
        groff -man -Tutf8 -ww "$to/share/man/man1/$p.1" 2>&1 >/dev/null; done)"
else
    echo "skip install_groff: no groff"
fi

m uninstall PREFIX=/usr DESTDIR="$T/a stage"
is uninstall_leaves_nothing '' "$(find "$T/a stage" -type f)"
mkdir "$T/locked" && chmod a-w "$T/locked"
if [ -w "$T/locked" ]; then echo "skip install_read_only: this user may write everywhere"; else
    env -u MAKEFLAGS -u MAKELEVEL make "${old[@]}" BIN="$BIN" install PREFIX="$T/locked" >/dev/null 2>&1
    [ $? != 0 ] && echo "ok install_read_only" || echo "not ok install_read_only: exit 0"
fi
