#!/bin/bash
# help - --help of every program: aligned, of 80 columns but for usage and examples,
# no default that cannot be given, no heading without options, and it names
# programs that there are
set -u
. tests/lib.sh help
n=0
for c in bin/*.c; do
    p=$(basename "$c" .c)
    n=$((n + 1))
    "$BIN/$p" --help >"$T/help" 2>"$T/err" </dev/null
    rc=$?
    wrong=$(awk '
        /^Usage:|^       / && !body { next }
        { body = 1 }
        /^Example:/ { example = 1; next }
        /^[A-Z][^.]*:/ { example = 0 }
        example && !/^  [^ ]/ && NF { print "indent: " $0 }
        !example && length > 80 { print "long: " $0 }
        /\(default: -[0-9]/ && !/ X / { print "default: " $0 }
        /[ \t]$/ { print "blanks: " $0 }
        heading && !NF { print "empty: " heading }
        { heading = "" }
        /^[A-Z][^.]*:$/ { heading = $0 }
    ' "$T/help")
    for s in $(sed -n 's/^See also: //p' "$T/help" | tr -d ,); do
        [ -e "bin/$s.c" ] || [ -e "$s" ] || wrong+=" see also: $s"
    done
    is "$p" "0 " "$rc $(cat "$T/err")$wrong"
done
[ $n -ge 16 ] && ok all_programs || no all_programs "$n"
