# qwen2.5-0.5b - the full setting's hyperparameters with Qwen2.5-0.5B
#
#   make PRESET=qwen2.5-0.5b MODEL=DIR DATA=DIR results/analysis/summary.txt
include pipelines/presets/qwen2.5-math-7b.mk
