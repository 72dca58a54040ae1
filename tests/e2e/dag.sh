# What make runs, by the list of stages that ran: staleness is a matter of bytes.
# The programs are stand-ins (dag_stubs.bash); experiment.sh runs the real ones.
#
# takes: 53 s
set -u
. tests/e2e/dag_stubs.bash
R=$T/r
run() { dag_make R="$R" "${small[@]}" "$@" "$R/analysis/summary.txt"; }
ran() { # PATTERN: stages ran, and each one's label matches
    [ "$status" = 0 ] && [ -n "$labels" ] && [ -z "$(grep -vE "$1" <<<"$labels")" ]
}
none() { [ "$status" = 0 ] && [ -z "$labels" ]; }
said() { echo "ran: $labels; $(tail -n 2 "$T/err")"; }

run
[ "$status" = 0 ] && [ "$(wc -l <<<"$labels")" = "$(grep -c '^# stage' "$R/.make/dag.mk")" ] && [ -s "$R/analysis/summary.txt" ]
verdict first_run_makes_every_stage_once $? "$(said)"
[ "$(grep -c "^\[" "$T/err")" = 28 ] && grep -q "^28 of 28 stages to run$" "$T/err" && grep -q "^\[28/28\] analysis" "$T/err"
verdict progress_counts_stages $? "$(grep -c '^\[' "$T/err") $(head -n 1 "$T/err")"
bytes "$R" >"$T/first"
dag_make R="$R" profile
[ "$status" = 0 ] && grep -q '^wall .* in 28 stages$' "$T/out" && [ "$(grep -c '<title>' "$R/.make/profile.svg")" = 28 ] && grep -q '^train  *3 ' "$T/out"
verdict profile_has_every_stage $? "$(head -n 3 "$T/out") $(cat "$T/err")"
run
none
verdict second_run_makes_nothing $? "$(said)"
dag_make R="$R" profile
grep -q '^wall .* in 28 stages$' "$T/out"
verdict profile_is_of_the_last_make_that_ran_stages $? "$(cat "$T/out" "$T/err")"
dag_make R="$T/nowhere" profile
[ "$status" != 0 ] && grep -q 'profile: .*nowhere: no make has recorded its stages there' "$T/err"
verdict profile_of_nothing $? "$(cat "$T/err")"
# two stages train the run, one its replicate; seven follow the run's evaluation, one all runs'
find "$R/.make" -name '*.made' -exec sed -i 's/^"seconds": .*/"seconds": 1/' {} +
printf '#!/bin/bash\nfor w; do case $w in cost=*) echo "$w" >&2; exit 2 ;; esac; done\n' >"$T/bin/stats"
dag_make R="$R" "${small[@]}" design
grep -qx 'design: cost=train=1.5 eval=1 rest=8' "$T/err"
verdict design_counts_what_a_run_costs $? "$(cat "$T/err")"
program stats
grep -q '^[^#].*/step-4: | .*/data/dm_train.tokens.msgpack.zst .*/step-2$' "$R/.make/dag.mk"
verdict rules_are_plain $? "$(grep -m 1 'step-4:' "$R/.make/dag.mk")"

# a stage clears away what a killed one left, and leaves that of runs with longer names
mkdir -p "$T/alike" && touch "$T/alike/.new.fp32_seed1.live" "$T/alike/.new.fp32_seed10" "$T/alike/.new.fp32_seed1_again"
ULP_R="$T/alike" pipelines/stage "$T/alike/fp32_seed1" --kind eval --label alike 'echo >$OUT' 2>"$T/err"
left=$(cd "$T/alike" && echo .new.*)
[ -e "$T/alike/fp32_seed1" ] && [ "$left" = '.new.fp32_seed10 .new.fp32_seed1_again' ]
verdict a_stage_leaves_others_alone $? "$left $(cat "$T/err")"

# --- times decide nothing ------------------------------------------------------
find "$R" "$T/bin" "$T/tok" "$T/tasks.json" -exec touch -d 2001-01-01 {} +
run
none
verdict files_from_the_past $? "$(said)"
find "$R/data" "$R/base" "$T/bin" "$T/tok" -exec touch -d 2049-01-01 {} +
run
none
verdict files_from_the_future $? "$(said)"
cp -a "$R" "$T/copy"
rm -rf "$R"
mv "$T/copy" "$R"
run
none
verdict another_inode $? "$(said)"
sleep 0.01
cp "$T/tok/tokenizer.json" "$T/kept"
echo '{"a":1}' >"$T/tok/tokenizer.json"
program kl other
cp "$T/kept" "$T/tok/tokenizer.json"
program kl
run
none
verdict an_edit_that_was_reverted $? "$(said)"

# --- bytes do --------------------------------------------------------------------
program kl other
run
ran '^(KL|average KL) |^analys' && [ "$(grep -c '^KL' <<<"$labels")" = 2 ]
verdict a_changed_program_reruns_its_stages_and_their_readers $? "$(said)"
program kl
run
bytes "$R" | cmp -s - "$T/first"
verdict and_back $? "$(said)"
echo '# a comment' >>"$T/bin/stats"
run
ran '^(score|average KL|metrics of|sparsity of|spectrum of|overlap of|analys)' && bytes "$R" | cmp -s - "$T/first"
verdict same_results_go_no_further $? "$(said)"
program stats
run
echo '{"b":2}' >"$T/tok/tokenizer.json"
run
ran . && grep -q '^pretrain the base' <<<"$labels" && grep -q '^evaluate base' <<<"$labels"
verdict a_changed_tokenizer_of_the_base $? "$(said)"
printf '{"c":2}\n' >"$T/same-size"
touch -r "$T/tok/tokenizer.json" "$T/same-size"
touch -d '2001-01-01' "$T/same-size"
mv "$T/same-size" "$T/tok/tokenizer.json"
run
ran . && grep -q '^pretrain the base' <<<"$labels"
verdict an_older_file_of_the_same_size_put_in_place $? "$(said)"
cp "$T/kept" "$T/tok/tokenizer.json"
run
bytes "$R" | cmp -s - "$T/first"
verdict and_the_first_one_again $? "$(said)"
rm "$R/eval_metrics/base_seed1/scores.msgpack"
run
ran '^score base' && bytes "$R" | cmp -s - "$T/first"
verdict a_deleted_result_is_made_again $? "$(said)"
rm "$R/train_logs/fp32_seed1/step-2/checkpoint/optimizer.safetensors"
run
ran '^train fp32 seed 1 to step 2$' && bytes "$R" | cmp -s - "$T/first"
verdict a_file_deleted_from_a_checkpoint $? "$(said)"
echo x >>"$R/train_logs/fp32_seed1/step-4/checkpoint/model.safetensors"
run
ran '^train fp32 seed 1 to step 4$' && bytes "$R" | cmp -s - "$T/first"
verdict a_result_that_was_edited_is_made_again $? "$(said)"
rm "$R/analysis/report.html" "$R/analysis/tables/j.tsv"
run
ran '^analys' && bytes "$R" | cmp -s - "$T/first"
verdict a_deleted_page_and_table $? "$(said)"
sed -i 's/"samples": 2, "temp/"samples": 3, "temp/' "$T/tasks.json"
run
ran '^(evaluate|score) |^analys'
verdict samples_of_a_task_rerun_evaluation_only $? "$(said)"
sed -i 's/"samples": 3/"samples": 2/' "$T/tasks.json"
run
run SEEDS='1 2'
ran 'seed ?2|^overlap|^analys'
verdict one_more_seed_adds_that_seed $? "$(said)"
run NOISE=2
ran 'draw ?1|^overlap|^analys'
verdict one_more_noise_draw_adds_that_draw $? "$(said)"
grep -q -- '--arm fp32,order=shuffled:1 ' "$R/.make/dag.mk" && grep -q -- '--set draw=1 ' "$R/.make/dag.mk"
verdict a_draw_has_another_order_of_sums $? ''
run
bytes "$R" | grep -vE ' .*(_draw1|seed2)' | cmp -s - "$T/first"
verdict fewer_draws_leave_the_others $? "$(said)"
run SEEDS='1 2'
seeds=$(grep -o -- '--seed 100[0-9] --samples 2' "$R/.make/dag.mk" | sort -u | tr '\n' ' ')
[ "$seeds" = '--seed 1001 --samples 2 --seed 1002 --samples 2 ' ]
verdict a_training_seed_has_its_own_evaluation_stream $? "$seeds"
run ARMS='fp32 bf16' NOISE=2
# bf16 alone is shuffled by the seed, 1: no draw may be that run again
orders=$(grep -oE -- '--arm bf16,order=shuffled:[0-9]+ --seed [0-9]+' "$R/.make/dag.mk" | sort -u | tr '\n' ' ')
[ "$orders" = '--arm bf16,order=shuffled:2 --seed 1 ' ]
verdict no_draw_repeats_the_order_of_the_arm_itself $? "$orders"
run ARMS='fp32 bf16,lr=2e-3'
ran 'bf16|^overlap|^analys'
verdict one_more_arm_adds_that_arm $? "$(said)"
run
ran '^overlap|^analys' && bytes "$R" | grep -vE ' .*(bf16|seed2|_draw1)' | cmp -s - "$T/first"
verdict fewer_again_leave_the_others $? "$(said)"
run THREADS=2 LAUNCH='nice -n 1'
none
verdict threads_and_launcher_change_nothing $? "$(said)"

# --- why ---------------------------------------------------------------------------
dag_make R="$R" "${small[@]}" why
[ "$(tail -n 1 "$T/out")" = 'nothing would run' ]
verdict why_nothing $? "$(tail -n 2 "$T/out")"
program reward other
dag_make R="$R" "${small[@]}" why
grep -q "^train fp32 seed 1 to step 2  *$T/bin/reward changed" "$T/out" &&
    grep -q '^sparsity of fp32_seed1  *reads .*step-4$' "$T/out" && ! grep -q tokenize "$T/out"
verdict why_names_the_cause $? "$(cat "$T/out")"
would=$(tail -n 1 "$T/out")
run
[ "$would" = "$(sed -n 's/ of .* stages to run.*//p' "$T/err") stages would run" ] && grep -q 'the rest is unchanged' "$T/err"
verdict why_is_what_runs $? "$would; $(head -n 1 "$T/err")"
program reward
run

# --- goals ---------------------------------------------------------------------------
rm -r "$R/eval_metrics/base_seed1"
dag_make R="$R" "${small[@]}" "$R/eval_metrics/base_seed1/gsm8k.responses.msgpack.zst"
ran '^evaluate base_seed1$' && [ -s "$R/eval_metrics/base_seed1/gsm8k.responses.msgpack.zst" ]
verdict a_result_by_its_name $? "$(said)"
rm -r "$R/train_logs/fp32_seed1/step-4"
dag_make R="$R" "${small[@]}" "$R/train_logs/fp32_seed1/step-4/checkpoint/model.safetensors"
ran '^train fp32 seed 1 to step 4$'
verdict a_file_of_a_checkpoint_by_its_name $? "$(said)"
dag_make R="$R" "${small[@]}" train
none
verdict train $? "$(said)"
dag_make R="$R" "${small[@]}" "$R/eval_metrics/fp32_seed1/gsm8k.responses.zst"
[ "$status" = 2 ] && grep -q 'no stage makes it (did you mean .*gsm8k.responses.msgpack.zst' "$T/err"
verdict an_unknown_result $? "$(said)"
dag_make R="$R" "${small[@]}" "$R/analysis/sumary.txt"
[ "$status" = 2 ] && grep -q 'no stage makes it (did you mean .*analysis/summary.txt' "$T/err"
verdict a_misspelt_summary $? "$(said)"
run

# --- tasks together or apart ---------------------------------------------------------
others=' .*(bf16|seed2|ablation|_draw1|(dm_val|gsm8k).scored)' # files of other parameters, which stay
apart() { run EVAL_TASKS=apart "$@"; }
apart
ran '^(evaluate|sample and score) .* on |^(score|KL|average KL) |^analys' && [ "$(grep -c '^evaluate .* on gsm8k$' <<<"$labels")" = 3 ]
verdict apart_evaluates_each_task $? "$(said)"
apart TASKS='dm_val gsm8k'
none
verdict apart_again_makes_nothing $? "$(said)"
rm "$R/eval_metrics/fp32_seed1/gsm8k.responses.msgpack.zst"
apart
ran '^evaluate fp32_seed1 on gsm8k$'
verdict apart_makes_one_task_again $? "$(said)"
program reward other
apart
program reward
run
[ "$status" = 0 ] && bytes "$R" | grep -vE "$others" | cmp -s - "$T/first"
verdict together_again_does_not_believe_what_apart_made $? "$(said)"
dag_make R="$R" "${small[@]}" ABLATION_ARMS='fp32 bf16' SEEDS='1 2' ablation
ran 'bf16|seed ?2|^ablation' && [ -e "$R/analysis/ablation.txt" ] && [ -s "$R/analysis/summary.txt" ]
verdict ablation_uses_the_runs_that_are_there $? "$(said)"

# --- a failure, and a base that was given ------------------------------------------------
echo logprob >"$T/fail"
program logprob other
run
grep -v '^make' "$T/err" | tail -n 3 | head -n 1 | grep -q '^failed: sample and score .*: exit status 3: logprob: stdin: record 3: broken$' && [ "$status" = 2 ]
verdict a_failure_is_what_is_seen_last $? "$(tail -n 5 "$T/err")"
again=$(sed -n 's/^  it alone, again: //p' "$T/err" | tail -n 1)
rm "$T/fail"
env -u MAKEFLAGS -u MAKELEVEL bash -c "$again $old" </dev/null >"$T/out" 2>"$T/err"
[ $? = 0 ] && [ "$(grep -c '^\[' "$T/err")" = 1 ]
verdict and_its_command_repeats_it_alone $? "$again: $(tail -n 2 "$T/err")"
program logprob
run
bytes "$R" | grep -vE "$others" | cmp -s - "$T/first"
verdict and_all_is_as_before $? "$(said)"

cp -r "$R/base/model" "$T/model"
echo '{}' >"$T/model/generation_config.json"
given() { dag_make R="$T/r2" MODEL="$T/model" "${small[@]}" "$T/r2/analysis/summary.txt"; }
given
ran . && ! grep -q pretrain <<<"$labels"
verdict a_given_base $? "$(said)"
for f in config.json generation_config.json tokenizer.json model.safetensors; do
    echo '{"x":1}' >>"$T/model/$f"
    given
    ran . && grep -q '^tokenize' <<<"$labels" && grep -q '^train' <<<"$labels" && grep -q '^evaluate base' <<<"$labels"
    verdict "a_given_base_with_another_${f%.*}" $? "$(said)"
done

# --- KEEP=last ------------------------------------------------------------------------------
kept() { dag_make R="$T/r3" KEEP=last STEPS=6 "${small[@]}" "$T/r3/analysis/summary.txt"; }
kept
[ ! -e "$T/r3/train_logs/fp32_seed1/step-2/checkpoint/model.safetensors" ] && [ -e "$T/r3/train_logs/fp32_seed1/step-4/checkpoint/model.safetensors" ]
verdict keep_last_frees_old_weights $? "$(said)"
kept
none
verdict and_they_are_not_missed $? "$(said)"
rm "$T/r3/train_logs/fp32_seed1/step-4/checkpoint/model.safetensors"
kept
ran '^train fp32 seed 1 to step [24]$' && [ "$(wc -l <<<"$labels")" = 2 ]
verdict unless_they_are_needed $? "$(said)"

# --- KEEP=deltas ----------------------------------------------------------------------------
deltas() { dag_make R="$T/r4" KEEP=deltas STEPS=6 "${small[@]}" "$T/r4/analysis/summary.txt"; }
deltas
step=$T/r4/train_logs/fp32_seed1/step
[ -e "$step-2/checkpoint/model.delta" ] && [ ! -e "$step-2/checkpoint/model.safetensors" ] && [ ! -e "$step-2/checkpoint/optimizer.safetensors" ] &&
    [ -e "$step-2/rollouts.msgpack.zst" ] && [ -e "$step-4/checkpoint/model.safetensors" ]
verdict keep_deltas_keeps_differences $? "$(said)"
deltas
none
verdict and_nothing_runs_again $? "$(said)"
rm "$step-4/checkpoint/model.safetensors"
deltas
ran '^train fp32 seed 1 to step [24]$' && [ "$(wc -l <<<"$labels")" = 2 ] && [ -e "$step-2/checkpoint/model.safetensors" ]
verdict unless_a_resume_needs_the_optimizer $? "$(said)"

# --- stages side by side: a line is one write ---------------------------------------------------
writes=$(PYTHONUNBUFFERED=1 ULP_R="$R" /usr/bin/python3 -S - "$R/line" 2>&1 <<'P'
import socket, subprocess, sys
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
subprocess.run(["pipelines/stage", sys.argv[1], "--kind", "base", "--label", "a line", "--note", "a note", "echo >$OUT"],
               stderr=theirs, check=True)
theirs.close()
ours.setblocking(False)
try:
    while True:
        print(repr(ours.recv(4096).decode()))
except BlockingIOError:
    pass
P
)
[ "$(grep -c "a .*\\\\n'$" <<<"$writes")" = 3 ] && ! grep -qx "'.n'" <<<"$writes"
verdict a_line_is_one_write $? "$writes"

# more files than fit into a word of a command line (128 KiB): of hundreds of runs, or of long names
long=$T$(printf "/%0200d" 1 2 3 4 5 6 7 8 9 10 11)
many=("${small[@]}" SEEDS='1 2 3' NOISE=2)
dag_make R="$long" "${many[@]}" "$long/analysis/summary.txt"
[ "$status" = 0 ] && [ -s "$long/analysis/summary.txt" ] &&
    [ "$(wc -c <"$long/.make/analysis.made.words")" -gt 131072 ] && [ -z "$(find "$long" -name '.new*')" ]
verdict more_words_than_a_command_line_takes $? "$(head -c 300 <<<"${labels:0:200}") $(tail -n 2 "$T/err" | head -c 300)"
dag_make R="$long" "${many[@]}" "$long/analysis/summary.txt"
none
verdict and_nothing_is_made_again $? "$(said | head -c 300)"
echo stats >"$T/fail"
dag_make R="$long" "${many[@]}" MARGIN=0.03 OVERWRITE=1 "$long/analysis/summary.txt"
rm "$T/fail"
[ "$status" != 0 ] && grep -q 'failed: analysis' "$T/err" && [ -s "$long/.make/analysis.made.failed" ] && [ -z "$(find "$long" -name '.new*')" ] &&
    OUT=$T/by_hand bash -euo pipefail "$long/.make/analysis.made.failed" && [ -s "$T/by_hand/summary.txt" ]
verdict a_long_command_that_failed_can_be_run_by_hand $? "$(tail -n 2 "$T/err" | head -c 400)"
