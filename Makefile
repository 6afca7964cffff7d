# SPDX-License-Identifier: MIT
# PropertyDamage. `make demo` shows it at work, `make check` proves it.

PREFIX ?= /usr/local
CC ?= cc
CFLAGS ?= -O2 -g
BUILD ?= build

# What contrib/install-deps builds where the system's jq is too old comes first.
DEPS := $(CURDIR)/build/deps
export PKG_CONFIG_PATH := $(DEPS)/lib/pkgconfig:$(PKG_CONFIG_PATH)
# ($(shell) does not see exported variables in make before 4.4.)
pkg-config := PKG_CONFIG_PATH='$(PKG_CONFIG_PATH)' pkg-config
export PATH := $(CURDIR)/bin:$(DEPS)/bin:$(PATH)

packages := libcurl libbsd libjq
pkg = $(shell $(pkg-config) $(1) $(packages) 2>/dev/null)

warnings := -Wall -Wextra -Wpedantic -Wshadow -Wconversion
# A checkout that developers and CI work on treats warnings as errors.
ifdef WERROR
warnings += -Werror
endif
CPPFLAGS += -iquote lib -D_POSIX_C_SOURCE=200809L -D_GNU_SOURCE -DPD_PREFIX='"$(PREFIX)"'
compile = $(CC) -std=c11 $(CPPFLAGS) $(warnings) $(subst -I,-isystem ,$(call pkg,--cflags)) \
	$(CFLAGS) -MMD -MP -c -o $@ $<

programs := $(patsubst bin/%.c,%,$(wildcard bin/*.c))
scripts := $(filter-out %.c $(addprefix bin/,$(programs)),$(wildcard bin/pd*))
library := $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/*.c))
servers := counter toybank
server_programs := $(foreach s,$(servers),contrib/$(s)/$(s))
objects := $(library) $(patsubst %,$(BUILD)/bin/%.o,$(programs)) \
	$(patsubst %.c,$(BUILD)/%.o,$(wildcard contrib/*.c contrib/*/*.c))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all demo check bench lint sanitize install uninstall dist clean help deps test-deps

all: deps ## build the programs and the example servers
	@$(MAKE) --no-print-directory programs

.PHONY: programs
programs: $(addprefix bin/,$(programs)) $(server_programs)

bin/%: $(BUILD)/bin/%.o $(BUILD)/libpd.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs) -lmd -lm

$(BUILD)/libpd.a: $(library)
	@rm -f $@
	$(AR) rc $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(compile)

define server
contrib/$(1)/$(1): $(patsubst %.c,$(BUILD)/%.o,$(wildcard contrib/$(1)/*.c)) $(BUILD)/contrib/serve.o
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(shell $$(pkg-config) --libs libmicrohttpd) $$(call pkg,--libs) -lm -lpthread
endef
$(foreach s,$(servers),$(eval $(call server,$(s))))

$(BUILD)/contrib/%.o: CPPFLAGS += -iquote contrib

-include $(objects:.o=.d)

deps:
	@contrib/install-deps build

test-deps:
	@contrib/install-deps test
