# device - what check-gpu.sh and bench-gpu.sh share: is there a device, and
# where is cuBLASLt? Sourced.

# cuBLASLt of the CUDA Toolkit 13: where the program looks by itself, else that
# of a toolkit elsewhere, or of a Python package (torch brings one).
find_cublaslt() {
    local so=libcublasLt.so.13 f
    [ -z "${ULP_CUBLASLT:-}" ] || return 0
    ! ldconfig -p 2>/dev/null | grep -q $so || return 0
    [ ! -e /usr/local/cuda/lib64/$so ] || return 0
    for f in /usr/local/cuda*/lib*/$so /usr/local/cuda*/targets/*/lib/$so \
        /usr/lib/x86_64-linux-gnu/$so \
        "$("${PYTHON:-python3}" - <<'PY' 2>/dev/null
import glob, sys
for p in sys.path:
    for f in glob.glob(p + "/nvidia/*/lib/libcublasLt.so.13"):
        print(f)
        raise SystemExit
PY
        )"; do
        if [ -e "$f" ]; then
            export ULP_CUBLASLT=$f
            return 0
        fi
    done
}

# need_device NAME: exit 1 with the program's own words when there is none.
need_device() {
    find_cublaslt
    device=$("$GPU_BIN/gpu_bench" present 2>&1) || {
        echo "$1: ${device#gpu_bench: }" >&2
        exit 1
    }
    [ -n "$TOY" ] || {
        printf '%s\n' "$device"
        nvidia-smi --query-gpu=name,driver_version,power.limit,clocks.max.sm,clocks.max.mem,ecc.mode.current \
            --format=csv,noheader 2>/dev/null || true
        nvidia-smi --query-compute-apps=pid,used_memory --format=csv,noheader \
            2>/dev/null | sed 's/^/also on this device: process /'
        echo "cuBLASLt: ${ULP_CUBLASLT:-on the default paths}"
    }
}
