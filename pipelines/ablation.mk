# ablation - make ablation: which factor carries which part of what bf16 changes
#
#   $(R)/analysis/ablation.txt
#
# The factors in which bf16 differs from fp32, each alone on top of fp32, and
# all of them, trained and evaluated by the stages of train and eval; runs that
# exist are used. Taken away from bf16 one at a time as well:
#   make ablation ABLATION_ARMS='fp32 bf16,adam=fp32 bf16,master=fp32 bf16'
# dropout=model is not among them: a model made here has none.

ABLATION_ARMS ?= fp32 fp32,master=bf16 fp32,compute=bf16 fp32,grads=bf16 fp32,adam=bf16 fp32,step=foreach fp32,order=shuffled bf16-weights bf16## arms of make ablation; parts are of the way from the first to the last

.PHONY: ablation
ablation:
	@MAKEFLAGS='$(filter-out --warn-undefined-variables,$(MAKEFLAGS))' $(MAKE) ABLATION=1 ARMS='$(ABLATION_ARMS)' $(R)/analysis/ablation.txt

ABLATION ?=
ifeq ($(ABLATION),1)
ABLATION_FILES := $(foreach k,scores kl_scores sparsity,$(RUNS:%=$(R)/eval_metrics/%/$(k).msgpack)) $(call eval_dir,base)/scores.msgpack
of = $(RUNS:%=$(R)/eval_metrics/%/$(1).msgpack)

$(eval $(call stage,$(R)/analysis/ablation.txt,analysis,ablation: parts of each factor,$(ABLATION_FILES) pipelines/ablation.awk,show,\
  { $(BIN)/show --field arm --field seed --field task --field j $(call eval_dir,base)/scores.msgpack $(call of,scores) | sed 's/^/j\t/'; \
    $(BIN)/show --field arm --field seed --field task --field kl_token.exact $(call of,kl_scores) | sed 's/^/kl\t/'; \
    $(BIN)/show --field arm --field seed --field scope --field sparsity $(call of,sparsity) | sed 's/^/same\t/'; } | \
  awk -f pipelines/ablation.awk -v arms='$(ARMS)' -v on='$(ON)' -v off='$(OFF)' >$(OUT)))
endif
