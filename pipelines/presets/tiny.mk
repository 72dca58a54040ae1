# tiny - the default: the whole experiment on a CPU in minutes, with a small
# model made from nothing and synthetic stand-ins for the task sets
TASKS_FILE    ?= data/eval_tasks.tiny.json
TRAIN_TASK    ?= dm_train

# base model
TOKENIZER     ?= data/tokenizer/tiny
CORPUS_ROWS   ?= 57600
MODEL_SHAPE   ?= --hidden 96 --layers 3 --heads 4 --kv-heads 2 --ffn 256 --max-pos 160
PRETRAIN_OPTS ?= --steps 3600 --batch 16 --lr 2e-3 --warmup 100
TRAIN_ROWS    ?= 2000

# training (SCIENCE 3)
STEPS         ?= 40
CHUNK         ?= 20
PROMPTS       ?= 8
MINI_BATCH    ?= 2
SAMPLES       ?= 8
LR            ?= 1e-4
SWEEP_LR      ?= 3e-5 1e-4 3e-4 1e-3
MAX_NEW       ?= 40
OVERLONG      ?= 8
KL_PROMPTS    ?= 48
EVAL_TASKS    ?= together
# what stays in a core's cache
TRAIN_OPTS    ?= --micro-batch 1024
SCORE_OPTS    ?= --micro-batch 768
SPECTRUM_OPTS ?= --top 8
SYNTHETIC     ?= 1
# seconds a stage of each kind, for the first lines of progress
EXPECT        ?= base=30 train=1.5 eval=0.35 kl=0.3 stats=0.1 sparsity=0.1 data=0.1 analysis=2
