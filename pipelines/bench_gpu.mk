# bench_gpu - what is measured on a GPU, and what nvcc says of the kernels
#
#   make cuda-report   registers, stack, spills and shared memory of each
#                      kernel, for each architecture of CUDA_ARCH; fails when
#                      one spills more than tests/gpu/spills.txt allows

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
