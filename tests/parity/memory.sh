# memory - programs whose device is the simulator: a device that is not there,
# one that is too small, and one that trainer and sampler share
#
# $SIMBIN holds the programs (pipelines/cudasim.mk). CUDASIM_DEVICES and
# CUDASIM_MEMORY are the simulator's.
set -u -o pipefail
. tests/golden/bits/run.bash
if [ -z "${SIMBIN:-}" ] || [ ! -x "$SIMBIN/rollout" ]; then
    echo "skip memory: SIMBIN names no programs (run it by make check)"
    exit 0
fi
if [ "$SAN" = 1 ]; then
    echo "skip memory: a sanitizer beside the simulator takes minutes"
    exit 0
fi
# says NAME STATUS PATTERN COMMAND...: its exit status, and its stderr's lines
says() {
    local name=$1 want=$2 pattern=$3 rc=0
    shift 3
    "$@" 2>"$T/err" || rc=$?
    if [ $rc = "$want" ] && grep -Eq "$pattern" "$T/err"; then
        echo "ok $name"
    else
        echo "not ok $name: exit $rc: $(tail -n 2 "$T/err" | tr '\n' ' ')"
    fi
}
small() { # BYTES COMMAND...
    CUDASIM_MEMORY=$1 "${@:2}"
}
nothing() { CUDASIM_DEVICES=0 "$@"; }

base "$T/base" && tokens && loop "$T/base" "$T/ck" 1 fp32 "" "" ||
    echo "not ok the_run: failed"
rollout=("$SIMBIN/rollout" --model "$T/base" --seed 5 --samples 2 --max-new 4
    --threads 1 "$T/tokens")
step=("$SIMBIN/dapo-step" --model "$T/base" --quiet $step --off-policy
    --steps 1 --threads 1 -o "$T/metrics" --out "$T/out" "$T/ck.zst")
score=("$SIMBIN/logprob" --model "$T/base" --as me --threads 1
    -o "$T/scored" --quiet "$T/ck.zst")

# --- no device ---------------------------------------------------------------
driver='device cuda: this machine has no NVIDIA driver'
says auto_says_why_it_took_the_cpu 0 \
    "^rollout: $driver; computing on the cpu [^ ]+, 1 thread$" \
    nothing "${rollout[@]}" -o "$T/auto"
if [ "$(grep -c NVIDIA "$T/err")" = 1 ] &&
    grep -Eq '^rollout: .* tokens, .*, cpu [^ ]+, 1 thread, [0-9.]+ MiB at most$' "$T/err"; then
    echo "ok the_last_line_says_device_and_memory"
else
    echo "not ok the_last_line_says_device_and_memory: $(cat "$T/err")"
fi
nothing "${rollout[@]}" --quiet -o "$T/quiet" 2>"$T/err"
if [ -s "$T/err" ] || ! cmp -s "$T/auto" "$T/quiet"; then
    echo "not ok quiet_is_quiet: $(cat "$T/err")"
else
    echo "ok quiet_is_quiet"
fi
says cuda_without_a_device_is_an_error 1 "^rollout: $driver$" \
    nothing "${rollout[@]}" --device cuda -o "$T/x"
says also_in_training 1 "^dapo-step: $driver$" \
    nothing "${step[@]}" --device cuda

# --- too little memory -------------------------------------------------------
# the model is 27 KB of weights in fp32
asked='out of memory: [0-9]+ MiB asked for \(.*\), [0-9]+ MiB held, [0-9]+ MiB free of [0-9]+;'
says weights_do_not_fit 1 "$asked the weights alone do not fit \(compute=bf16" \
    small 50000 "${rollout[@]}" --device cuda -o "$T/x"
says a_smaller_batch_is_advised 1 "$asked a smaller --batch \(it is 64 seq" \
    small 500000 "${rollout[@]}" --device cuda -o "$T/x"
says a_smaller_micro_batch_for_scoring 1 "$asked a smaller --micro-batch" \
    small 300000 "${score[@]}" --device cuda
says state_does_not_fit 1 "$asked weights, gradients and moments alone" \
    small 200000 "${step[@]}" --device cuda
says recomputation_is_advised 1 \
    "$asked a smaller --micro-batch \(it is 4096 tokens\).*--recompute" \
    small 1200000 "${step[@]}" --device cuda
says a_smaller_micro_batch_alone 1 \
    "$asked a smaller --micro-batch \(it is 4096 tokens\) takes less, with the same" \
    small 900000 "${step[@]}" --device cuda --recompute
if [ -e "$T/out" ] || [ -e "$T/x" ]; then
    echo "not ok nothing_is_left_behind"
else
    echo "ok nothing_is_left_behind"
fi
if small 1200000 "${step[@]}" --device cuda --recompute --micro-batch 1 2>"$T/err"
then echo "ok the_advice_helps"; else echo "not ok the_advice_helps: $(cat "$T/err")"; fi
