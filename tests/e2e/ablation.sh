# make ablation at the smoke preset, two seeds: a row an arm, the arms' factors in
# the checkpoints, parts of the whole, and nothing to do the second time
set -u
. tests/lib.sh
run() {
    env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES make -j2 "${built[@]}" \
        PRESET=smoke SEEDS='1 2' R="$T/r" \
        ABLATION_ARMS='fp32 fp32,master=bf16 bf16,lr=4e-3 bf16' ablation >"$T/log" 2>&1
}
table=$T/r/analysis/ablation.txt
if run; then ok ablation_runs; else
    no ablation_runs "$(grep -v '^\[\|warning: undef' "$T/log" | tail -n 3 | tr '\n' ' ')"
    exit 1
fi
state=$T/r/train_logs/fp32,master-bf16_seed2/step-4/checkpoint/trainer_state.json
grep -q '"fp32,master=bf16,compute=fp32,' "$state" && ok factors_reach_the_run ||
    no factors_reach_the_run "$(grep '"arm"' "$state")"
state=$T/r/train_logs/bf16,lr-4e-3_seed1/step-4/checkpoint/trainer_state.json
lr() { sed -n 's/.*"lr": \([^,]*\).*/\1/p' "$1"; }
[ "$(lr "$state")" = 0.004 ] && [ "$(lr "${state/,lr-4e-3/}")" = 0.001 ] &&
    ok an_arm_may_have_its_own_learning_rate ||
    no an_arm_may_have_its_own_learning_rate "$(lr "$state") $(lr "${state/,lr-4e-3/}")"
rows=$(awk '$2 == 2 { print $1 }' "$table" | tr '\n' ' ')
[ "$rows" = 'fp32 fp32,master-bf16 bf16,lr-4e-3 bf16 ' ] && ok a_row_an_arm ||
    no a_row_an_arm "$rows"
# the mean over seeds of dJ on-task, by another way
j() { "$BIN/show" --field task --field j "$@" | awk '$1 == "dm_val" { s += $2; n++ } END { print s / n }'; }
want=$(awk -v a="$(j "$T"/r/eval_metrics/bf16_seed[12]/scores.msgpack)" \
    -v b="$(j "$T"/r/eval_metrics/base_seed[12]/scores.msgpack)" 'BEGIN { printf "%+.4f", a - b }')
found=$(awk '$1 == "bf16" && $2 == 2 { print $3 }' "$table")
[ "$found" = "$want" ] && ok means_are_those_of_the_scores ||
    no means_are_those_of_the_scores "$found, expected $want"
parts=$(awk '$1 == "bf16" && NF == 4 { print $4 }' "$table" | sort -u | tr '\n' ' ')
case $parts in
    '100% ' | '100% n.c. ' | 'n.c. ') ok the_whole_is_the_whole ;;
    *) no the_whole_is_the_whole "$parts" ;;
esac
before=$(sha256sum "$table")
run
grep -q '^\[' "$T/log" && no second_time_does_nothing "$(grep -m 1 '^\[' "$T/log")" ||
    ok second_time_does_nothing
[ "$(sha256sum "$table")" = "$before" ] || no same_bytes "table changed"
