# analysis - statistics, plots and the summary of everything that eval made
#
#   $(R)/analysis/summary.txt  tables/*.tsv  plots/*.{svg,png}  report.html

MARGIN    ?= 0.02## H1: the margin of equivalence, in accuracy
REFERENCE ?= $(firstword $(ARMS))## the arm that others are compared with
SYNTHETIC ?= 0
# Of which arms replicates must agree in every bit, sampler and trainer too: sums
# in canonical order, gradients that no micro-batch shows in, one arithmetic.
arm_is    = $(filter $(1) $(1:%=%$(comma)%),$(2))
shuffled  = $(if $(findstring order-,$(1)),$(if $(findstring order-canonical,$(1)),,1),$(call arm_is,bf16 bf16-weights,$(1)))
half_sums = $(if $(findstring grads-,$(1)),$(if $(findstring grads-fp32,$(1)),,1),$(call arm_is,bf16 llmc-sr,$(1)))
CANONICAL := $(foreach a,$(ARMS),$(if $(call shuffled,$(a))$(call half_sums,$(a))$(findstring rollout-,$(a)),,$(a)))

# "1e-4, 4e-4 in bf16,lr-4e-4"
rates = $(subst $(space)$(comma),$(comma),$(strip $(LR) $(foreach a,$(ARMS),$(if $(filter $(LR),$(LR_$(a))),,$(comma) $(LR_$(a)) in $(a)))))

setting = preset=$(PRESET) arms="$(ARMS)" seeds="$(SEEDS)" reference=$(REFERENCE) \
  canonical="$(CANONICAL)" margin=$(MARGIN) synthetic=$(if $(filter 1,$(SYNTHETIC)),true,false) \
  model="$(if $(MODEL),$(notdir $(MODEL:%/=%)),made from nothing: $(strip $(subst --,,$(MODEL_SHAPE))))" \
  training="$(STEPS) steps of $(PROMPTS) prompts x $(SAMPLES) rollouts; mini-batch $(MINI_BATCH) prompts; lr $(rates); temperature 1" \
  response="at most $(MAX_NEW) tokens; over-length buffer $(OVERLONG)" \
  evaluation="arithmetic $(EVAL_ARM); KL on $(KL_PROMPTS) prompts a task at temperature 1; sampling seed $(EVAL_SEED)"$(if $(LEFT_OUT), left_out="$(LEFT_OUT): no sandbox on this machine")
sets = $(shell for s in $(setting); do printf " --set '%s'" "$$s"; done)

# What each arm is, factor by factor, and the hyperparameters, as the checkpoints
# have them.
state_of_arm = $(call last,$(1)_seed$(firstword $(SEEDS)))/trainer_state.json
arm_sets = $(foreach a,$(ARMS),--set "arm $(a)=$$$$(sed -n 's/.*"arm": "[^$(comma)]*$(comma)\(.*\)".*/\1/p' '$(call state_of_arm,$(a))' | sed 's/$(comma)/$(comma) /g')") \
  --set "optimizer=AdamW $$$$(sed -nE 's/.*"(beta1|beta2|eps|weight_decay|grad_clip|clip_low|clip_high|dual_clip)": ([^$(comma)]*).*/\1 \2/p' '$(call state_of_arm,$(firstword $(ARMS)))' | paste -sd$(comma) | sed 's/$(comma)/$(comma) /g')"

PLOTS := $(filter-out %/style.gp,$(wildcard pipelines/plots/*.gp))

$(eval $(call stage,$(R)/.make/report,analysis,analysis: statistics and plots and summary,$(EVAL_FILES) $(TASKS_FILE) $(wildcard pipelines/plots/*.gp),stats,\
  $(BIN)/stats --quiet --report $(OUT) --tasks $(TASKS_FILE)$(LEFT_OUT:%= --without %)$(sets) $(arm_sets) $(EVAL_FILES) && \
  for p in $(PLOTS); do gnuplot -e "dir='$(OUT)'" $$$$p; done && \
  $(BIN)/stats --html $(OUT) && rm -f $(OUT)/report.in.html,summary.txt))

# Published beside what else is in analysis/, only where bytes differ.
UNPUBLISHED := $(shell cd $(R)/.make/report 2>/dev/null && find . -type f | while read -r f; do [ -e "$(abspath $(R))/analysis/$$f" ] || echo x; done | head -n 1)
$(R)/analysis/report.html: $(R)/analysis/summary.txt ;
$(R)/analysis/summary.txt: $(R)/.make/report/summary.txt $(if $(UNPUBLISHED),FORCE) | all
	@cd $(R)/.make/report && find . -type f | while read -r f; do \
	  to=$(abspath $(R))/analysis/$$f; mkdir -p "$$(dirname "$$to")"; \
	  cmp -s "$$f" "$$to" || { cp "$$f" "$$to.new" && mv "$$to.new" "$$to"; }; done
	@touch $@
	@echo "summary: $@   report: $(R)/analysis/report.html" >&2
