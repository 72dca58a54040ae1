# rehearse - the scripts of check-gpu and bench-gpu from end to end without a
# GPU: the CPU or the simulator stands for it, at toy sizes, so that no script
# error waits for the device
#
# $GPUSIM holds the test programs, $SIMBIN the programs, linked with the
# simulator (pipelines/bench_gpu.mk). What is printed holds no time.
set -u -o pipefail
if [ -z "${GPUSIM:-}" ] || [ "$SAN" = 1 ]; then
    echo "skip gpu_rehearsal: by make check, and not under a sanitizer"
    exit 0
fi
mkdir "$T/bin" "$T/gpu" "$T/out"
ln -s "$BIN"/* "$SIMBIN"/* -f "$T/bin/"
ln -s "$GPUSIM/gpu_bench" "$T/gpu/"
printf '#!/bin/sh\nexec "%s/check_gpu" --small norm\n' "$GPUSIM" >"$T/gpu/check_gpu"
# a compute-sanitizer that finds nothing, and one that finds something
printf '#!/bin/sh\nwhile [ "${1#--}" != "$1" ]; do case $1 in --tool | --error-exitcode | --print-limit) shift ;; esac; shift; done\n"$@" >/dev/null && echo "========= ERROR SUMMARY: 0 errors"\n' >"$T/clean"
printf '#!/bin/sh\necho "========= Invalid __global__ read of size 4 bytes"; exit 9\n' >"$T/dirty"
chmod +x "$T/gpu/check_gpu" "$T/clean" "$T/dirty"
export CUDASIM_MEMORY=268435456
export TOY=--toy GPU_BIN=$T/gpu OUT=$T/out PYTHON=/nonexistent/python3

verdict() { # NAME STATUS WHY
    if [ "$2" = 0 ]; then echo "ok $1"; else echo "not ok $1: $(tail -n 5 <<<"$3" | tr '\n' ';')"; fi
}

# run NAME COMMAND...: an inner make check's lines, without its verdicts
run() {
    local name=$1
    shift
    said=$("$@" 2>&1)
    rc=$?
    printf '%s\n' "$said" >"$T/$name.said"
}

run ops env BIN="$T/bin" tests/gpu/check-gpu.sh ops
[ $rc = 0 ] && grep -q '^1 passed, 0 failed$' <<<"$said"
verdict rehearsal_ops $? "$said"

# canonical order on the CPU, order=hardware in the simulator
run programs env BIN="$T/bin" GPU_DEVICE=cpu LIMIT_PROMPTS=1 SAMPLES=1 \
    MAX_NEW=3 tests/gpu/check-gpu.sh programs
[ $rc = 0 ] && grep -q '^8 passed, 0 failed$' <<<"$said" &&
    grep -q 'note gpu_hardware_sampler_and_scorer_bf16-mixed: .* differ by at most' <<<"$said"
verdict rehearsal_programs $? "$said"

run loop env BIN="$T/bin" GPU_DEVICE=cpu STEPS=1 HW_STEP='--prompts 1 --mini-batch 1 --samples 2 --no-dynamic' \
    HW_SAMPLES=2 MAX_NEW=2 tests/gpu/check-gpu.sh loop
[ $rc = 0 ] && grep -q '^3 passed, 0 failed$' <<<"$said"
verdict rehearsal_loop $? "$said"

run memory env BIN="$T/bin" tests/gpu/check-gpu.sh memory
[ $rc = 0 ] && grep -q 'note gpu_out_of_memory: .*MiB asked for' <<<"$said"
verdict rehearsal_memory $? "$said"

run experiment env GPU_DEVICE=cpu GOALS=train \
    EXPERIMENT='SEEDS=1 ARMS=fp32 STEPS=1 CHUNK=1 CORPUS_ROWS=200 PRETRAIN_OPTS=--steps=5' \
    tests/gpu/check-gpu.sh experiment
[ $rc = 0 ] && grep -q '^1 passed, 0 failed$' <<<"$said"
verdict rehearsal_experiment $? "$said"

run sanitizer env BIN="$T/bin" SANITIZER="$T/clean" \
    tests/gpu/check-gpu.sh sanitizer
[ $rc = 0 ] && grep -q '^4 passed, 0 failed$' <<<"$said"
verdict rehearsal_sanitizer $? "$said"
run sanitizer env BIN="$T/bin" SANITIZER="$T/dirty" \
    tests/gpu/check-gpu.sh sanitizer
[ $rc = 1 ] && grep -q 'not ok gpu_memcheck_canonical:.*Invalid __global__ read' <<<"$said"
verdict rehearsal_sanitizer_that_finds_something $? "$said"

run bench env BIN="$T/bin" tests/bench/gpu/bench-gpu.sh kernels train generate loop
rows=$(wc -l <"$T/out/bench-gpu.tsv")
[ $rc = 0 ] && [ "$rows" -ge 100 ] && ! grep -q 'failed$' "$T/out/bench-gpu.tsv" &&
    grep -q '^a rehearsal: no figures$' <<<"$said" &&
    ! grep -qE '[0-9] (TFLOP|GB|tokens)/s' <<<"$said"
verdict rehearsal_bench $? "$rows rows, exit $rc; $said"

# without a device each says so
printf '#!/bin/sh\necho "gpu_bench: device cuda: this machine has no NVIDIA driver" >&2; exit 1\n' >"$T/none"
chmod +x "$T/none"
mkdir "$T/nogpu"
mv "$T/none" "$T/nogpu/gpu_bench"
for s in tests/gpu/check-gpu.sh tests/bench/gpu/bench-gpu.sh; do
    name=$(basename $s .sh)
    run none env BIN="$T/bin" GPU_BIN="$T/nogpu" sh $s
    [ $rc = 1 ] && [ "$said" = "$name: device cuda: this machine has no NVIDIA driver" ]
    verdict "rehearsal_${name}_without_a_device" $? "$said"
done
command -v python3 >/dev/null && {
    python3 - <<'PY'
import ast
ast.parse(open("tests/bench/gpu/peers.py").read())
PY
    verdict rehearsal_peers_parses $? ""
}
exit 0
