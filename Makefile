# Yuncang: one Makefile for everything.  `make help` lists what it can do.
#
# Nothing here names a source file: drop one into its floor and it is built.  pkg-config is asked
# when the first file is compiled, not when make starts, so that `make demo` on a bare machine can
# install it first.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

ifeq ($(origin CC),default)
CC := gcc
endif
AR ?= ar
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
PROTOC_C ?= protoc-c
PROTO_INCLUDE ?= /usr/include
PYTEST_ARGS ?= -q
# The packages of etc/packages.txt are for Debian's own Python, whatever comes first in PATH.
PYTHON ?= /usr/bin/python3
Q := $(if $(V),,@)

BUILD ?= build
ifdef SAN
override BUILD := $(BUILD)-san
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_DEFS := -DARENA_EMULATE
endif
GEN := $(BUILD)/gen

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wformat=2 -Wvla \
	-Wimplicit-fallthrough
ifdef WERROR
WARN += -Werror
endif

PKGS := libevent libevent_openssl libpq libprotobuf-c libcurl jansson zlib openssl
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)

INCLUDES := -Irouter -isystem $(GEN)
BASE_FLAGS := -std=c11 -D_GNU_SOURCE
# NDEBUG is undefined last of all: asserts are part of the program.
COMPILE = $(CC) $(BASE_FLAGS) $(SAN_DEFS) $(INCLUDES) $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS) \
	$(SAN_FLAGS) -UNDEBUG -MMD -MP
LINK = $(CC) $(CFLAGS) $(SAN_FLAGS) $(LDFLAGS) -Wl,--as-needed -o $@
LIBS = $(PKG_LIBS) -lm

# ---- What there is -------------------------------------------------------------------------------

FLOORS := base domain store edge flow
objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
# $(BUILD)/simulator is the program: its objects live beside it.
simulator_objects = $(patsubst simulator/%.c,$(BUILD)/simulator.d/%.o,$(1))

PROTOS := $(wildcard proto/yuncang/v1/*.proto)
GEN_C := $(PROTOS:proto/%.proto=$(GEN)/%.pb-c.c) $(if $(PROTOS),$(GEN)/google/protobuf/timestamp.pb-c.c)
GEN_H := $(GEN_C:.c=.h)
# Migrations and shipped policies travel in the program: store/embedded.h.
EMBEDDED := $(sort $(wildcard migrations/*.sql)) $(wildcard etc/default-*.json)
GEN_O := $(GEN_C:.c=.o) $(GEN)/embedded.o

SOURCES_base := $(wildcard router/base/*.c)
SOURCES_domain := $(wildcard router/domain/*.c)
SOURCES_store := $(wildcard router/store/*.c)
SOURCES_edge := $(wildcard router/edge/*.c)
SOURCES_flow := $(wildcard router/flow/*.c)
SOURCES_main := $(wildcard router/*.c)
SOURCES_simulator := $(wildcard simulator/*.c)
SOURCES := $(foreach f,$(FLOORS) main simulator,$(SOURCES_$(f)))

lib = $(BUILD)/lib$(1).a
# The archives that one floor may link, itself first: store and edge do not know each other.
LINK_base := $(call lib,base)
LINK_domain := $(call lib,domain) $(LINK_base)
LINK_store := $(call lib,store) $(call lib,gen) $(LINK_domain)
LINK_edge := $(call lib,edge) $(call lib,gen) $(LINK_domain)
LINK_simulator = $(call simulator_objects,$(filter-out %/main.c,$(SOURCES_simulator))) \
	$(call lib,gen) $(LINK_base)
LINK_flow := $(call lib,flow) $(call lib,store) $(call lib,edge) $(call lib,gen) $(LINK_domain)

UNIT_FOLDERS := $(FLOORS) simulator
UNIT_SOURCES := $(foreach f,$(UNIT_FOLDERS),$(wildcard tests/unit/$(f)/*.c))
UNIT_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(foreach f,$(UNIT_FOLDERS),$(wildcard tests/unit/$(f)/test_*.c)))
BENCH_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c))
PYTEST_FOLDERS := $(sort $(patsubst %/,%,$(dir $(foreach d,integration race fault fuzz,\
	$(wildcard tests/$(d)/test_*.py)))))

CONF_DOC := $(BUILD)/tests/lint/conf_doc
RACE_PROGRAMS := $(if $(wildcard tests/race/*.c),$(BUILD)/tests/race/batch_race)

PROGRAMS := $(if $(SOURCES_main),$(BUILD)/yuncang) $(if $(SOURCES_simulator),$(BUILD)/simulator)

# Goals that install packages first do so before anything is compiled.
DEPS_FIRST := $(if $(filter demo run test check unit-deps lint bench,$(MAKECMDGOALS)),deps)

# ---- Goals ---------------------------------------------------------------------------------------

.PHONY: all demo run test check lint fmt bench clean install uninstall help deps unit integration \
	client proto
all: $(PROGRAMS) ## build yuncang and simulator into $(BUILD)/

demo: all ## install, build, load a small world, run the simulator, audit
	etc/dev/demo $(BUILD)

run: all ## serve on a private database under var/ until Ctrl-C
	etc/dev/run $(BUILD)

# Unit tests first, also under -j: the others share two cores with their databases.
test: all unit ## install, build, all tests
	@$(MAKE) --no-print-directory integration

check: test ## the same under its GNU name

unit: $(UNIT_PROGRAMS) ## the cmocka tests of tests/unit
	@tests/unit/run $(UNIT_PROGRAMS)

# Modules side by side, each with a database of its own: they mostly wait.  SIDE=: one after the other.
SIDE = -n 4 --dist loadfile
integration: all $(RACE_PROGRAMS) $(BENCH_PROGRAMS) ## the pytest tests (PYTEST_ARGS="-k name")
	@$(if $(PYTEST_FOLDERS),YC_BUILD=$(abspath $(BUILD)) $(PYTHON) -m pytest $(SIDE) $(PYTEST_ARGS) $(PYTEST_FOLDERS),:)

client: all ## of these, only the generated Connect client under Node
	@YC_BUILD=$(abspath $(BUILD)) $(PYTHON) -m pytest $(PYTEST_ARGS) tests/integration/test_50_client.py

lint: compile_commands.json $(GEN_H) $(CONF_DOC) ## format, floors, lengths, banned calls, proto, cppcheck, clang-tidy, buf
	@tests/lint/run $(BUILD)

fmt: $(CONF_DOC) ## format the C files (FILES="...": only these), write the lists of settings
	@tests/lint/format --write $(FILES)
	@tests/lint/conf $(CONF_DOC) --write

bench: all $(BENCH_PROGRAMS) ## install, build, measure for some 20 minutes (BENCH_ARGS="--only a,c": parts)
	@tests/bench/run $(BUILD) $(BENCH_ARGS)

proto: $(GEN_C) ## generate the C code of proto/ into $(BUILD)/gen/

clean: ## remove the build folders; var/ and its database stay
	rm -rf $(BUILD) $(BUILD)-san compile_commands.json

DEPS_FOR := $(if $(filter test check bench,$(MAKECMDGOALS)),test) $(if $(filter lint,$(MAKECMDGOALS)),lint)
deps: ## install the Debian packages that are missing (list: etc/packages.txt)
	@etc/dev/deps $(if $(filter deps,$(MAKECMDGOALS)),all,$(DEPS_FOR))

help: ## this table
	@awk -F ':.*## ' '/^[a-z_.]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' Makefile
	@echo
	@echo '  SAN=1 builds with the sanitizers into $(BUILD)-san/; WERROR=1 makes warnings errors.'
	@echo '  Also: BUILD CC CFLAGS CPPFLAGS LDFLAGS DESTDIR PREFIX SYSCONFDIR PYTEST_ARGS'

install: $(BUILD)/yuncang ## program, man pages, unit, sample; DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man8 \
		$(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/lib/systemd/system \
		$(DESTDIR)$(SYSCONFDIR)/yuncang
	install -m 755 $(BUILD)/yuncang $(DESTDIR)$(PREFIX)/bin/yuncang
	install -m 644 etc/man/yuncang.8 $(DESTDIR)$(PREFIX)/share/man/man8/yuncang.8
	install -m 644 etc/man/yuncang.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/yuncang.conf.5
	sed -e 's|@BINDIR@|$(PREFIX)/bin|' -e 's|@SYSCONFDIR@|$(SYSCONFDIR)|' etc/yuncang.service \
		> $(DESTDIR)$(PREFIX)/lib/systemd/system/yuncang.service
	[ -e $(DESTDIR)$(SYSCONFDIR)/yuncang/yuncang.conf ] || \
		install -m 644 etc/yuncang.conf $(DESTDIR)$(SYSCONFDIR)/yuncang/yuncang.conf

uninstall: ## remove what install put there; the configuration stays
	rm -f $(DESTDIR)$(PREFIX)/bin/yuncang $(DESTDIR)$(PREFIX)/share/man/man8/yuncang.8 \
		$(DESTDIR)$(PREFIX)/share/man/man5/yuncang.conf.5 \
		$(DESTDIR)$(PREFIX)/lib/systemd/system/yuncang.service

# ---- How it is made ------------------------------------------------------------------------------

# Relinked or compiled again when the flags change.
$(BUILD)/flags: FORCE | $(DEPS_FIRST)
	@mkdir -p $(@D)
	@printf '%s\n' '$(COMPILE) $(WARN) $(LDFLAGS)' | cmp -s - $@ || \
		printf '%s\n' '$(COMPILE) $(WARN) $(LDFLAGS)' > $@
.PHONY: FORCE

# protoc-c writes both files; the header is as new as the source.
define protoc_c
@mkdir -p $(GEN)
@echo '  PROTO   $<'
$(Q)$(PROTOC_C) -Iproto -I$(PROTO_INCLUDE) --c_out=$(GEN) $<
endef
$(GEN)/yuncang/v1/%.pb-c.c $(GEN)/yuncang/v1/%.pb-c.h: proto/yuncang/v1/%.proto | $(DEPS_FIRST)
	$(protoc_c)
$(GEN)/google/protobuf/%.pb-c.c $(GEN)/google/protobuf/%.pb-c.h: | $(DEPS_FIRST)
	@mkdir -p $(GEN)
	$(Q)$(PROTOC_C) -I$(PROTO_INCLUDE) --c_out=$(GEN) $(PROTO_INCLUDE)/google/protobuf/$*.proto

$(GEN)/embedded.c: etc/dev/embed $(EMBEDDED)
	@mkdir -p $(@D)
	@echo '  EMBED   $@'
	$(Q)etc/dev/embed $(EMBEDDED) > $@

$(GEN)/%.o: $(GEN)/%.c $(BUILD)/flags | $(GEN_H)
	@echo '  CC      $<'
	$(Q)$(COMPILE) -w -c -o $@ $<

$(BUILD)/router/%.o: router/%.c $(BUILD)/flags | $(GEN_H)
	@mkdir -p $(@D)
	@echo '  CC      $<'
	$(Q)$(COMPILE) $(WARN) -c -o $@ $<

$(BUILD)/simulator.d/%.o: simulator/%.c $(BUILD)/flags | $(GEN_H)
	@mkdir -p $(@D)
	@echo '  CC      $<'
	$(Q)$(COMPILE) -I. $(WARN) -c -o $@ $<

$(BUILD)/tests/race/%.o: tests/race/%.c $(BUILD)/flags | $(GEN_H)
	@mkdir -p $(@D)
	@echo '  CC      $<'
	$(Q)$(COMPILE) $(WARN) -c -o $@ $<

$(BUILD)/tests/race/batch_race: $(call objects,$(wildcard tests/race/*.c)) $(LINK_store)
	@echo '  LINK    $@'
	$(Q)$(LINK) $^ $(LIBS)

$(BUILD)/tests/unit/%.o: tests/unit/%.c $(BUILD)/flags | $(GEN_H)
	@mkdir -p $(@D)
	@echo '  CC      $<'
	$(Q)$(COMPILE) -I. -Itests/unit $(WARN) -c -o $@ $<

# A measurement in memory: one file, linked with store and below, and with the simulator.
BENCH_LINK := $(filter-out $(LINK_store),$(LINK_simulator)) $(LINK_store)
$(BUILD)/tests/bench/%: tests/bench/%.c $(BENCH_LINK) $(BUILD)/flags
	@mkdir -p $(@D)
	@echo '  BENCH   $@'
	$(Q)$(COMPILE) -I. $(WARN) -o $@ $< $(BENCH_LINK) $(LIBS)

# An archive is made anew when a file was taken away: its list of members is part of it.
define archive
$(call lib,$(1)): $(2) $(BUILD)/lib$(1).list
	@rm -f $$@
	@$(AR) rcs $$@ $(2)
$(BUILD)/lib$(1).list: FORCE
	@mkdir -p $$(@D)
	@echo '$(2)' | cmp -s - $$@ || echo '$(2)' > $$@
endef
$(foreach f,$(FLOORS),$(eval $(call archive,$(f),$(call objects,$(SOURCES_$(f))))))
$(eval $(call archive,gen,$(GEN_O)))

$(BUILD)/yuncang: $(call objects,$(SOURCES_main)) $(LINK_flow)
	@echo '  LINK    $@'
	$(Q)$(LINK) $^ $(LIBS)

$(BUILD)/simulator: $(call simulator_objects,$(SOURCES_simulator)) $(call lib,gen) $(LINK_base)
	@echo '  LINK    $@'
	$(Q)$(LINK) $^ $(LIBS)

$(BUILD)/tests/lint/%.o: tests/lint/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo '  CC      $<'
	$(Q)$(COMPILE) $(WARN) -c -o $@ $<

$(CONF_DOC): $(BUILD)/tests/lint/conf_doc.o $(LINK_base)
	@echo '  LINK    $@'
	$(Q)$(LINK) $^ $(LIBS)

# A test program is test_x.c, the other files of its folder, and its floor with all below.
define unit_program
$(BUILD)/tests/unit/$(1)/test_%: $(BUILD)/tests/unit/$(1)/test_%.o \
		$(call objects,$(filter-out tests/unit/$(1)/test_%,$(wildcard tests/unit/$(1)/*.c))) \
		$(LINK_$(1))
	@echo '  LINK    $$@'
	$$(Q)$$(LINK) $$^ $$(LIBS) -lcmocka
endef
$(foreach f,$(UNIT_FOLDERS),$(eval $(call unit_program,$(f))))
.SECONDARY:

compile_commands.json: Makefile FORCE | $(DEPS_FIRST)
	@etc/dev/compile-commands '$(BASE_FLAGS) $(INCLUDES) -I. -Itests/unit $(PKG_CFLAGS)' \
		$(SOURCES) $(UNIT_SOURCES) $(wildcard tests/bench/*.c) tests/lint/conf_doc.c > $@.new
	@if cmp -s $@.new $@; then rm -f $@.new; else mv $@.new $@; fi

-include $(patsubst %.c,$(BUILD)/%.d,$(filter-out simulator/%,$(SOURCES)) $(UNIT_SOURCES)) \
	$(patsubst %.o,%.d,$(call simulator_objects,$(SOURCES_simulator))) $(GEN_C:.c=.d) \
	$(wildcard $(BUILD)/tests/*/*.d)
