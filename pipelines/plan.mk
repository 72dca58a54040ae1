# plan - what the experiment would take, before any work: make plan
#
# From shapes and the task sets alone: MODEL needs its config.json and the
# tokenizer, and no weights.

RATE       ?=## FLOP/s to plan with; otherwise measured here, in seconds
DEVICE_MEM ?=## memory of the device, e.g. 80G; otherwise the device's own
MEAN_NEW   ?=## tokens of a mean response; otherwise all are as long as may be
plan_tasks  = $(foreach t,$(TASKS),$(t):$(or $(value TASK_$(t)_questions),0):$(TASK_$(t)_samples):$(TASK_$(t)_max_new))

.PHONY: plan
plan: export PLAN_TASKS = $(plan_tasks)
plan: export PLAN_BIN = $(BIN)
plan: export PLAN_REPLICATES = $(words $(REPLICATES))
plan: export PLAN_CHUNKS = $(words $(CHUNKS))
plan: export PLAN_SHAPE = $(if $(MODEL),,$(MODEL_SHAPE))
plan: export PLAN_TOKENIZER = $(if $(MODEL),,$(TOKENIZER))
plan: export PLAN_ROWS = $(if $(MODEL),0,$(TRAIN_ROWS))
plan: export PLAN_STAGES = $(words $(STAGES))
$(foreach v,PRESET MODEL DATA R ARMS SEEDS STEPS PROMPTS SAMPLES MINI_BATCH \
  MAX_NEW MAX_PROMPT KL_PROMPTS TEMPLATE TRAIN_TASK TRAIN_OPTS ROLLOUT_OPTS DEVICE THREADS \
  RATE DEVICE_MEM MEAN_NEW,$(eval plan: export PLAN_$(v) = $$($(v))))
plan: $(foreach p,pretrain prepare tokenize rollout dapo-step logprob,$(BIN)/$(p))
	@pipelines/plan
