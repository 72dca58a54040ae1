# bench - measured ratios: make bench
#
# Each program in tests/bench prints what it measured beside the machine's own
# peak, measured in the same run. BENCH_ARGS is passed on (fp32, bf16, fp16).

BENCH      := $(patsubst tests/bench/%.c,%,$(wildcard tests/bench/*.c))
BENCH_ARGS ?=
USES_bench_gemm := kernels
USES_bench_tok := text
bench_uses  = $(or $(USES_bench_$(1)),model)

define bench_rule
$(B)/bench/$(1): tests/bench/$(1).c $(call libs,$(call bench_uses,$(1)))
	@mkdir -p $$(@D)
	$$(CC) $$(STD) $$(OPT) $$(WARN) -MMD -MP $$(LDSAN) -o $$@ $$(filter %.c %.a,$$^) \
	  $(call links,$(call bench_uses,$(1))) -lm
endef
$(foreach b,$(BENCH),$(eval $(call bench_rule,$(b))))

.PHONY: bench
bench: $(BENCH:%=$(B)/bench/%)
	@for b in $^; do $$b $(BENCH_ARGS); done

# Beside transformers on torch, where $(PYTHON) has them: make bench-peers
# [PEERS="tiny 0.5b"] [THREADS=2]. Skips where it has not.
PYTHON ?= python3
PEERS  ?= tiny

.PHONY: bench-peers
bench-peers: $(foreach p,rollout dapo-step show,$(BIN)/$(p))
	@for s in $(PEERS); do $(PYTHON) tests/bench/peers.py $(BIN) $$s $(THREADS); done
