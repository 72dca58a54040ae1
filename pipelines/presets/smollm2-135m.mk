# smollm2-135m - a real pretrained Llama on a CPU learns choice questions
#
#   data/smollm2.sh DIR
#   make PRESET=smollm2-135m MODEL=DIR DATA=SETS results/analysis/summary.txt
#
# SETS has mmlu_train, mmlu_val and mmlu_stem (docs/REAL.md). A response is a
# letter and little more, so it needs few tokens.
TASKS_FILE    ?= data/eval_tasks.choice.json
TRAIN_TASK    ?= mmlu_train
TEMPLATE      ?= chat+data/choice.txt
ARMS          ?= fp32 bf16
SEEDS         ?= 1 2
NOISE         ?= 2
STEPS         ?= 10
CHUNK         ?= 10
PROMPTS       ?= 6
MINI_BATCH    ?= 3
SAMPLES       ?= 4
LR            ?= 1e-5
SWEEP_LR      ?= 3e-6 1e-5 3e-5
MAX_NEW       ?= 16
MAX_PROMPT    ?= 128
QUESTIONS     ?= 80
KL_PROMPTS    ?= 16
# activations of 512 tokens are 0.35 GiB in fp32
TRAIN_OPTS    ?= --micro-batch 512
