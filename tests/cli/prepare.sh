# prepare: each upstream format, dedupe, exclusion, sample tasks
set -u
. tests/lib.sh
cd "$T"
p="$BIN/prepare --quiet"

printf '%s\n' '{"question":"Q one?","answer":"x <<1+1=2>>\n#### 2,125"}' '{"question":"q  ONE","answer":"#### 2,125"}' '{"question":"Q two","answer":"none"}' >g.jsonl
gives gsm8k "$($p --from gsm8k --task gsm8k g.jsonl)" '{"id":"gsm8k/0","task":"gsm8k","prompt":"Q one?","answer":"2,125","verifier":"math"}'
gives account "$("$BIN/prepare" --from gsm8k --task gsm8k g.jsonl 2>&1 >/dev/null)" "prepare: gsm8k: 3 rows read, 1 kept; dropped: 1 repeats, 0 repeats with another answer, 0 in an excluded set, 1 unusable (first: g.jsonl: line 3: no question, or no '####' in the answer)"
gzip -k g.jsonl
gives gzipped "$($p --from gsm8k --task gsm8k g.jsonl.gz)" "$($p --from gsm8k --task gsm8k g.jsonl)"

printf '{\n "problem": "P",\n "level": "Level 1",\n "solution": "so $\\\\boxed{1}$, no: \\\\boxed{\\\\frac{1}{2}}."\n}\n' >m.json
gives math_file_per_problem "$($p --from math --task m m.json)" '{"id":"m/0","task":"m","prompt":"P","answer":"\\frac{1}{2}","verifier":"math"}'
printf '%s\n' '{"problem":"P2","solution":"\\boxed 7.","answer":"7","unique_id":"x"}' >m5.jsonl
gives math500 "$($p --from math --task math500 m5.jsonl)" '{"id":"math500/0","task":"math500","prompt":"P2","answer":"7","verifier":"math"}'
printf '%s\n' '{"id":0,"problem":"A","answer":27.0,"url":"u"}' '{"id":1,"question":"B","answer":"025"}' >a.jsonl
gives amc_number "$($p --from aime --task amc23 a.jsonl | tail -n +1 | cut -d, -f4)" '"answer":"27"
"answer":"025"'
printf '"What, ""now""?\nyes",1,2,3,4,C\r\nq2,a,b,c,d,A\n' >c.csv
gives mmlu_csv "$($p --from mmlu-csv --task mmlu_stem c.csv | head -n 1)" '{"id":"mmlu_stem/0","task":"mmlu_stem","prompt":"What, \"now\"?\nyes","answer":"C","verifier":"choice","choices":["1","2","3","4"]}'
printf '%s\n' '{"question":"q","choices":["w","x","y","z"],"answer":2}' >c.jsonl
gives mmlu_index "$($p --from mmlu --task mmlu_stem c.jsonl)" '{"id":"mmlu_stem/0","task":"mmlu_stem","prompt":"q","answer":"C","verifier":"choice","choices":["w","x","y","z"]}'
printf '%s\n' '{"task_id":"HumanEval/0","prompt":"def f():\n","entry_point":"f","canonical_solution":"    return 1\n","test":"def check(c):\n    assert c() == 1\n"}' >h.jsonl
gives humaneval "$($p --from humaneval --task humaneval h.jsonl)" '{"id":"humaneval/0","task":"humaneval","prompt":"def f():\n","answer":"","verifier":"code","entry_point":"f","test":"def check(c):\n    assert c() == 1\n","canonical_solution":"    return 1\n"}'
printf '%s\n' '{"data_source":"math_dapo","prompt":[{"content":"Solve the following math problem step by step. The last line of your response should be of the form Answer: $Answer (without quotes) where $Answer is the answer to the problem.\n\nIn triangle ABC, find x.\n\nRemember to put your answer on its own line after \"Answer:\".","role":"user"}],"reward_model":{"ground_truth":"34"}}' >d.jsonl
gives dapo "$($p --from dapo --task dm_train --source dapo d.jsonl)" '{"id":"dm_train/0","task":"dm_train","prompt":"In triangle ABC, find x.","answer":"34","verifier":"math","source":"dapo"}'

printf '%s\n' '{"id":"e/0","prompt":"in Triangle ABC find x"}' >e.jsonl
gives excluded "$("$BIN/prepare" --from dapo --task t --exclude e.jsonl d.jsonl 2>&1 >/dev/null)" "prepare: d.jsonl: no usable row of format dapo"
"$BIN/prepare" --from gsm8k --task x -o out.jsonl m.json 2>/dev/null
gives no_half_output "$? $(ls out.jsonl 2>/dev/null)" "3 "
printf '"open,1,2,3,4,C\n' >bad.csv
gives csv_open_quote "$($p --from mmlu-csv --task x bad.csv 2>&1)" "prepare: bad.csv: line 1: a quoted field does not end"
gives unknown_format "$($p --from nope --task x bad.csv 2>&1)" "prepare: --from: there is no format 'nope'; there are gsm8k math aime mmlu mmlu-csv humaneval dapo prepared"

gives sample_is_a_function_of_the_seed "$($p --sample dm_val -n 50 --seed 3 | cksum)" "$($p --sample dm_val -n 50 --seed 3 | cksum)"
{ $p --sample corpus -n 20000 --seed 1 | sed 's/.*"prompt":\("[^"]*"\).*/\1/' | sort -u >corpus
  $p --sample dm_train -n 2000 | sed 's/.*"prompt":\("[^"]*"\).*/\1/' | sort >train
  for t in dm_val aime24 aime25 amc23 math500 gsm8k mmlu_stem; do
      $p --sample $t -n 60 | sed 's/.*"prompt":\("[^"]*"\).*/\1/'; done | sort >"eval"; }
gives no_prompt_shared "$(sort corpus train eval | uniq -d | wc -l) $(sort -u train | wc -l)" "0 2000"
for t in dm_train aime24 aime25 amc23 math500 gsm8k mmlu_stem humaneval; do
    [ "$($p --sample $t -n 50 | wc -l)" = 50 ] || echo "not ok sample_$t: fewer than 50 rows"
done
if [ -n "$SHARED" ]; then
    r=$SHARED/datasets/real/gsm8k.jsonl
    gives real_rows_pass_unchanged "$($p --from prepared --task gsm8k $r | cksum)" "$(sed 's/": /":/g; s/, "\(task\|prompt\|answer\|verifier\)":/,"\1":/g' $r | cksum)"
else
    echo "skip real_rows_pass_unchanged: no ../shared"
fi
