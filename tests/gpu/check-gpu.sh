#!/bin/sh
# check-gpu.sh [PART...] - does all of it hold on this machine's GPU?
#
# Parts: ops (every operation, canonical, the CPU's bytes), hardware (the
# operations of order=hardware against float64), programs (published hashes,
# sampler and scorer), loop (two programs on one GPU), memory, experiment (the
# smoke experiment by make, on the CPU and on the GPU), sanitizer. All, when
# none is named. Ends like `make check`: N passed, N failed; exit status 1 when
# one failed, or there is no device.
#
# GPU_BIN is the folder of the test programs, BIN that of the programs; without
# them it is the bundle that this script lies in (make gpu-bundle).
if [ -z "${BASH_VERSION:-}" ]; then
    command -v bash >/dev/null || { echo "check-gpu: needs bash" >&2; exit 1; }
    exec bash "$0" "$@"
fi
set -u -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ -d "$here/tests/gpu" ] || here=$(cd "$here/../.." && pwd)
cd "$here" || exit 1
export BIN=${BIN:-$here/bin} GPU_BIN=${GPU_BIN:-$here/gpu} TOY=${TOY:-}
export LC_ALL=C.UTF-8
. tests/gpu/device.sh
need_device check-gpu
parts=${*:-ops hardware programs loop memory experiment sanitizer}
set --
for p in $parts; do
    case $p in
    ops) set -- "$@" "$GPU_BIN/check_gpu" ;;
    hardware)
        for t in "$GPU_BIN"/cuda_*; do
            [ ! -x "$t" ] || set -- "$@" "$t"
        done ;;
    programs | loop | memory | experiment | sanitizer)
        set -- "$@" "tests/gpu/$p.sh" ;;
    *) echo "check-gpu: no part '$p'" >&2; exit 2 ;;
    esac
done
exec tests/run "$@"
