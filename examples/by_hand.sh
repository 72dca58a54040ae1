#!/bin/bash
# by_hand - ask a model one question, and judge its answers
#
#   examples/by_hand.sh MODEL [QUESTION ANSWER]
#   examples/by_hand.sh results/base/model 'Compute 17+5-9.' 13
set -euo pipefail
PATH=${BIN:-$(cd "$(dirname "$0")/.." && pwd)/bin}:$PATH
model=${1:?a folder with a model}
question=${2:-Compute 17+5-9.}
answer=${3:-13}

# The quotes of the shell are not those of JSON: python3 writes the record.
python3 -c 'import json, sys
print(json.dumps(dict(id="by-hand", verifier="math",
                      prompt=sys.argv[1], answer=sys.argv[2])))' \
    "$question" "$answer" |
    tokenize --quiet --tokenizer "$model" |
    rollout --quiet --model "$model" --samples 4 --max-new 40 |
    tokenize --quiet --decode --tokenizer "$model" |
    reward --quiet |
    show --field response --field correct --field verify_rule
