# deps - what the project needs from Debian 12, installed by `make deps`
DEPS := gcc g++ libc6-dev libmsgpack-dev libzstd-dev libpcre2-dev \
        libutf8proc-dev libjansson-dev libxxhash-dev libflint-dev \
        libflint-arb-dev libantic-dev libcalcium-dev libseccomp-dev \
        zlib1g-dev libsnappy-dev libmd-dev libopenblas-serial-dev bubblewrap python3 python3-jinja2 node-d3 gnuplot-nox \
        fonts-dejavu-core zstd xz-utils

# both can be installed; --ranks with the local launcher needs neither
MPI_DEPS := openmpi-bin libopenmpi-dev mpich libmpich-dev

# for LAUNCH=slurm, and its tests
SLURM_DEPS := slurm-wlm munge

LINT_DEPS := clang clang-format cppcheck shellcheck

.PHONY: deps deps-lint deps-mpi deps-slurm
# deps-lint: what continuous integration needs besides
deps-lint: DEPS := $(LINT_DEPS)
# deps-mpi: for ranks on several hosts (docs/SCALE.md)
deps-mpi: DEPS := $(MPI_DEPS)
# deps-slurm: for a cluster's stages, or a cluster of one node
deps-slurm: DEPS := $(SLURM_DEPS)
deps deps-lint deps-mpi deps-slurm:
	@missing=; for p in $(DEPS); do \
	  dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
	done; \
	if [ -z "$$missing" ]; then echo 'deps: all there'; exit 0; fi; \
	as=; if [ "$$(id -u)" != 0 ]; then as=sudo; command -v sudo >/dev/null || { \
	  echo "deps: as root, run: apt-get install$$missing" >&2; exit 1; }; fi; \
	echo "deps: installing$$missing"; \
	$$as apt-get update -q >/dev/null && \
	$$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing >build-deps.log 2>&1 || { \
	  tail -n 20 build-deps.log >&2; echo 'deps: apt-get failed, see build-deps.log' >&2; exit 1; }; \
	rm -f build-deps.log

# `make deps GOAL...`: this make only installs, and a second one makes the goals.
# So everything that makefiles look up (compilers, user namespaces) is looked up
# on the machine as it is with its packages.
AFTER_DEPS := $(if $(filter deps,$(MAKECMDGOALS)),$(filter-out deps,$(MAKECMDGOALS)))
ifneq ($(AFTER_DEPS),)
.PHONY: $(AFTER_DEPS) after-deps
$(AFTER_DEPS): after-deps ;
after-deps: deps
	@MAKELEVEL=0 $(MAKE) $(AFTER_DEPS)
endif
