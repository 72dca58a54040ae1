# Before a stage runs: mistakes in parameters are one line, results of other
# parameters are not replaced, a user's data is only read. Programs are stand-ins.
set -u
. tests/e2e/dag_stubs.bash
R=$T/r
nothing_ran() { ! grep -q '^\[' "$T/err"; }
refused() { # NAME PATTERN ARGS...: one line says it, and nothing ran
    local name=$1 pattern=$2
    shift 2
    dag_make R="$R" "${small[@]}" "$@" "$R/analysis/summary.txt"
    [ "$status" != 0 ] && nothing_ran && [ "$(grep -cv '^make: \*\*\* \[' "$T/err")" = 1 ] && grep -Eq "$pattern" "$T/err"
    verdict "$name" $? "exit $status: $(cat "$T/err")"
}
refused typo_in_preset "PRESET: 'tinny' is not one of .*smoke .*tiny" PRESET=tinny
refused typo_in_arm "'bf61' is not an arm \(did you mean bf16\?\); arms are fp32 " ARMS='fp32 bf61'
refused typo_in_factor 'unknown factor nosuch' ARMS='fp32 bf16,nosuch=1'
rm -rf "$R"
refused typo_in_factor_of_a_first_make 'unknown factor nosuch' ARMS='fp32 bf16,nosuch=1' -j1
refused broken_factor "found 'dropout', expected factor=value" ARMS='bf16,dropout'
refused arm_twice 'names fp32 twice' ARMS='fp32 fp32'
refused no_arm 'ARMS: found none' ARMS=
refused lr_of_an_arm "lr: found 'x', expected a number above 0" ARMS='bf16,lr=x'
refused lr "LR: found '1e-4x'" LR=1e-4x
refused lr_zero "LR: found '0'" LR=0
refused lr_nan "LR: found 'nan'" LR=nan
refused seed "SEEDS: found '1-5'" SEEDS=1-5
refused seed_twice 'names one twice' SEEDS='1 2 1'
refused no_seed 'SEEDS: found none' SEEDS=
refused steps "STEPS: found 'ten', expected a whole number from 1" STEPS=ten
refused steps_without_end 'STEPS: found .99999999999999999999., expected a whole number from 1 to 2000000000' STEPS=99999999999999999999
refused steps_beyond_a_dag 'STEPS=2000000000 CHUNK=2: more than 10000 stages a run' STEPS=2000000000
refused steps_with_a_sign_of_python "STEPS: found '1_0', expected a whole number" STEPS=1_0
refused seed_beyond_a_number 'SEEDS: found .1e30.' SEEDS=1e30
refused keep "KEEP: found 'some', expected all or last or deltas" KEEP=some
refused device "DEVICE: found 'gpu'" DEVICE=gpu
refused unknown_variable 'no such parameter: STEP; did you mean STEPS\?' STEP=3
refused unknown_variable_far 'no such parameter: FOO' FOO=1
typo() { # GOAL MESSAGE
    is "a_target_that_is_not_there_$1" "$2" "$(env -u MAKEFLAGS -u MAKEOVERRIDES -u MFLAGS -u MAKELEVEL make CUDA=0 "$1" 2>&1 | sed 's/^[^:]*:[0-9]*: //')"
}
typo chek '*** no such target: chek; did you mean check? (make help lists them).  Stop.'
typo banana '*** no such target: banana (make help lists them).  Stop.'
refused reference "REFERENCE: 'fp16' is not one of the arms" REFERENCE=fp16
refused no_tasks_file 'TASKS_FILE=.*none.json: No such file' TASKS_FILE="$T/none.json"
echo '{"tasks": [' >"$T/cut.json"
refused broken_tasks_file 'TASKS_FILE=.*cut.json: expected JSON' TASKS_FILE="$T/cut.json"
printf '[%.0s' {1..5000} >"$T/deep.json"
refused tasks_file_too_deep 'TASKS_FILE=.*deep.json: expected JSON' TASKS_FILE="$T/deep.json"
echo '{"tasks": 3}' >"$T/number.json"
refused tasks_that_are_no_list 'TASKS_FILE=.*number.json: tasks: expected a list' TASKS_FILE="$T/number.json"
task() { # NAME MESSAGE KEY VALUE: of the first task
    sed -E "0,/\"$3\": *[^,}]+/s//\"$3\": $4/" "$T/tasks.json" >"$T/task.json"
    refused "$1" "$2" TASKS_FILE="$T/task.json"
}
for v in '"2"' null true '[2]'; do task "samples_$v" 'samples: expected a number' samples "$v"; done
task half_a_sample "samples: found '2.5', expected a whole number" samples 2.5
task samples_without_end "samples: found '1e\+300', expected a whole number from 1 to" samples 1e300
task a_verifier_of_no_kind 'verifier: found "vibes", expected' verifier '"vibes"'
task a_temperature_of_text 'temperature: expected a number' temperature '"0.7"'
sed 's/"samples": 2, //' "$T/tasks.json" >"$T/less.json"
refused task_without_samples 'task dm_val: no "samples"' TASKS_FILE="$T/less.json"
sed 's/"samples"/"sample"/' "$T/tasks.json" >"$T/typo.json"
refused typo_in_a_task 'no "samples"' TASKS_FILE="$T/typo.json"
sed 's/"top_p": 0.8/"top_p": 0.8, "topp": 1/' "$T/tasks.json" >"$T/more.json"
refused unknown_key_of_a_task 'unknown "topp" \(did you mean top_p' TASKS_FILE="$T/more.json"
refused typo_in_tasks "'gms8k' is not in .* \(did you mean gsm8k" TASKS='dm_val gms8k'
refused own_task_without_a_file 'mine=.*none.jsonl: No such file' TASKS="mine=$T/none.jsonl"
mkfifo "$T/fifo.jsonl"
refused own_task_from_a_fifo 'fifo.jsonl: not a regular file' TASKS="mine=$T/fifo.jsonl"
refused no_model 'MODEL=.*/none: no such directory' MODEL="$T/none"
refused no_config 'no config.json there' MODEL="$T/tok"
refused a_real_preset_without_a_model 'needs MODEL=DIR' PRESET=qwen2.5-0.5b TASKS_FILE=data/eval_tasks.json
refused no_data 'data/none/dm_train.jsonl is not there' DATA=data/none
refused a_quote_in_a_path "blanks, quotes and other signs" DATA="it's"
refused eval_samples "EVAL_SAMPLES: found '0'" EVAL_SAMPLES=0
refused eval_temperature "EVAL_TEMPERATURE: found 'hot'" EVAL_TEMPERATURE=hot

R="$T/a b"
refused a_blank_in_r 'blanks, quotes and other signs'
R=$T/r
mkdir "$T/a dir"
tar cf - --exclude=./build --exclude=./results --exclude=./.git . | tar xf - -C "$T/a dir"
(cd "$T/a dir" && dag_make R="$R" all)
grep -q "blank or another sign" "$T/err"
verdict a_blank_in_the_folder $? "$(head -n 2 "$T/err")"
mkdir "$T/none"
PATH_KEPT=$PATH
for p in bash env make timeout sed sort nproc tr find uname grep cat id dpkg-query awk unshare head cut ln; do
    ln -sf "$(command -v $p)" "$T/none/$p" 2>/dev/null
done
# shellcheck disable=SC2123 # nothing is to be found
PATH=$T/none
refused no_gnuplot 'gnuplot is not installed.*make deps'
sed 's/"off", "verifier": "math"/"off", "verifier": "code"/' "$T/tasks.json" >"$T/code.json"
ln -s /bin/true "$T/none/gnuplot"
refused no_bubblewrap 'bwrap.*is not installed.*SANDBOX=0' TASKS_FILE="$T/code.json" SANDBOX=1
PATH=$PATH_KEPT
mkdir "$T/ro" && chmod a-w "$T/ro"
R=$T/ro/r
[ "$(id -u)" != 0 ] || R=/proc/r # root may write anywhere else
refused read_only_r 'R=.* cannot be written: '
mkdir "$T/full"
if unshare -rm true 2>/dev/null; then
    # shellcheck disable=SC2016
    said=$(unshare -rm bash -c 'mount -t tmpfs -o size=8m none "$T/full" && . tests/e2e/dag_stubs.bash &&
        dag_make R="$T/full/r" "${small[@]}" "$T/full/r/analysis/summary.txt"; cat "$T/err"' 2>/dev/null)
    [ "$(grep -cv '^make: \*\*\* \[' <<<"$said")" = 1 ] && grep -q 'R=.*/full/r: its file system is full ([0-9]* MiB are free)' <<<"$said"
    verdict full_r $? "$said"
else
    echo "skip dag_full_r: no mount namespace"
fi
R=$T/file
touch "$R"
refused r_is_a_file 'cannot be written'
R=$T/r

# --- results that are there ---------------------------------------------------------
run() { dag_make R="$R" "${small[@]}" "$@" "$R/analysis/summary.txt"; }
run
bytes "$R" >"$T/first"
for w in LR=2e-3 PRESET=tiny STEPS=6 EVAL_SAMPLES=8 QUESTIONS=2 MODEL_SHAPE='--hidden 64'; do
    refused "results_of_another_${w%%=*}" "${w%%=*}=.* would replace them: make R=DIR keeps both, OVERWRITE=1 replaces" "$w"
done
bytes "$R" | cmp -s - "$T/first"
verdict and_they_are_untouched $? ''
run OVERWRITE=1 LR=2e-3
[ "$status" = 0 ] && grep -q '^\[.*train fp32 seed 1' "$T/err" && ! grep -q '\] pretrain' "$T/err"
verdict overwrite_replaces_what_differs $? "$(cat "$T/err")"
dag_make R="$T/other" "${small[@]}" LR=1e-2 "$T/other/analysis/summary.txt"
[ "$status" = 0 ]
verdict another_folder_holds_both $? "$(tail -n 2 "$T/err")"
rm -r "$T/other/.make"
R=$T/other
refused results_that_nothing_knows 'nothing says the parameters of'
R=$T/r

mkdir "$T/sets"
for t in dm_train dm_val gsm8k; do echo "{\"id\":\"$t/0\"}" >"$T/sets/$t.jsonl"; done
bytes "$T/sets" >"$T/sets.before"
dag_make R="$T/r4" "${small[@]}" EVAL_TASKS=apart DATA="$T/sets" "$T/r4/analysis/summary.txt"
[ "$status" = 0 ] && bytes "$T/sets" | cmp -s - "$T/sets.before" && ! grep -q 'make sample task' "$T/err"
verdict data_is_only_read $? "$(tail -n 2 "$T/err")"

# --- tasks of one's own ------------------------------------------------------------------
echo '{"id":"mine/0","task":"mine","prompt":"1+1?","answer":"2","verifier":"math"}' >"$T/my.jsonl"
dag_make R="$T/r4" "${small[@]}" EVAL_TASKS=apart DATA="$T/sets" TASKS+="mine=$T/my.jsonl" "$T/r4/analysis/summary.txt"
[ "$status" = 0 ] && ! grep '^\[' "$T/err" | grep -qvE 'mine|^.*\] (score|KL|average KL|analys)' && grep -q 'evaluate base_seed1 on mine' "$T/err" &&
    grep -q '"name": "mine"' "$T/r4/.make/tasks.json"
verdict an_own_task_adds_its_stages $? "$(grep '^\[' "$T/err"; tail -n 1 "$T/err")"
dag_make R="$T/r5" "${small[@]}" EVAL_TASKS=apart QUESTIONS=3 EVAL_SAMPLES=5 EVAL_TEMPERATURE=0.3 TASKS='gsm8k dm_val' -n "$T/r5/analysis/summary.txt"
[ "$(grep -c -- '--samples 5 --temperature 0.3 .*--limit 3' "$T/out")" = 6 ] && ! grep -q -- '--samples 2' "$T/out" && [ ! -e "$T/r5/data" ]
verdict questions_samples_temperature $? "$(grep -m 2 rollout "$T/out") $(cat "$T/err")"
sed '3s/"samples": 2/"samples": 3/' "$T/tasks.json" >"$T/unlike.json"
dag_make R="$T/r5" "${small[@]}" QUESTIONS=3 TASKS_FILE="$T/unlike.json" -n "$T/r5/analysis/summary.txt"
[ "$(grep -c -- '--temperature 0.7 --top-p 0.8 --max-new 40 --task dm_val:samples=2,limit=3 --task gsm8k:samples=3,limit=3' "$T/out")" = 3 ]
verdict what_tasks_have_alike_and_of_their_own $? "$(grep -m 2 rollout "$T/out") $(cat "$T/err")"

# --- two makes in one folder ----------------------------------------------------------------
rm -r "$T/r4"
export STUB_SLEEP=0.1
(dag_make R="$T/r4" "${small[@]}" "$T/r4/analysis/summary.txt"; cp "$T/err" "$T/err.1") &
for _ in $(seq 100); do [ -e "$T/r4/.make/owner" ] && break; sleep 0.1; done
env -u MAKEFLAGS -u MAKELEVEL make $old BIN="$T/bin" B="$T/none" CUDA=0 MPI=0 DEVICE=cpu R="$T/r4" "${small[@]}" \
    "$T/r4/analysis/summary.txt" </dev/null >"$T/out.2" 2>"$T/err.2"
second=$?
wait
STUB_SLEEP=
[ $second = 0 ] && grep -q 'is at work in .*: waiting for it' "$T/err.2" && ! grep -q '^\[' "$T/err.2" && grep -q '\[28/28\]' "$T/err.1"
verdict a_second_make_waits $? "$second: $(tail -n 3 "$T/err.2")"

# --- help --------------------------------------------------------------------------------------
for p in $(cd pipelines/presets && echo *.mk); do
    dag_make PRESET="${p%.mk}" help
    [ "$status" = 0 ] && grep -q "^Values of preset ${p%.mk}" "$T/out" && grep -Eq '^  STEPS +[0-9]+$' "$T/out"
    verdict "help_of_${p%.mk}" $? "$(tail -n 3 "$T/out")"
done
make -n $old CUDA=0 bin/show 2>/dev/null | grep -q dag.mk
[ $? = 1 ]
verdict a_program_does_not_expand_the_experiment $? ''
