# plan - what the experiment would take, before any work: make plan
#
# From shapes and the task sets alone (planning.py, plan_page.py): MODEL needs its
# config.json and the tokenizer, and no weights.
.PHONY: plan
plan: $(foreach p,pretrain prepare tokenize rollout dapo-step logprob stats,$(BIN)/$(p))
	@$(ULP_ENV) pipelines/dag plan $(or $(GOAL),$(SUMMARY))
