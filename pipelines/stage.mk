# stage - how a result is made, and when it is stale
#
# $(eval $(call stage,OUT,KIND,LABEL,INPUTS,PROGRAMS,COMMAND))
#
# OUT is made by COMMAND, which writes to "$OUT" and stands in the makefile with
# doubled dollars. It is stale when an input's bytes, a program's bytes or the
# command's text changed. Programs and outputs are replaced only when their
# bytes differ, so time stamps speak of bytes. With a seventh argument FILE, OUT
# is a directory, and FILE in it the target.
#
# The stamp of OUT is $(STATE)/OUT.now.

STATE := $(R)/.make

# Stamps whose outputs, or a file in them, were deleted go, so that deleting a
# result rebuilds it.
PRUNED := $(shell pipelines/prune '$(STATE)' '$(CURDIR)')

.PHONY: FORCE
FORCE:

differs = $(subst x$(strip $(1)),,x$(strip $(2)))$(subst x$(strip $(2)),,x$(strip $(1)))
quote   = '$(subst ','\'',$(1))'

# An output that its stage did not replace is older than the stamp, and its empty
# recipe runs each time. Under -n make takes it for changed then, unless the
# recipe is marked as recursive: TRUTH=1 does (pipelines/stale).
TRUTH ?=
NOP   := $(if $(TRUTH),+@:)
TAB   := $(shell printf '\t')

# Files that no stage makes may be replaced by ones with an older time (tar x,
# cp -p), which make does not see: size and time of each stand in the commands
# of the stages that read it. SOURCES is set by who names them.
SOURCES ?=
SEEN    := $(if $(SOURCES),$(shell stat -Lc '%n=%s.%Y' $(SOURCES)))
seen     = $(foreach f,$(filter $(SOURCES),$(1)),$(filter $(f)=%,$(SEEN)))
with     = $(if $(call seen,$(4)), && : of $(call seen,$(4)))

# $(1) out  $(2) kind  $(3) label  $(4) inputs  $(5) programs  $(6) command
# $(7) file in OUT when OUT is a directory
define stage
STAGES += $(1)
$(if $(TRUTH),$$(info EDGE$(TAB)$(1)$(TAB)$(strip $(2))$(TAB)$(strip $(3))$(TAB)$(4)))
CMD_$(1) := $(strip $(6)$(with))
$(STATE)/$(1).now: $(4) $(5:%=$(BIN)/%) $(if $(call differs,$(file <$(STATE)/$(1).now.cmd),$(strip $(subst $$$$,$$,$(6)$(with)))),FORCE)
	@pipelines/stage '$(STATE)/$(1).now' '$(1)' '$(strip $(2))' '$(strip $(3))' $$(call quote,$$(CMD_$(1)))
$(1)$(if $(value 7),/$(value 7)): $(STATE)/$(1).now ;$$(NOP)
endef
