#!/bin/bash
# select - show: conditions, order, the n largest, fields by name; text or records
set -u
. tests/lib.sh select
says() { # NAME STATUS MESSAGE COMMAND...
    local name=$1 status=$2 want=$3 rc=0
    shift 3
    "$@" >"$T/out" 2>"$T/err" || rc=$?
    is "$name" "$status $want" "$rc $(head -n 1 "$T/err")"
}
show() { "$BIN/show" "$@"; }
cat >"$T/r.jsonl" <<'E'
{"id":"a","task":"gsm8k","correct":false,"x":1,"kl":{"k":0.5},"v":[1,2],"odd-name":1}
{"id":"b","task":"gsm8k","correct":true,"x":2.5,"kl":{"k":3.5},"v":[],"big":18446744073709551615}
{"id":"c","task":"math \"q\"","correct":false,"x":-3,"kl":{"k":1.5},"s":"é"}
{"id":"d","task":"x","correct":true,"kl":{"k":2.5},"v":[1,2,3],"s":"","and":{"or":7},"n":null}
{"id":"e","correct":false,"x":1e300,"big":18446744073709551614}
E
"$BIN/stats" --tag -o "$T/r.msgpack" "$T/r.jsonl"
R=$T/r.msgpack

# WANT ids <- condition
while IFS='|' read -r want cond; do
    is "where $cond" "$want" "$(show --where "$cond" --field id $R 2>&1 | tr -d '\n')"
    is "rows where $cond" "$want" "$(show --where "$cond" --field id "$T/r.jsonl" 2>&1 | tr -d '\n')"
done <<'E'
a|correct == 0 and task == "gsm8k"
a|task == 'gsm8k' and correct == false
bd|correct
bd|correct == true
ace|not correct
ace|correct != 1
bc|x > 1 and x < 3 or x == -3
b|x > 1 and (x < 3 or x == -3)
a|not (x > 1 or x == null) and not x == -3
acd|not x > 1
e|x >= 1e300
be|x > +1
abe|x != null and x != -3
d|x == null
abce|null != x
e|task == null
bcde|x != 1
bde|kl.k > 1.5 or big > 0
bde|kl.k > 1.5e0 or 0<big
b|big == 18446744073709551615
e|big == 18446744073709551614
|big == 18446744073709551613
be|big >= 18446744073709551614
ad|len(v) >= 2
d|len( v )==3
b|len(v) == 0
ce|len(v) == null
b|v != null and not len(v)
c|s == "é" and len(s) == 2
d|s == ""
c|task == "math \"q\""
c|task == 'math "q"'
a|`odd-name` == 1
d|`and.or` == 7 and `and` != null
d|len(`and`) == 1
ab|task < "h"
abcd|task >= ""
abcde|task != 3
|task == 3
cde|n == null and task != "gsm8k"
abcde|true
|false
|null
abcde|1 < 2
b|kl.k==3.5 and not not not not correct
E
is precedence abcde "$(show --where 'correct or not correct and correct == 0' --field id $R | tr -d '\n')"
is nesting bd "$(show --where "$(printf '(%.0s' $(seq 90))correct$(printf ')%.0s' $(seq 90))" --field id $R | tr -d '\n')"
is float32_as_it_is_shown x "$(printf '\x83\xa4rlvr\x01\xa4kind\xa1k\xa7made_by\x90\x82\xa2id\xa1x\xa1f\xca\x3d\xcc\xcc\xcd' |
    show --where 'f == 0.1 and f >= 0.1 and not f > 0.1' --field id 2>/dev/null)"

says single_equals 2 "show: --where: column 3: found '=', expected ==" show --where 'x = 1' $R
says unfinished 2 "show: --where: column 11: it ends, expected a name, a number or a string" show --where 'x == 1 and' $R
says no_words_in_c 2 "show: --where: column 8: found '&&', expected and, or, or the end" show --where 'x == 1 && x' $R
says open_parenthesis 2 "show: --where: column 8: it ends, expected and, or, or )" show --where '(x == 1' $R
says open_string 2 "show: --where: column 8: it ends, expected the end of a string" show --where 'x == "a' $R
says bad_escape 2 "show: --where: column 7: found '\\q\"', expected \\n \\t \\r \\\\ \\\" or \\'" show --where 'x == "\q"' $R
says bad_number 2 "show: --where: column 6: found '1e', expected a number" show --where 'x == 1e' $R
says huge_number 2 "show: --where: column 6: found '1e999', expected a number" show --where 'x == 1e999' $R
says wide_number 2 "show: --where: column 6: found '18446744073709551616', expected a number" show --where 'x == 18446744073709551616' $R
says empty 2 "show: --where: column 1: it ends, expected a name, a number or a string" show --where '' $R
says chained 2 "show: --where: column 7: found '<', expected and, or, or the end" show --where '1 < x < 3' $R
says a_lone_string 2 "show: --where: column 5: it ends, expected a comparison of that string" show --where '"ab"' $R
says deep 2 "show: --where: nested deeper than 100 levels" show --where "$(printf '(%.0s' $(seq 300))" $R
says wide 2 "show: --where: more than 1000 parts" show --where "x$(printf ' or x%.0s' $(seq 600))" $R
says less_than_a_string 3 "show: $R: record 1: task: found str, which cannot be compared with a number" show --where 'task < 3' $R
says less_than_a_number 3 "show: $R: record 1: x: found int, which cannot be compared with a string" show --where '"a" < x' $R
says an_array 3 "show: $R: record 1: v: found array, which cannot be compared with a number" show --where 'v == 1' $R
says a_string_is_no_condition 3 "show: $R: record 1: task: found str, expected a bool or a number (or compare it)" show --where 'task' $R
says length_of_a_number 3 "show: $R: record 1: x: found int, expected an array, a map or a string" show --where 'len(x) > 1' $R
says misspelt 3 "show: no record has the field corect (show --fields lists those there are)" show --where 'corect == 0' $R
says misspelt_behind_and 3 "show: no record has the field zzz (show --fields lists those there are)" show --where 'task == "none" and zzz > 1' $R
says misspelt_with_writer 3 "show: no record has the field policy: run rollout" show --where 'policy == "x"' $R
is absent_is_asked_for abcde "$(show --where 'zzz == null' --field id $R | tr -d '\n')"
is the_first_may_lack_it a "$(show --where 'x == 1 or big == 3' --head 1 --field id $R)"

# order
is ascending cabed "$(show --sort x --field id $R | tr -d '\n')"
is descending ebacd "$(show --sort -x --field id $R | tr -d '\n')"
is by_text abcde "$(show --sort id --field id $R | tr -d '\n')"
is by_text_down dcabe "$(show --sort -task --field id $R | tr -d '\n')"
is stable acebd "$(show --sort correct --field id $R | tr -d '\n')"
is stable_down bdace "$(show --sort -correct --field id $R | tr -d '\n')"
is by_length badce "$(show --sort 'len(v)' --field id $R | tr -d '\n')"
is head_of_the_order ca "$(show --sort x --head 2 --field id $R | tr -d '\n')"
is head_of_the_order_down eb "$(show --sort -x --head 2 --field id $R | tr -d '\n')"
is largest be "$(show --sort x --top 2 --field id $R | tr -d '\n')"
is largest_first eb "$(show --sort -x --top 2 --field id $R | tr -d '\n')"
is largest_has_the_field ebac "$(show --sort -x --top 9 --field id $R | tr -d '\n')"
is wide_integers be "$(show --sort -big --top 5 --field id $R | tr -d '\n')"
is top_of_some ca "$(show --where 'not correct and x < 9' --sort -kl.k --top 2 --field id $R | tr -d '\n')"
is top_and_head b "$(show --sort -kl.k --top 3 --head 1 --field id $R)"
awk 'BEGIN { srand(3); for (i = 0; i < 3000; i++) printf "{\"i\":%d,\"x\":%d}\n", i, int(rand() * 500) }' >"$T/many.jsonl"
sort_by() { sed 's/.*"i":\([0-9]*\),"x":\([0-9]*\).*/\2 \1/' "$T/many.jsonl" | sort -s "$@" | awk '{ print $2 }'; }
is many_ascending "$(sort_by -k1,1n | cksum)" "$(show --sort x --field i "$T/many.jsonl" | cksum)"
is many_descending "$(sort_by -k1,1nr | cksum)" "$(show --sort -x --field i "$T/many.jsonl" | cksum)"
for n in 1 2 3 10 999 2999 3000 4000; do
    is "top_$n" "$(sort_by -k1,1nr | head -n $n | cksum)" "$(show --sort -x --top $n --field i "$T/many.jsonl" | cksum)"
    is "head_$n" "$(sort_by -k1,1n | head -n $n | cksum)" "$(show --sort x --head $n --field i "$T/many.jsonl" | cksum)"
done
if [ "$SAN" != 1 ]; then
    # 300000 records, ten kept: a small memory is enough
    (ulimit -v 60000; seq 300000 | sed 's/.*/{"x":&,"p":"0123456789012345678901234567890123456789012345678901234567890123456789"}/' |
        show --sort -x --top 10 --field x) >"$T/out" 2>&1
    is top_in_little_memory "300000 299991" "$(sed -n '1p;$p' "$T/out" | tr '\n' ' ' | sed 's/ $//')"
fi
says top_needs_sort 2 "show: --top needs --sort FIELD" show --top 3 $R
says sort_of_nothing 2 "show: --sort: '-' is not FIELD or -FIELD" show --sort - $R
says sort_misspelt 3 "show: no record has the field nosuch (show --fields lists those there are)" show --sort nosuch $R
says sort_of_a_map 3 "show: $R: record 1: kl: found map, expected a number, a bool or a string" show --sort kl $R

# fields by name
says no_such_field 3 "show: no record has the field nosuch (show --fields lists those there are)" show --field nosuch $R
says one_of_two 3 "show: no record has the field nosuch (show --fields lists those there are)" show --field id,nosuch $R
says who_writes_it 3 "show: no record has the field response: run tokenize --decode" show --field response $R
says not_so_far 3 "show: none of the records read so far has the field big (show --fields lists those there are)" show --head 1 --field big $R
is none_selected "" "$(show --where 'x == 77' --field id $R 2>&1)"
is commas "$(show --field id --field x --field kl.k $R)" "$(show --field id,x,kl.k $R)"
is lengths "$(printf '2\n0\n\n3\n')" "$(show --field 'len(v)' $R | head -4)"
is names "$(printf 'id\tlen(v)\na\t2\nb\t0')" "$(show --names --field 'id,len(v)' --head 2 $R)"
is a_field_that_is_null "" "$(show --field n $R | tr -d '\n')"
says names_alone 2 "show: --names needs --field" show --names $R
says an_empty_name 2 "show: --field: 'id,,x' has an empty name" show --field id,,x $R
says two_ways 2 "show: --header, --fields, --count, --json, --html, --records (or -o) and --field exclude each other" show --records --json $R

# records in, records out
show --records --where correct $R >"$T/some"
is records "$(show --json $R | grep '"correct":true')" "$(show --json "$T/some")"
is kind_is_kept rollouts "$("$BIN/reward" <<<'{"answer":1,"response":"1"}' | show --records |
    show --header | awk '$1 == "kind" { gsub("\"", "", $2); print $2 }')"
is made_by 'stats mode="tag"|show where="correct" sort="-x" top="3"' \
    "$(show --records --where correct --sort -x --top 3 $R | show --header | sed -n '/made_by/,$s/.*\(stats\|show\) /\1 /p' | paste -sd'|')"
is to_a_pipe "$(show --json --sort -x $R)" "$(show --records --sort -x $R | show --json)"
show --where correct -o "$T/o.zst" $R
is to_a_file "28b52ffd $(cksum <"$T/some")" "$(head -c 4 "$T/o.zst" | od -An -tx1 | tr -d ' ') $(zstd -dcq "$T/o.zst" | cksum)"
show --json --where correct -o "$T/o.json" $R
is rows_to_a_file "$(show --json "$T/some")" "$(cat "$T/o.json")"
is into_stats '{"n":2}' "$(show --records --where correct $R | "$BIN/stats" --json)"
is nothing_selected_is_a_stream 0 "$(show --records --where 'x == 77' $R | show --count)"
is counted 2 "$(show --where correct --count $R)"
is fields_of_some 2 "$(show --where correct --fields $R | awk '$1 == "id" { print $3 }')"
is files_in_order abcdeabcde "$(show --field id $R "$T/r.jsonl" | tr -d '\n')"
head -c 150 $R >"$T/cut"
says a_cut_stream 3 "show: $T/cut: truncated: 1 record read, then it stops inside the next one" show --sort x -o "$T/no" "$T/cut"
is a_cut_stream_leaves_nothing "" "$(cat "$T/out"; ls "$T/no" 2>/dev/null)"
