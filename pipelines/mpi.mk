# mpi - the plug-ins by which ranks talk over MPI (lib/comm/mpi)
#
#   make MPI=0             none; MPI=auto (the default): one for each of Open MPI
#                          and MPICH whose compiler wrapper is found; MPI=1: at
#                          least one must be
#
# Programs open them at run time, and only where --launcher asks for it: they
# link with nothing of MPI.
MPI        ?= auto
MPI_KINDS  := $(if $(filter 0,$(MPI))$(filter 1,$(SAN))$(CROSS),,$(foreach m,openmpi mpich,$(if $(shell command -v mpicc.$(m)),$(m))))
ifeq ($(MPI)$(MPI_KINDS),1)
$(error MPI=1: neither mpicc.openmpi nor mpicc.mpich is found (make deps-mpi installs them))
endif
MPI_PLUGINS := $(MPI_KINDS:%=$(BIN)/comm-%.so)

all: $(MPI_PLUGINS)
$(MPI_PLUGINS): $(BIN)/comm-%.so: lib/comm/mpi/plugin.c lib/comm/engine.h
	@mkdir -p $(@D)
	$(call say,MPICC,$< ($*))
	$(Q)OMPI_CC=$(CC) MPICH_CC=$(CC) mpicc.$* $(STD) -O2 -fPIC -pthread $(WARN) -shared -Wl,--build-id=none -o $@.tmp $<
	$(Q)$(STRIP) $@.tmp && mv $@.tmp $@

clean: clean-mpi
.PHONY: clean-mpi
clean-mpi:
	rm -f bin/comm-*.so
