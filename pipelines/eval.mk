# eval - responses, scores, KL and sparsity of the base and of every run
#
#   $(R)/eval_metrics/NAME/TASK.responses.msgpack.zst  judged responses
#   $(R)/eval_metrics/NAME/scores.msgpack              a record a task
#   $(R)/eval_metrics/NAME/TASK.scored.msgpack.zst     samples at temperature 1
#                                       under both models, and the exact KL
#   $(R)/eval_metrics/NAME/kl.msgpack.zst, kl_scores.msgpack, sparsity.msgpack,
#   metrics.msgpack
# NAME is base, ARM_seedN, or floor_ARM (the base against itself under the
# arm's compute precision: the noise floor of KL).

EVAL_ARM ?= fp32## the arithmetic of every evaluation, alike for all arms
eval_dir = $(R)/eval_metrics/$(1)
arm_of   = $(firstword $(subst _seed, ,$(1)))
seed_of  = $(lastword $(subst _seed, ,$(1:_again=)))
model_of = $(if $(filter base,$(1)),$(BASE),$(call last,$(1)))
state_of = $(if $(filter base,$(1)),$(BASE_FILES),$(call last,$(1))/trainer_state.json)
tags_of  = --set run=$(1) --set arm=$(call arm_of,$(1)) $(if $(filter base floor_%,$(1)),,--set seed=$(call seed_of,$(1))) $(if $(filter %_again,$(1)),--set replicate=1,)
REWARD_OPTS ?=

# $(1) name  $(2) task
define responses
$(eval $(call stage,$(call eval_dir,$(1))/$(2).responses.msgpack.zst,eval,evaluate $(1) on $(2),$(call tokens,$(2)) $(call state_of,$(1)),rollout tokenize reward,\
  $(BIN)/rollout --quiet --model $(call model_of,$(1)) --arm $(EVAL_ARM) --seed $(EVAL_SEED) --samples $(TASK_$(2)_samples) --temperature $(TASK_$(2)_temperature) --top-p $(TASK_$(2)_top_p) --max-new $(TASK_$(2)_max_new) --device $(DEVICE) --threads $(THREADS) $(call tokens,$(2)) | \
  $(BIN)/tokenize --quiet --decode --tokenizer $(BASE) | \
  $(BIN)/reward --quiet $(REWARD_OPTS) -o $(OUT)))
endef

define scores
$(eval $(call stage,$(call eval_dir,$(1))/scores.msgpack,stats,score $(1),$(TASKS:%=$(call eval_dir,$(1))/%.responses.msgpack.zst),stats,\
  $(BIN)/stats --quiet --score $(call tags_of,$(1)) -o $(OUT) $(TASKS:%=$(call eval_dir,$(1))/%.responses.msgpack.zst)))
endef

# $(1) name  $(2) task  $(3) model  $(4) its stamp  $(5) arm of the policy
define scored
$(eval $(call stage,$(call eval_dir,$(1))/$(2).scored.msgpack.zst,kl,sample and score $(1) on $(2),$(call tokens,$(2)) $(BASE_FILES) $(4),rollout logprob,\
  $(BIN)/rollout --quiet --model $(3) --arm $(5) --seed $(EVAL_SEED) --samples 1 --limit $(KL_PROMPTS) --temperature 1 --max-new $(TASK_$(2)_max_new) --device $(DEVICE) --threads $(THREADS) $(call tokens,$(2)) | \
  $(BIN)/logprob --quiet --model $(3) --arm $(5) --as policy --against $(BASE) --against-arm $(EVAL_ARM) --as-against base --device $(DEVICE) --threads $(THREADS) -o $(OUT)))
endef

define kl
$(eval $(call stage,$(call eval_dir,$(1))/kl.msgpack.zst,kl,KL of $(1),$(TASKS:%=$(call eval_dir,$(1))/%.scored.msgpack.zst),kl,\
  $(BIN)/kl --quiet -o $(OUT) $(TASKS:%=$(call eval_dir,$(1))/%.scored.msgpack.zst)))
$(eval $(call stage,$(call eval_dir,$(1))/kl_scores.msgpack,stats,average KL of $(1),$(call eval_dir,$(1))/kl.msgpack.zst,stats,\
  $(BIN)/stats --quiet --kl-score $(call tags_of,$(1)) -o $(OUT) $(call eval_dir,$(1))/kl.msgpack.zst))
endef

# $(1) run
define run_records
$(eval $(call stage,$(call eval_dir,$(1))/sparsity.msgpack,sparsity,sparsity of $(1),$(BASE_FILES) $(call state_of,$(1)),sparsity stats,\
  $(BIN)/sparsity --quiet --device $(DEVICE) --threads $(THREADS) $(BASE) $(call model_of,$(1)) | $(BIN)/stats --quiet --tag $(call tags_of,$(1)) -o $(OUT)))
$(eval $(call stage,$(call eval_dir,$(1))/metrics.msgpack,stats,metrics of $(1),$(CHUNKS:%=$(call run_dir,$(1))/step-%/checkpoint/trainer_state.json),stats,\
  $(BIN)/stats --quiet --tag $(call tags_of,$(1)) -o $(OUT) $(CHUNKS:%=$(call run_dir,$(1))/step-%/metrics.msgpack)))
endef

FLOORS := $(ARMS:%=floor_%)
_ := $(foreach n,base $(RUNS) $(REPLICATES),$(foreach t,$(TASKS),$(call responses,$(n),$(t)))$(call scores,$(n)))
_ := $(foreach n,$(RUNS),$(foreach t,$(TASKS),$(call scored,$(n),$(t),$(call last,$(n)),$(call last,$(n))/trainer_state.json,$(EVAL_ARM)))$(call kl,$(n))$(call run_records,$(n)))
_ := $(foreach a,$(ARMS),$(foreach t,$(TASKS),$(call scored,floor_$(a),$(t),$(BASE),,$(ARM_$(a))$(comma)dropout=0))$(call kl,floor_$(a)))

EVAL_FILES := $(foreach n,base $(RUNS) $(REPLICATES),$(call eval_dir,$(n))/scores.msgpack) \
  $(foreach n,$(RUNS) $(FLOORS),$(call eval_dir,$(n))/kl_scores.msgpack) \
  $(foreach n,$(RUNS),$(call eval_dir,$(n))/sparsity.msgpack $(call eval_dir,$(n))/metrics.msgpack)
.PHONY: eval
eval: $(EVAL_FILES)
