# plan - what the experiment would take, before any work: make plan
#
# From shapes and the task sets alone: MODEL needs its config.json and the
# tokenizer, and no weights. Stages and tasks are those of pipelines/dag.

RATE       ?=## FLOP/s to plan with; otherwise measured here, in seconds
DEVICE_MEM ?=## memory of the device, e.g. 80G; otherwise the device's own
MEAN_NEW   ?=## tokens of a mean response; otherwise all are as long as may be

PLAN_NAMES := PRESET MODEL R SEEDS STEPS PROMPTS SAMPLES MINI_BATCH MAX_NEW MAX_PROMPT KL_PROMPTS TEMPLATE \
  TRAIN_TASK TRAIN_ROWS TRAIN_OPTS ROLLOUT_OPTS DEVICE THREADS RATE DEVICE_MEM MEAN_NEW KEEP BIN JOBS QUESTIONS \
  TOKENIZER MODEL_SHAPE
.PHONY: plan
plan: $(foreach p,pretrain prepare tokenize rollout dapo-step logprob,$(BIN)/$(p))
	@known=$$($(ULP_ENV) pipelines/dag stages $(or $(GOAL),$(SUMMARY))) && eval "$$known" && \
	  $(foreach v,$(PLAN_NAMES),PLAN_$(v)=$(call quote,$($(v)))) pipelines/plan
