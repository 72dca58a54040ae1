# cudasim - whole programs whose device is the simulator: pretraining,
# rollouts, log-probabilities and a training step give the CPU's bytes
#
# $SIMBIN holds the programs (pipelines/cudasim.mk).
set -u -o pipefail
. tests/golden/bits/run.bash
if [ -z "${SIMBIN:-}" ]; then
    echo "skip cudasim: SIMBIN names no programs (run it by make check)"
    exit 0
fi
if [ "$SAN" = 1 ]; then
    echo "skip cudasim: a sanitizer beside it takes minutes"
    exit 0
fi
bad=
# both WHAT PROGRAM OPTIONS... with OUT for the output: on the CPU and on the
# simulator, then compared
both() {
    local what=$1 program=$2 d
    shift 2
    for d in cpu cuda; do
        "$( [ $d = cpu ] && echo "$BIN" || echo "$SIMBIN")/$program" --quiet \
            --device $d "${@//OUT/$T/$d.$what}" || bad="$bad $what,$d,failed"
    done
    diff -r "$T/cpu.$what" "$T/cuda.$what" >/dev/null 2>&1 || bad="$bad $what"
}
verdict() {
    if [ -z "$bad" ]; then echo "ok $1"; else echo "not ok $1: differs:$bad"; fi
    bad=
}

base "$T/base" && tokens && loop "$T/base" "$T/ck" 1 fp32 "" "" ||
    echo "not ok the_run: failed"
for arm in fp32 bf16-kahan; do
    both pretrain-$arm pretrain --tokenizer $golden/tokenizer $shape --steps 3 \
        --batch 6 --lr 5e-3 --seed 1 --arm $arm -o OUT $golden/corpus.jsonl
done
verdict pretraining_on_the_simulator
for arm in fp32 bf16 fp16-mixed; do
    both rollout-$arm rollout --model "$T/base" --seed 5 --arm $arm \
        --samples 1 --max-new 5 --batch 16 --top-p 0.95 -o OUT "$T/tokens"
    both logprob-$arm logprob --model "$T/base" --arm $arm --as me \
        --seed 5 -o OUT "$T/cpu.rollout-$arm"
done
verdict rollouts_and_log_probabilities_on_the_simulator
for arm in fp32 bf16-sr fp16-mixed; do
    both step-$arm dapo-step --model "$T/base" --arm $arm $step --off-policy \
        --steps 1 --out OUT -o "$T/metrics" "$T/ck.zst"
done
verdict a_training_step_on_the_simulator
