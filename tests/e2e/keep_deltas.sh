#!/bin/bash
# keep_deltas - an experiment with KEEP=deltas: the summary of KEEP=all byte for
# byte, and older checkpoints that are differences and give the same weights
set -u
. tests/lib.sh keep_deltas
run() { # KEEP
    env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES make "${built[@]}" PRESET=smoke DEVICE=cpu R="$T/$1" KEEP="$1" \
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

# A stage that is killed while the checkpoint before becomes a delta: verify finds
# nothing wrong, and make goes on, trains no chunk again, and removes what is due.
mkdir "$T/bin"
ln -s "$BIN"/* "$T/bin/"
old=train_logs/fp32_seed1/step-2/checkpoint
killed() { # NAME: what has become of $K, the checkpoint, is on stdin, as a script
    { echo '#!/bin/bash'; echo "D='$BIN/delta' K='$T/k/$old' S='$T/k/${old/-2/-4}'"; cat; echo "kill -9 \$PPID"; } >"$T/delta"
    chmod +x "$T/delta"
    rm -rf "$T/k" "$T/bin/delta"
    ln -s "$T/delta" "$T/bin/delta"
    k train_logs/fp32_seed1/step-6/checkpoint/trainer_state.json && no "killed_$1" "it ended"
    check "killed_$1_verify" pipelines/verify "$BIN" "$T/k" --pruned
    ln -sf "$BIN/delta" "$T/bin/delta"
    k train_logs/fp32_seed1/step-6/checkpoint/trainer_state.json || no "killed_$1" "$(tail -n 3 "$T/err" | tr '\n' ' ')"
    gives "killed_$1_goes_on" "$(sed -n '/^\[.*train/{s/.*train/train/; s/  .*//; p;}' "$T/err")" 'train fp32 seed 1 to step 6'
    gives "killed_$1_files" "$(cd "$T/k/$old" && echo model.* opt*)" 'model.delta opt*'
    check "killed_$1_verify_after" pipelines/verify "$BIN" "$T/k" --pruned
}
k() { # GOAL
    env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES make "${built[@]//$BIN/$T/bin}" PRESET=smoke DEVICE=cpu \
        R="$T/k" KEEP=deltas SEEDS=1 ARMS=fp32 STEPS=6 "$T/k/$1" >"$T/out" 2>"$T/err" </dev/null
}
killed before_it_removes <<<'cp "$K/model.safetensors" "$K/.m"; "$D" "$K" "$S"; mv "$K/.m" "$K/model.safetensors"'
killed before_the_optimizer <<<'"$D" "$K" "$S"'
killed at_the_end <<<'"$D" --drop-optimizer "$K" "$S"'
