# make run     everything, from nothing: installs what is missing, builds, starts, plays the main job;
#              certificates are specimens unless PUBLIC_URL=https://HOST is given
# make check   all tests; V=asan|tsan|debug|cov for a variant, each in a tree of its own
# make bench   ratios against PostgreSQL in the same run
# make tidy    the manners of STYLE, checked
#
# One pass over the whole tree, no recursion, no lists: what lies in a folder is built.

V      ?= release
B      := build/$(V)
G      := build/gen
CC     := gcc
SHELL  := /bin/bash
PKGS   := libprotobuf-c libzmq libuv lmdb libmicrohttpd libcurl jansson libsodium libcrypto libutf8proc zlib

CFLAGS_release := -O2 -g
CFLAGS_debug   := -O0 -g3
CFLAGS_cov     := -O0 -g --coverage
CFLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_tsan    := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
CFLAGS_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
ifeq ($(V),fuzz)
CC     := clang-14
endif

WARN   := -Wall -Wextra -Werror -Wswitch-enum -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wvla \
          -Wpointer-arith -Wwrite-strings -Wundef
# protobuf-c pads its enums with a huge value; without this, a switch over a oneof could not be checked for completeness.
DEFS   := -D_GNU_SOURCE -D'PROTOBUF_C__FORCE_ENUM_TO_BE_INT_SIZE(x)='
CFLAGS := -std=c11 $(CFLAGS_$(V)) $(DEFS) -I. -I$(G) $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LIBS    = $(shell pkg-config --libs $(PKGS)) -lm -lpthread
# What draws and reads papers; only the programs that do link it, the others stay small.
PAPER_PKGS := pangocairo libqrencode libqpdf zlib
PAPER_CFLAGS := $(shell pkg-config --cflags $(PAPER_PKGS) 2>/dev/null)
PAPER_LIBS  = $(shell pkg-config --libs $(PAPER_PKGS))

SERVICES := enrollment assessment certificate notification gateway
PROTOS   := $(wildcard proto/matricula/*.proto)
PB_C     := $(PROTOS:proto/%.proto=$(G)/%.pb-c.c) $(G)/google/protobuf/descriptor.pb-c.c
PB_H     := $(PB_C:.c=.h)
GEN_OBJ  := $(PB_C:$(G)/%.c=$(B)/gen/%.o) $(B)/gen/rules.o $(B)/gen/openapi.o
objects   = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)/*.c)) $(patsubst %.html,$(B)/%.html.o,$(wildcard $(1)/*.html)) \
            $(patsubst %.json,$(B)/%.json.o,$(wildcard $(1)/*.json))
members   = $(filter-out %/main.o,$(call objects,$(1)))
# Each folder is an archive, without its main: a program links what it uses of those it may know.
archives  = $(patsubst %,$(B)/lib/%.a,$(1))
FLOORS   := $(call archives,gen common/base common/wire common/credential common/core)
HOST     := $(call archives,common/host)
NODES    := $(call archives,$(addprefix services/,enrollment assessment certificate notification))
GATEWAY  := $(call archives,services/gateway)
VERIFY   := $(call archives,services/verify)
PAPER    := $(call archives,services/paper)

BINS     := $(B)/bin/matricula $(B)/bin/matricula-verify $(addprefix $(B)/bin/matricula-,$(SERVICES))

.PHONY: all run check check-deps bench deps tidy format clean unit fuzz fuzz-run sim mutants
.SECONDARY:
.DELETE_ON_ERROR:

all: $(BINS)

run: deps
	@$(MAKE) --no-print-directory -j2 all
	@PUBLIC_URL='$(PUBLIC_URL)' deploy/run.sh $(B)/bin ./var 127.0.0.1:8080

# NEED=check, bench or develop for more than running it.
NEED ?= run
deps:
	@deploy/install.sh $(NEED)

# --- generated sources -----------------------------------------------------------------------------------------------

GOOGLE := /usr/include
$(G)/google/protobuf/%.pb-c.c $(G)/google/protobuf/%.pb-c.h: $(GOOGLE)/google/protobuf/%.proto
	@mkdir -p $(G)
	@protoc-c --c_out=$(G) -I$(GOOGLE) $<

$(G)/%.pb-c.c $(G)/%.pb-c.h: proto/%.proto
	@mkdir -p $(G)
	@protoc-c --c_out=$(G) -Iproto -I$(GOOGLE) $<

# The plugin is a program of the build machine: one tree, whatever the variant.
GEN_CFLAGS := -std=c11 -O1 -g $(DEFS) -I. -I$(G)
PLUGIN := $(G)/bin/protoc-gen-matricula
$(PLUGIN): $(wildcard proto/gen/*.c proto/gen/*.h) $(G)/google/protobuf/descriptor.pb-c.c \
           $(G)/gen/plugin.pb-c.c $(G)/matricula/options.pb-c.c
	@mkdir -p $(@D)
	@gcc $(GEN_CFLAGS) $(WARN) -o $@ $(filter %.c,$^) $(shell pkg-config --libs libprotobuf-c jansson)

$(G)/rules.c $(G)/openapi.c $(G)/openapi.json &: $(PROTOS) $(PLUGIN)
	@protoc --plugin=protoc-gen-matricula=$(PLUGIN) --matricula_out=$(G) -Iproto -I$(GOOGLE) $(PROTOS)

# --- objects and binaries --------------------------------------------------------------------------------------------

$(B)/gen/%.o: $(G)/%.c | $(PB_H)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/%.o: %.c | $(PB_H)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(WARN) -MMD -MP -c -o $@ $<

# A page or a template is linked in as it is: _binary_PATH_start and _binary_PATH_end.
$(B)/%.html.o: %.html
	@mkdir -p $(@D)
	@ld -r -b binary -z noexecstack -o $@ $<
$(B)/%.json.o: %.json
	@mkdir -p $(@D)
	@ld -r -b binary -z noexecstack -o $@ $<

$(B)/services/paper/%.o $(B)/tests/unit/paper_layout_test.o: CFLAGS += $(PAPER_CFLAGS)

.SECONDEXPANSION:
$(B)/lib/gen.a: $(GEN_OBJ)
$(B)/lib/%.a: $$(call members,$$*)
	@mkdir -p $(@D)
	@rm -f $@; $(AR) rcs $@ $^

link = @mkdir -p $(@D); $(CC) $(CFLAGS) -Wl,--as-needed -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)

$(B)/bin/matricula: $(B)/services/ctl/main.o $(call archives,services/ctl) $(FLOORS) $(HOST) $(NODES)
	$(link)
# Offline: nothing of the nodes, and none of their libraries.
$(B)/bin/matricula-verify: $(B)/services/verify/main.o $(call archives,services/verify common/credential common/wire common/base) $(HOST)
	$(link)
$(B)/bin/matricula-%: $(B)/services/%/main.o $(B)/lib/services/%.a $(FLOORS) $(HOST)
	$(link)

# The pure and simulated world: floors and services, and nothing of the host.
SIM_WORLD := $(filter-out %/sim.o,$(call objects,tests/sim))

# Each tests/unit/x_test.c is one program, and may use any floor and any service.
UNIT := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*_test.c))
$(UNIT): %: %.o $(FLOORS) $(HOST) $(NODES) $(GATEWAY) $(VERIFY)
	$(link) -lcmocka
# Who links the papers: the archive and its libraries.
PAPER_USERS := $(addprefix $(B)/bin/matricula-,gateway verify) $(filter $(B)/tests/unit/paper_%,$(UNIT)) $(B)/tests/fuzz/pdf_fuzz
$(PAPER_USERS): $(PAPER)
$(PAPER_USERS): LIBS += $(PAPER_LIBS)
$(B)/tests/unit/lanes_test: $(SIM_WORLD)

$(B)/tests/scenario-run: $(call objects,tests/scenario) $(SIM_WORLD) $(FLOORS) $(NODES)
	$(link)
$(B)/tests/sim-run: $(call objects,tests/sim) $(FLOORS) $(NODES)
	$(link)

# make bench; QUICK=1 for a smoke run of a minute. The generators of load are programs of ours, see tests/bench.
BENCH_PROGRAMS := $(addprefix $(B)/tests/bench/,load door node_bench bare proofs)
BENCH_SHARED   := $(addprefix $(B)/tests/bench/,people.o folk.o work.o deed_call.o alone.o issuing.o following.o)
$(BENCH_PROGRAMS): %: %.o $(BENCH_SHARED) $(FLOORS) $(NODES)
	$(link)

bench:
	@deploy/install.sh bench
	@$(MAKE) --no-print-directory -j2 all $(BENCH_PROGRAMS)
	@QUICK=$(QUICK) /usr/bin/python3 tests/bench/bench.py $(B)

# Fuzz targets: make fuzz V=fuzz SECONDS=60
FUZZ    := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/*_fuzz.c))
SECONDS ?= 60
$(FUZZ): %: %.o $(FLOORS) $(HOST) $(NODES) $(GATEWAY) $(SIM_WORLD)
	$(link) -fsanitize=fuzzer

fuzz:
	@deploy/install.sh develop
	@$(MAKE) --no-print-directory V=fuzz fuzz-run
fuzz-run: $(FUZZ)
	@for target in $^; do echo "$$target"; $$target -max_total_time=$(SECONDS) -max_len=65536 -print_final_stats=1 2>&1 | \
		tail -n 4; [ $${PIPESTATUS[0]} -eq 0 ] || exit 1; done

# make sim SEED=7 tells one seed's story; make sim SEEDS=1-1000 many.
SEEDS ?= 1-20
sim: $(B)/tests/sim-run
	@$< $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

unit: $(UNIT)
	@tests/check.sh $(B) $(foreach test,$(UNIT),-- $(test))

# All tests. The deployment tests start real processes on loopback, on ports of their own.
STORIES := $(wildcard tests/scenario/*.txt)
E2E     := live.sh ctl_test.sh access.py bad_input.py roster.py certificates.py reorganisation.py guide.py canary.py disk_full.py drill.py \
           hosts.py readme.sh transparency.py offline.py proxy.py openapi.py pages.py if_match.py
KILLS   ?= 8
export PATH := $(abspath $(B)/bin):$(PATH)
check: check-deps
	@$(MAKE) --no-print-directory -j2 all $(UNIT) $(B)/tests/scenario-run $(B)/tests/sim-run
	@tests/check.sh $(B) $(foreach test,$(UNIT),-- $(test)) -- tests/unit/plugin_test.sh -- tests/guards.sh $(B) \
		-- $(B)/tests/scenario-run --way pure $(STORIES) \
		-- $(B)/tests/scenario-run --way sim --seeds 3 $(STORIES) \
		-- $(B)/tests/sim-run --seeds 1-40 --crash-points \
		$(foreach test,$(E2E),-- tests/e2e/$(test) $(B)) -- tests/e2e/kill.py $(B) --count $(KILLS)

# The checkers are proven: each seeded fault must be caught. Two minutes; make check does without.
mutants: $(B)/tests/sim-run $(B)/tests/scenario-run
	@tests/sim/mutants.sh $(B)

check-deps:
	@deploy/install.sh check

tidy: $(PB_H)
	@tests/tidy.sh

format:
	@clang-format -i $$(git ls-files --cached --others --exclude-standard '*.c' '*.h')

compile_commands.json: $(PB_H)
	@bear --output $@ -- $(MAKE) -B -s all

clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
