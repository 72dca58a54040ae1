# study - the tiny preset at the size that its hypotheses need: 20 seeds, 4 noise
# draws, and twice the samples (docs/EXPERIMENT.md, "The size of study")
include pipelines/presets/tiny.mk
ARMS          ?= fp32 bf16 bf16-mixed
SEEDS         ?= $(shell seq -s ' ' 20)
NOISE         ?= 4
EVAL_SAMPLES  ?= x2
