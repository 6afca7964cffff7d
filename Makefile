# SPDX-License-Identifier: MIT
# PropertyDamage. `make demo` shows it at work, `make check` proves it.

PREFIX ?= /usr/local
CC ?= cc
CFLAGS ?= -O2 -g
# Where objects and programs go; make sanitize builds a second set.
BUILD ?= build
BIN ?= bin

# What contrib/install-deps builds where the system's jq is too old comes first.
DEPS := $(CURDIR)/build/deps
export PKG_CONFIG_PATH := $(DEPS)/lib/pkgconfig:$(PKG_CONFIG_PATH)
# ($(shell) does not see exported variables in make before 4.4.)
pkg-config := PKG_CONFIG_PATH='$(PKG_CONFIG_PATH)' pkg-config
export PATH := $(CURDIR)/$(BIN):$(DEPS)/bin:$(PATH)

packages := libcurl libbsd libjq gmp
pkg = $(shell $(pkg-config) $(1) $(packages) 2>/dev/null)
libraries = $(shell $(pkg-config) --libs $(1))

warnings := -Wall -Wextra -Wpedantic -Wshadow -Wconversion
# A checkout that developers and CI work on treats warnings as errors.
ifdef WERROR
warnings += -Werror
endif
CPPFLAGS += -iquote lib -D_POSIX_C_SOURCE=200809L -D_GNU_SOURCE -DPD_PREFIX='"$(PREFIX)"'
compile = $(CC) -std=c11 $(CPPFLAGS) $(warnings) $(subst -I,-isystem ,$(call pkg,--cflags)) \
	$(CFLAGS) -MMD -MP -c -o $@ $<

programs := $(patsubst bin/%.c,%,$(wildcard bin/*.c))
scripts := $(filter-out $(programs:%=bin/%) %.c,$(wildcard bin/pd*))
library := $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/*.c))
servers := counter toybank
server_programs := $(foreach s,$(servers),contrib/$(s)/$(s))
objects := $(library) $(programs:%=$(BUILD)/bin/%.o) \
	$(patsubst %.c,$(BUILD)/%.o,$(wildcard contrib/*.c contrib/*/*.c t/*/*.c))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all programs demo check bench lint sanitize fuzz install uninstall dist clean help deps test-deps

all: deps ## build the programs and the example servers
	@$(MAKE) --no-print-directory programs

programs: $(programs:%=$(BIN)/%) $(server_programs)

$(programs:%=$(BIN)/%): $(BIN)/%: $(BUILD)/bin/%.o $(BUILD)/libpd.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(serving) $(call pkg,--libs) -lmd -lm -lpthread

# What serves HTTP; the others start faster without it.
$(BIN)/pd-listen $(BIN)/pd-mock $(BUILD)/t/fuzz/fuzz-otlp: serving = $(call libraries,libmicrohttpd zlib)

$(BUILD)/libpd.a: $(library)
	@rm -f $@
	$(AR) rc $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(compile)

define server
contrib/$(1)/$(1): $(patsubst %.c,$(BUILD)/%.o,$(wildcard contrib/$(1)/*.c)) $(BUILD)/contrib/serve.o
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(call libraries,libmicrohttpd) $$(call pkg,--libs) -lm -lpthread
endef
$(foreach s,$(servers),$(eval $(call server,$(s))))

$(BUILD)/contrib/%.o: CPPFLAGS += -iquote contrib

# Small C programs that tests and benchmarks use: t/bench/bare.c, t/fuzz/*.c.
$(BUILD)/t/bench/bare: $(BUILD)/t/bench/bare.o $(BUILD)/libpd.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs) -lmd -lm -lpthread

fuzz_targets := $(patsubst t/fuzz/%.c,%,$(wildcard t/fuzz/fuzz-*.c))
$(fuzz_targets:%=$(BUILD)/t/fuzz/%): $(BUILD)/t/fuzz/%: $(BUILD)/t/fuzz/%.o $(BUILD)/t/fuzz/replay.o $(BUILD)/libpd.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(serving) $(call pkg,--libs) -lmd -lm -lpthread

-include $(objects:.o=.d)

deps:
	@contrib/install-deps build

test-deps:
	@contrib/install-deps test

demo: all ## find a planted bug in the example bank, shrink it, report it
	@contrib/demo

check: all test-deps ## run all tests
	@$(MAKE) --no-print-directory $(fuzz_targets:%=$(BUILD)/t/fuzz/%)
	@t/run $(TESTS)

bench: all ## measure, side by side with the alternative
	@$(MAKE) --no-print-directory $(BUILD)/t/bench/bare
	@t/bench/run
	@echo
	@t/bench/shrink
	@echo
	@t/bench/linearize
	@echo
	@t/bench/forensics
	@echo
	@t/bench/report

# cppcheck does not follow _Noreturn into other files: pd_die, pd_usage_error.
no_return := --suppress=ctunullpointer --suppress=nullPointerArithmeticRedundantCheck
lint: all test-deps ## compile with -Werror, cppcheck, shellcheck, mandoc
	@$(MAKE) --no-print-directory WERROR=1 BUILD=build-lint BIN=build-lint/bin lint-build
	cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr -Ilib \
		--enable=warning,performance,portability --suppress=missingIncludeSystem \
		--suppress=normalCheckLevelMaxBranches --suppress=funcArgOrderDifferent \
		$(no_return) lib bin
	shellcheck -x bin/pd bin/pd-bisect contrib/install-deps contrib/demo t/run t/bench/run t/bench/shrink .ci/run
	mandoc -Tlint -W warning share/man/man*/*.[157]
	@for script in share/pd/report/html.js t/lib/browse.js; do node --check $$script || exit 1; done

.PHONY: lint-build
lint-build: $(programs:%=$(BIN)/%) $(library) $(patsubst %.c,$(BUILD)/%.o,$(wildcard contrib/*.c contrib/*/*.c))

sanitizers := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
sanitize: all test-deps ## run all tests under ASan and UBSan
	@mkdir -p build-sanitize && ln -sfn ../share build-sanitize/share
	@$(MAKE) --no-print-directory BUILD=build-sanitize BIN=build-sanitize/bin CFLAGS='-O1 -g $(sanitizers)' \
		LDFLAGS='$(sanitizers)' $(programs:%=build-sanitize/bin/%) $(fuzz_targets:%=build-sanitize/t/fuzz/%)
	@cp $(scripts) build-sanitize/bin/
	ASAN_OPTIONS=detect_leaks=0 PD_TEST_BIN=$(CURDIR)/build-sanitize/bin PD_TEST_BUILD=$(CURDIR)/build-sanitize t/run $(TESTS)

fuzz: deps ## fuzz each parser for FUZZ_SECONDS (180) with clang's libFuzzer
	@mkdir -p build-fuzz
	@for target in $(fuzz_targets); do \
		clang -std=c11 -O1 -g $(CPPFLAGS) $(subst -I,-isystem ,$(call pkg,--cflags)) \
			-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined t/fuzz/$$target.c \
			$(filter-out lib/program.c lib/filter.c,$(wildcard lib/*.c)) -o build-fuzz/$$target $(call libraries,libmicrohttpd zlib) \
			$(call pkg,--libs) -lmd -lm -lpthread && \
		mkdir -p build-fuzz/$$target.work && \
		build-fuzz/$$target -max_total_time=$${FUZZ_SECONDS:-180} -max_len=4096 -timeout=20 \
			-artifact_prefix=build-fuzz/ build-fuzz/$$target.work t/fuzz/corpus/$${target#fuzz-} || exit 1; \
	done

install: all ## install under DESTDIR and PREFIX
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/share'
	install -m 755 $(programs:%=bin/%) $(scripts) '$(DESTDIR)$(PREFIX)/bin'
	cp -R share/. '$(DESTDIR)$(PREFIX)/share'

uninstall: ## remove what install put there
	cd '$(DESTDIR)$(PREFIX)/bin' && rm -f $(programs) $(notdir $(scripts))
	cd share && find . -type f ! -path './doc/pd/*' ! -path './pd/*' -exec rm -f '$(DESTDIR)$(PREFIX)/share/{}' \;
	rm -rf '$(DESTDIR)$(PREFIX)/share/pd' '$(DESTDIR)$(PREFIX)/share/doc/pd'

version := $(shell sed -n 's/.*PD_VERSION "\(.*\)"/\1/p' lib/version.h)
dist: ## pack the committed tree
	@mkdir -p build
	git archive --prefix=propertydamage-$(version)/ -o build/propertydamage-$(version).tar.gz HEAD

clean: ## remove what was built, but not the dependencies
	rm -rf build-lint build-sanitize build-fuzz $(filter-out build/deps%,$(wildcard build/*)) \
		$(programs:%=bin/%) $(server_programs)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' Makefile
