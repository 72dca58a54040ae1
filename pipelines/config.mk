# config - every parameter of the experiment, its default and what it means
# (`make help` prints the lines marked ##, `make help PRESET=NAME` its values)

PRESET        ?= tiny## what to run: a file of pipelines/presets
PRESETS       := $(patsubst pipelines/presets/%.mk,%,$(wildcard pipelines/presets/*.mk))
ifeq ($(filter $(PRESET),$(PRESETS))$(word 2,$(PRESET)),)
$(error PRESET: '$(PRESET)' is not one of $(PRESETS))
endif

# A variable that no makefile knows is a typo.
GIVEN := $(strip $(foreach v,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(v)))),$(v))))
ifneq ($(GIVEN),)
KNOWN := $(shell sed -nE 's/^(export |override )?([A-Za-z_0-9]+) *[:?+]?=.*/\2/p' Makefile pipelines/*.mk pipelines/presets/*.mk kernels/*.mk | sort -u)
UNKNOWN := $(filter-out $(KNOWN) $(filter-out GIVEN KNOWN,$(filter MAKE% ULP_%,$(GIVEN))),$(GIVEN))
ifneq ($(UNKNOWN),)
$(error no such parameter: $(UNKNOWN)$(foreach u,$(UNKNOWN),$(addprefix ; did you mean ,$(addsuffix ?,$(firstword $(filter $(u)% $(patsubst %S,%,$(u)),$(KNOWN)))))) (make help lists them))
endif
endif

# CHUNK=10min: the steps of the preset, and a state saved so often
ifneq ($(if $(filter undefined,$(origin CHUNK)),,$(filter %s %min %h,$(CHUNK))),)
SAVE_EVERY    := $(filter %s %min %h,$(CHUNK))
GIVEN         := $(filter-out CHUNK,$(GIVEN)) SAVE_EVERY
override undefine CHUNK
endif

include pipelines/presets/$(PRESET).mk

ifneq ($(filter RUNS,$(GIVEN)),)
ifneq ($(filter ARMS SEEDS NOISE,$(GIVEN)),)
$(error RUNS=$(RUNS): arms, seeds and draws are those of the table; leave $(filter ARMS SEEDS NOISE,$(GIVEN)) away)
endif
endif

R             ?= results## where everything that is computed goes; nothing else is written
ARMS          ?= fp32 bf16 bf16-mixed## precision arms (docs/SCIENCE.md 2), factors overridden by commas, the learning rate and the bound of the importance weight: bf16,dropout=0,lr=4e-4,tis=2
SEEDS         ?= 1 2 3 4 5## one training run for each arm and seed
RUNS          ?=## a table of runs trained elsewhere (arm, seed, draw, directory of a Hugging Face checkpoint), evaluated and tested instead of runs of ours (docs/OUTSIDE.md)
NOISE         ?= 1## noise draws of each arm and seed: the run as it is, then with order=shuffled:1, :2, ... (docs/SCIENCE.md 7)
DEVICE        ?= auto## where models compute: cpu, cuda, or auto: cuda where there is a device; without GPUS one stage at a time computes on it
THREADS       ?= 1## threads of a program (make runs -j stages at once)
MODEL         ?=## a Hugging Face directory to start from, instead of pretraining
DATA          ?=## a folder with task sets as JSON lines (data/README.md), only read; without it tiny, smoke and study make theirs from a seed, in R/data
OVERWRITE     ?= 0## 1: results of other parameters in R are replaced
SANDBOX       ?= auto## 0: tasks with model-written code are left out; auto: where this machine has no user namespaces

# training (docs/SCIENCE.md 3)
STEPS         ?=## training steps
CHUNK         ?=## steps between checkpoints; a time (10min): those of the preset, and SAVE_EVERY
PROMPTS       ?=## prompts of a training step
MINI_BATCH    ?=## prompts of an optimizer update
SAMPLES       ?=## responses to a prompt in training (group size)
SHARDS        ?=## parts of a mini-batch whose gradients are joined, of every arm that has no shards= of its own; 1 when empty
LR            ?=## learning rate of every arm that has no lr= of its own
MAX_NEW       ?=## maximum tokens of a response in training
OVERLONG      ?= 0## tokens of the over-length buffer
MAX_PROMPT    ?= 0## training prompts of more tokens are left out; 0 keeps all
TRAIN_OPTS    ?=## more options for dapo-step (dapo-step --help)
ROLLOUT_OPTS  ?=## more options for rollout in training (rollout --help)
KEEP          ?= all## checkpoints of a run: all, last (weights of older chunks are freed), or deltas (they are kept as differences)

# evaluation
TASKS_FILE    ?=## JSON: tasks with samples, temperature, top_p, max_new (data/README.md)
TASKS         ?=## tasks out of TASKS_FILE, all when empty; NAME=FILE adds one of your own: TASKS+=mine=my.jsonl
QUESTIONS     ?=## maximum number of questions of a task; all when empty
EVAL_SAMPLES  ?=## samples of a question, instead of those of TASKS_FILE; x4: four times those
EVAL_TEMPERATURE ?=## temperature of evaluation, likewise
EVAL_TASKS    ?= apart## together: one stage samples all tasks of a run, with the model loaded once; apart: one for each task, so that a new task runs alone. The same bytes
EVAL_ARM      ?= fp32## the arithmetic of every evaluation, alike for all arms
EVAL_SEED     ?= 1000## training seed s is evaluated with sampling seed EVAL_SEED + s, alike for every arm, draw and the base
KL_PROMPTS    ?=## prompts of a task that KL is estimated on
REWARD_OPTS   ?=## more options for reward in evaluation (reward --help)
SCORE_OPTS    ?=## more options for logprob, which scores samples for KL (logprob --help)
SPECTRUM_OPTS ?=## more options for spectrum (spectrum --help)

# analysis
LOOKS         ?=## numbers of seeds at which verdicts are given, each at its share of the level; any number when empty
MARGIN        ?= 0.02## H1: the margin of equivalence, in accuracy
REFERENCE     ?=## the arm that others are compared with; the first of ARMS when empty
ABLATION_ARMS ?= fp32 fp32,master=bf16 fp32,compute=bf16 fp32,grads=bf16 fp32,adam=bf16 fp32,step=foreach fp32,order=shuffled bf16-weights bf16## arms of make ablation; parts are of the way from the first to the last
MISMATCH_ARMS ?= fp32 fp32,rollout=bf16-mixed fp32,rollout=bf16-mixed,tis=2 fp32,rollout=bf16-mixed+head=fp32 fp32,rollout=bf16-mixed+head=fp32,tis=2## arms of make mismatch; the first is the one without a mismatch
SWEEP_ARMS    ?=## arms of make sweep, the first the reference; those of ARMS when empty
SWEEP_LR      ?=## learning rates of make sweep, for each of its arms; ARM:RATE is one for that arm alone

# where stages run (docs/SCALE.md); results do not depend on it
GPUS          ?=## devices of this host, taken by stages in turn: how many, or their numbers (0,1,3); one that is named twice (0,0) is shared by two stages where the plan's memory of both fits
RANKS         ?= 1## processes of each program that computes with a model; a stage takes as many devices
SHARD_WEIGHTS ?= 0## 1: each rank of a trainer keeps only its slice of the weights (ZeRO-3)
NODES         ?=## nodes that the ranks of a stage lie on: how many, with LAUNCH=slurm, or names of hosts, this one first (node1,node2)
LAUNCH        ?=## slurm: stages that compute run by srun, slurm --partition=x with its options; another command is put before each stage
SAVE_EVERY    ?=## a running training stage saves its state so often (90s, 10min, 2h), and goes on from there when it was stopped: the same bytes; never when empty
GOAL          ?=## of make why: another target than the summary

# planning (make plan)
RATE          ?=## FLOP/s to plan with, one number or fp32=NUMBER bf16=NUMBER fp16=NUMBER; otherwise measured here, in seconds
DEVICE_MEM    ?=## memory of the device, e.g. 80G; otherwise the device's own
MEAN_NEW      ?=## mean tokens of a response; otherwise all responses have the maximum
PLAN_GPUS     ?=## plan for so many GPUs, several numbers: time, GPU-hours, traffic, disk (docs/SCALE.md)
PLAN_GPU      ?= h100## of which kind (pipelines/gpus.json)
PLAN_PILOT    ?=## results of a smaller experiment, by whose spread PLAN_GPUS finds the seeds, draws and samples that decide at the least GPU-hours
PLAN_JSON     ?= 0## 1: make plan writes JSON

# what presets say and nobody else needs to
TRAIN_TASK    ?=
TEMPLATE      ?= none
TOKENIZER     ?=
CORPUS_ROWS   ?=
MODEL_SHAPE   ?=
PRETRAIN_OPTS ?=
TRAIN_ROWS    ?=
SYNTHETIC     ?= 0
EXPECT        ?=
# the rows of the table of arms; those whose order of sums is shuffled; those whose
# gradients show the micro-batch
ARM_TABLE      = $(eval ARM_TABLE := $(shell awk -F'"' '/arm_rows\[\] =/ { on = 1 } /^};/ { on = 0 } on && /^    [{]"/ \
  { if (arm) print arm, has; arm = $$2; has = "" } on && /order=shuffled/ { has = has "/shuffled" } \
  on && /grads=bf16/ { has = has "/half" } END { print arm, has }' OFS='' lib/model/arm_table.c))$(ARM_TABLE)
KNOWN_ARMS     = $(foreach a,$(ARM_TABLE),$(firstword $(subst /, ,$(a))))
arms_with      = $(strip $(foreach a,$(ARM_TABLE),$(if $(findstring /$(1),$(a)),$(firstword $(subst /, ,$(a))))))
SHUFFLED_ARMS  = $(call arms_with,shuffled)
HALF_SUM_ARMS  = $(call arms_with,half)

override R    := $(R:%/=%)
PARAMETERS    := PRESET R RUNS ARMS SEEDS NOISE LOOKS DEVICE THREADS MODEL DATA OVERWRITE SANDBOX STEPS CHUNK \
  PROMPTS MINI_BATCH SAMPLES SHARDS LR MAX_NEW OVERLONG MAX_PROMPT TRAIN_OPTS ROLLOUT_OPTS KEEP TASKS_FILE \
  TASKS QUESTIONS EVAL_TASKS EVAL_SAMPLES EVAL_TEMPERATURE EVAL_ARM EVAL_SEED KL_PROMPTS REWARD_OPTS SCORE_OPTS SPECTRUM_OPTS MARGIN \
  REFERENCE ABLATION_ARMS MISMATCH_ARMS SWEEP_ARMS SWEEP_LR GPUS RANKS SHARD_WEIGHTS NODES LAUNCH SAVE_EVERY RATE DEVICE_MEM MEAN_NEW PLAN_GPUS PLAN_GPU PLAN_PILOT PLAN_JSON TRAIN_TASK TEMPLATE TOKENIZER CORPUS_ROWS MODEL_SHAPE PRETRAIN_OPTS \
  TRAIN_ROWS SYNTHETIC EXPECT

# One make runs as many stages at once as there are processors, unless told
# (make 4.3 does not show -j in its own MAKEFLAGS while it reads makefiles; it
# stands on the command line, or in the environment that an outer make gave).
JOBS          := $(shell nproc)
MAKE_ARGS     := $(shell tr '\0' ' ' 2>/dev/null </proc/$$PPID/cmdline; echo "$${MAKEFLAGS:-}")
# With GPUS each device has a stage, and those that need none keep the processors.
# Without, stages on a GPU share its memory, so they run one after the other.
GPU           := $(if $(filter $(R)/% train eval ablation mismatch sweep,$(MAKECMDGOALS)),$(if $(filter cuda,$(DEVICE)),1,$(if $(filter auto,$(DEVICE)),$(if $(USE_CUDA),$(shell nvidia-smi -L >/dev/null 2>&1 && echo 1)))))
comma         := ,
PLACES        := $(if $(findstring $(comma),$(GPUS)),$(words $(subst $(comma), ,$(GPUS))),$(subst ',,$(GPUS)))
AT_ONCE       := $(or $(if $(filter slurm,$(firstword $(LAUNCH))),16),$(if $(GPUS),$(shell expr '$(PLACES)' + $(JOBS) 2>/dev/null)),$(if $(GPU),1,$(JOBS)))
ifeq ($(MAKELEVEL)$(filter -j% --jobs%,$(MAKE_ARGS)),0)
MAKEFLAGS     += -j$(AT_ONCE)
endif
