# qwen2.5-math-7b - the full setting (SCIENCE 1): every number of it
#
#   make PRESET=qwen2.5-math-7b MODEL=DIR DATA=DIR results/analysis/summary.txt
#
# MODEL: a Hugging Face directory of Qwen2.5-Math-7B. DATA: the prepared task
# sets (data/README.md). `make PRESET=... MODEL=... plan` says what it takes.
TASKS_FILE    ?= data/eval_tasks.json
TRAIN_TASK    ?= dm_train
TEMPLATE      ?= chat
SYNTHETIC     ?= 0
ARMS          ?= fp32 bf16 bf16-mixed
STEPS         ?= 300
CHUNK         ?= 10
PROMPTS       ?= 256
MINI_BATCH    ?= 64
SAMPLES       ?= 16
# as many as the devices of a node, which then give the same bytes as one
SHARDS        ?= 8
LR            ?= 1e-6
SWEEP_LR      ?= 3e-7 1e-6 3e-6
MAX_NEW       ?= 3072
MAX_PROMPT    ?= 1024
OVERLONG      ?= 1024
KL_PROMPTS    ?= 128
