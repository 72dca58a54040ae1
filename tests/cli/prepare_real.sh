# The real sets, put back into the formats in which their authors publish them,
# and converted: the rows of ../shared/datasets/real again.
set -u
real=$SHARED/datasets/real
if [ -z "$SHARED" ] || [ ! -e "$real/gsm8k.jsonl" ]; then
    echo "skip prepare_real: no real sets in ../shared"
    exit 0
fi
cd "$T"
s='"\([^"\\]\|\\.\)*"' # a JSON string: two groups with the outer ones below
p="^{\"id\": \"[^\"]*\", \"task\": \"[^\"]*\", \"prompt\": \($s\)"
a=", \"answer\": \($s\), \"verifier\": \"math\""
# columns that no row has stay empty; show says so with status 3
fields() { "$BIN/show" $1 --field prompt,answer,verifier,choices,source,entry_point,test,canonical_solution "$2" \
    2>/dev/null || [ $? = 3 ]; }
# same NAME TASK ROWS FORMAT FILE OPTIONS...: FILE converts to TASK's rows
same() {
    local name=$1 task=$2 rows=$3 format=$4 file=$5 n
    shift 5
    "$BIN/prepare" --from "$format" --task "$task" --keep-repeats "$@" -o out.jsonl $file 2>err
    n=$(wc -l <"$rows")
    if [ "$n" -gt 0 ] && fields "$id" "$rows" >want 2>&1 && [ "$(wc -l <want)" = "$n" ] && diff want <(fields "$id" out.jsonl 2>&1) >"diff"; then
        echo "ok prepare_real_$name: $n rows"
    else
        echo "not ok prepare_real_$name: $n rows: $(head -c 200 err) $(head -c 300 diff)"
    fi
}
id='--field id --field task'
sed "s/$p$a.*/{\"question\": \1, \"answer\": \3}/; s/\"answer\": \"/&First 1+1=<<1+1=2>>2.\\\\n#### /" $real/gsm8k.jsonl >gsm8k.raw
same gsm8k gsm8k $real/gsm8k.jsonl gsm8k gsm8k.raw
for t in aime24 aime25; do
    sed "s/$p$a.*/{\"id\": 60, \"problem\": \1, \"answer\": \3, \"url\": \"u\"}/" $real/$t.jsonl >$t.raw
    same $t $t $real/$t.jsonl aime $t.raw
done
sed "s/$p$a.*/{\"problem\": \1, \"answer\": \3}/; s/\"answer\": \"\(-\?[0-9]*\)\"}/\"answer\": \1.0}/" $real/amc23.jsonl >amc23.raw
same amc23_with_numbers amc23 $real/amc23.jsonl aime amc23.raw
sed "s/$p$a.*/{\"problem\": \1, \"solution\": \"none\", \"answer\": \3, \"subject\": \"s\", \"level\": 2, \"unique_id\": \"test\"}/" $real/math500.jsonl >math500.raw
same math500 math500 $real/math500.jsonl math math500.raw
c='"choices": \(\[[^]]*\]\)' # no choice of a matched row holds a bracket
sed -n "s/$p, \($c\), \"answer\": \"\([A-D]\)\".*/{\"question\": \1, \3, \"answer\": \5}/p" $real/mmlu_stem.jsonl |
    sed 's/: A}$/: 0}/; s/: B}$/: 1}/; s/: C}$/: 2}/; s/: D}$/: 3}/' >mmlu.raw
sed -n "/$p, $c, \"answer\": \"[A-D]\"/p" $real/mmlu_stem.jsonl >mmlu.rows
id=
same mmlu mmlu_stem mmlu.rows mmlu mmlu.raw
# as CSV: rows whose strings have no escapes
grep -v '\\' mmlu.rows >plain.rows
sed 's/^{"id": "[^"]*", "task": "[^"]*", "prompt": \("[^"]*"\), "choices": \[\("[^"]*"\), \("[^"]*"\), \("[^"]*"\), \("[^"]*"\)\], "answer": "\(.\)".*/\1,\2,\3,\4,\5,\6/' plain.rows >mmlu.csv
same mmlu_csv mmlu_stem plain.rows mmlu-csv mmlu.csv
id='--field id --field task'
sed 's/^{"id": "humaneval\/\([0-9]*\)", "task": "humaneval"/{"task_id": "HumanEval\/\1"/; s/"answer": "", "verifier": "code", //' $real/humaneval.jsonl >humaneval.raw
gzip -n humaneval.raw
same humaneval_gz humaneval $real/humaneval.jsonl humaneval humaneval.raw.gz
# the training set's two sources
id=
grep '"source": "dapo"}$' $real/dm_train.jsonl >dapo.rows
head='Solve the following math problem step by step. The last line of your response should be of the form Answer: $Answer (without quotes) where $Answer is the answer to the problem.\\n\\n'
tail='\\n\\nRemember to put your answer on its own line after \\"Answer:\\".'
sed "s/$p$a.*/{\"data_source\": \"math_dapo\", \"prompt\": [{\"content\": \1, \"role\": \"user\"}], \"reward_model\": {\"ground_truth\": \3, \"style\": \"rule\"}}/; s/\"content\": \"/&$head/; s/\", \"role\": \"user\"/$tail&/" dapo.rows >dapo.raw
same dapo dm_train dapo.rows dapo dapo.raw --source dapo
grep '"source": "math_train"}$' $real/dm_train.jsonl >math.rows
sed "s/$p$a.*/{\"problem\": \1, \"level\": \"Level 5\", \"solution\": \3}/; s/\"solution\": \"\(.*\)\"}$/\"solution\": \"Not \\\\\\\\boxed{0} but \$\\\\\\\\boxed{\1}\$.\"}/" math.rows >math.raw
same math_by_its_boxes dm_train math.rows math math.raw --source math_train
mkdir split; head -n 40 math.raw | (cd split && split -l 1 -d -a 2 --additional-suffix=.json)
head -n 40 math.rows >rows40
same math_a_file_a_problem dm_train rows40 math "$(echo split/*.json)" --source math_train
# 3,002 different questions: the same text with other choices is another one
"$BIN/prepare" --from prepared --task mmlu_stem -o out.jsonl $real/mmlu_stem.jsonl 2>err
if grep -q '3018 rows read, 3002 kept; dropped: 16 repeats, 0 repeats with another answer' err; then
    echo "ok prepare_real_mmlu_choices"
else
    echo "not ok prepare_real_mmlu_choices: $(cat err)"
fi
