# sanitizer - compute-sanitizer over the operations at edge sizes: memcheck,
# initcheck, synccheck and racecheck
#
# Each run is given LIMIT seconds (racecheck is slow); one that needs more is
# skipped by name, so that the whole stays bounded.
set -u -o pipefail
LIMIT=${LIMIT:-90}
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

# check TOOL NAME PROGRAM ARGS...
check() {
    local tool=$1 name=gpu_$1_$2 rc
    shift 2
    timeout "$LIMIT" "$SANITIZER" --tool "$tool" --error-exitcode 9 \
        --print-limit 5 "$@" >"$T/out" 2>&1
    rc=$?
    if [ $rc = 0 ] && grep -q 'ERROR SUMMARY: 0 errors\|RACECHECK SUMMARY: 0 hazards' "$T/out"; then
        echo "ok $name"
    elif [ $rc = 124 ]; then
        echo "skip $name: not done after $LIMIT s, nothing found until then"
        ! grep -q '^========= .*\(Invalid\|Uninitialized\|Race\|hazard\|Barrier error\)' "$T/out" ||
            echo "not ok $name: $(grep -m 1 '^========= .*\(Invalid\|Uninitialized\|Race\|hazard\|Barrier error\)' "$T/out")"
    else
        echo "not ok $name: exit status $rc:" \
            "$(grep -m 3 -E '^=========  *(at|Invalid|Uninit|Error|Race|Barrier)|hazard|^not ok|rror:' "$T/out" | tr '\n' ' ')"
    fi
}

cases=${CASES:-linear norm elementwise embed attention head optimizer}
for tool in memcheck synccheck initcheck racecheck; do
    for c in $cases; do
        check $tool "$c" "$GPU_BIN/check_gpu" --small "$c"
    done
    for t in "$GPU_BIN"/cuda_hw*; do
        [ ! -x "$t" ] || check $tool "$(basename "$t")" "$t"
    done
done
