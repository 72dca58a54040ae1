#!/bin/bash
# docs - what documents name is there; README.md stays short; each HOWTO can be
# found; each parameter of the makefiles that a document names exists
set -u
. tests/lib.sh docs
docs=(README.md CHANGELOG.md docs/*.md data/README.md lib/record/SCHEMA.md lib/verify/README.md kernels/NUMERICS.md)
is readme_is_under_150_lines 1 $(($(wc -l <README.md) < 150))

# Links, from where the document is.
is links_hold '' "$(for d in "${docs[@]}"; do
    grep -oE '\]\([^)#: ]+' "$d" | sed 's/^](//' | while read -r l; do
        [ -e "$(dirname "$d")/$l" ] || echo "$d: $l"
    done
done)"

# Headings that links name, as GitHub makes anchors of them.
anchors() { # FILE
    sed -nE 's/^#+ //p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}
is anchors_hold '' "$(for d in "${docs[@]}"; do
    grep -oE '\]\([^): ]*#[^): ]+' "$d" | sed 's/^](//' | while IFS='#' read -r f a; do
        anchors "${f:+$(dirname "$d")/}${f:-$d}" | grep -qx -e "$a" || echo "$d: $f#$a"
    done
done)"

# Files named from the top folder. Capitals stand for any name; scale and trace
# are what HOWTOs add.
is files_exist '' "$(grep -ohE '`(bin|lib|kernels|pipelines|tests|docs|data|examples)/[A-Za-z0-9_./*-]+`' "${docs[@]}" |
    tr -d '`' | sort -u | grep -vE '/(NAME|TASK|DEVICE|FOLDER)|^kernels/(cpu/scale|cuda/scale|trace)\.cu?$|^data/(dm_|tiny|smoke|HumanEval|dapo-)' | while read -r f; do
        compgen -G "$f" >/dev/null || echo "$f"
    done)"
is tests_named_exist '' "$(grep -ohE 'tests/[a-z0-9]+/[a-z0-9_]+\.(sh|c)' "${docs[@]}" | sort -u | grep -v '/[xy]\.' |
    while read -r f; do [ -e "$f" ] || echo "$f"; done)"
is every_howto_is_listed '' "$(for h in docs/HOWTO-*.md; do
    grep -qF "(${h#docs/})" docs/CONTRIBUTING.md || echo "$h"; done)"

# make NAME=VALUE: a parameter that a makefile has.
known=$(sed -nE 's/^(export |override )?([A-Za-z_0-9]+) *[:?+]?=.*/\2/p' Makefile pipelines/*.mk pipelines/presets/*.mk kernels/*.mk | sort -u)
is parameters_exist '' "$(grep -ohE '\bmake( [A-Z_]+\+?=[^ `]*)+' "${docs[@]}" | grep -oE '[A-Z_]+\+?=' | tr -d '+=' | sort -u |
    while read -r v; do grep -qx "$v" <<<"$known" || echo "$v"; done)"

# Idioms of our own where the field has a term.
is no_private_idioms '' "$(grep -rniE 'no cut shows|no bit depends|samples begin with|youngest|stream that was cut|cut stream' \
    "${docs[@]}" bin/*.c bin/*.h lib kernels pipelines --include=*.c --include=*.h --include=*.cu --include=*.md --include=*.mk --include=*.py | head -n 3)"
