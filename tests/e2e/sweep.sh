# make sweep at the smoke preset: a run for each arm, rate and seed; those at LR are
# the experiment's; the second time nothing; typos before anything runs
set -u
. tests/lib.sh sweep
R=$T/r
sweep() {
    env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES make -j2 "${built[@]}" PRESET=smoke DEVICE=cpu TASKS='dm_val gsm8k' \
        R="$R" SWEEP_LR='1e-3 3e-3' "$@" </dev/null >"$T/out" 2>"$T/err"
    status=$?
    labels=$(stages_ran)
}
sweep sweep
if [ $status != 0 ]; then
    no runs "$(tail -n 3 "$T/err")"
    exit 1
fi
ok runs
runs=$(cd "$R/train_logs" && echo *)
is a_run_for_each_arm_rate_and_seed \
    'bf16,lr-3e-3_seed1 bf16,lr-3e-3_seed2 bf16_seed1 bf16_seed2 fp32,lr-3e-3_seed1 fp32,lr-3e-3_seed2 fp32_seed1 fp32_seed2' "$runs"
rate() { sed -n 's/.*"lr": \([^,]*\).*/\1/p' "$R/train_logs/$1/step-4/checkpoint/trainer_state.json"; }
is rates_reach_the_runs '0.001 0.003' "$(rate bf16_seed1) $(rate bf16,lr-3e-3_seed1)"
cell() { awk -F'\t' -v arm="$1" -v lr="$2" '$1 == arm && $2 == lr { print $4 }' "$R/sweep/tables/grid.tsv"; }
# the mean over seeds of dJ on-task, by another way
j() { "$BIN/show" --field task --field j "$@" | awk '$1 == "dm_val" { s += $2; n++ } END { print s / n }'; }
for p in 'bf16 0.003 bf16,lr-3e-3' 'fp32 0.001 fp32'; do
    set -- $p
    want=$(awk -v a="$(j "$R/eval_metrics/$3"_seed[12]/scores.msgpack)" -v b="$(j "$R"/eval_metrics/base_seed[12]/scores.msgpack)" \
        'BEGIN { printf "%+.4f", a - b }')
    is "means_of_$1" "$want" "$(cell "$1" "$2")"
done
is a_grid_of_four 4 "$(tail -n +2 "$R/sweep/tables/grid.tsv" | wc -l)"
is both_rates_are_compared '0.001 0.003' "$(awk '$5 == "H1" { print $2 }' "$R/sweep/tables/same_lr.tsv" | xargs)"
for s in 'The grid' 'Same learning rate' 'Best learning rate' 'Matched KL'; do
    grep -q "^$s$" "$R/sweep/summary.txt" || echo "$s"
done >"$T/lack"
is sections '' "$(cat "$T/lack")"
sweep sweep
is second_time_does_nothing '0 ' "$status $labels"
sweep "$R/sweep/summary.txt"
is by_its_name '0 ' "$status $labels"
sweep SWEEP_LR='1e-3 bf16:3e-3' sweep
is a_rate_of_one_arm 'sweep: same rate and best rate and same KL' "$labels"
is is_in_its_grid_alone 3 "$(tail -n +2 "$R/sweep/tables/grid.tsv" | wc -l)"
sweep "$R/eval_metrics/fp32_seed1/scores.msgpack"
is the_experiment_has_those_runs '0 ' "$status $labels"
refused() { # NAME TEXT ARGS...
    local name=$1 text=$2
    shift 2
    sweep "$@" sweep
    if [ $status != 0 ] && [ -z "$labels" ] && grep -qF -e "$text" "$T/err"; then ok "$name"; else no "$name" "$(head -n 2 "$T/err")"; fi
}
refused a_rate_that_is_none "SWEEP_LR: 'fast': found 'fast', expected a number above 0" SWEEP_LR=fast
refused no_rate 'SWEEP_LR: found no learning rate for fp32' SWEEP_LR=
refused a_rate_twice 'names 0.001 twice for fp32' SWEEP_LR='1e-3 0.001'
refused a_rate_of_no_arm "bf61 is not one of the arms fp32 bf16" SWEEP_LR='1e-3 bf61:1e-4'
refused an_arm_with_a_rate "learning rates come from SWEEP_LR" SWEEP_ARMS='fp32 bf16,lr=1e-4'
refused one_arm 'expected two arms at least' SWEEP_ARMS=fp32
refused an_arm_that_is_none "'bf61' is not an arm" SWEEP_ARMS='fp32 bf61'
