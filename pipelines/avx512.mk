# avx512 - unit tests named avx512_*: the CPU kernels of x86-64-v4 and of
# order=hardware, with AVX-512 and vdpbf16ps modelled in halves of AVX2
# (tests/avx512), so that they run where there is no such processor.
MODEL_OBJ  := $(KERNEL_CPU:%.c=$(B)/avx512/%.o)
MODEL_CC    = $(CC) $(STD) $(OPT) $(WARN) -MMD -MP -c -o $@ $<

$(MODEL_OBJ): $(B)/avx512/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$< (AVX-512 model))
	$(Q)$(MODEL_CC) -O2 $(ISA_FLAGS_v3) -Wno-psabi -Wno-maybe-uninitialized -DAVX512_MODEL -Itests/avx512 -DISA=model

$(B)/avx512/cpu.o: kernels/cpu.c
	@mkdir -p $(@D)
	$(call say,CC,$< (AVX-512 model))
	$(Q)$(MODEL_CC) -DHAVE_ISA_v1 -DMODEL_CPU -include tests/avx512/model.h

$(B)/avx512/model.o: tests/avx512/model.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(MODEL_CC)

$(B)/avx512/model.a: $(MODEL_OBJ)
	@rm -f $@; mkdir -p $(@D)
	$(Q)ar rcsD $@ $^

L_avx512    = $(B)/avx512/cpu.o $(B)/avx512/model.o $(B)/avx512/model.a $(KERNEL_LIB) $(L_base)
X_avx512    = $(X_base) $(KERNEL_LINK)

