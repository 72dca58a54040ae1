#!/bin/bash
# worst_prompts - the questions that a run answers worst, and one wrong answer
#
#   examples/worst_prompts.sh RESPONSES [N]
#   examples/worst_prompts.sh results/eval_metrics/bf16_seed1/gsm8k.responses.msgpack.zst 5
set -euo pipefail
PATH=${BIN:-$(cd "$(dirname "$0")/.." && pwd)/bin}:$PATH
file=${1:?a file of judged responses}
n=${2:-10}

echo "The $n questions with the fewest right answers (accuracy, id):"
# one group for each question; its mean of `correct` is its accuracy
stats --quiet --json --by id --stat mean correct "$file" |
    show --sort correct.mean --field correct.mean,id | sed -n "1,${n}p"
echo
echo 'The longest wrong answer:'
show --where 'not correct' --sort '-len(response_tokens)' --head 1 \
    --field id,answer,response "$file"
