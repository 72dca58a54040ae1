# loop - a step of the 1.5B training loop by stage: live through the FIFO on
# one GPU, and each filter alone on the records of a step
#
# Prompts have random tokens; the model has random weights, so every answer is
# wrong and --no-dynamic keeps them. In the environment of bench-gpu.sh.
set -u -o pipefail
W=$(mktemp -d "${TMPDIR:-/tmp}/ulp-gpu-loop.XXXXXX")
trap 'rm -rf "$W"' EXIT
if [ -n "$TOY" ]; then
    size=1.5b prompts=2 samples=2 n_prompt=5 max_new=3 mini=1 steps=2 micro=64 vocab=480
else
    size=1.5b prompts=32 samples=8 n_prompt=256 max_new=512 mini=16 steps=3 micro=16384 vocab=151936
fi
arm=bf16-mixed,order=hardware
fail() {
    echo "loop: not measured: $*"
    printf 'loop\t%s\t\t0\t0\t\t0\t0\t0\t0\tfailed\t0\n' "$*" >>"$TABLE"
    exit 1
}
seconds() { # COMMAND...: its wall clock, into s
    local t0
    t0=$(date +%s%N)
    "$@" || return
    s=$(awk "BEGIN { print ($(date +%s%N) - $t0) / 1e9 }")
}

if [ -z "$TOY" ] && [ "$(df -Pk "$W" | awk 'END { print $4 }')" -lt 31457280 ]; then
    fail "${TMPDIR:-/tmp} has less than 30 GiB free for the checkpoint (TMPDIR names another place)"
fi
"$GPU_BIN/gpu_bench" $TOY model $size "$W/model" || fail "no model"
awk -v n=$((prompts * 4)) -v len=$n_prompt -v vocab=$vocab 'BEGIN {
    for (i = 0; i < n; i++) {
        printf "{\"id\":\"%d\",\"task\":\"random\",\"prompt\":\"\",\"answer\":\"1\",\"verifier\":\"math\",\"prompt_tokens\":[", i
        for (j = 0; j < len; j++)
            printf "%s%d", j ? "," : "", (i * 7919 + j * 104729 + 17) % (vocab - 2) + 1
        print "]}"
    }
}' >"$W/prompts"

live() {
    rm -f "$W/fifo"
    mkfifo "$W/fifo"
    timeout 400 "$BIN/draw" --quiet --resume "$W/model" --seed 1 \
        --per-step $prompts "$W/prompts" |
        timeout 400 "$BIN/rollout" --quiet --device cuda --model "$W/model" \
            --arm $arm --seed 1 --sync "$W/fifo" --samples $samples \
            --temperature 1 --max-new $max_new --batch $((prompts * samples)) |
        timeout 400 "$BIN/tokenize" --quiet --decode --tokenizer "$W/model" |
        timeout 400 "$BIN/reward" --quiet --max-len $max_new |
        timeout 400 "$BIN/dapo-step" --quiet --device cuda --model "$W/model" \
            --arm $arm --seed 1 --sync "$W/fifo" --steps $steps \
            --prompts $prompts --mini-batch $mini --samples $samples \
            --micro-batch $micro --no-dynamic --lr 1e-6 \
            --timing "$W/timing" --keep "$W/kept.zst" --out "$W/out" \
            -o "$W/metrics"
}
seconds live || fail "the loop failed"
total=$s

# the stages one by one, over the records of the last step
"$BIN/show" --json "$W/kept.zst" >"$W/kept.json"
n=$((prompts * samples))
tail -n $n "$W/kept.json" >"$W/step.json"
seconds "$BIN/draw" --quiet --count $prompts -o "$W/drawn" "$W/prompts" ||
    fail draw
draw=$s
seconds "$BIN/tokenize" --quiet --decode --tokenizer "$W/model" -o "$W/d" \
    "$W/step.json" || fail tokenize
decode=$s
seconds "$BIN/reward" --quiet --max-len $max_new -o "$W/r" "$W/d" ||
    fail reward
reward=$s
"$BIN/show" --field step --field tokens --field collect_s --field train_s \
    "$W/timing" >"$W/times" || fail timing
gap=$("$BIN/show" --field logp_gap_max "$W/metrics" | sort -g | tail -n 1)

echo
echo "loop: $size, $arm, $prompts prompts x $samples samples, $n_prompt + $max_new tokens, mini-batch $mini prompts, $steps steps"
if [ -n "$TOY" ]; then
    [ "$(wc -l <"$W/times")" = $steps ]
    exit
fi
echo "  draw of a step's prompts, alone          $draw s"
echo "  tokenize --decode of a step, alone       $decode s"
echo "  reward of a step, alone                  $reward s"
awk -F'\t' '{ printf "  step %d: rollouts arrive in %.3f s (%.0f tokens/s), dapo-step takes %.3f s (%.0f tokens/s)\n", $1, $3, $2 / $3, $4, $2 / $4 }' "$W/times"
echo "  the loop with both programs' start, checkpoint and exit: $total s"
echo "  sampler and trainer differ by at most $gap nats"
# the last step's, to the table
awk -F'\t' -v shape="$n x ($n_prompt + $max_new)" -v d="$draw" -v t="$decode" -v r="$reward" '
    { tokens = $2; collect = $3; train = $4 }
    function row(what, s) { printf "loop\t%s\t%s\t0\t0\t\t%.6g\t0\t0\t0\t\t%.6g\n", what, shape, s, tokens / s }
    END { row("draw", d); row("tokenize", t); row("reward", r); row("rollouts arrive", collect); row("dapo-step", train); row("step", collect + train) }' \
    "$W/times" >>"$TABLE"
