# check_gpu - whole programs on this machine's GPU: the published hashes, the
# sampler's log-probabilities those of the scorer; compute-sanitizer, if it is
# there, over every operation
set -u -o pipefail
sed 's/--device cpu/--device cuda/' tests/golden/bits/run.bash >"$T/run.bash"
. "$T/run.bash"

base "$T/base" && tokens && loop "$T/base" "$T/ck" 2 fp32 "" "" ||
    echo "not ok the_run: failed"
hashes base ck >"$T/sums"
if cmp -s "$T/sums" $golden/smoke.sha256; then
    echo "ok the_gpu_gives_the_published_hashes"
else
    echo "not ok the_gpu_gives_the_published_hashes:" \
        "$(diff $golden/smoke.sha256 "$T/sums" | grep '>' | tr '\n' ' ')"
fi
for arm in fp32 bf16 bf16-sr fp16-mixed; do
    for d in cpu cuda; do
        "$BIN/rollout" --quiet --device $d --model "$T/base" --seed 5 \
            --arm $arm --samples 3 --max-new 24 -o "$T/r.$d" "$T/tokens"
    done
    "$BIN/logprob" --quiet --device cuda --model "$T/base" --seed 5 \
        --arm $arm --as me --against "$T/ck" --check-rollout -o "$T/l" \
        "$T/r.cuda" 2>"$T/gap"
    if cmp -s "$T/r.cpu" "$T/r.cuda" && grep -q 'largest gap 0$' "$T/gap"; then
        echo "ok sampler_scorer_and_cpu_agree_$arm"
    else
        echo "not ok sampler_scorer_and_cpu_agree_$arm: $(tail -n 1 "$T/gap")"
    fi
done
for tool in memcheck racecheck; do
    if ! command -v compute-sanitizer >/dev/null; then
        echo "skip $tool: no compute-sanitizer"
    elif compute-sanitizer --tool $tool --error-exitcode 9 "$CHECK_GPU" \
        >"$T/$tool" 2>&1; then
        echo "ok $tool"
    else
        echo "not ok $tool: $(grep -m 1 '=========' "$T/$tool")"
    fi
done
