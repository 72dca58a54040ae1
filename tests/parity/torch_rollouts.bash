# torch_rollouts - rollouts of which torch made a step too, sourced by
# torch_dapo.sh and torch_scatter.sh: 128 samples of 16 prompts
#
# rewarded MODEL SEED: JSON lines of MODEL's samples, every third one right
rewarded() {
    "$BIN/rollout" --quiet --device cpu --model "$1" --seed "$2" --samples 8 --max-new 24 \
        --threads 1 --json --limit 16 "$T/tokens" |
        python3 tests/parity/torch_dapo.py --reward
}

# figures_of FIGURES MODEL ROLLOUTS: they are of these weights and rollouts
figures_of() {
    local weights rollouts
    weights=$(sha256sum <"$2/model.safetensors") rollouts=$(sha256sum <"$3")
    grep -q "${weights%% *}[[:space:]]*${rollouts%% *}" "$1"
}
