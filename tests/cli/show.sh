#!/bin/bash
# show - streams as text; golden files in tests/golden/record/show
# UPDATE=1 rewrites them, and git diff shows what changed
set -u
g=tests/golden/record
small=$g/small.msgpack
show=$BIN/show

golden() { # NAME command...
    local name=$1
    shift
    "$@" >"$T/$name" 2>&1
    echo "exit status $?" >>"$T/$name"
    [ -z "${UPDATE:-}" ] || cp "$T/$name" "$g/show/$name"
    if cmp -s "$T/$name" "$g/show/$name"; then
        echo "ok show_$name"
    else
        echo "not ok show_$name: $(diff "$g/show/$name" "$T/$name" | head -5 | tr '\n' ' ')"
    fi
}
. tests/lib.sh show

golden records "$show" $small
golden narrow "$show" --width 40 --lines 2 $small
golden header "$show" --header $small $small.zst
golden fields "$show" --fields $small
golden json "$show" --json $small
golden field "$show" --field id --field note --field prompt \
    --field logprobs.base --head 2 $small
golden help "$show" --help
golden version "$show" --version
golden misuse "$show" --hed 1
golden two_modes "$show" --json --count
golden json_lines "$show" $g/rows/y_all_kinds.jsonl
golden absent "$show" /nonexistent
is count 3 "$("$show" --count $small)"
is count_of_many 9 "$(cat $small $small.zst $small | "$show" --count)"
is count_of_files 6 "$("$show" --count $small $small.zst)"
is head 2 "$("$show" --head 2 --count $small)"
is json_again "$("$show" --json $small)" \
    "$("$show" --json $small | "$show" --json)"
head -c 700 $small >"$T/cut"
is cut_prints_what_was_whole 2 "$("$show" --field id "$T/cut" 2>/dev/null | wc -l)"
"$show" --field id "$T/cut" >/dev/null 2>"$T/err"
is cut_exit 3 $?
is cut_message "show: $T/cut: truncated: 2 records read, then it stops inside the next one" "$(cat "$T/err")"
"$show" $small >/dev/full 2>"$T/err"
is full_exit 1 $?
is full_message "show: standard output: No space left on device" \
    "$(cat "$T/err")"
# a record that would drive a terminal is shown, not obeyed
is escapes 0 "$(printf '{"a":"\\u001b[2J\\u0000"}' | "$show" | grep -c $'\x1b')"
if [ -n "$SHARED" ] && [ -e "$SHARED/datasets/tokenizer/qwen2" ]; then
    is pieces "'1' '+' '1' '=' <|endoftext|>" "$(
        echo '{"response_tokens":[16,10,16,28,151643]}' |
        "$show" --tokenizer "$SHARED/datasets/tokenizer/qwen2" |
        sed -n '3s/^ *//p')"
else
    echo "skip show_pieces: no ../shared/datasets/tokenizer"
fi
