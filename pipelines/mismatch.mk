# mismatch - make mismatch: a sampler that computes otherwise than the trainer
#
#   $(R)/analysis/mismatch.txt
#
# Samplers in bf16, with and without an fp32 head, under an fp32 trainer, each
# with and without the truncated importance weight (a word's tis=C is
# dapo-step --tis C); trained and evaluated by the stages of train and eval.

MISMATCH_ARMS ?= fp32 fp32,rollout=bf16-mixed fp32,rollout=bf16-mixed,tis=2 fp32,rollout=bf16-mixed+head=fp32 fp32,rollout=bf16-mixed+head=fp32,tis=2## arms of make mismatch; the first is the one without a mismatch

.PHONY: mismatch
mismatch:
	@MAKEFLAGS='$(filter-out --warn-undefined-variables,$(MAKEFLAGS))' $(MAKE) MISMATCH=1 ARMS='$(MISMATCH_ARMS)' $(R)/analysis/mismatch.txt

MISMATCH ?=
ifeq ($(MISMATCH),1)
MISMATCH_SCORES  := $(RUNS:%=$(R)/eval_metrics/%/scores.msgpack)
MISMATCH_METRICS := $(foreach r,$(RUNS),$(foreach c,$(CHUNKS),$(R)/train_logs/$(r)/step-$(c)/checkpoint/trainer_state.json))
MISMATCH_FIELDS  := $(foreach f,compared differing non_finite dp_mean dp_max pearson k3 chi2 ess,--field mismatch_$(f)) --field approx_kl --field clip_low --field clip_high

$(eval $(call stage,$(R)/analysis/mismatch.txt,analysis,mismatch: sampler against trainer,$(MISMATCH_SCORES) $(MISMATCH_METRICS) $(call eval_dir,base)/scores.msgpack pipelines/mismatch.awk,show,\
  { $(BIN)/show --field arm --field seed --field task --field j $(call eval_dir,base)/scores.msgpack $(MISMATCH_SCORES) | sed 's/^/j\t/'; \
    $(foreach a,$(ARMS),$(BIN)/show $(MISMATCH_FIELDS) $(foreach s,$(SEEDS),$(CHUNKS:%=$(R)/train_logs/$(a)_seed$(s)/step-%/metrics.msgpack)) | sed 's/^/m\t$(a)\t/';) } | \
  awk -f pipelines/mismatch.awk -v arms='$(ARMS)' -v on='$(ON)' -v off='$(OFF)' >$(OUT)))
endif
