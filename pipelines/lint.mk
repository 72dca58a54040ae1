# lint - make lint: what machines can check of the style (docs/CONTRIBUTING.md)
#
#   make lint            format, cppcheck, shellcheck, circles, unused
#   make lint-circles    one of them
#   make format          lays out the sources as .clang-format says
#   make deps-lint       the packages that lint and a build by clang need
#
# A tool that is not installed is skipped by name. tests/lint has the project's
# own checks and what the others are told to pass over, with the reasons.
LINT        := format cppcheck shellcheck circles unused
# kernels/ is laid out by hand: its macros of operations are no C that
# clang-format reads
# uniprop_data.h is written by a script
FORMAT_SRC   = $(filter-out lib/text/uniprop_data.h,$(wildcard bin/*.[ch] lib/*/*.[ch] \
                 tests/unit/*.[ch] tests/fuzz/*.c tests/calibration/*.c tests/fault/*.c))
# kernels/cpu: NAME(x) is more than it expands
CPPCHECK_SRC = bin lib $(wildcard kernels/*.c)
SHELL_SRC    = $(sort .ci/run tests/run pipelines/verify tests/parity/aarch64_sysroot \
                 $(shell find data examples tests pipelines -name '*.sh' -o -name '*.bash'))
lint_has     = command -v $(1) >/dev/null || { echo 'lint: skip $(2): no $(1) (make deps-lint)'; exit 0; }

.PHONY: lint format $(LINT:%=lint-%)
lint: $(LINT:%=lint-%)

lint-format:
	@$(call lint_has,clang-format,format); clang-format --dry-run -Werror $(FORMAT_SRC) && echo 'lint: format'
format:
	clang-format -i $(FORMAT_SRC)

lint-cppcheck:
	@$(call lint_has,cppcheck,cppcheck); mkdir -p build/cppcheck && \
	cppcheck -q -j 2 --std=c11 --language=c --error-exitcode=1 --cppcheck-build-dir=build/cppcheck \
	  --enable=warning,performance,portability --suppressions-list=tests/lint/cppcheck.txt \
	  --include=tests/lint/cppcheck.h -D_GNU_SOURCE $(CPPCHECK_SRC) && echo 'lint: cppcheck'

lint-shellcheck:
	@$(call lint_has,shellcheck,shellcheck); shellcheck -S warning $(SHELL_SRC) && echo 'lint: shellcheck'

# both read the objects of the build
lint-circles lint-unused: lint-%: all
	@tests/lint/$* $(B) && echo 'lint: $*'
