# programs - whole programs on the device: the published hashes; in canonical
# order the CPU's rollouts and the scorer's log-probabilities; in
# order=hardware how far the sampler's and the scorer's are apart
set -u -o pipefail
device=${GPU_DEVICE:-cuda} # a rehearsal puts the CPU in its place
sed "s/--device cpu/--device $device/" tests/golden/bits/run.bash >"$T/run.bash"
. "$T/run.bash"

base "$T/base" && tokens && loop "$T/base" "$T/ck" 2 fp32 "" "" ||
    echo "not ok gpu_the_run: failed"
hashes base ck >"$T/sums"
# shellcheck disable=SC2154 # golden: run.bash
if cmp -s "$T/sums" $golden/smoke.sha256; then
    echo "ok gpu_gives_the_published_hashes"
else
    echo "not ok gpu_gives_the_published_hashes:" \
        "$(diff $golden/smoke.sha256 "$T/sums" | grep '>' | tr '\n' ' ')"
fi

for arm in fp32 bf16 bf16-sr fp16-mixed; do
    for d in cpu $device; do
        "$BIN/rollout" --quiet --device $d --model "$T/base" --seed 5 \
            --arm $arm --samples "${SAMPLES:-3}" --max-new 24 -o "$T/r.$d" --limit "${LIMIT_PROMPTS:-0}" \
            "$T/tokens"
    done
    "$BIN/logprob" --quiet --device $device --model "$T/base" --seed 5 \
        --arm $arm --as me --against "$T/ck" --check-rollout -o "$T/l" \
        "$T/r.$device" 2>"$T/gap"
    if cmp -s "$T/r.cpu" "$T/r.$device" && grep -q 'largest gap 0$' "$T/gap"; then
        echo "ok gpu_sampler_scorer_and_cpu_agree_$arm"
    else
        echo "not ok gpu_sampler_scorer_and_cpu_agree_$arm:" \
            "$(tail -n 1 "$T/gap")"
    fi
done

# The bound: fp32 sums in another order move a log-probability in its last bits;
# in half types a sum near a tie is stored as the next value up or down, 2^-8
# (bf16) or 2^-11 (fp16) of it, in each of a few roundings a layer.
for pair in fp32:1e-4 bf16-mixed:0.25 fp16-mixed:0.03; do
    arm=${pair%:*},order=hardware bound=${pair#*:}
    "$BIN/rollout" --quiet --device cuda --model "$T/base" --seed 5 \
        --arm "$arm" --samples "${SAMPLES:-3}" --max-new "${MAX_NEW:-24}" \
        --batch 20 --limit "${LIMIT_PROMPTS:-0}" -o "$T/r" "$T/tokens" 2>"$T/why" &&
        "$BIN/logprob" --quiet --device cuda --model "$T/base" --seed 5 \
            --arm "$arm" --as me --check-rollout -o "$T/l" "$T/r" \
            2>"$T/gap"
    gap=$(sed -n 's/.*largest gap \(is \)\{0,1\}//p' "$T/gap" | head -n 1)
    if [ -n "$gap" ] && awk "BEGIN { exit !($gap <= $bound) }"; then
        echo "note gpu_hardware_sampler_and_scorer_${pair%:*}: they differ by at most $gap (bound $bound)"
        echo "ok gpu_hardware_sampler_and_scorer_are_close_${pair%:*}"
    else
        echo "not ok gpu_hardware_sampler_and_scorer_are_close_${pair%:*}:" \
            "gap '$gap', bound $bound; $(tail -n 1 "$T/why" "$T/gap" | tr '\n' ' ')"
    fi
done
