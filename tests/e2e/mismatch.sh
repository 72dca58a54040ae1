# make mismatch at the smoke preset: no mismatch where sampler and trainer compute
# alike, one where they do not, counts beside it, and --tis that reaches the run
set -u
. tests/lib.sh
run() {
    env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES make "${built[@]}" PRESET=smoke SEEDS=1 \
        R="$T/r" mismatch \
        MISMATCH_ARMS='fp32 fp32,rollout=bf16-mixed fp32,rollout=bf16-mixed,tis=2' >"$T/log" 2>&1
}
if run; then ok mismatch_runs; else
    no mismatch_runs "$(grep -v '^\[\|warning: undef' "$T/log" | tail -n 3 | tr '\n' ' ')"
    exit 1
fi
page=$T/r/analysis/mismatch.txt
[ -s "$page" ] && ok a_page || no a_page "$(ls "$T/r/analysis" 2>&1 | tr '\n' ' ')"
# each NAME ARM FIELD CONDITION: CONDITION of v, for every step of the arm
each() {
    "$BIN/show" --field "$3" "$T/r/train_logs/$2"_seed1/step-*/metrics.msgpack >"$T/v" 2>"$T/err"
    awk "{ v = \$1; n++; if (!($4)) bad = v } END { if (bad != \"\") print bad; exit !(n && bad == \"\") }" \
        "$T/v" >"$T/bad" && ok "$1" || no "$1" "$2, $3: $(cat "$T/bad") $(head -n 1 "$T/err")"
}
b=fp32,rollout-bf16-mixed
each the_same_arithmetic_has_no_mismatch fp32 mismatch_differing 'v == 0'
each and_that_is_of_tokens fp32 mismatch_compared 'v > 0'
each a_bf16_sampler_differs $b mismatch_differing 'v > 0'
each by_a_mean_that_is_not_0 $b mismatch_dp_mean 'v > 0 && v < 0.1'
each with_weight_too $b,tis-2 mismatch_differing 'v > 0'
each none_is_not_finite $b mismatch_non_finite 'v == 0'
tis() { grep -o '"tis": *[^,}]*' "$T/r/train_logs/$1_seed1/step-4/checkpoint/trainer_state.json" | tr -d ' '; }
is the_weight_reaches_the_run '"tis":0.0 "tis":2.0' "$(tis $b) $(tis $b,tis-2)"
run
grep -q '^\[' "$T/log" && no second_time_does_nothing "$(grep -m 1 '^\[' "$T/log")" ||
    ok second_time_does_nothing
