# sanitizer - compute-sanitizer over the operations at edge sizes: memcheck,
# initcheck, synccheck and racecheck
#
# Each run is given LIMIT seconds (racecheck is slow) and all of them BUDGET;
# what needs more is skipped by name.
set -u -o pipefail
LIMIT=${LIMIT:-120} BUDGET=${BUDGET:-540}
SANITIZER=${SANITIZER:-compute-sanitizer}
if ! command -v "$SANITIZER" >/dev/null; then
    SANITIZER=$(ls /usr/local/cuda*/bin/compute-sanitizer \
        /usr/local/cuda*/compute-sanitizer/compute-sanitizer \
        /opt/nvidia/nsight-compute/*/host/*/compute-sanitizer 2>/dev/null | head -n 1)
fi
if [ -z "$SANITIZER" ]; then
    echo "skip gpu_sanitizer: no compute-sanitizer"
    exit 0
fi

found='^========= .*(Invalid|Uninitialized|Race|hazard|Barrier error)'
# check TOOL NAME PROGRAM ARGS...
check() {
    local tool=$1 name=gpu_$1_$2 rc
    shift 2
    if [ $SECONDS -ge "$BUDGET" ]; then
        echo "skip $name: the $BUDGET s for all are over"
        return
    fi
    timeout "$LIMIT" "$SANITIZER" --tool "$tool" --error-exitcode 9 \
        --print-limit 5 "$@" >"$T/out" 2>&1
    rc=$?
    if [ $rc = 0 ] && grep -q 'ERROR SUMMARY: 0 errors\|RACECHECK SUMMARY: 0 hazards' "$T/out"; then
        echo "ok $name"
    elif [ $rc = 124 ]; then
        if grep -qE "$found" "$T/out"; then
            echo "not ok $name: $(grep -m 1 -E "$found" "$T/out")"
        else
            echo "skip $name: not done after $LIMIT s; nothing found till then"
        fi
    else
        echo "not ok $name: exit status $rc:" \
            "$(grep -m 3 -E "$found|^=========  *at |^not ok|rror:" "$T/out" | tr '\n' ' ')"
    fi
}

for tool in memcheck racecheck synccheck initcheck; do
    check $tool canonical "$GPU_BIN/check_gpu" --small
    for t in "$GPU_BIN"/cuda_*; do
        [ ! -x "$t" ] || check $tool "$(basename "$t")" "$t"
    done
done
