# families - each family of models through the whole loop: rollouts with the
# trainer's log-probabilities to the bit, and one training step whose bytes
# depend neither on micro-batches, recomputing, threads and slices of the weights
# on two ranks, nor on the device
#
# The model is made by pretrain with the shape of a configuration that
# transformers wrote (tests/golden/families). $SIMBIN holds the programs whose
# device is the simulator (pipelines/cudasim.mk).
set -u -o pipefail
. tests/golden/bits/run.bash
. tests/lib.sh

# small NAME: a folder with that configuration, for the vocabulary of the run
small() {
    mkdir -p "$T/$1.config"
    sed 's/"vocab_size": [0-9]*/"vocab_size": 512/' \
        "tests/golden/families/$1/config.json" >"$T/$1.config/config.json"
}
made() { # NAME OUT OPTIONS...
    local name=$1 out=$2
    shift 2
    "$BIN/pretrain" --quiet --device cpu --tokenizer $golden/tokenizer \
        --config "$T/$name.config" --steps 30 --batch 16 --lr 2e-2 --seed 1 \
        -o "$out" "$@" $golden/corpus.jsonl
}
train() { # NAME OUT OPTIONS...: a step on the kept rollouts
    local name=$1 out=$2
    shift 2
    "$BIN/dapo-step" --quiet --device cpu --model "$T/$name" $step \
        --no-dynamic --off-policy --steps 1 --json -o "$out.metrics" \
        --out "$out" "$@" "$T/$name.ck.zst"
}
same() { # A B: the weights and the optimizer's state
    cmp "$1/model.safetensors" "$2/model.safetensors" &&
        cmp "$1/optimizer.safetensors" "$2/optimizer.safetensors"
}
whole() { # NAME ARM
    local name=$1 arm=$2
    loop "$T/$name" "$T/$name.ck" 1 "$arm" "--batch 7" --no-dynamic &&
        train "$name" "$T/x" --arm "$arm" --threads 1 --micro-batch 80 &&
        same "$T/$name.ck" "$T/x" &&
        train "$name" "$T/x" --arm "$arm" --threads 3 --recompute &&
        same "$T/$name.ck" "$T/x" &&
        train "$name" "$T/x" --arm "$arm" --threads 1 --ranks 2 --shard-weights &&
        same "$T/$name.ck" "$T/x"
}

tokens
for name in llama llama3_tied mistral qwen3 qwen3_tied; do
    small $name
    check ${name}_is_made made $name "$T/$name"
    is ${name}_keeps_its_family \
        "$(grep -o '"model_type": "[a-z0-9]*"' "$T/$name.config/config.json")" \
        "$(grep -o '"model_type": "[a-z0-9]*"' "$T/$name/config.json")"
    check ${name}_whole_loop whole $name fp32
done
for name in qwen3 llama; do
    gives ${name}_sparsity_knows_its_tensors \
        "$("$BIN/sparsity" --quiet --json "$T/$name" "$T/$name.ck" |
            grep -c '"kind":"other"')" 0
    check ${name}_plan "$BIN/dapo-step" --plan --model "$T/$name"
done

if [ -z "${SIMBIN:-}" ]; then
    echo "skip families_on_the_simulator: SIMBIN names no programs (run it by make check)"
elif [ "$SAN" = 1 ]; then
    echo "skip families_on_the_simulator: a sanitizer beside it takes minutes"
else
    for name in llama qwen3; do
        "$SIMBIN/logprob" --quiet --device cuda --model "$T/$name" --as me \
            -o "$T/cuda.lp" "$T/$name.ck.zst"
        "$BIN/logprob" --quiet --device cpu --model "$T/$name" --as me \
            -o "$T/cpu.lp" "$T/$name.ck.zst"
        check ${name}_log_probabilities_on_the_simulator \
            cmp "$T/cpu.lp" "$T/cuda.lp"
        BIN=$SIMBIN train $name "$T/sim" --device cuda
        check ${name}_training_on_the_simulator same "$T/$name.ck" "$T/sim"
    done
fi

check qwen3_in_mixed_precision whole qwen3 bf16-mixed
