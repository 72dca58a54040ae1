# experiment - the smoke experiment by make, on the CPU and on the device: every
# file of both is the same, byte for byte
#
# Programs that are there are not built: make takes them as they are. GOALS,
# EXPERIMENT (make variables) and GPU_DEVICE make it smaller for a rehearsal.
set -u -o pipefail
if ! command -v make >/dev/null; then
    echo "skip gpu_experiment: no make"
    exit 0
fi
old=
for p in prepare pretrain tokenize draw rollout reward dapo-step logprob kl \
    sparsity stats show checksum; do
    old="$old -o $BIN/$p"
done
run() { # NAME DEVICE: results in $T/NAME
    timeout 400 env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES \
        make -j4 $old PRESET=smoke BIN="$BIN" B="$T/none" CUDA=0 \
        DEVICE="$2" R="$T/$1" ${EXPERIMENT:-} \
        ${GOALS:-train eval} >"$T/$1.out" 2>"$T/$1.err"
}
bytes() {
    (cd "$T/$1" && find . -type f ! -path '*/.make/*' -exec sha256sum {} + |
        sort -k 2)
}
if ! run cpu cpu; then
    echo "not ok gpu_experiment: on the CPU: $(tail -n 1 "$T/cpu.err")"
elif ! run gpu "${GPU_DEVICE:-cuda}"; then
    echo "not ok gpu_experiment: $(tail -n 1 "$T/gpu.err")"
elif diff <(bytes cpu) <(bytes gpu) >"$T/diff" && [ -n "$(bytes gpu)" ]; then
    echo "note gpu_experiment: $(bytes gpu | wc -l) files"
    echo "ok gpu_experiment_gives_the_cpus_bytes"
else
    echo "not ok gpu_experiment_gives_the_cpus_bytes: $(grep -c '^>' "$T/diff")" \
        "files differ, $(sed -n 's/^> [0-9a-f]* *//p' "$T/diff" | head -n 3 | tr '\n' ' ')"
fi
