# cuda - the CUDA backend, and the simulator that tests it without a GPU
#
#   make CUDA=0            without it; CUDA=auto (the default): when nvcc and
#                          cuBLAS's header are found; CUDA=1: they must be
#   make NVCC=PATH         another nvcc
#
# The runtime is linked statically: an executable starts on a machine without
# a driver and says there why a device cannot be had. Of cuBLASLt only the
# header is used: order=hardware opens it at run time (kernels/cuda/hw_blas.h).
# Of NCCL, too (lib/comm/nccl.c); where its header is not found, ranks exchange
# bytes through the host's memory. Code for sm_80 and sm_90, and PTX that later devices compile for themselves.
CUDA       ?= auto
ifeq ($(origin NVCC),undefined)
NVCC       := $(or $(shell command -v nvcc),$(wildcard /usr/local/cuda/bin/nvcc))
endif
CUDA_TOP   := $(patsubst %/bin/nvcc,%,$(realpath $(NVCC)))
CUBLAS     := $(if $(NVCC),$(wildcard $(CUDA_TOP)/include/cublasLt.h \
                $(CUDA_TOP)/targets/x86_64-linux/include/cublasLt.h))
NCCL       := $(if $(NVCC),$(wildcard $(CUDA_TOP)/include/nccl.h $(CUDA_TOP)/targets/x86_64-linux/include/nccl.h \
                /usr/include/nccl.h))
# not under a sanitizer, and not when building for another machine
ifneq ($(filter 1,$(SAN))$(CROSS),)
USE_CUDA   :=
else
USE_CUDA   := $(if $(filter 0,$(CUDA)),,$(if $(filter 1,$(CUDA)),1,$(if $(CUBLAS),1)))
endif
ifeq ($(CUDA)$(NVCC),1)
$(error CUDA=1: no nvcc on PATH or in /usr/local/cuda/bin; NVCC=PATH names one)
endif
ifeq ($(CUDA)$(CUBLAS),1)
$(error CUDA=1: $(CUDA_TOP) has nvcc but not cublasLt.h: cuBLAS's development files are missing)
endif
# the longest ones first, so that no processor is left alone with one at the end
CUDA_LONG  := hw_sample hw_skinny hw_kv adamw hw_attn_bwd gemm compare attn_bwd hw_attn
CUDA_SRC   := $(wildcard $(CUDA_LONG:%=kernels/cuda/%.cu))
CUDA_SRC   += $(filter-out $(CUDA_SRC),$(wildcard kernels/cuda/*.cu))
# No kernel asks for more than sm_80 has, so each becomes PTX once, of which the
# code of every device is made.
CUDA_ARCH  ?= -gencode arch=compute_80,code=[sm_80,sm_90,compute_80]
comma      := ,
# -fmad=false: a fused multiply-add stands only where the source says so
NVCC_FLAGS := -std=c++14 -O3 -fmad=false --Werror all-warnings $(CUDA_ARCH) \
              -Xcompiler -Wall,-Wextra,-Wshadow,-Wno-unknown-pragmas,-Werror \
              -Xcompiler -O2,-ffp-contract=off
CUDA_OBJ   := $(if $(USE_CUDA),$(CUDA_SRC:%.cu=$(B)/%.o))
CUDA_DEF   := $(if $(USE_CUDA),-DHAVE_CUDA)

ifneq ($(USE_CUDA),)
CUDA_LIBS  := $(firstword $(wildcard $(CUDA_TOP)/lib64 \
                $(CUDA_TOP)/targets/x86_64-linux/lib $(CUDA_TOP)/lib))
KERNEL_LINK := -L$(CUDA_LIBS) -lcudart_static -ldl -lrt -lpthread -lstdc++
endif

# as of a system: pedantry is for our own
NCCL_FLAGS := $(if $(USE_CUDA),$(if $(NCCL),-DHAVE_NCCL $(addprefix -isystem ,$(sort $(filter-out /usr/include/,$(dir $(firstword $(NCCL)))) $(CUDA_TOP)/include/))))
$(B)/lib/comm/nccl.o: $(B)/cuda.flags
$(B)/lib/comm/nccl.o: CFLAGS_lib_comm += $(NCCL_FLAGS)

$(B)/kernels/cuda/%.o: kernels/cuda/%.cu $(B)/cuda.flags
	$(Q)$(call into,NVCC,$<) $(NVCC) $(NVCC_FLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<

# Rewritten only when they change: what was built otherwise is built anew.
$(B)/cuda.flags: FORCE
	@mkdir -p $(@D)
	@echo '$(USE_CUDA) $(NVCC) $(NVCC_FLAGS) $(NCCL_FLAGS)' | cmp -s - $@ || \
	  echo '$(USE_CUDA) $(NVCC) $(NVCC_FLAGS) $(NCCL_FLAGS)' >$@
.PHONY: FORCE

# --- the simulator -----------------------------------------------------------
ifeq ($(CC),clang)
CXX        := clang++
else
CXX        := $(patsubst %gcc,%g++,$(CC))
endif
SIM_SRC    := $(wildcard tests/cudasim/*.cc)
SIM_OBJ    := $(CUDA_SRC:kernels/cuda/%.cu=$(B)/cudasim/%.o) \
              $(SIM_SRC:tests/cudasim/%.cc=$(B)/cudasim/%.o)
# fmaf as one instruction where this processor has it
SIM_FMA    := $(if $(shell grep -m1 -ow fma /proc/cpuinfo),$(if $(filter x86_64,$(ARCH)),-mfma))
SIM_STD     = $(filter-out -std=c11,$(STD)) -std=c++17 -O2 $(SIM_FMA) \
              -DCUDASIM -Itests/cudasim -Wno-unknown-pragmas \
              $(filter-out -Wmissing-prototypes,$(WARN))

$(B)/cudasim/%.o: kernels/cuda/%.cu
	@mkdir -p $(@D)
	$(call say,CXX,$< (simulator))
	$(Q)$(CXX) $(SIM_STD) -MMD -MP -c -o $@ -x c++ $<

$(B)/cudasim/%.o: tests/cudasim/%.cc
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(CXX) $(SIM_STD) -MMD -MP -c -o $@ $<

$(B)/cudasim.a: $(SIM_OBJ)
	@rm -f $@; mkdir -p $(@D)
	$(Q)ar rcsD $@ $^

# unit tests named cuda_*: their device "cuda" is the simulator
L_cuda      = $(B)/cudasim/cuda.o $(B)/cudasim.a $(KERNEL_LIB) $(L_base)
X_cuda      = $(X_base) $(KERNEL_LINK) -lstdc++
