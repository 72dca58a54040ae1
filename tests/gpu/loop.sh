# loop - rollout and dapo-step on one GPU through the FIFO: in canonical order
# a replay of what was kept gives the same checkpoint; order=hardware learns
# from itself, and says how far sampler and trainer were apart
set -u -o pipefail
device=${GPU_DEVICE:-cuda} # a rehearsal puts the CPU in its place
sed "s/--device cpu/--device $device/" tests/golden/bits/run.bash >"$T/run.bash"
. "$T/run.bash"
n=${STEPS:-2}

base "$T/base" && tokens || { echo "not ok gpu_loop: no base model"; exit 1; }

if loop "$T/base" "$T/live" "$n" bf16-mixed "" "" &&
    "$BIN/dapo-step" --quiet --device $device --model "$T/base" --arm bf16-mixed \
        $step --steps "$n" --out "$T/replay" -o "$T/replay.metrics" \
        "$T/live.zst" && diff -r "$T/live" "$T/replay" >"$T/diff"; then
    echo "ok gpu_loop_replays_to_the_same_bytes"
else
    echo "not ok gpu_loop_replays_to_the_same_bytes: $(head -n 1 "$T/diff")"
fi

arm=bf16-mixed,order=hardware
sed -i "s/--device $device/--device cuda/; s/--samples 4/--samples ${HW_SAMPLES:-4}/; s/--max-new 24/--max-new ${MAX_NEW:-24}/" "$T/run.bash"
. "$T/run.bash"
step="--seed 5 --lr 1e-3 ${HW_STEP:---prompts 4 --mini-batch 2 --samples 4}"
if loop "$T/base" "$T/hw" "$n" $arm "" "--timing $T/timing" &&
    [ "$("$BIN/show" --count "$T/hw.metrics")" = "$n" ]; then
    gap=$("$BIN/show" --field logp_gap_max "$T/hw.metrics" | sort -g | tail -n 1)
    echo "note gpu_loop_in_hardware_order: sampler and trainer differ by at most $gap"
    # the bound of programs.sh
    if awk "BEGIN { exit !($gap <= 0.25) }"; then
        echo "ok gpu_loop_in_hardware_order"
    else
        echo "not ok gpu_loop_in_hardware_order: logp_gap_max $gap, bound 0.25"
    fi
else
    echo "not ok gpu_loop_in_hardware_order: the loop failed"
fi
# a second run in hardware order from the same files: the same bytes? A call's
# result is a function of its arguments (hw.h).
"$BIN/dapo-step" --quiet --device cuda --model "$T/base" --arm $arm $step \
    --steps "$n" --out "$T/hw2" -o "$T/hw2.metrics" "$T/hw.zst"
if diff -r "$T/hw" "$T/hw2" >"$T/diff"; then
    echo "ok gpu_hardware_order_replays_to_the_same_bytes"
else
    echo "not ok gpu_hardware_order_replays_to_the_same_bytes:" \
        "$(head -n 1 "$T/diff")"
fi
