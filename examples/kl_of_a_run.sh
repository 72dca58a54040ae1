#!/bin/bash
# kl_of_a_run - how far a model has moved from its base, by task
#
#   examples/kl_of_a_run.sh BASE MODEL TOKENS...
#   examples/kl_of_a_run.sh results/base/model \
#       results/train_logs/bf16_seed1/step-40/checkpoint results/data/*.tokens.msgpack.zst
#
# One sample for each of the first 20 prompts of each file. exact is the sum over
# the vocabulary at each token, k1 and k3 are estimates from the sampled tokens
# alone (docs/SCIENCE.md 5); all in nats a token.
set -euo pipefail
PATH=${BIN:-$(cd "$(dirname "$0")/.." && pwd)/bin}:$PATH
base=${1:?a folder with the base model}
model=${2:?a folder with the model}
shift 2

for tokens; do
    rollout --quiet --model "$model" --limit 20 --max-new 40 "$tokens"
done |
    logprob --quiet --model "$model" --as policy --against "$base" --as-against base |
    kl --quiet |
    stats --quiet --table --by task --stat n,mean,se kl.token.exact kl.token.k1 kl.token.k3
