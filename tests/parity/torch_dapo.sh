# torch_dapo - one DAPO step of an arm against torch: the same weights, rollouts
# and loss. tests/golden/train/torch_dapo.tsv has torch's figures
# (make_torch_dapo.py there, at lr 1e-4, on tests/golden/model/tied).
set -u
golden=tests/golden/train
while IFS=$'\t' read -r arm _ _ _ _ norm _ changed _; do
    [ "$arm" = arm ] && continue
    "$BIN/dapo-step" --quiet --device cpu --model tests/golden/model/tied \
        --arm "$arm" --threads 1 --off-policy --no-dynamic --steps 1 --prompts 3 \
        --mini-batch 3 --samples 4 --lr 1e-4 --json --out "$T/$arm" \
        $golden/dapo_rollouts.jsonl >"$T/$arm.json" 2>"$T/err" ||
        { echo "not ok $arm: $(head -n 1 "$T/err")"; continue; }
    value() { sed -n "s/.*\"$1\":\([^,}]*\).*/\1/p" "$T/$arm.json"; }
    # bf16 rounds a gradient by up to 2^-9 at each of some steps; a norm is off by
    # about the gradients' error, 3e-2 here, at most
    awk -v t="$changed" -v u="$(value changed_fraction)" -v n="$norm" -v m="$(value grad_norm)" \
        'BEGIN { exit !(u >= 0.9 * t && u <= 1.1 * t && m >= 0.97 * n && m <= 1.03 * n) }' &&
        echo "ok one_step_as_torch_$arm" ||
        echo "not ok one_step_as_torch_$arm: changed $(value changed_fraction), torch $changed; norm $(value grad_norm), torch $norm"
done <$golden/torch_dapo.tsv
