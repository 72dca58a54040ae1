#!/bin/bash
# streams - records through programs and pipes
set -u
g=tests/golden/record
small=$g/small.msgpack
show=$BIN/show draw=$BIN/draw

. tests/lib.sh streams

# cuts here and there, and near the end (record_stream.c has every byte), exit 3 and name the input
for f in $small $small.zst; do
    size=$(stat -c %s $f) bad=
    for n in $(seq 0 23 $((size - 1))) $(seq $((size - 6)) $((size - 1))); do
        head -c $n $f | "$show" --count >"$T/out" 2>"$T/err"
        [ $? = 3 ] && [ ! -s "$T/out" ] && grep -q '^show: stdin: ' "$T/err" ||
            bad="$bad $n"
    done
    is "cut_of_$(basename $f)" "" "$bad"
done
is zstd_tool 3 "$(zstd -qc $small 2>/dev/null | "$show" --count)"
is second_stream_cut 3 "$(cat $small <(head -c 100 $small) |
    "$show" --field id 2>/dev/null | wc -l)"
is trickle 3 "$( (head -c 300 $small; sleep 0.1; tail -c +301 $small) |
    "$show" --count)"

if [ ! -x "$draw" ]; then
    echo "skip streams_through_draw: no draw"
    exit 0
fi
"$draw" --count 30 --quiet -o "$T/a" $small
"$draw" --count 30 --quiet -o "$T/a.zst" $small.zst
is same_from_zstd "$("$show" --json "$T/a" | cksum)" \
    "$("$show" --json "$T/a.zst" | cksum)"
is zst_is_compressed 28b52ffd \
    "$(head -c 4 "$T/a.zst" | od -An -tx1 | tr -d ' ')"
"$draw" --count 30 --quiet $small >"$T/b"
is pipe_is_file "$(cksum <"$T/a")" "$(cksum <"$T/b")"
# fields that draw does not know keep their bytes
"$draw" --count 1 --quiet $small >"$T/one"
id=$("$show" --field id "$T/one")
is unknown_fields "$("$show" --json $small | grep "\"$id\"" | sed 's/}$//')" \
    "$("$show" --json "$T/one" | sed 's/,"epoch".*//')"
is made_by "make_streams again draw" \
    "$("$show" --header "$T/one" | sed -n '/made_by/,$p' |
       sed 's/made_by//' | awk '{ print $1 }' | paste -sd' ')"
# by hand
is by_hand x "$(echo '{"id":"x","prompt":"1+1=","answer":"2","verifier":"math"}' |
    "$draw" --count 1 --quiet | "$show" --field id)"
is json_out '{"a":1,"epoch":0,"position":0}' \
    "$(echo '{"a":1}' | "$draw" --count 1 --json --quiet)"
"$draw" --count 1 </dev/null >"$T/out" 2>"$T/err"
is empty_exit 3 $?
is empty_message "draw: stdin: empty input, no records" "$(cat "$T/err")"
