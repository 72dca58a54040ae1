# train - one training run per arm and seed, one target per chunk of steps
#
#   $(R)/train_logs/ARM_seedN/step-S/checkpoint/           a model, resumable
#   $(R)/train_logs/ARM_seedN/step-S/rollouts.msgpack.zst  what the chunk learnt from
#   $(R)/train_logs/ARM_seedN/step-S/metrics.msgpack       a record a step
#
# A chunk is one cyclic pipeline: dapo-step tells rollout over a FIFO how many
# prompts it wants and what the new weights are.

# A word of ARMS names its folders too: there = is written - and : is written .
# (Make reads both as its own). ARM_NAME is the arm for --arm, and LR_NAME the
# learning rate: a word may have its own, as in bf16,lr=4e-4; so too the bound of
# the importance weight, TIS_NAME: fp32,rollout=bf16-mixed,tis=2.
space := $(subst ,, )
name_of_arm = $(subst =,-,$(subst :,.,$(1)))
parts_of_arm = $(subst $(comma), ,$(1))
arm_of_word = $(subst $(space),$(comma),$(strip $(filter-out lr=% tis=%,$(call parts_of_arm,$(1)))))
lr_of_word = $(or $(patsubst lr=%,%,$(lastword $(filter lr=%,$(call parts_of_arm,$(1))))),$(LR))
tis_of_word = $(patsubst tis=%,--tis %,$(lastword $(filter tis=%,$(call parts_of_arm,$(1)))))
_ := $(foreach a,$(ARMS),$(eval TIS_$(call name_of_arm,$(a)) := $(call tis_of_word,$(a)))$(eval ARM_$(call name_of_arm,$(a)) := $(call arm_of_word,$(a)))$(eval LR_$(call name_of_arm,$(a)) := $(call lr_of_word,$(a))))
override ARMS := $(call name_of_arm,$(ARMS))

CHUNKS := $(shell seq $(CHUNK) $(CHUNK) $(STEPS))
ifneq ($(lastword $(CHUNKS)),$(STEPS))
CHUNKS += $(STEPS)
endif
RUNS := $(foreach a,$(ARMS),$(foreach s,$(SEEDS),$(a)_seed$(s)))
run_dir  = $(R)/train_logs/$(1)
last     = $(call run_dir,$(1))/step-$(STEPS)/checkpoint

# $(1) arm  $(2) seed  $(3) model to start from  $(4) steps to do
# $(5) options of rollout  $(6) options of dapo-step
loop = mkdir $(OUT) && mkfifo $(OUT).fifo && \
  $(BIN)/draw --resume $(3) --seed $(2) --per-step $(PROMPTS) $(call tokens,$(TRAIN_TASK)) | \
  $(BIN)/rollout --quiet --model $(3) --arm $(ARM_$(1)) --seed $(2) --sync $(OUT).fifo --samples $(SAMPLES) --temperature 1 --max-new $(MAX_NEW) --device $(DEVICE) $(5)$(if $(ROLLOUT_OPTS), $(ROLLOUT_OPTS)) | \
  $(BIN)/tokenize --quiet --decode --tokenizer $(3) | \
  $(BIN)/reward --quiet --max-len $(MAX_NEW) --overlong-buffer $(OVERLONG) | \
  $(BIN)/dapo-step --quiet --model $(3) --arm $(ARM_$(1)) --seed $(2) --sync $(OUT).fifo --steps $(4) --prompts $(PROMPTS) --mini-batch $(MINI_BATCH) --samples $(SAMPLES) --lr $(LR_$(1))$(TIS_$(1):%= %) --device $(DEVICE) $(TRAIN_OPTS) $(6) --keep $(OUT)/rollouts.msgpack.zst --out $(OUT)/checkpoint -o $(OUT)/metrics.msgpack && \
  rm -f $(OUT).fifo

# KEEP=last frees the weights, moments and rollouts of checkpoints that are no
# longer needed: when a chunk begins, of the one before its predecessor.
prune = $(if $(filter last,$(KEEP)),$(if $(2),rm -f $(1)/step-$(2)/checkpoint/*.safetensors $(1)/step-$(2)/rollouts.msgpack.zst $(STATE)/$(1)/step-$(2).now.files && ))

# $(1) arm  $(2) seed  $(3) step at the end  $(4) step at the start, or empty
# $(5) steps between  $(6) the start of the chunk before, or empty
define chunk
$(eval $(call stage,$(R)/train_logs/$(1)_seed$(2)/step-$(3),train,train $(1) seed $(2) to step $(3),$(call tokens,$(TRAIN_TASK)) $(if $(4),$(R)/train_logs/$(1)_seed$(2)/step-$(4)/checkpoint/trainer_state.json,$(BASE_FILES)),draw rollout tokenize reward dapo-step,$(call prune,$(R)/train_logs/$(1)_seed$(2),$(6))$(call loop,$(1),$(2),$(if $(4),$(R)/train_logs/$(1)_seed$(2)/step-$(4)/checkpoint,$(BASE)),$(5),--threads $(THREADS),--threads $(THREADS)),checkpoint/trainer_state.json))
endef

# each chunk as end:start:steps:start of the one before, in one go:
# 20:0:20:0 40:20:20:0 45:40:5:20
PARTS := $(shell p=0; q=0; for c in $(CHUNKS); do echo $$c:$$p:$$((c - p)):$$q; q=$$p; p=$$c; done)
_ := $(foreach p,$(PARTS),$(eval PART := $(subst :, ,$(p)))$(foreach a,$(ARMS),$(foreach s,$(SEEDS),$(call chunk,$(a),$(s),$(word 1,$(PART)),$(filter-out 0,$(word 2,$(PART))),$(word 3,$(PART)),$(filter-out 0,$(word 4,$(PART)))))))

# The instrument's self-test: the first seed once more, in one chunk, with other
# batches, micro-batches and threads. In a canonical arm nothing may change.
REPLICATE_SEED := $(firstword $(SEEDS))
REPLICATES     := $(ARMS:%=%_seed$(REPLICATE_SEED)_again)
define replicate
$(eval $(call stage,$(R)/train_logs/$(1)_seed$(REPLICATE_SEED)_again/step-$(STEPS),train,train $(1) seed $(REPLICATE_SEED) again,$(call tokens,$(TRAIN_TASK)) $(BASE_FILES),draw rollout tokenize reward dapo-step,$(call loop,$(1),$(REPLICATE_SEED),$(BASE),$(STEPS),--threads 2 --batch 7,--threads 2 --micro-batch 500),checkpoint/trainer_state.json))
endef
_ := $(foreach a,$(ARMS),$(call replicate,$(a)))

.PHONY: train
train: $(RUNS:%=$(R)/train_logs/%/step-$(STEPS)/checkpoint/trainer_state.json)
