# experiment - the DAG of the experiment: data, training, evaluation, analysis
define newline


endef
include pipelines/config.mk
# files that no stage makes
TOKENIZER ?=
SOURCES := $(wildcard $(TASKS_FILE) $(if $(TOKENIZER),$(TOKENIZER)/*) $(if $(MODEL),$(MODEL)/*.json $(MODEL)/*.safetensors $(DATA)/*.jsonl))
include pipelines/stage.mk
include pipelines/data.mk
include pipelines/train.mk
include pipelines/eval.mk
include pipelines/analysis.mk
include pipelines/ablation.mk
include pipelines/mismatch.mk
include pipelines/plan.mk
include pipelines/help.mk

# Every file of the results against the checksums written with it.
.PHONY: verify
verify: $(BIN)/checksum
	@pipelines/verify '$(BIN)' '$(R)' $(if $(filter last,$(KEEP)),--pruned)

# Every stage that a goal needs and that is stale, with the reason.
.PHONY: why
why: all
	@pipelines/stale $(or $(GOAL),$(R)/analysis/summary.txt) $(MAKEOVERRIDES) | \
	  awk -F'\t' '{ printf "%-48s %s\n", $$2, $$3 } END { print NR ? NR " stages would run" : "nothing would run" }'
