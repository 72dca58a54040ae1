# data - task sets and the base model
#
#   $(DATA)/TASK.jsonl               prompts; made from a seed for sample presets
#   $(R)/base/model/                 the base model, unless MODEL=DIR is given
#   $(R)/data/TASK.tokens.msgpack.zst  prompts with their tokens

OUT = $$$$OUT

$(eval $(subst @,$(newline),$(shell awk -f pipelines/tasks.awk $(TASKS_FILE))))

# Model-written code runs only in the sandbox, which stands on user namespaces.
# Where nobody can make one (a chroot, some containers), tasks that need it are
# left out and the summary says so.
SANDBOX  ?= $(shell unshare -U true 2>/dev/null && echo 1)
LEFT_OUT := $(if $(SANDBOX),,$(strip $(foreach t,$(TASKS),$(if $(filter code,$(TASK_$(t)_verifier)),$(t)))))
ifneq ($(LEFT_OUT),)
TASKS := $(filter-out $(LEFT_OUT),$(TASKS))
ON    := $(filter-out $(LEFT_OUT),$(ON))
OFF   := $(filter-out $(LEFT_OUT),$(OFF))
ifeq ($(MAKELEVEL),0)
$(warning no user namespaces on this machine, so no sandbox for model-written code: left out: $(strip $(LEFT_OUT)))
endif
endif

ifeq ($(MODEL)$(filter tiny smoke,$(PRESET)),)
ifneq ($(filter-out help deps clean all check%,$(or $(MAKECMDGOALS),all)),)
$(error PRESET=$(PRESET) needs MODEL=DIR, a Hugging Face directory)
endif
endif

ifeq ($(MODEL),)
# --- sample tasks and a model from nothing --------------------------------
rows_of = $(if $(filter $(TRAIN_TASK),$(1)),$(TRAIN_ROWS),$(TASK_$(1)_questions))
_ := $(foreach t,$(TRAIN_TASK) $(TASKS),$(eval $(call stage,$(DATA)/$(t).jsonl,data,make sample task $(t),,prepare,\
  $(BIN)/prepare --sample $(t) -n $(call rows_of,$(t)) --seed 1 -o $(OUT))))
$(eval $(call stage,$(DATA)/corpus.jsonl,data,make the pretraining corpus,,prepare,\
  $(BIN)/prepare --sample corpus -n $(CORPUS_ROWS) --seed 1 -o $(OUT)))

BASE := $(R)/base/model
BASE_FILES := $(BASE)/model.safetensors
$(eval $(call stage,$(BASE),base,pretrain the base model,$(DATA)/corpus.jsonl $(wildcard $(TOKENIZER)/*),pretrain,\
  $(BIN)/pretrain --tokenizer $(TOKENIZER) $(MODEL_SHAPE) $(PRETRAIN_OPTS) --seed 1 --device $(DEVICE) --threads $(JOBS) -o $(OUT) $(DATA)/corpus.jsonl,model.safetensors))
else
BASE := $(MODEL)
BASE_FILES := $(wildcard $(MODEL)/*.safetensors $(MODEL)/*.json)
ifeq ($(BASE_FILES),)
$(error MODEL=$(MODEL): no model.safetensors there)
endif
endif

TEMPLATE ?= none
tokens = $(R)/data/$(1).tokens.msgpack.zst
_ := $(foreach t,$(TRAIN_TASK) $(TASKS),$(eval $(call stage,$(call tokens,$(t)),data,tokenize $(t),$(DATA)/$(t).jsonl $(BASE_FILES),tokenize,\
  $(BIN)/tokenize --tokenizer $(BASE) --template $(TEMPLATE)$(if $(filter $(TRAIN_TASK),$(t)),$(if $(filter-out 0,$(MAX_PROMPT)), --max-tokens $(MAX_PROMPT))) -o $(OUT) $(DATA)/$(t).jsonl)))
