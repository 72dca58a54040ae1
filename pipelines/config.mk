# config - every parameter of the experiment, its default and what it means
# (`make help` prints the lines marked ##)

PRESET        ?= tiny## tiny, smoke, qwen2.5-0.5b, qwen2.5-math-1.5b, qwen2.5-math-7b
include pipelines/presets/$(PRESET).mk
# nobody waits for the writer of a FIFO
ifneq ($(shell [ ! -e '$(TASKS_FILE)' ] || [ -f '$(TASKS_FILE)' ] || echo 1),)
$(error TASKS_FILE=$(TASKS_FILE): not a regular file)
endif

R             ?= results## where everything that is computed goes
ARMS          ?= fp32 bf16 bf16-mixed## precision arms (docs/SCIENCE.md 2), factors overridden by commas, and the learning rate: bf16,dropout=0,lr=4e-4
SEEDS         ?= 1 2 3 4 5## one training run per arm and seed
DEVICE        ?= auto## where models compute: cpu, cuda, or auto: cuda where there is a device; stages that share a GPU run one at a time
THREADS       ?= 1## threads per program (make runs -j stages at once)
MODEL         ?=## a Hugging Face directory to start from, instead of pretraining
DATA          ?= data/$(PRESET)## task sets as JSON lines

comma := ,
# Mistakes in what names runs are told before any work.
# from the table of arms: the first string of each row
KNOWN_ARMS := $(shell sed -n '/arm_rows\[\] =/,/^};/s/^    {"\([a-z0-9-]*\)",.*/\1/p' lib/model/arm_table.c)
BAD := $(foreach a,$(ARMS),$(if $(filter $(KNOWN_ARMS),$(firstword $(subst $(comma), ,$(a)))),,$(a)))
ifneq ($(strip $(BAD)),)
$(error ARMS: '$(strip $(BAD))' is not one of $(KNOWN_ARMS))
endif
ifneq ($(shell printf '%s\n' $(SEEDS) $(STEPS) $(CHUNK) | grep -cvE '^[1-9][0-9]*$$'),0)
$(error SEEDS, STEPS and CHUNK are whole numbers from 1: SEEDS='$(SEEDS)' STEPS='$(STEPS)' CHUNK='$(CHUNK)')
endif
ifneq ($(words $(SEEDS) $(ARMS)),$(words $(sort $(SEEDS)) $(sort $(ARMS))))
$(error SEEDS or ARMS names one twice)
endif

# training (SCIENCE 3); values in the preset
TRAIN_OPTS    ?=## more options for dapo-step (dapo-step --help)
ROLLOUT_OPTS  ?=## more options for rollout in training (rollout --help)
MAX_PROMPT    ?= 0## training prompts of more tokens are left out; 0 keeps all
# STEPS CHUNK PROMPTS MINI_BATCH SAMPLES LR MAX_NEW OVERLONG KL_PROMPTS

# evaluation: tasks, samples, temperatures are in $(TASKS_FILE)
EVAL_SEED     ?= 1000## the same sampling seed for the base and every run
LAUNCH        ?=## put before each stage, e.g. 'srun -N 1'
KEEP          ?= all## checkpoints of a run: all, or last (weights of older chunks are freed)

# One make runs as many stages at once as there are processors, unless told
# (make 4.3 does not show -j in its own MAKEFLAGS while it reads makefiles; it
# stands on the command line, or in the environment that an outer make gave).
JOBS          := $(shell nproc)
MAKE_ARGS     := $(shell tr '\0' ' ' 2>/dev/null </proc/$$PPID/cmdline; echo "$${MAKEFLAGS:-}")
# Stages on a GPU share its memory, so they run one after the other.
GPU           := $(if $(filter $(R)/% results/% train eval ablation mismatch,$(MAKECMDGOALS)),$(if $(filter cuda,$(DEVICE)),1,$(if $(filter auto,$(DEVICE)),$(if $(USE_CUDA),$(shell nvidia-smi -L >/dev/null 2>&1 && echo 1)))))
AT_ONCE       := $(if $(GPU),1,$(JOBS))
ifeq ($(MAKELEVEL)$(filter -j% --jobs%,$(MAKE_ARGS)),0)
MAKEFLAGS     += -j$(AT_ONCE)
endif

export ULP_RUN   := $(shell echo $$PPID)
EXPECT ?=
export ULP_EXPECT := $(EXPECT)
export ULP_LAUNCH := $(LAUNCH)
export ULP_STATE  = $(STATE)
export ULP_GOALS := $(MAKECMDGOALS) $(MAKEOVERRIDES)
export ULP_JOBS  := $(AT_ONCE)
export ULP_MAKE  := $(MAKE)
