#!/bin/bash
# ranks - two ranks of one thread beside one rank of two threads, in turn
#
# usage: tests/bench/ranks.sh [ROUNDS]      (default 5; programs from bin/)
#
# SHAPES: 'tiny 135m' (default) or one of them. A round runs one and then the
# other. Training: seconds of updates after the first, by --timeline, so that
# starting does not count. Generation: wall seconds of rollout. Printed: each
# ratio (1 rank x 2 threads) / (2 ranks x 1 thread), more is better, and the
# median. On a busy machine the ratios say little. At 135m a round takes some
# minutes on two processors: one update of 8 sequences is timed, and 32 prompts.
set -eu
rounds=${1:-5}
B=${BIN:-bin}
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
tok=data/tokenizer/tiny
awk 'BEGIN { srand(1); for (i = 0; i < 64; i++) {
    r = ""; for (j = 0; j < 200; j++) r = r int(10 * rand())
    printf "{\"id\":\"p%d\",\"prompt\":\"%d+%d=\",\"response\":\"%s\"}\n", i, i, j, r } }' >"$T/rows.jsonl"
for n in 32 64; do head -n $n "$T/rows.jsonl" | "$B/tokenize" --quiet --tokenizer "$tok" -o "$T/prompts.$n"; done

training() { # RANKS THREADS BATCH STEPS SHAPE...: seconds
    local ranks=$1 threads=$2 batch=$3 steps=$4
    shift 4
    "$B/pretrain" --quiet --device cpu --tokenizer "$tok" --arm fp32,shards=8 --steps "$steps" --warmup 0 --prompt-loss 1 \
        --batch "$batch" --ranks "$ranks" --threads "$threads" --timeline "$T/line" "$@" -o "$T/out" "$T/rows.jsonl"
    python3 - "$T/line" "$steps" <<'P'
import json, sys
end = {e["name"]: e["ts"] + e["dur"] for e in json.load(open(sys.argv[1]))["traceEvents"]
       if e["ph"] == "X" and e["pid"] == 0 and e["name"].startswith("weights")}
print((end[f"weights {int(sys.argv[2]) - 1}"] - end["weights 0"]) / 1e6)
P
}
generation() { # RANKS THREADS PROMPTS MAX_NEW
    local began
    began=$(date +%s%N)
    "$B/rollout" --quiet --device cpu --model "$T/model" --samples 4 --max-new "$4" --ranks "$1" --threads "$2" \
        "$T/prompts.$3" -o "$T/rollouts"
    awk -v ns=$(($(date +%s%N) - began)) 'BEGIN { print ns / 1e9 }'
}
pairs() { # NAME COMMAND...: with the numbers of ranks and threads put first
    local name=$1 what=$2 i a b
    shift 2
    for ((i = 0; i < rounds; i++)); do
        a=$("$what" 1 2 "$@")
        b=$("$what" 2 1 "$@")
        echo "$a $b" | awk '{ printf "%.3f %.3f %.3f\n", $1 / $2, $1, $2 }'
    done | sort -n | awk -v name="$name" '{ v[NR] = $1; print name ": ratio " $1 ", 1x2 " $2 " s, 2x1 " $3 " s" }
        END { print name ": median " v[int((NR + 1) / 2)] " of " NR }'
}
for shape in ${SHAPES:-tiny 135m}; do
    case $shape in
    tiny) s=(--hidden 96 --layers 3 --heads 4 --kv-heads 2 --ffn 256 --max-pos 512) batch=64 steps=3 prompts=64 new=64 ;;
    # the layers of a model of 135 million values; the small tokenizer has fewer tokens
    135m) s=(--hidden 576 --layers 30 --heads 9 --kv-heads 3 --ffn 1536 --max-pos 512) batch=8 steps=2 prompts=32 new=32 ;;
    *) echo "SHAPES: $shape is none of tiny, 135m" >&2; exit 2 ;;
    esac
    pairs "training $shape" training "$batch" "$steps" "${s[@]}"
    "$B/pretrain" --quiet --device cpu --tokenizer "$tok" --steps 0 "${s[@]}" -o "$T/model"
    pairs "generation $shape" generation "$prompts" "$new"
done
