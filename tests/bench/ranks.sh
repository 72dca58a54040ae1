#!/bin/bash
# ranks - two ranks of one thread beside one rank of two threads, in turn; and
# eight shards beside one, in one process of two threads
#
# usage: tests/bench/ranks.sh [ROUNDS]      (default 5; programs from bin/)
#
# SHAPES: 'tiny 135m 0.5b' (default) or some of them. WHAT: 'training generation
# shards' (default) or some of them. A round runs one and then the other.
# Training and shards: seconds of updates after the first, by --timeline, so that
# starting does not count. Generation: wall seconds of rollout. Printed: each
# ratio, (1 rank x 2 threads) / (2 ranks x 1 thread) or (1 shard) / (8 shards),
# more is better, and the median. A shard has 2,048 rows at least. 0.5b has 2 of
# its 24 layers, and for shards 135m has 4 of its 30, so that a round takes a minute
# or two. On a busy machine the ratios say little.
set -eu
rounds=${1:-5}
B=${BIN:-bin}
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
tok=data/tokenizer/tiny
awk 'BEGIN { srand(1); for (i = 0; i < 96; i++) {
    r = ""; for (j = 0; j < 200; j++) r = r int(10 * rand())
    printf "{\"id\":\"p%d\",\"prompt\":\"%d+%d=\",\"response\":\"%s\"}\n", i, i, j, r } }' >"$T/rows.jsonl"
for n in 32 64; do head -n $n "$T/rows.jsonl" | "$B/tokenize" --quiet --tokenizer "$tok" -o "$T/prompts.$n"; done

updates() { # SHARDS RANKS THREADS BATCH STEPS SHAPE...: seconds
    local shards=$1 ranks=$2 threads=$3 batch=$4 steps=$5
    shift 5
    "$B/pretrain" --quiet --device cpu --tokenizer "$tok" --arm "fp32,shards=$shards" --steps "$steps" --warmup 0 \
        --prompt-loss 1 --batch "$batch" --ranks "$ranks" --threads "$threads" --timeline "$T/line" "$@" -o "$T/out" "$T/rows.jsonl"
    python3 - "$T/line" "$steps" <<'P'
import json, sys
end = {e["name"]: e["ts"] + e["dur"] for e in json.load(open(sys.argv[1]))["traceEvents"]
       if e["ph"] == "X" and e["pid"] == 0 and e["name"].startswith("weights")}
print((end[f"weights {int(sys.argv[2]) - 1}"] - end["weights 0"]) / 1e6)
P
}
training() { # RANKS THREADS BATCH STEPS SHAPE...
    updates 8 "$@"
}
shards() { # SHARDS STEPS SHAPE...: 88 sequences of 200 tokens and more
    local shards=$1 steps=$2
    shift 2
    updates "$shards" 1 2 88 "$steps" "$@"
}
generation() { # RANKS THREADS PROMPTS MAX_NEW
    local began
    began=$(date +%s%N)
    "$B/rollout" --quiet --device cpu --model "$T/model" --samples 4 --max-new "$4" --ranks "$1" --threads "$2" \
        "$T/prompts.$3" -o "$T/rollouts"
    awk -v ns=$(($(date +%s%N) - began)) 'BEGIN { print ns / 1e9 }'
}
pairs() { # NAME ONE OTHER COMMAND...: the first words of the command, as 'RANKS THREADS', and what both have
    local name=$1 one=$2 other=$3 what=$4 i a b
    shift 4
    for ((i = 0; i < rounds; i++)); do
        # shellcheck disable=SC2086
        a=$("$what" $one "$@")
        # shellcheck disable=SC2086
        b=$("$what" $other "$@")
        echo "$a $b" | awk '{ printf "%.3f %.3f %.3f\n", $1 / $2, $1, $2 }'
    done | sort -n | awk -v name="$name" -v one="${one/ /x}" -v other="${other/ /x}" '
        { v[NR] = $1; print name ": ratio " $1 ", " one " " $2 " s, " other " " $3 " s" }
        END { print name ": median " v[int((NR + 1) / 2)] " of " NR }'
}
for shape in ${SHAPES:-tiny 135m 0.5b}; do
    case $shape in
    tiny) s=(--hidden 96 --heads 4 --kv-heads 2 --ffn 256) layers=3 few=3 batch=64 steps=3 prompts=64 new=64 ;;
    # the layers of models of 135 and 494 million values; the small tokenizer has fewer tokens
    135m) s=(--hidden 576 --heads 9 --kv-heads 3 --ffn 1536) layers=30 few=4 batch=8 steps=2 prompts=32 new=32 ;;
    0.5b) s=(--hidden 896 --heads 14 --kv-heads 2 --ffn 4864) layers=2 few=2 batch=16 steps=3 prompts=32 new=32 ;;
    *) echo "SHAPES: $shape is none of tiny, 135m, 0.5b" >&2; exit 2 ;;
    esac
    s+=(--max-pos 512)
    for what in ${WHAT:-training generation shards}; do
        case $what in
        training) pairs "training $shape" '1 2' '2 1' training "$batch" "$steps" "${s[@]}" --layers $layers ;;
        generation)
            "$B/pretrain" --quiet --device cpu --tokenizer "$tok" --steps 0 "${s[@]}" --layers $layers -o "$T/model"
            pairs "generation $shape" '1 2' '2 1' generation "$prompts" "$new" ;;
        shards) pairs "shards $shape" 1 8 shards "$steps" "${s[@]}" --layers $few ;;
        *) echo "WHAT: $what is none of training, generation, shards" >&2; exit 2 ;;
        esac
    done
done
