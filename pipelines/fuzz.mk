# fuzz - make fuzz: libFuzzer targets, under ASan and UBSan, by clang
#
#   make fuzz                       each tests/fuzz/fuzz_NAME.c for FUZZ_SECONDS
#   make fuzz FUZZ=tok FUZZ_SECONDS=600
#
# A target opens with its purpose; what it links is FUZZ_USES_NAME (folders of
# lib/, as USES_ of a program), by default the folder that bears its name.
# Inputs to begin with lie in tests/fuzz/seeds/NAME; what libFuzzer learns is
# kept in build/fuzz/corpus/NAME; an input that fails is left in build/fuzz.

FUZZ         ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60
FUZZ_CC      ?= clang
FUZZ_DIR     := build/fuzz
FUZZ_FLAGS   := $(filter-out -O% -fsanitize=% -fno-sanitize-recover=%,$(STD)) \
                -g -O1 -fsanitize=fuzzer,address,undefined \
                -fno-sanitize-recover=undefined

FUZZ_USES_tok := text
FUZZ_USES_delta := base

fuzz_uses = $(or $(FUZZ_USES_$(1)),$(firstword $(subst _, ,$(1))))
# fuzz_delta takes the coding alone: the rest of lib/model is most of a
# trainer. Of other targets
# each floor's sources are compiled with the target: instrumented, and apart
# from the objects of a plain build
fuzz_dirs = $(patsubst $(B)/lib_%.a,lib/%,$(filter $(B)/lib_%.a,$(call libs,$(call fuzz_uses,$(1)))))
fuzz_src  = $(foreach d,$(call fuzz_dirs,$(1)),$(wildcard $(d)/*.c)) \
            $(if $(filter delta,$(1)),$(addprefix lib/model/delta_,code.c half.c half_v3.c section.c))

define fuzz_rule
$(FUZZ_DIR)/fuzz_$(1): tests/fuzz/fuzz_$(1).c $(call fuzz_src,$(1))
	@mkdir -p $$(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) -o $$@ $$^ $(call links,$(call fuzz_uses,$(1))) -lm

.PHONY: fuzz-$(1)
fuzz-$(1): $(FUZZ_DIR)/fuzz_$(1)
	@mkdir -p $(FUZZ_DIR)/corpus/$(1)
	$$< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=4096 \
	  -artifact_prefix=$(FUZZ_DIR)/$(1)- -print_final_stats=1 \
	  $(FUZZ_DIR)/corpus/$(1) $(wildcard tests/fuzz/seeds/$(1))
endef
$(foreach f,$(FUZZ),$(eval $(call fuzz_rule,$(f))))

.PHONY: fuzz
fuzz: $(FUZZ:%=fuzz-%)
