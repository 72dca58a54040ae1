# prepare: what becomes of hard rows. Nothing is silently changed or dropped:
# numbers keep their digits, choices belong to a problem, chat messages keep
# their roles, empty answers are refused, damaged and endless files end soon.
set -u
. tests/lib.sh prepare
cd "$T"
p="$BIN/prepare --quiet"
answers() { $p --task t --from "$@" 2>&1 | sed 's/.*"answer":\("\([^"\\]\|\\.\)*"\).*/\1/' | tr '\n' ' '; }
prompts() { $p --task t --from "$@" 2>&1 | sed 's/.*"prompt":\("\([^"\\]\|\\.\)*"\).*/\1/' | tr '\n' ' '; }
# account FORMAT FILE: what stderr says
# shellcheck disable=SC2069 # the messages alone
account() { "$BIN/prepare" --task t --from "$@" 2>&1 >/dev/null; }

# numbers
i=0; for n in 9007199254740993 123456789012345678901234567890 -9223372036854775809 1e3 0.10 27.0 100.00 -0.5 1E-7 20 0 1e999 10.50; do
    echo "{\"problem\":\"P$((i++)) is what?\",\"answer\":$n}"; done >n.jsonl
gives numbers_keep_their_digits "$(answers aime n.jsonl)" '"9007199254740993" "123456789012345678901234567890" "-9223372036854775809" "1e3" "0.10" "27" "100" "-0.5" "1E-7" "20" "0" "1e999" "10.50" '
printf '{"id":"x","task":"y","prompt":"p","answer":9007199254740993,"verifier":"math","seed":18446744073709551615,"level":0.10,"m":{"a":[1.50,-0]}}\n' >pr.jsonl
gives numbers_of_other_fields "$($p --from prepared --task t pr.jsonl)" '{"id":"t/0","task":"t","prompt":"p","answer":"9007199254740993","verifier":"math","seed":18446744073709551615,"level":0.10,"m":{"a":[1.50,-0]}}'
for bad in 01 1. .5 +1 1e 0x1 1.2.3 --1 NaN; do
    echo "{\"problem\":\"P\",\"answer\":$bad}" | $p --from aime --task t - >out 2>err; [ $? = 3 ] && [ ! -s out ] && grep -q '^prepare: stdin: line 1: line 1, column ' err || echo "not ok prepare_not_a_number_$bad: $(cat out err)"
done
echo ok prepare_not_a_number

# names of fields, in any case
printf '%s\n' '{"ID":"2024-I-1","Problem":"A?","Solution":"s","Answer":33}' '{"QUESTION":"B?","ANSWER":"7"}' '{"problem":null,"Problem":"C?","answer":null,"Answer":"8"}' >f.jsonl
gives field_names "$(prompts aime f.jsonl)$(answers aime f.jsonl)" '"A?" "B?" "C?" "33" "7" "8" '
printf '%s\n' '{"Question":"q","Answer":"#### 4"}' >f2.jsonl
gives field_names_gsm8k "$(answers gsm8k f2.jsonl)" '"4" '
printf '%s\n' '{"Question":"q","Choices":["a","b"],"Answer":1.0}' '{"Question":"r","Choices":["a","b"],"Answer":"b"}' '{"Question":"s","Choices":["a","b"],"Answer":2}' '{"Question":"t","Choices":["a","b"],"Answer":1}' >f3.jsonl
gives field_names_mmlu "$(answers mmlu f3.jsonl)" '"B" '

echo '{"question":"q","choices":[0.10,"1e3",1e3,20],"answer":3}' >f4.jsonl
gives numbers_as_choices "$($p --from mmlu --task t f4.jsonl | sed 's/.*"choices"/"choices"/')" '"choices":["0.10","1e3","1e3","20"]}'

# several marks, boxes
printf '%s\n' '{"question":"a","answer":"#### 3\nno, wait\n#### 4"}' '{"question":"b","answer":"####5"}' '{"question":"c","answer":"x #### 6 \r\n"}' '{"question":"d","answer":"#### 7\nDone."}' '{"question":"e","answer":"##### 8"}' '{"question":"f","answer":"#### 1\n#### "}' >m.jsonl
gives last_mark "$(answers gsm8k m.jsonl)" '"4" "5" "6" "7" "8" '
gives last_mark_empty "$(account gsm8k m.jsonl)" "prepare: t: 6 rows read, 5 kept; dropped: 0 repeats, 0 repeats with another answer, 0 in an excluded set, 1 unusable (first: m.jsonl: line 6: nothing behind the last '####' of the answer)"
i=0; while IFS= read -r s; do printf '{"problem":"P%s?","solution":"%s"}\n' $((i++)) "${s//\\/\\\\}"; done >b.jsonl <<'X'
So $\boxed 5$.
So $\boxed 12$
is \boxed 3.5.
is \boxed 1,000, say
$\boxed\frac12$
$\boxed \frac{1}{2}.$
$\boxed {7}$
$\boxed{\frac{1}{\sqrt{2}}}$ fine
$\fbox{9}$
$\boxed{1}$, no: \fbox{2}
\fbox{1}, no: $\boxed{2}$
$\boxed{\boxed{3}}$
$\boxed{\text{a \} b}}$
$\boxed -3$
$\boxed - 3$
$\boxed{ 4 }$
\(\boxed 8\)
$\boxed\$36$
$\boxed x^{2 + 1}$
$\boxed{6}$ and \boxedtext{0}
$\boxed 7 \text{ days}$
\frac{\boxed 5}{2}
X
gives boxes "$(answers math b.jsonl)" '"5" "12" "3.5" "1,000" "\\frac12" "\\frac{1}{2}" "7" "\\frac{1}{\\sqrt{2}}" "9" "2" "2" "3" "\\text{a \\} b}" "-3" "- 3" "4" "8" "\\$36" "x^{2 + 1}" "6" "7" "5" '
printf '%s\n' '{"problem":"a","solution":"$\\boxed{5$"}' '{"problem":"b","solution":"$\\boxed{}$"}' '{"problem":"c","solution":"five"}' '{"problem":"d","solution":"$\\boxed $"}' '{"problem":"e"}' '{"problem":"f","solution":"\\boxed{1}"}' >nb.jsonl
gives boxes_refused "$(account math nb.jsonl | tail -n +2)" 'prepare: t: 1 unusable: the last box of the solution does not end (first: nb.jsonl: line 1)
prepare: t: 2 unusable: the last box of the solution is empty (first: nb.jsonl: line 2)
prepare: t: 1 unusable: no \boxed{} in the solution (first: nb.jsonl: line 3)
prepare: t: 1 unusable: no problem, or no answer and no \boxed{} in the solution (first: nb.jsonl: line 5)'

printf '%s\n' '{"problem":"a","answer":"","solution":"$\\boxed{5}$"}' '{"problem":"b","answer":" ","solution":"five"}' '{"problem":"c","answer":""}' >ea.jsonl
gives empty_answer_beside_a_solution "$(answers math ea.jsonl)$(account math ea.jsonl | tail -n 2)" '"5" prepare: t: 1 unusable: no \boxed{} in the solution (first: ea.jsonl: line 2)
prepare: t: 1 unusable: an empty answer (first: ea.jsonl: line 3)'

# empty answers and problems of every format
printf '%s\n' '{"problem":"a","answer":""}' '{"problem":"b","answer":" \t\n"}' '{"problem":"c","answer":null}' '{"problem":"d"}' '{"problem":" ","answer":"1"}' '{"problem":"e","answer":true}' '{"problem":"f","answer":["1"]}' '{"problem":"g","answer":"\u00a0\ufeff"}' '{"problem":"h\u0000i","answer":"1"}' '{"problem":"j","answer":"1\u00002"}' '{"problem":"k","answer":"1"}' >e.jsonl
gives empty_answers "$(answers aime e.jsonl)" '"1" '
gives empty_answers_counted "$(account aime e.jsonl | head -n 1 | sed 's/.*set, //')" '10 unusable (first: e.jsonl: line 1: an empty answer)'
sed 's/problem/prompt/; s/}$/,"verifier":"math"}/' e.jsonl >ep.jsonl
gives empty_answers_prepared "$(answers prepared ep.jsonl)" '"1" '
sed 's/problem/prompt/; s/"answer":\(.*\)}$/"reward_model":{"ground_truth":\1}}/' e.jsonl >ed.jsonl
gives empty_answers_dapo "$(answers dapo ed.jsonl)" '"1" '
printf '%s\n' '{"question":"q","choices":["a","","c"],"answer":1}' '{"question":"r","choices":["a",null],"answer":0}' '{"question":"s","choices":["a"],"answer":0}' >ec.jsonl
gives empty_choice "$(prompts mmlu ec.jsonl)" '"s" '
printf '%s\n' '{"prompt":"a","answer":"x","verifier":"choice","choices":["p","q"]}' '{"prompt":"b","answer":"1"}' '{"prompt":"c","answer":"","verifier":"code"}' '{"prompt":"d","answer":"C","verifier":"choice","choices":["p","q"]}' '{"prompt":"e","answer":"B","verifier":"choice","choices":["p","q"]}' >pc.jsonl
gives prepared_is_checked "$(prompts prepared pc.jsonl)" '"e" '

# repeats: what belongs to a problem
printf '%s\n' '{"question":"Which is true?","choices":["1","2"],"answer":0}' '{"question":"Which is true?","choices":["3","4"],"answer":0}' '{"question":"which is  true","choices":["2","1"],"answer":1}' '{"question":"Which is true?","choices":["2","1"],"answer":0}' >r.jsonl
gives choices_belong_to_the_problem "$(account mmlu r.jsonl)" 'prepare: t: 4 rows read, 2 kept; dropped: 1 repeats, 1 repeats with another answer, 0 in an excluded set, 0 unusable'
i=0; while IFS= read -r q; do echo "{\"question\":\"$q\",\"answer\":\"#### $((i++))\"}"; done >near.jsonl <<'X'
Compute 1.5+2.
Compute 15+2.
Find 5!
Find 5
Find f'(2).
Find f(2).
The ratio 3:4
The ratio 34
Next of 1, 23, 4
Next of 12, 3, 4
Digits 1 2
Digits 12
X
gives near_is_not_a_repeat "$($p --from gsm8k --task t near.jsonl | wc -l)" 12
printf '%s\n' '{"question":"The value is $x = 3$, so $y$?","answer":"#### 1"}' '{"question":"the value  is x=3 so y","answer":"#### 1"}' '{"question":"The\nvalue is $x=3$, so $y$.","answer":"#### 1"}' '{"question":"Points (1, 2)","answer":"#### 1"}' '{"question":"Points $(1,2)$.","answer":"#### 1"}' >same.jsonl
gives form_is_a_repeat "$(account gsm8k same.jsonl | sed 's/,.*repeats, 0/, 0/')" 'prepare: t: 5 rows read, 0 repeats with another answer, 0 in an excluded set, 0 unusable'
gives form_is_a_repeat_kept "$($p --from gsm8k --task t same.jsonl | wc -l)" 2
$p --from mmlu --task t r.jsonl -o ex.jsonl
printf '%s\n' '{"question":"Which is true?","choices":["4","3"],"answer":0}' '{"question":"Which is true?","choices":["5","3"],"answer":0}' >ex2.jsonl
gives excluded_by_choices "$(account mmlu --exclude ex.jsonl ex2.jsonl)" 'prepare: t: 2 rows read, 1 kept; dropped: 0 repeats, 0 repeats with another answer, 1 in an excluded set, 0 unusable'
printf '%s\n' '{"question":"Which, is true","answer":"#### 1"}' '{"question":"other","answer":"#### 1"}' >ex3.jsonl
gives excluded_without_choices "$(prompts gsm8k --exclude ex.jsonl ex3.jsonl)" '"other" '
$p --from gsm8k --task t ex3.jsonl -o ex4.jsonl
gives excluded_with_choices "$(account mmlu --exclude ex4.jsonl ex2.jsonl)" 'prepare: ex2.jsonl: no usable row of format mmlu'

# chat messages
g=',"reward_model":{"ground_truth":"1"}}'
printf '%s\n' '{"prompt":[{"role":"system","content":"Be brief."},{"role":"user","content":"One?"}]'"$g" \
    '{"prompt":[{"role":"user","content":"A?"},{"role":"assistant","content":"B."},{"content":"And C?","role":"user"}]'"$g" \
    '{"prompt":[{"role":"system","content":"S"},{"role":"user","content":"D?"},{"role":"assistant","content":"E."},{"role":"user","content":"And C?"}]'"$g" \
    '{"prompt":[{"role":"user","content":[{"type":"text","text":"Part?"}]}]'"$g" \
    '{"prompt":"Plain?"'"$g" >chat.jsonl
gives messages "$($p --from dapo --task t chat.jsonl | sed 's/.*"prompt"/"prompt"/')" '"prompt":"One?","answer":"1","verifier":"math","system":"Be brief."}
"prompt":"And C?","answer":"1","verifier":"math","history":[{"role":"user","content":"A?"},{"role":"assistant","content":"B."}]}
"prompt":"And C?","answer":"1","verifier":"math","system":"S","history":[{"role":"user","content":"D?"},{"role":"assistant","content":"E."}]}
"prompt":"Part?","answer":"1","verifier":"math"}
"prompt":"Plain?","answer":"1","verifier":"math"}'
gives messages_counted "$(account dapo chat.jsonl | tail -n 2)" 'prepare: t: 2 with a system message, kept in `system`
prepare: t: 2 with earlier turns, kept in `history`; the prompt is the last turn alone'
printf '%s\n' '{"prompt":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]'"$g" '{"prompt":[{"role":"system","content":"a"}]'"$g" '{"prompt":[]'"$g" '{"prompt":[{"role":"tool","content":"a"},{"role":"user","content":"b"}]'"$g" '{"prompt":[{"role":"user","content":"a"},{"role":"system","content":"s"},{"role":"user","content":"b"}]'"$g" '{"prompt":[{"role":"user","content":[{"type":"image"}]}]'"$g" '{"prompt":[{"role":"user"}]'"$g" '{"prompt":[7]'"$g" '{"prompt":[{"role":"user","content":"z"}]'"$g" >badchat.jsonl
gives messages_refused "$(prompts dapo badchat.jsonl)$(account dapo badchat.jsonl | tail -n +2 | cut -d: -f3- | sed 's/ unusable//')" '"z"  2: the last message is not the user'"'"'s (first: badchat.jsonl: line 1)
 1: a prompt without messages (first: badchat.jsonl: line 3)
 1: a message of a role other than system, user and assistant (first: badchat.jsonl: line 4)
 1: a system message that is not the first message (first: badchat.jsonl: line 5)
 3: a message that is not text (first: badchat.jsonl: line 6)'

# byte order marks and other containers
bom=$'\xef\xbb\xbf'
printf '%s"What, ""now""?",1,2,3,4,C\r\n\r\n%sq2,a "b",b,c,d,A' "$bom" "$bom" >bom.csv
gives bom_csv "$($p --from mmlu-csv --task t bom.csv)" '{"id":"t/0","task":"t","prompt":"What, \"now\"?","answer":"C","verifier":"choice","choices":["1","2","3","4"]}
{"id":"t/1","task":"t","prompt":"q2","answer":"A","verifier":"choice","choices":["a \"b\"","b","c","d"]}'
printf '%s{"question":"\\ufeffq","answer":"#### 1"}\n%s{"question":"r","answer":"#### 2"}\n' "$bom" "$bom" >bom.jsonl
gives bom_json "$(prompts gsm8k bom.jsonl)" '"q" "r" '
printf '%s[{"question":"q","answer":"#### 1"}]' "$bom" >bom.json
gives bom_array "$(prompts gsm8k bom.json)" '"q" '
printf '\xff\xfe{\0}\0' >u16.jsonl
gives utf16 "$($p --from gsm8k --task t u16.jsonl 2>&1)" "prepare: u16.jsonl: is UTF-16; expected UTF-8"
printf '[\n {"question":"a","answer":"#### 1"} , {"question":"b","answer":"#### 2"}\n,\n{"question":"c",\n"answer":"none"}]\n' >arr.json
gives array "$(prompts gsm8k arr.json)$(account gsm8k arr.json | sed 's/.*(//')" '"a" "b" first: arr.json: line 4: no question, or no '"'####' in the answer)"
printf '{\n"question":"a",\n"answer":"#### 1"\n}\n{\n"question":"b",\n"answer":"#### 2"\n}\n' >multi.json
gives objects_over_lines "$(prompts gsm8k multi.json)" '"a" "b" '
zstd -q multi.json
gives zstd "$(prompts gsm8k multi.json.zst)$(prompts gsm8k - <multi.json.zst)" '"a" "b" "a" "b" '
while IFS= read -r s; do printf "$s" >bad.json
    $p --from gsm8k --task t bad.json >out 2>err; [ $? = 3 ] && [ "$(wc -l <err)" = 1 ] && [ ! -s out ] && grep -q '^prepare: bad.json: ' err || echo "not ok prepare_bad_container: $s: $(cat out err)"
done <<'X'
[{"question":"a","answer":"#### 1"}
[{"question":"a","answer":"#### 1"},]
[,{"question":"a","answer":"#### 1"}]
[{"question":"a","answer":"#### 1"} {"question":"b","answer":"#### 1"}]
[{"question":"a","answer":"#### 1"}] x
[{"question":"a","answer":"#### 1"}]]
{"question":"a","answer":"#### 1"
{"question":"a","answer":"#### 1"} {"question":"b","answer":"#### 1"}
{"question":"a\n","answer":"#### 1"}
{"question":"a","question":"b","answer":"#### 1"}
]
[
X
echo ok prepare_bad_container
printf '{"question":"a","answer":"#### 1"}\n{"question":"b","ans\n{"question":"c","answer":"#### 1"}\n' >cut.jsonl
gives cut_line "$(account gsm8k cut.jsonl | cut -d: -f1-3)" "prepare: cut.jsonl: line 2"

# compressed files: a damaged byte or a cut anywhere is named, and memory is
# bounded whatever they hold
for i in $(seq 300); do echo "{\"question\":\"q$i\",\"answer\":\"#### $((i * i))\"}"; done | gzip -n >z.gz
gives gzip_whole "$($p --from gsm8k --task t z.gz | wc -l)" 300
size=$(stat -c %s z.gz) bad=
for n in $(seq 3 97 $size) $((size - 1)); do
    head -c $n z.gz >cut.gz; $p --from gsm8k --task t cut.gz >/dev/null 2>err; [ $? = 3 ] && [ "$(wc -l <err)" = 1 ] && grep -q 'cut.gz: .*compressed data\|cut.gz: line 1' err || bad="$bad cut:$n"
done
for at in 40 $((size / 2)) $((size - 3)); do
    { head -c $at z.gz; printf '\xa5\x5a'; tail -c +$((at + 3)) z.gz; } >hurt.gz
    $p --from gsm8k --task t hurt.gz >/dev/null 2>err; [ $? = 3 ] && [ "$(wc -l <err)" = 1 ] && grep -q '^prepare: hurt.gz: ' err || bad="$bad hurt:$at:$(cat err)"
done
gives gzip_damage "$bad" ""
# 1 GB each of zeros, spaces, open brackets, line ends, one string, one quoted field
limit() { (ulimit -v 600000; timeout 20 "$@"); }
[ "$SAN" = 0 ] || limit() { timeout 60 "$@"; } # shadow memory needs more
# bomb HEAD BYTE: gzip members that hold HEAD and a billion of BYTE
bomb() {
    head -c 20000000 /dev/zero | tr '\0' "$2" | gzip -1 >member.gz
    { printf "$1" | gzip; for i in $(seq 50); do cat member.gz; done; } >bomb.gz
}
bad=
for what in '\0' ' ' '[' '\n'; do
    bomb '' "$what"
    limit $p --from gsm8k --task t bomb.gz >out 2>err; [ $? = 3 ] && [ ! -s out ] && grep -q '^prepare: bomb.gz: ' err || bad="$bad <$what>:$(cat err)"
done
bomb '{"question":"' a
limit $p --from gsm8k --task t bomb.gz 2>err; grep -q 'bomb.gz: line 1: a row longer than 16 MiB' err || bad="$bad string:$(cat err)"
bomb '"' a
limit $p --from mmlu-csv --task t bomb.gz 2>err; grep -q 'bomb.gz: line 1: a quoted field longer than 16 MiB' err || bad="$bad csv:$(cat err)"
gives gzip_bombs "$bad" ""
