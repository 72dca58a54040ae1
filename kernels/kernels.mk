# kernels - the CPU backend, compiled once per instruction set level but for what
# has no arithmetic, and the CUDA backend when nvcc is there (registry.c picks at
# run time).
KERNEL_LINK :=
KERNEL_ONCE := kernels/cpu/context.c
KERNEL_CPU  := $(filter-out $(KERNEL_ONCE),$(wildcard kernels/cpu/*.c))
KERNEL_TOP  := $(wildcard kernels/*.c) $(KERNEL_ONCE)
HOST_ARCH   := $(shell uname -m)
ifeq ($(origin ARCH),undefined)
ARCH        := $(HOST_ARCH)
endif
# not empty when building for another machine
CROSS       := $(filter-out $(HOST_ARCH),$(ARCH))
include pipelines/cuda.mk
ifeq ($(ARCH),x86_64)
ISAS        := v1 v3 v4
else
ISAS        := generic
endif
# Without AVX2 and FMA, fused multiply-adds are emulated, which takes nearly all of the
# time: -O1 trains by an eighth slower than -O3, and compiles in two fifths of the time.
ISA_FLAGS_v1      := -march=x86-64 $(if $(filter -O3,$(OPT)),-O1)
ISA_FLAGS_v3      := -march=x86-64-v3
ISA_FLAGS_v4      := -march=x86-64-v4 -mprefer-vector-width=512
ISA_FLAGS_generic :=
KERNEL_OBJ  := $(foreach i,$(ISAS),$(KERNEL_CPU:%.c=$(B)/%.$(i).o)) \
               $(KERNEL_TOP:%.c=$(B)/%.o) $(CUDA_OBJ)
KERNEL_LIB  := $(B)/kernels.a

define isa_rule
$(B)/kernels/cpu/%.$(1).o: kernels/cpu/%.c
	$$(Q)$$(call into,CC,$$< ($(1))) $$(CC) $$(STD) $$(OPT) $$(WARN) $$(ISA_FLAGS_$(1)) -DISA=$(1) -MMD -MP -c -o $$@ $$<
endef
$(foreach i,$(ISAS),$(eval $(call isa_rule,$(i))))

$(B)/kernels/%.o: kernels/%.c $(B)/cuda.flags
	$(Q)$(call into,CC,$<) $(CC) $(STD) $(OPT) $(WARN) $(ISAS:%=-DHAVE_ISA_%) $(CUDA_DEF) -MMD -MP -c -o $@ $<

$(KERNEL_LIB): $(KERNEL_OBJ)
	@rm -f $@; mkdir -p $(@D)
	$(Q)ar rcsD $@ $^

ifeq ($(ARCH),x86_64)
include pipelines/avx512.mk
endif
