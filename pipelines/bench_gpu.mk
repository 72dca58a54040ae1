# bench_gpu - the tests and measurements that need a GPU, and what nvcc says of
# the kernels
#
#   make check-gpu     tests/gpu/check-gpu.sh on this machine's GPU
#   make bench-gpu     tests/bench/gpu/bench-gpu.sh, likewise
#   make gpu-bundle    both, with the programs they need, as one tar; on the other
#                      machine: sh check-gpu.sh, sh bench-gpu.sh
#   make cuda-report   registers, stack, spills and shared memory of each
#                      kernel, for each architecture of CUDA_ARCH; fails when
#                      one spills more than tests/gpu/spills.txt allows
#
# Without a GPU both scripts are rehearsed by `make check` (tests/gpu/rehearse.sh).
PARTS   ?=## of check-gpu: ops hardware programs loop memory experiment sanitizer; of bench-gpu: kernels train generate loop peers; all when empty
GPU_OUT ?= build/gpu-results## where bench-gpu puts its table, too

# --- ptxas -v ----------------------------------------------------------------
CUDA_REPORT := $(CUDA_SRC:kernels/cuda/%.cu=$(B)/cuda-report/%.txt)
$(B)/cuda-report/%.txt: kernels/cuda/%.cu $(B)/cuda.flags
	@mkdir -p $(@D)
	$(call say,PTXAS,$<)
	$(Q)$(NVCC) $(NVCC_FLAGS) -Xptxas -v -MMD -MP -MT $@ -MF $(@:.txt=.d) -c -o $@.o $< >$@.new 2>&1 || { cat $@.new >&2; exit 1; }
	@rm -f $@.o; mv $@.new $@

.PHONY: cuda-report
cuda-report: $(if $(USE_CUDA),$(CUDA_REPORT))
	@$(if $(USE_CUDA),awk -v allow=tests/gpu/spills.txt -f pipelines/cuda_report.awk $(CUDA_REPORT),echo 'cuda-report: no nvcc' >&2; exit 1)

# --- the bench program -------------------------------------------------------
# twice: for the device, and for the simulator (gpusim), where it is rehearsed
GPU_BENCH_C := $(wildcard tests/bench/gpu/*.c)
GPU_BENCH_O := $(GPU_BENCH_C:tests/bench/gpu/%.c=$(B)/bench/gpu/%.o)

$(B)/bench/gpu/%.o: tests/bench/gpu/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(STD) $(OPT) $(WARN) -MMD -MP -c -o $@ $<
$(B)/bench/gpu/sim/main.o: tests/bench/gpu/main.c
	@mkdir -p $(@D)
	$(call say,CC,$< (simulator))
	$(Q)$(CC) $(STD) $(OPT) $(WARN) -DCUDASIM -MMD -MP -c -o $@ $<
$(B)/bench/gpu/peak.o: tests/bench/gpu/peak.cu $(B)/cuda.flags
	@mkdir -p $(@D)
	$(call say,NVCC,$<)
	$(Q)$(NVCC) $(NVCC_FLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<
$(B)/bench/gpu/sim/peak.o: tests/bench/gpu/peak.cu
	@mkdir -p $(@D)
	$(call say,CXX,$< (simulator))
	$(Q)$(CXX) $(SIM_STD) -MMD -MP -c -o $@ -x c++ $<

$(B)/gpusim/gpu_bench: $(filter-out %/main.o,$(GPU_BENCH_O)) $(addprefix $(B)/bench/gpu/sim/,main.o peak.o) $(B)/cudasim/cuda.o $(B)/cudasim.a $(call libs,train)
	@mkdir -p $(@D)
	$(call say,LINK,gpu_bench (simulator))
	$(Q)$(CC) $(LDSAN) -pthread -Wl,--as-needed -o $@ $^ $(call links,train) -lstdc++ -lm

# --- tests on a device -------------------------------------------------------
# check_gpu, and the tests of order=hardware (tests/unit/cuda_*.c), which open
# the device here instead of the simulator (tests/gpu/on_gpu.h); not those about
# the simulator itself
GPU_UNIT  := $(filter-out cuda_parity cuda_memory,$(patsubst tests/unit/%.c,%,$(wildcard tests/unit/cuda_*.c)))
GPU_TESTS := $(GPU_UNIT:%=$(B)/gpu/%) $(B)/gpu/check_gpu $(B)/gpu/gpu_bench
GPU_OBJ   := $(B)/gpu-obj

$(GPU_OBJ)/%.o: tests/unit/%.c
	@mkdir -p $(@D)
	$(call say,CC,$< (on a device))
	$(Q)$(GPU_CC) -c -o $@ $<
$(GPU_OBJ)/%.o: tests/gpu/%.c
	@mkdir -p $(@D)
	$(call say,CC,$< (on a device))
	$(Q)$(GPU_CC) -c -o $@ $<
$(GPU_OBJ)/probe.o: tests/gpu/probe.cu $(B)/cuda.flags
	@mkdir -p $(@D)
	$(call say,NVCC,$<)
	$(Q)$(NVCC) $(NVCC_FLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<
# the names that CU() gives in the simulator
GPU_CC = $(CC) $(STD) $(OPT) $(WARN) -MMD -MP -include tests/gpu/on_gpu.h \
  -Dcudasim_hw_head_bytes=hw_head_bytes

# what a unit test links, the device's kernels in place of the simulator
gpu_uses = $(or $(filter-out cuda,$(call unit_uses,$(1))),kernels)
define gpu_parts
USES_gpu_$(1)  := $(call gpu_uses,$(1))
endef
$(foreach u,$(GPU_UNIT),$(eval $(call gpu_parts,$(u))))
USES_gpu_check_gpu := kernels
USES_gpu_gpu_bench := train
gpu_objects = $(if $(filter gpu_bench,$(1)),$(GPU_BENCH_O) $(B)/bench/gpu/peak.o,$(GPU_OBJ)/$(1).o $(GPU_OBJ)/on_gpu.o $(if $(filter cuda_mma,$(1)),$(GPU_OBJ)/probe.o))

define gpu_test_rule
$(B)/gpu/$(1): $(call gpu_objects,$(1)) $(call libs,$(USES_gpu_$(1)))
	$$(if $$(USE_CUDA),,$$(error $(1): no nvcc (make gpu-bundle where there is one)))
	@mkdir -p $$(@D)
	$$(call say,LINK,$(1))
	$$(Q)$$(CC) -pthread -Wl,--as-needed -o $$@ $$^ $(call links,$(USES_gpu_$(1))) -lm
endef
$(foreach t,$(notdir $(GPU_TESTS)),$(eval $(call gpu_test_rule,$(t))))

$(B)/gpusim/check_gpu: tests/gpu/check_gpu.c $(B)/cudasim/cuda.o $(B)/cudasim.a $(KERNEL_LIB) $(L_base)
	@mkdir -p $(@D)
	$(call say,TEST,check_gpu (simulator))
	$(Q)$(CC) $(STD) $(OPT) $(WARN) -MMD -MP $(LDSAN) -o $@ $(filter %.c %.o %.a,$^) $(X_cuda) -lm

.PHONY: check-gpu
check-gpu: all $(GPU_TESTS)
	@BIN=$(abspath $(BIN)) GPU_BIN=$(abspath $(B)/gpu) SAN=$(SAN) tests/gpu/check-gpu.sh $(PARTS)

.PHONY: bench-gpu
bench-gpu: $(foreach p,draw rollout tokenize reward dapo-step show,$(BIN)/$(p)) $(B)/gpu/gpu_bench
	@BIN=$(abspath $(BIN)) GPU_BIN=$(abspath $(B)/gpu) PYTHON=$(PYTHON) OUT=$(abspath $(GPU_OUT)) \
	  tests/bench/gpu/bench-gpu.sh $(PARTS)

# --- the rehearsal -----------------------------------------------------------
ifneq ($(if $(filter 1,$(SAN)),,$(filter tests/gpu/rehearse.sh,$(TESTS))),)
check: $(SIM_PROGRAMS:%=$(B)/simbin/%) $(B)/gpusim/gpu_bench $(B)/gpusim/check_gpu
check: export SIMBIN = $(abspath $(B)/simbin)
check: export GPUSIM = $(abspath $(B)/gpusim)
endif

# --- a bundle for a machine that has a GPU and little else -------------------
# Third-party libraries are linked statically where this system has the archive
# and are put into lib/ where not (OpenBLAS and xxHash, too: their archives lack symbols);
# CUDA's runtime is static as ever. What is left to the other machine: glibc of this age or newer, bash, coreutils, awk, and for
# some parts make, cuBLASLt, compute-sanitizer, Python with torch.
BUNDLE      := $(B)/gpu-bundle
BUNDLE_KEEP := -lopenblas -lxxhash -lm -ldl -lrt -lpthread -lcudart_static
archive_of   = $(filter /%,$(shell $(CC) -print-file-name=lib$(1).a))
static_of    = $(foreach l,$(1),$(if $(filter $(BUNDLE_KEEP) -L%,$(l)),$(l),$(or $(call archive_of,$(l:-l%=%)),$(l))))
BUNDLE_LINK  = $(CC) -pthread -s -static-libgcc -Wl,--build-id=none -Wl,--as-needed \
  -Wl,--disable-new-dtags -Wl,-rpath,'$$ORIGIN/../lib'
BUNDLE_FILES = Makefile kernels/kernels.mk $(wildcard bin/*.c) $(wildcard pipelines/*) data/tokenizer/tiny \
  $(wildcard data/*.json) tests/run tests/golden/bits $(wildcard tests/gpu/*.sh) \
  $(wildcard tests/bench/gpu/*.sh tests/bench/gpu/*.py)

define bundle_program
$(BUNDLE)/bin/$(1): $(B)/bin/$(1).o $(call libs,$(USES_$(1)))
	@mkdir -p $$(@D)
	$$(call say,LINK,$(1) (bundle))
	$$(Q)$$(BUNDLE_LINK) -o $$@ $$^ $$(call static_of,$(call links,$(USES_$(1)))) -lm
endef
$(foreach p,$(PROGRAMS),$(eval $(call bundle_program,$(p))))

define bundle_test
$(BUNDLE)/gpu/$(1): $(call gpu_objects,$(1)) $(call libs,$(USES_gpu_$(1)))
	@mkdir -p $$(@D)
	$$(call say,LINK,$(1) (bundle))
	$$(Q)$$(BUNDLE_LINK) -o $$@ $$^ $$(call static_of,$(call links,$(USES_gpu_$(1)))) -lm
endef
$(foreach t,$(notdir $(GPU_TESTS)),$(eval $(call bundle_test,$(t))))

.PHONY: gpu-bundle
gpu-bundle: $(PROGRAMS:%=$(BUNDLE)/bin/%) $(GPU_TESTS:$(B)/gpu/%=$(BUNDLE)/gpu/%)
	$(if $(USE_CUDA),,$(error gpu-bundle: no nvcc))
	@tests/gpu/bundle.sh $(BUNDLE) $(abspath $(B)/gpu-bundle.tar.xz) $(BUNDLE_FILES)
