# torch_scatter - errors of one DAPO gradient in half types beside torch's, over
# many trained models
#
# One model says little: torch's own error moves by a third with the attention
# kernel or with one operation fused. Here are the root mean squares over the models
# of tests/golden/train/torch_scatter.tsv (make_torch_scatter.py there; KEEP=DIR
# leaves its inputs in DIR).
set -u
. tests/lib.sh
. tests/golden/bits/run.bash
. tests/parity/torch_rollouts.bash
figures=tests/golden/train/torch_scatter.tsv
models=36

tokens
mkdir "$T/p"
for ((i = 1; i <= models; i++)); do
    base "$T/p/p$i" --seed $i && rewarded "$T/p/p$i" $((100 + i)) >"$T/p/p$i.jsonl" ||
        { no the_models_are_made "number $i"; exit 1; }
    if [ -z "${KEEP:-}" ] && ! figures_of $figures "$T/p/p$i" "$T/p/p$i.jsonl"; then
        no torch_had_these_models "number $i has other weights or rollouts"
        exit 1
    fi
done
if [ "${KEEP:-}" ]; then
    mkdir -p "$KEEP"
    cp -r "$T"/p/* "$KEEP/"
    exit
fi
gives as_many_models_as_torch_had "$(grep -c sdpa $figures)" "$models"
python3 tests/parity/torch_dapo.py --many "$BIN" "$T/p" $figures "$T/out" >"$T/many" 2>"$T/err" ||
    no the_steps "$(head -n 1 "$T/err")"
cat "$T/many" >&2
# within NAME TORCH OURS: a tenth, at a standard error of 5 hundredths
within() {
    if awk -v t="$2" -v u="$3" 'BEGIN { exit !(u >= 0.9 * t && u <= 1.1 * t) }'; then ok "$1"; else no "$1" "$3, torch $2"; fi
}
while read -r arm tn un _ _ tg ug _; do
    within "logprob_noise_is_torchs_$arm" "$tn" "$un"
    within "gradient_error_is_torchs_$arm" "$tg" "$ug"
done <"$T/many"
gives arms_compared "$(wc -l <"$T/many")" 3
