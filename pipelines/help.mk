# help - targets and parameters, from the files that define them
.PHONY: help
help:
	@echo 'Targets'
	@echo '  all                            the programs, in bin/ (V=1: whole command lines; SAN=1: sanitizers)'
	@echo '  deps                           install what Debian packages are needed'
	@echo '  results/analysis/summary.txt   the whole experiment'
	@echo '  train, eval                    parts of it'
	@echo '  ablation                       the factors between fp32 and bf16, one at a time'
	@echo '  mismatch                       training-inference mismatch: samplers that compute otherwise than the trainer'
	@echo '  sweep                          each arm at several learning rates: at the same one, its best, and the same KL'
	@echo '  plan                           what it would take, before any work'
	@echo '  verify                         every file of the results against its checksum; what is damaged is named'
	@echo '  design                         which further seeds, draws and samples would decide each hypothesis'
	@echo '  why                            what would run now, and why (GOAL=... of another target)'
	@echo '  watch                          what the running training stages do: reward, KL, tokens/s, time left'
	@echo '  profile                        where the time of the last make went: CPU by kind of stage and by program, a timeline'
	@echo '  report-now                     a report of an experiment under way, in results/partial: what there is, what is missing'
	@echo '  check, check-long, fuzz        tests'
	@echo '  bench, bench-growth            speed against this machine'"'"'s bounds; how time and memory grow with batch, context and model'
	@echo '  bench-peers                    speed beside other programs'
	@echo '  lint, format                   style and structure of the code; lays it out (docs/CONTRIBUTING.md)'
	@echo '  check-gpu, bench-gpu           the same on this machine'"'"'s GPU (PARTS=... of them)'
	@echo '  gpu-bundle                     both as a tar for a machine with a GPU and little else'
	@echo '  cuda-report                    registers and spills of each CUDA kernel'
	@echo '  man, install, uninstall        manual pages made from --help; programs, pages and documents in PREFIX'
	@echo '  clean                          build products (results/ and data/ stay)'
	@echo
	@echo 'Parameters: make NAME=VALUE ...'
	@awk -F'[ ?:]*= *' '/^[A-Z_]+ +[?:]=.*##/ { d = $$0; sub(/^.*##/, "", d); v = $$0; \
	  sub(/^[A-Z_]+ +[?:]= */, "", v); sub(/ *##.*$$/, "", v); n = $$1; \
	  printf "  %-14s %s%s\n", n, d, v == "" ? "" : " [" v "]" }' pipelines/config.mk pipelines/bench_gpu.mk pipelines/install.mk
	@echo
	@echo 'Values of preset $(PRESET) (another one: make help PRESET=NAME; there are $(PRESETS))'
	@printf '  %-14s %s\n' $(foreach v,$(PARAMETERS),$(if $($(v)),$(v) $(call quote,$($(v)))))
