# cudasim - tests of the CUDA backend beyond its unit tests
#
# Programs whose --device cuda is the simulator are for $(SIM_TESTS),
# which find them in $SIMBIN.
SIM_TESTS    := tests/parity/cudasim.sh tests/parity/ranks_cuda.sh tests/parity/memory.sh tests/parity/families.sh
SIM_PROGRAMS := pretrain rollout dapo-step logprob sparsity

$(B)/cudasim/cuda.o: kernels/cuda.c
	@mkdir -p $(@D)
	$(call say,CC,$< (simulator))
	$(Q)$(CC) $(STD) $(OPT) $(WARN) -DHAVE_CUDA -Dcuda_open=cudasim_cuda_open \
	  -Dcuda_probe=cudasim_cuda_probe -MMD -MP -c -o $@ $<

# lib/comm's, over the simulator's NCCL
SIM_NCCL     := $(B)/cudasim/nccl_lib.o
$(SIM_NCCL): lib/comm/nccl.c
	@mkdir -p $(@D)
	$(call say,CC,$< (simulator))
	$(Q)$(CC) $(STD) $(OPT) $(WARN) -DHAVE_NCCL -Itests/cudasim -MMD -MP -c -o $@ $<

define sim_rule
$(B)/simbin/$(1): $(B)/bin/$(1).o $(B)/cudasim/cuda.o $(if $(filter $(call LIB_of,lib/comm),$(call libs,$(USES_$(1)))),$(SIM_NCCL)) $(B)/cudasim.a $(call libs,$(USES_$(1)))
	@mkdir -p $$(@D)
	$$(call say,LINK,$(1) (simulator))
	$$(Q)$$(CC) $$(LDSAN) -pthread -Wl,--as-needed -o $$@ $$^ $(call links,$(USES_$(1))) -lstdc++ -lm
endef
$(foreach p,$(SIM_PROGRAMS),$(eval $(call sim_rule,$(p))))

ifneq ($(if $(filter 1,$(SAN)),,$(filter $(SIM_TESTS),$(TESTS))),)
check: $(SIM_PROGRAMS:%=$(B)/simbin/%)
check: export SIMBIN = $(abspath $(B)/simbin)
endif
