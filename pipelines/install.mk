# install - manual pages from --help, and a copy of programs, pages and documents
#
#   make man                                  build/man/NAME.1
#   make install PREFIX=DIR DESTDIR=STAGE     into STAGE/DIR/{bin,lib/ulp,share/man,share/doc/ulp}
#   make uninstall PREFIX=DIR DESTDIR=STAGE   the same files away again

PREFIX  ?= /usr/local## where make install puts programs, manual pages and documents
DESTDIR ?=## put before PREFIX, to make a package

MAN     := $(PROGRAMS:%=build/man/%.1)
# Links between documents hold where they are installed: same relative paths.
PAPERS   = README.md CHANGELOG.md LICENSE $(wildcard docs/*.md docs/*.png docs/study/* examples/*.sh) \
           data/README.md lib/record/SCHEMA.md lib/verify/README.md kernels/NUMERICS.md
WHERE    = $(DESTDIR)$(PREFIX)

.PHONY: man install uninstall
man: $(MAN)
build/man/%.1: $(BIN)/% pipelines/man.awk
	@mkdir -p $(@D)
	$(call say,MAN,$*)
	$(Q)$(BIN)/$* --help | awk -v version="$$($(BIN)/$* --version | sed 's/.* //')" \
	  -f pipelines/man.awk >$@.tmp && mv $@.tmp $@

install: all man
	$(Q)set -- bin:755 $(PROGRAMS:%=$(BIN)/%) lib/ulp:644 $(MPI_PLUGINS) share/man/man1:644 $(MAN); \
	for f; do case $$f in *:*) to="$(WHERE)/$${f%:*}"; mode=$${f#*:};; \
	  *) install -D -m $$mode "$$f" "$$to/$${f##*/}";; esac; done; \
	for f in $(PAPERS); do install -D -m 644 "$$f" "$(WHERE)/share/doc/ulp/$$f"; done
	@echo "installed in $(WHERE)"

uninstall:
	$(Q)rm -f $(PROGRAMS:%="$(WHERE)/bin/%") $(PROGRAMS:%="$(WHERE)/share/man/man1/%.1")
	$(Q)rm -rf "$(WHERE)/share/doc/ulp" "$(WHERE)/lib/ulp"
