# run - the run whose bits are compared: a base model, then steps of the loop
#
# Sourced by tests/parity/{bits,aarch64}.sh. $AS stands before each program
# (an emulator); $BIN and $T as for every test. Shape and batch are those of the
# smoke preset; all inputs lie beside this file.
golden=tests/golden/bits
AS=${AS:-}
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

# judge: rewards by a rule of its own, as JSON lines. The hashes are those of an
# arithmetic, and the verifier may learn another notation. Right is a response
# with "boxed" in it that ends in the answer, a brace behind it or not; beyond
# 16 tokens a response loses 1/8 a token.
judge() (
    LC_ALL=C
    char='([^"\\]|\\.)'
    while IFS= read -r line; do
        [[ $line =~ \"answer\":\"([0-9]+)\" ]] && answer=${BASH_REMATCH[1]}
        [[ $line =~ \"response_tokens\":\[([0-9,]*) ]] && commas=${BASH_REMATCH[1]//[0-9]/}
        correct=false eighths=-8
        if [[ $line =~ \"response\":\"${char}*boxed(${char}*[^0-9\"])?$answer\}?\"[,}] ]]; then
            correct=true eighths=8
        fi
        over=$((${#commas} + 1 - 16))
        eighths=$((eighths - (over > 0 ? over : 0)))
        size=${eighths#-}
        printf '%s,"correct":%s,"reward":%s%d.%03d}\n' "${line%?}" $correct \
            "${eighths%%[0-9]*}" $((size / 8)) $((size % 8 * 125))
    done
)

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
        $AS "$BIN/tokenize" --quiet --decode --json --tokenizer "$1" | judge |
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
