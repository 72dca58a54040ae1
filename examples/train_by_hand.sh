#!/bin/bash
# train_by_hand - some DAPO steps without make: the pipe that a chunk is
#
#   examples/train_by_hand.sh BASE TOKENS OUT [ARM] [STEPS]
#   examples/train_by_hand.sh results/base/model results/data/dm_train.tokens.msgpack.zst out bf16 5
#
# OUT becomes a checkpoint, OUT.metrics a stream with one record for each step,
# OUT.rollouts.zst the rollouts. dapo-step tells rollout over the FIFO how many
# prompts it needs and what the new weights are (docs/ARCHITECTURE.md).
set -euo pipefail
PATH=${BIN:-$(cd "$(dirname "$0")/.." && pwd)/bin}:$PATH
base=${1:?a folder with the base model}
tokens=${2:?prompts with their tokens}
out=${3:?a folder to make}
arm=${4:-fp32}
steps=${5:-2}
fifo=$out.fifo

mkfifo "$fifo"
trap 'rm -f "$fifo"' EXIT
draw --quiet --resume "$base" --seed 1 --per-step 8 "$tokens" |
    rollout --quiet --model "$base" --arm "$arm" --seed 1 --sync "$fifo" \
        --samples 8 --temperature 1 --max-new 40 |
    tokenize --quiet --decode --tokenizer "$base" |
    reward --quiet --max-len 40 --overlong-buffer 8 |
    dapo-step --quiet --model "$base" --arm "$arm" --seed 1 --sync "$fifo" \
        --steps "$steps" --prompts 8 --mini-batch 8 --samples 8 --lr 1e-4 \
        --max-gen-batches 50 --keep "$out.rollouts.zst" --out "$out" -o "$out.metrics"
show --names --field step,reward_mean,loss,grad_norm "$out.metrics"
