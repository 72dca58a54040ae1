# ulp: build, data, training, evaluation and analysis in one DAG.
# `make help` lists targets and parameters.

MAKEFLAGS += -rR --warn-undefined-variables --no-print-directory
SHELL := /bin/bash
export LC_ALL := C.UTF-8
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# Make has no way to write such a path.
ifneq ($(words $(CURDIR))$(findstring ',$(CURDIR))$(findstring ",$(CURDIR))$(findstring :,$(CURDIR))$(findstring %,$(CURDIR)),1)
$(error the folder of this project has a blank or another sign in its path that make cannot take: $(CURDIR))
endif

include pipelines/deps.mk
ifeq ($(AFTER_DEPS),)
include pipelines/build.mk
include pipelines/mpi.mk
include pipelines/install.mk
include pipelines/tests.mk
include pipelines/lint.mk
include pipelines/cudasim.mk
include pipelines/bench_gpu.mk
-include $(wildcard pipelines/bench.mk)
-include $(wildcard pipelines/fuzz.mk)
-include $(wildcard pipelines/experiment.mk)

# A goal that no makefile knows is a typo.
GOALS_TYPED := $(foreach g,$(MAKECMDGOALS),$(if $(findstring /,$(g))$(wildcard $(g)),,$(g)))
ifneq ($(GOALS_TYPED),)
TARGETS_KNOWN := train eval ablation mismatch sweep $(LINT:%=lint-%) $(shell sed -n 's/^\.PHONY: //p' Makefile pipelines/*.mk | tr ' ' '\n' | grep -x '[a-z-]*' | sort -u)
GOALS_TYPED := $(filter-out $(TARGETS_KNOWN) fuzz-%,$(GOALS_TYPED))
ifneq ($(GOALS_TYPED),)
$(error no such target: $(GOALS_TYPED)$(addprefix ; did you mean ,$(addsuffix ?,$(shell python3 -c 'import difflib, sys; print(*difflib.get_close_matches(sys.argv[1], sys.argv[2:], 1, 0.5))' $(firstword $(GOALS_TYPED)) $(TARGETS_KNOWN) results/analysis/summary.txt 2>/dev/null))) (make help lists them))
endif
endif
endif
