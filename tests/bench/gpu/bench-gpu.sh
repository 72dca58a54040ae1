#!/bin/sh
# bench-gpu.sh [PART...] - all figures of the CUDA backend on this machine's
# GPU, each beside its bound, measured in the same run
#
# Parts: kernels (products, attention, optimizer, rows, head), train, generate,
# loop (a step of the 1.5B loop by stage), peers (transformers on torch, where
# they are). All, when none is named. Random weights at real shapes; nothing is
# downloaded.
#
# The table goes to stdout and to $OUT/bench-gpu.txt, its figures to
# $OUT/bench-gpu.tsv (OUT: gpu-results in this folder), which named parts add
# to: peers are held against figures that are there. Exit status 1 when a
# figure is missing or there is no device; a target not met is said and counted.
#
# GPU_BIN is the folder of gpu_bench, BIN that of the programs; without them it
# is the bundle that this script lies in (make gpu-bundle). TOY=--toy: the
# rehearsal in the simulator, without times.
if [ -z "${BASH_VERSION:-}" ]; then
    command -v bash >/dev/null || { echo "bench-gpu: needs bash" >&2; exit 1; }
    exec bash "$0" "$@"
fi
set -u -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ -d "$here/tests/bench" ] || here=$(cd "$here/../../.." && pwd)
cd "$here" || exit 1
export BIN=${BIN:-$here/bin} GPU_BIN=${GPU_BIN:-$here/gpu} TOY=${TOY:-}
export LC_ALL=C.UTF-8 PYTHON=${PYTHON:-python3}
export OUT=${OUT:-$here/gpu-results}
. tests/gpu/device.sh
[ -n "${BENCH_TEED:-}" ] || {
    need_device bench-gpu >/dev/null
    mkdir -p "$OUT" || exit 1
    [ $# != 0 ] || rm -f "$OUT/bench-gpu.tsv"
    BENCH_TEED=1 bash "$0" "$@" 2>&1 | tee "$OUT/bench-gpu.txt"
    exit "${PIPESTATUS[0]}"
}
export TABLE=$OUT/bench-gpu.tsv
missing=0
began=$SECONDS

# section SECONDS ARGS...: one process of gpu_bench
section() {
    local limit=$1 rc
    shift
    timeout "$limit" "$GPU_BIN/gpu_bench" $TOY --table "$TABLE" "$@"
    rc=$?
    [ $rc = 0 ] && return
    [ $rc != 124 ] || echo "$*: stopped after $limit s"
    [ $rc = 1 ] || echo "$*: exit status $rc"
    missing=1
}

need_device bench-gpu
section 60 rates
# shellcheck disable=SC2048 # words
for part in ${*:-kernels train generate loop peers}; do
    case $part in
    kernels)
        for s in gemm linear attention optimizer rows head; do
            section 150 $s
        done ;;
    train)
        for s in 1.5b 0.5b 7b; do section 200 train $s; done ;;
    generate)
        for s in 1.5b 0.5b 7b; do section 150 generate $s; done ;;
    loop) bash tests/bench/gpu/loop.sh || missing=1 ;;
    peers)
        echo
        timeout 400 "$PYTHON" tests/bench/gpu/peers.py $TOY "$TABLE" ||
            missing=1 ;;
    *) echo "bench-gpu: no part '$part'" >&2; exit 2 ;;
    esac
done

echo
[ -z "$TOY" ] || { echo "a rehearsal: no figures"; exit $missing; }
nvidia-smi --query-gpu=clocks.sm,temperature.gpu,clocks_event_reasons.active \
    --format=csv,noheader 2>/dev/null | sed 's/^/SM clock, temperature, clock limits now: /'
awk -F'\t' '
    $11 == "met" { met++ }
    $11 == "NOT MET" { not++; say[++n] = sprintf("  not met: %s %s %s: %.0f%% of %.0f%%", $1, $2, $3, 100 * $9, 100 * $10) }
    $11 == "failed" { failed++; say[++n] = "  not measured: " $1 " " $2 " " $3 }
    END {
        for (i = 1; i <= n; i++)
            print say[i]
        printf "%d figures, %d targets met, %d not met, %d not measured", NR, met, not, failed
    }' "$TABLE"
echo ", $((SECONDS - began)) s"
exit $missing
