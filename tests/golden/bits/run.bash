# run - the run whose bits are compared: a base model, then steps of the loop
#
# Sourced by tests/parity/{bits,aarch64}.sh. $AS stands before each program
# (an emulator), $REWARD is the verifier; $BIN and $T as for every test. Shape
# and batch are those of the smoke preset; all inputs lie beside this file.
golden=tests/golden/bits
AS=${AS:-}
REWARD=${REWARD:-$BIN/reward}
shape="--hidden 32 --layers 2 --heads 2 --kv-heads 1 --ffn 64 --max-pos 64"
step="--seed 5 --prompts 4 --mini-batch 2 --samples 4 --lr 1e-3"

# base OUT OPTIONS...: 100 updates of the smoke preset's model from nothing
base() {
    local out=$1
    shift
    $AS "$BIN/pretrain" --quiet --device cpu --tokenizer $golden/tokenizer \
        $shape --steps 100 --batch 32 --lr 5e-3 --warmup 10 --seed 1 \
        --threads 1 -o "$out" "$@" $golden/corpus.jsonl
}

# loop MODEL OUT STEPS ARM ROLLOUT_OPTIONS DAPO_STEP_OPTIONS: OUT, OUT.zst (the
# rewarded rollouts), OUT.metrics; $T/tokens holds the prompts
loop() {
    local fifo=$2.fifo
    rm -rf "$fifo"
    mkfifo "$fifo"
    $AS "$BIN/draw" --quiet --resume "$1" --seed 5 --per-step 4 "$T/tokens" |
        $AS "$BIN/rollout" --quiet --device cpu --model "$1" --arm "$4" \
            --seed 5 --sync "$fifo" --samples 4 --temperature 1 --max-new 24 \
            --threads 1 $5 |
        $AS "$BIN/tokenize" --quiet --decode --tokenizer "$1" |
        $REWARD --quiet --max-len 24 --overlong-buffer 8 |
        $AS "$BIN/dapo-step" --quiet --device cpu --model "$1" --arm "$4" \
            $step --sync "$fifo" --steps "$3" --threads 1 $6 \
            --keep "$2.zst" --out "$2" -o "$2.metrics"
    local rc=$?
    rm -f "$fifo"
    return $rc
}

tokens() {
    $AS "$BIN/tokenize" --quiet --tokenizer $golden/tokenizer \
        -o "$T/tokens" $golden/prompts.jsonl
}

# hashes BASE CHECKPOINT: as in smoke.sha256
hashes() {
    (cd "$T" && sha256sum "$1/model.safetensors" "$2/model.safetensors" \
        "$2/optimizer.safetensors") |
        sed "s| $1/| base/|; s| $2/| checkpoint/|"
}
