# bench - measured ratios: make bench
#
# Each program in tests/bench prints what it measured beside the machine's own
# roofline, measured in the same run. BENCH_ARGS is for those of kernels:
# fp32, bf16 or fp16, then a part of a shape's name (BENCH_ARGS="bf16 tiny").
# BENCH="step" chooses programs; TOK_ARGS are a tokenizer's directory and texts,
# UPDATE_ARGS two arms and a shape, SYNC_ARGS an arm and a shape, DELTA_ARGS a type and a shape.

BENCH      ?= $(filter-out gpu% growth,$(patsubst tests/bench/%.c,%,$(wildcard tests/bench/*.c)))
BENCH_ARGS ?=
TOK_ARGS   ?=
UPDATE_ARGS ?=
SYNC_ARGS  ?=
DELTA_ARGS ?=
ARGS_bench_tok = $(TOK_ARGS)
ARGS_bench_stream :=
ARGS_bench_update = $(UPDATE_ARGS)
ARGS_bench_sync = $(SYNC_ARGS)
ARGS_bench_delta = $(DELTA_ARGS)
bench_args  = $(if $(filter undefined,$(origin ARGS_bench_$(1))),$(BENCH_ARGS),$(ARGS_bench_$(1)))
USES_bench_gemm := kernels
USES_bench_tok := text
USES_bench_step := train
USES_bench_generate := generate
USES_bench_update := train
USES_bench_sync := train
USES_bench_delta := train
USES_bench_growth := generate train
bench_uses  = $(or $(USES_bench_$(1)),model)

define bench_rule
$(B)/bench/$(1): tests/bench/$(1).c $(call libs,$(call bench_uses,$(1)))
	@mkdir -p $$(@D) && echo '  LINK  bench/$(1)'
	@$$(CC) $$(STD) $$(OPT) $$(WARN) -MMD -MP $$(LDSAN) -o $$@ $$(filter %.c %.a,$$^) \
	  $(call links,$(call bench_uses,$(1))) -lm
endef
$(foreach b,$(sort $(BENCH) growth stream),$(eval $(call bench_rule,$(b))))

.PHONY: bench benches
benches: $(patsubst %,$(B)/bench/%,$(sort $(BENCH) growth stream))
bench: $(BENCH:%=$(B)/bench/%)
	@$(foreach b,$(BENCH),$(B)/bench/$(b) $(call bench_args,$(b)) &&) true

# How time and memory grow with batch, context and model, in one table:
# make bench-growth [GROWTH_ARGS="fp32 1 'tiny 17M'"] (tests/bench/growth.sh).
GROWTH_ARGS ?=

.PHONY: bench-growth
bench-growth: $(B)/bench/growth
	@tests/bench/growth.sh $< $(GROWTH_ARGS)

# Beside other programs, where $(PYTHON) has them; the others are named and left
# out: make bench-peers [PEERS="tiny 0.5b DIR"] [PEER_TYPES="fp32 bf16"]
# [PEER_THREADS="1 2"]. tiny and 0.5b are shapes, beside transformers on torch. DIR
# is a model (data/smollm2.sh makes one), beside llama.cpp and CTranslate2 too;
# PEER_ROWS=streams,first chooses lines of it (tests/bench/peers_model.py). trl is a
# whole RL step from the base model of an experiment, beside TRL, in fp32.
PYTHON ?= python3
PEERS  ?= tiny
PEER_TYPES   ?= fp32 bf16
PEER_THREADS ?= 1 2
PEER_ROWS    ?=
PEER_BASE    ?= results/base/model
PEER_PROMPTS ?= results/data/dm_train.jsonl

.PHONY: bench-peers
bench-peers: $(foreach p,draw rollout tokenize reward dapo-step show,$(BIN)/$(p)) $(B)/bench/stream
	@for s in $(PEERS); do for a in $(PEER_TYPES); do for t in $(PEER_THREADS); do \
	  case $$s in \
	  tiny|0.5b) $(PYTHON) tests/bench/peers.py $(BIN) $$s $$t $$a $(B)/bench/stream ;; \
	  trl) [ $$a != fp32 ] || \
	    $(PYTHON) tests/bench/peer_trl.py $(BIN) $(PEER_BASE) $(PEER_PROMPTS) $$t ;; \
	  *) $(PYTHON) tests/bench/peers_model.py $(BIN) $$s $$t $$a $(PEER_ROWS) ;; \
	  esac; \
	done; done; done
