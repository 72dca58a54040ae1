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
both sparsity sparsity --against "$T/cpu.pretrain-bf16-kahan" -o OUT \
    "$T/base" "$T/cpu.pretrain-fp32"
verdict sparsity_on_the_simulator
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
for arm in fp32,shards=3 bf16-mixed,shards=3; do # each rank with a slice of the weights
    both shard-$arm dapo-step --model "$T/base" --arm $arm $step --off-policy --ranks 2 --shard-weights \
        --steps 1 --out OUT -o "$T/metrics" "$T/ck.zst"
done
verdict shard_weights_on_the_simulator

# --- order=hardware: no promise about bits, so numbers near the CPU's ---------
# Log-probabilities may lie apart by what rounding does: in fp32 by sums of a
# hundred terms or fewer in another order, twenty of them deep; in bf16 by
# logits of up to 16, which are stored in steps of 2^-4, one or two steps off.
sim() { # PROGRAM OPTIONS...
    local program=$1
    shift
    "$SIMBIN/$program" --quiet --device cuda "$@" || bad="$bad $program,failed"
}
# apart A B FILE: the most by which two columns of logprobs differ
apart() {
    "$BIN/show" --json "$3" | awk -v a="$1" -v b="$2" '
        function column(name,   s) {
            s = $0
            if (!sub(".*\"" name "\":\\[", "", s)) return ""
            sub("\\].*", "", s)
            return s
        }
        /"response_tokens":/ {
            n = split(column(a), x, ",")
            if (n != split(column(b), y, ",")) n = 0
            for (i = 1; i <= n; i++) {
                d = x[i] - y[i]
                if (d < 0) d = -d
                if (d > most) most = d
                tokens++
            }
        }
        END { print tokens ? most + 0 : "none" }'
}
# within WHAT NUMBER BOUND
within() {
    awk -v x="$2" -v b="$3" 'BEGIN { exit !(x ~ /^[0-9]/ && x + 0 <= b + 0) }' ||
        bad="$bad $1=$2>$3"
}
for arm in fp32 bf16-mixed; do
    hw=$arm,order=hardware
    tolerance=$([ $arm = fp32 ] && echo 1e-4 || echo 0.2)
    sim rollout --model "$T/base" --seed 5 --arm $hw --samples 1 --max-new 5 \
        --batch 16 -o "$T/hw.roll" "$T/tokens"
    sim logprob --model "$T/base" --arm $hw --as hw -o "$T/hw.lp" "$T/hw.roll"
    "$BIN/logprob" --quiet --device cpu --model "$T/base" --arm $arm --as cpu \
        -o "$T/hw.both" "$T/hw.lp" || bad="$bad cpu,failed"
    within "$arm,log-probability" "$(apart hw cpu "$T/hw.both")" $tolerance
    # the gap is said whatever it is; only bits that differ are status 3
    "$SIMBIN/logprob" --quiet --device cuda --model "$T/base" --arm $hw \
        --check-rollout -o "$T/x" "$T/hw.roll" 2>"$T/gap"
    [ $? = 0 ] || grep -q 'response_logprobs differ' "$T/gap" ||
        bad="$bad $arm,check-rollout"
    within "$arm,gap" "$(sed -n 's/.*largest gap \([^ ]*\)$/\1/p' "$T/gap" |
        head -n 1)" $tolerance
done
verdict log_probabilities_under_order_hardware

hw=bf16-mixed,order=hardware
sim pretrain --tokenizer $golden/tokenizer $shape --steps 2 --batch 6 \
    --lr 5e-3 --seed 1 --arm $hw -o "$T/hw.base" $golden/corpus.jsonl
sim dapo-step --model "$T/base" --arm $hw $step --steps 1 --off-policy \
    --out "$T/hw.ck" -o "$T/hw.metrics" "$T/ck.zst"
within step,gap "$("$BIN/show" --json "$T/hw.metrics" |
    sed -n 's/.*"logp_gap_max":\([^,}]*\).*/\1/p')" 0.2
grep -q 'order=hardware' "$T/hw.ck/trainer_state.json" || bad="$bad arm"
"$SIMBIN/dapo-step" --quiet --device cuda --model "$T/hw.ck" \
    --arm bf16-mixed $step --steps 1 --off-policy --out "$T/hw.ck2" \
    -o "$T/x" "$T/ck.zst" 2>"$T/err"
rc=$?
[ $rc = 2 ] && grep -q 'was trained with arm .*order=hardware' "$T/err" ||
    bad="$bad resumed($rc:$(head -c 200 "$T/err"))"
verdict training_under_order_hardware
