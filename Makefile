# ulp: build, data, training, evaluation and analysis in one DAG.
# `make help` lists targets and parameters.

MAKEFLAGS += -rR --warn-undefined-variables --no-print-directory
SHELL := /bin/bash
export LC_ALL := C.UTF-8
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

include pipelines/deps.mk
ifeq ($(AFTER_DEPS),)
include pipelines/build.mk
include pipelines/tests.mk
include pipelines/cudasim.mk
include pipelines/bench_gpu.mk
-include $(wildcard pipelines/bench.mk)
-include $(wildcard pipelines/fuzz.mk)
-include $(wildcard pipelines/experiment.mk)
endif
