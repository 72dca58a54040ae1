# experiment - the DAG of the experiment: data, training, evaluation, analysis
#
# What the stages are says pipelines/stages.py. pipelines/dag checks the
# parameters, prints the stages into R/.make/dag.mk, a block of plain rules for
# each, and names those that must run; make includes that and runs them by
# pipelines/stage. All of this only when a goal belongs to the experiment.
include pipelines/config.mk

quote   = '$(subst ','\'',$(1))'
ULP_ENV = PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(PYTHONPYCACHEPREFIX) $(foreach p,$(PARAMETERS) BIN JOBS AT_ONCE KNOWN_ARMS SHUFFLED_ARMS HALF_SUM_ARMS,ULP_$(p)=$(call quote,$($(p))))
export PYTHONPYCACHEPREFIX := $(CURDIR)/build/python
export PYTHONDONTWRITEBYTECODE :=
export ULP_R      := $(R)
# where a stage runs (place.py)
export ULP_GPUS   := $(GPUS)
export ULP_STAGE_RANKS  := $(RANKS)
export ULP_STAGE_SHARD_WEIGHTS := $(SHARD_WEIGHTS)
export ULP_STAGE_NODES  := $(NODES)
export ULP_LAUNCH := $(LAUNCH)
# how a stage that is stopped goes on (save.py)
export ULP_SAVE_EVERY := $(SAVE_EVERY)
# a failed stage says how to repeat it
export ULP_ARGS   := $(foreach v,$(GIVEN),$(v)=$(call quote,$($(v))))

SUMMARY   := $(R)/analysis/summary.txt
DAG_GOALS := $(filter $(R)/% train eval ablation mismatch sweep,$(MAKECMDGOALS))
ASKED     := $(filter why plan design,$(MAKECMDGOALS))
ifneq ($(DAG_GOALS)$(ASKED),)
ifeq ($(wildcard /usr/bin/python3),)
$(error python3 is not installed, and pipelines/dag needs it: make deps installs it)
endif
WRONG     := $(shell $(ULP_ENV) pipelines/dag check $(or $(DAG_GOALS),$(GOAL),$(SUMMARY)) 2>&1)
ifneq ($(WRONG),)
$(error $(WRONG))
endif
endif

.PHONY: FORCE
ifneq ($(DAG_GOALS),)
# Programs first: their bytes say what is stale. (Make reads its makefiles again
# when this one changed; then it is as it should be. It makes makefiles under -n
# as well, and then nothing is compiled.)
DRY := $(if $(findstring n,$(firstword -$(MAKEFLAGS))),--dry)
$(R)/.make/dag.mk: $(if $(value MAKE_RESTARTS),,FORCE $(if $(DRY),,all))
	@$(ULP_ENV) pipelines/dag write --make $$PPID $(DRY) $(DAG_GOALS)
# Of a file that is not there yet, make would say so after whatever else is wrong.
ifeq ($(wildcard $(R)/.make/dag.mk),)
$(shell { mkdir -p '$(R)/.make' && : >'$(R)/.make/dag.mk'; } 2>/dev/null)
endif
include $(R)/.make/dag.mk
endif

# Every file of the results against the checksums written with it.
.PHONY: verify
verify: $(BIN)/checksum
	@pipelines/verify '$(BIN)' '$(R)' $(if $(filter last deltas,$(KEEP)),--pruned)

# Every stage that a goal needs and that is stale, with the reason.
.PHONY: why
why: all
	@$(ULP_ENV) pipelines/dag why $(or $(GOAL),$(SUMMARY))

# Seeds, draws and samples that would decide each hypothesis, by what is there.
.PHONY: design
design: $(BIN)/stats
	@$(ULP_ENV) pipelines/dag design $(SUMMARY)

# The training stages that run now; in a log, a line a minute for each.
.PHONY: watch
watch: $(BIN)/show
	@pipelines/watch '$(R)' --bin '$(BIN)'

# A report of what there is, into R/partial; a make at work in R does not notice.
.PHONY: report-now
report-now:
	@$(ULP_ENV) pipelines/report_now

# Where the time of the last make went, and a timeline of its stages.
.PHONY: profile
profile:
	@pipelines/profile '$(R)' --model 'pretrain rollout dapo-step logprob'

include pipelines/plan.mk
include pipelines/help.mk
