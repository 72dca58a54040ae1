# tests - make check: unit tests (tests/unit/*.c), then scripts
# (tests/{cli,parity,fault,e2e,browser}/*.sh); tests/run adds up their ok / not ok /
# skip lines and closes with "N passed, N failed, N skipped".

# TEST_JOBS=N: up to N tests at once (tests/run)
TEST_JOBS  ?= 1
# BARE=1: those as well that install Debian 12 in a folder (root, minutes)
BARE       ?= 0
# FAST=1: unit tests alone, without those that take tens of seconds; they are
# what continuous integration runs under sanitizers
FAST       ?= 0
SLOW_UNIT  := kernels_% cuda_% avx512_% verify_code_hostile generate_gen generate_tree model_shared model_trees \
              train_memory train_order train_factors
ifeq ($(FAST),1)
TESTS      ?= $(sort $(filter-out $(SLOW_UNIT:%=tests/unit/%.c),$(wildcard tests/unit/*.c)))
endif
OTHER_ARCH := $(if $(filter x86_64,$(ARCH)),,$(wildcard tests/unit/avx512_*.c))
TESTS      ?= $(sort $(filter-out $(OTHER_ARCH),$(wildcard tests/unit/*.c)) $(wildcard tests/cli/*.sh) \
                $(wildcard tests/calibration/*.sh) $(wildcard tests/parity/*.sh) \
                $(wildcard tests/fault/*.sh) \
                $(wildcard tests/e2e/*.sh) $(wildcard tests/browser/*.sh) $(wildcard tests/gpu/rehearse.sh) \
                $(if $(filter 1,$(BARE)),$(wildcard tests/bare/*.sh)))
UNIT       := $(patsubst tests/unit/%.c,%,$(filter tests/unit/%.c,$(TESTS)))
# what a unit test links: the folder named by its prefix (record_stream.c),
# or what USES_unit_NAME says
unit_uses   = $(or $(USES_unit_$(1)),$(firstword $(subst _, ,$(1))))
USES_unit_cuda_memory := cuda train
USES_unit_comm_device := sim_comm train
L_sim_comm := $(B)/cudasim/cuda.o $(B)/cudasim/nccl_lib.o $(B)/cudasim.a
X_sim_comm := -lstdc++
L_kernels  := $(KERNEL_LIB) $(L_base)
X_kernels  := $(X_base) $(KERNEL_LINK)

define unit_rule
$(B)/tests/$(1): tests/unit/$(1).c tests/unit/t.h $(call libs,$(call unit_uses,$(1)))
	@mkdir -p $$(@D)
	$$(call say,TEST,$(1))
	$$(Q)$$(CC) $$(STD) $$(OPT) $$(WARN) -MMD -MP $$(LDSAN) -o $$@ $$< $$(filter %.o %.a,$$^) \
	  $(call links,$(call unit_uses,$(1))) -lm
endef
$(foreach u,$(UNIT),$(eval $(call unit_rule,$(u))))

# experiments whose truth is known, for the calibration of the verdicts
SIMULATE := $(B)/tests/simulate
$(SIMULATE): tests/calibration/simulate.c $(L_base)
	@mkdir -p $(@D)
	$(call say,TEST,simulate)
	$(Q)$(CC) $(STD) $(OPT) $(WARN) -MMD -MP $(LDSAN) -o $@ $(filter %.c %.a,$^) $(X_base) -lm

.PHONY: check
check: all $(UNIT:%=$(B)/tests/%) $(if $(filter tests/calibration/%,$(TESTS)),$(SIMULATE))
	@BIN=$(abspath $(BIN)) BUILD=$(abspath $(B)) SAN=$(SAN) SIMULATE=$(abspath $(SIMULATE)) TEST_JOBS=$(TEST_JOBS) \
	  tests/run $(UNIT:%=$(B)/tests/%) \
	  $(filter %.sh,$(TESTS))

# Long tests (tests/long/*.sh): minutes each, gigabytes of memory and disk; what
# they measure is printed. TESTS chooses some; SMOLLM2=DIR SMOLLM2_SETS=DIR are for
# smollm2.sh.
LONG_TESTS := $(if $(filter file,$(origin TESTS)),$(wildcard tests/long/*.sh) $(wildcard tests/calibration/*.sh),$(TESTS))
.PHONY: check-long
check-long: all $(SIMULATE)
	@shared=$$(cd ../shared 2>/dev/null && pwd || true); status=0; \
	for t in $(LONG_TESTS); do \
	  echo "$$t"; T=$$(mktemp -d $${TMPDIR:-/tmp}/ulp-long.XXXXXX); \
	  BIN=$(abspath $(BIN)) SHARED=$$shared SAN=$(SAN) LONG=1 \
	  SIMULATE=$(abspath $(SIMULATE)) T=$$T bash $$t || status=1; \
	  rm -rf $$T; done; exit $$status
