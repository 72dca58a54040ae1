# build - compile libraries, kernels and programs
#
#   make             all programs, in bin/
#   make SAN=1       the same under AddressSanitizer and UBSan (own objects)
#   make CC=clang    another compiler
#
# Each folder of lib/ is one static library; a program links its own library
# and those below it, never above (docs/ARCHITECTURE.md: floors).

CC      ?= gcc
ifeq ($(origin CC),default)
CC      := gcc
endif
SAN     ?= 0
OPT     ?= -O3
STRIP   ?= strip
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes \
           -Wvla -Werror
STD     := -std=c11 -D_GNU_SOURCE -ffp-contract=off -fno-math-errno \
           -fno-trapping-math -pthread
# V=1 shows whole command lines.
V       ?=
Q       := $(if $(V),,@)
say      = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')
# The same before a command, in its shell: a process for each takes time, too.
into     = [ -d $(@D) ] || mkdir -p $(@D);$(if $(V),, printf '  %-5s %s\n' '$(1)' '$(2)';)

B       := build/$(CC)$(if $(filter 1,$(SAN)),-san)
ifeq ($(SAN),1)
STD     += -fsanitize=address,undefined -fno-sanitize-recover=all \
           -fno-omit-frame-pointer
LDSAN   := -fsanitize=address,undefined
OPT     := -O1
BIN     := $(B)/bin
else
LDSAN   :=
BIN     := bin
endif
# Programs are stripped, so that debug information is for those who ask:
# DEBUG_INFO=-g. It takes about a fifth of the time to compile.
DEBUG_INFO ?= $(if $(filter 1,$(SAN)),-g)
STD     += $(if $(DEBUG_INFO),$(DEBUG_INFO) -fdebug-prefix-map=$(CURDIR)=.)

PROGRAMS := prepare pretrain tokenize draw rollout reward dapo-step logprob \
            kl sparsity spectrum divergence stats show checksum delta
PROGRAMS := $(foreach p,$(PROGRAMS),$(if $(wildcard bin/$(p).c),$(p)))

# --- libraries, bottom floor last ------------------------------------------
LIB_DIRS := lib/report lib/tasks lib/parquet lib/train lib/generate lib/score lib/spectrum lib/compare lib/model lib/arch lib/verify lib/stat lib/text lib/record lib/comm lib/base
SRC_of    = $(wildcard $(1)/*.c)
OBJ_of    = $(patsubst %.c,$(B)/%.o,$(call SRC_of,$(1)))
LIB_of    = $(B)/$(subst /,_,$(1)).a

.PHONY: all clean

$(B)/lib/%.o: lib/%.c
	$(Q)$(call into,CC,$<) $(CC) $(STD) $(OPT) $(WARN) $(CFLAGS_$(subst /,_,$(patsubst %/,%,$(dir $<)))) $(if $(filter %/page_assets.c,$<),$(CFLAGS_page_assets)) -MMD -MP -c -o $@ $<

# embedded by .incbin, which the compiler does not list as a dependency
$(B)/lib/verify/code_driver.o: lib/verify/code_driver.py lib/verify/code_program.py
$(B)/lib/text/jinja_script.o: lib/text/jinja_helper.py

# the report's page embeds its style and scripts, and the chart library with its
# licence; empty files stand for a library that is not installed
D3          := $(wildcard /usr/share/nodejs/d3/dist/d3.min.js)
PAGE_ASSETS := $(wildcard lib/report/page/*)
$(B)/lib/report/page_style.o: lib/report/page/page.css
$(B)/lib/report/page_assets.o: $(PAGE_ASSETS) $(B)/d3.js $(B)/d3.licence
CFLAGS_page_assets := -DPAGE_D3='"$(B)/d3.js"' -DPAGE_D3_LICENCE='"$(B)/d3.licence"'
# replaced when the library comes or goes, which its times do not tell
.PHONY: look-for-d3
$(B)/d3.js: look-for-d3
	@mkdir -p $(@D); if ! cmp -s $(or $(D3),/dev/null) $@; then cat $(or $(D3),/dev/null) >$@; \
	  $(if $(D3),:,echo '  NOTE  node-d3 is not installed (make deps installs it): report.html will have no interactive charts'); fi
$(B)/d3.licence: look-for-d3
	@mkdir -p $(@D); f=$(if $(D3),/usr/share/doc/node-d3/copyright,/dev/null); cmp -s $$f $@ || cat $$f >$@

define lib_rule
$(call LIB_of,$(1)): $(call OBJ_of,$(1))
	@rm -f $$@; mkdir -p $$(@D)
	$$(Q)ar rcsD $$@ $$^
endef
$(foreach d,$(LIB_DIRS),$(eval $(call lib_rule,$(d))))
$(foreach d,$(LIB_DIRS),$(eval CFLAGS_$(subst /,_,$(d)) :=))
# Branches and text, nothing for vectors: they run as quickly with less optimisation, and
# compile in about two thirds of the time.
ifeq ($(OPT),-O3)
CFLAGS_lib_report := -O1
CFLAGS_lib_tasks  := -O1
CFLAGS_lib_verify := -O2
endif

# A family of models is a file of lib/arch that none of these is.
FAMILIES := $(sort $(filter-out arch config config_copy config_rope members params,$(patsubst lib/arch/%.c,%,$(wildcard lib/arch/*.c))))
CFLAGS_lib_arch := -D'ARCH_FAMILIES=$(foreach f,$(FAMILIES),FAMILY($(f)))'
$(B)/lib/arch/arch.o: $(FAMILIES:%=lib/arch/%.c)

# --- kernels: the same files once per instruction set ------------------------
include kernels/kernels.mk

# What nvcc compiles goes first: links and small files fill the processors at the end.
all: $(CUDA_OBJ) $(PROGRAMS:%=$(BIN)/%)

# --- what each program stands on ---------------------------------------------
L_base   := $(call LIB_of,lib/base)
L_record := $(call LIB_of,lib/record) $(L_base)
L_comm   := $(call LIB_of,lib/comm) $(L_base)
L_parquet := $(call LIB_of,lib/parquet) $(L_base)
L_tasks  := $(call LIB_of,lib/tasks) $(L_parquet)
L_text   := $(call LIB_of,lib/text) $(L_record)
L_verify := $(call LIB_of,lib/verify) $(L_record)
L_stat   := $(call LIB_of,lib/stat) $(L_base)
L_report := $(call LIB_of,lib/report) $(L_stat) $(L_record)
L_arch   := $(call LIB_of,lib/arch) $(L_base)
L_model  := $(call LIB_of,lib/model) $(KERNEL_LIB) $(L_arch)
L_generate := $(call LIB_of,lib/generate) $(L_model) $(L_record) $(L_comm)
L_score  := $(call LIB_of,lib/score) $(L_model) $(L_record) $(L_comm)
L_compare := $(call LIB_of,lib/compare) $(L_model) $(L_record)
L_spectrum := $(call LIB_of,lib/spectrum) $(L_compare)
L_train  := $(call LIB_of,lib/train) $(L_generate) $(L_tasks) $(L_text) $(L_comm)

X_base   := -ljansson -lxxhash -lzstd -lz
X_record := -lmsgpackc $(X_base)
X_comm   := $(X_base)
X_parquet := -lsnappy $(X_base)
X_tasks  := -lmd $(X_parquet)
X_text   := -lpcre2-8 -lutf8proc $(X_record)
X_verify := -lcalcium -lantic -lflint-arb -lflint -lseccomp -lutf8proc $(X_record)
X_stat   := -lflint-arb -lflint -lgmp $(X_base)
X_report := -lflint-arb -lflint -lgmp $(X_record)
X_arch   := $(X_base)
X_model  := $(X_base) $(KERNEL_LINK)
X_generate := $(X_model) $(X_record)
X_score  := $(X_generate)
X_compare := $(X_generate)
X_spectrum := -lopenblas $(X_compare)
X_train  := $(X_generate) $(X_text)

USES_prepare   := tasks
USES_pretrain  := train
USES_tokenize  := text
USES_draw      := train
USES_rollout   := generate text
USES_reward    := verify
USES_dapo-step := train
USES_logprob   := score
USES_kl        := stat record
USES_sparsity  := compare
USES_divergence := compare
USES_spectrum  := spectrum
USES_stats     := report
USES_show      := report text
USES_checksum  := model record
USES_delta     := model

# $(call libs,record text): archives; link order from the top floor down
uniq  = $(if $(1),$(call uniq,$(filter-out $(lastword $(1)),$(1))) $(lastword $(1)))
libs  = $(call uniq,$(foreach u,$(1),$(L_$(u))))
links = $(call uniq,$(foreach u,$(1),$(X_$(u))))

# An executable is stripped, has no build id, and is replaced only when its
# bytes differ: a comment edit re-runs nothing that depends on it. One that is
# missing is linked again.
NOP ?=
define program_rule
ifeq ($(wildcard $(BIN)/$(1)),)
.PHONY: $(B)/exe/$(1).linked
endif
$(B)/bin/$(1).o: bin/$(1).c
	$$(Q)$$(call into,CC,$$<) $$(CC) $$(STD) $$(OPT) $$(WARN) -MMD -MP -c -o $$@ $$<
$(B)/exe/$(1).linked: $(B)/bin/$(1).o $(call libs,$(USES_$(1)))
	@mkdir -p $$(@D) $(BIN)
	$$(call say,LINK,$(1))
	$$(Q)$$(CC) $$(LDSAN) -pthread -Wl,--build-id=none -Wl,--as-needed \
	  -o $$@.tmp $$^ $(call links,$(USES_$(1))) -lm
	@if [ $(SAN) != 1 ]; then $(STRIP) $$@.tmp; fi
	@if ! cmp -s $$@.tmp $(BIN)/$(1); then cp $$@.tmp $(BIN)/$(1).new && mv $(BIN)/$(1).new $(BIN)/$(1); fi
	@rm -f $$@.tmp; touch $$@
$(BIN)/$(1): $(B)/exe/$(1).linked ;$$(NOP)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

-include $(shell find $(B) -name '*.d' 2>/dev/null)

clean:
	rm -rf build $(PROGRAMS:%=bin/%)
