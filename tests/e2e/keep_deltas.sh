#!/bin/bash
# keep_deltas - an experiment with KEEP=deltas: the summary of KEEP=all byte for
# byte, and older checkpoints that are differences and give the same weights
set -u
. tests/lib.sh keep_deltas
# The programs are there (-o), built as the make that runs the tests was told.
built=()
for p in bin/*.c; do built+=(-o "$BIN/$(basename "$p" .c)"); done
run() { # KEEP
    env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES make "${built[@]}" PRESET=smoke CUDA=0 BIN="$BIN" B="$T/none" DEVICE=cpu R="$T/$1" KEEP="$1" \
        SEEDS=1 ARMS='fp32 bf16' STEPS=6 "$T/$1/analysis/summary.txt" >"$T/out" 2>"$T/err" </dev/null ||
        no "run_$1" "$(tail -n 3 "$T/err" | tr '\n' ' ')"
}
run all
run deltas
check same_summary cmp "$T/all/analysis/summary.txt" "$T/deltas/analysis/summary.txt"
for arm in fp32 bf16; do
    old=train_logs/${arm}_seed1/step-2/checkpoint
    gives "${arm}_kept_as" "$(cd "$T/deltas/$old" && echo model.* opt*)" 'model.delta opt*'
    gives "${arm}_same_weights" "$("$BIN/sparsity" --quiet --json "$T/all/$old" "$T/deltas/$old" | tail -n 1 | grep -o '"sparsity":[^,}]*')" '"sparsity":1.0'
    check "${arm}_expand" "$BIN/delta" --expand "$T/deltas/$old"
    check "${arm}_same_bytes" cmp "$T/all/$old/model.safetensors" "$T/deltas/$old/model.safetensors"
done
