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
endif
