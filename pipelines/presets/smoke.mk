# smoke - the same programs in seconds, for tests; it learns next to nothing
TASKS_FILE    ?= data/eval_tasks.smoke.json
ARMS          ?= fp32 bf16
SEEDS         ?= 1 2
CORPUS_ROWS   ?= 3000
MODEL_SHAPE   ?= --hidden 32 --layers 2 --heads 2 --kv-heads 1 --ffn 64 --max-pos 160
PRETRAIN_OPTS ?= --steps 150 --batch 32 --lr 5e-3 --warmup 10
TRAIN_ROWS    ?= 200
STEPS         ?= 4
CHUNK         ?= 2
PROMPTS       ?= 4
MINI_BATCH    ?= 2
SAMPLES       ?= 4
KL_PROMPTS    ?= 8
EVAL_TASKS    ?= together
TOKENIZER     ?= data/tokenizer/tiny
TRAIN_TASK    ?= dm_train
LR            ?= 1e-3
SWEEP_LR      ?= 3e-4 1e-3 3e-3
MAX_NEW       ?= 40
OVERLONG      ?= 8
SPECTRUM_OPTS ?= --top 8
SYNTHETIC     ?= 1
# one group in twenty is mixed: ten rounds would not fill a batch
TRAIN_OPTS    ?= --max-gen-batches 200
# seconds a stage of each kind, for the first lines of progress
EXPECT        ?= base=4 train=0.6 eval=0.2 kl=0.1 stats=0.1 sparsity=0.1 data=0.1 analysis=2
