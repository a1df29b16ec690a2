# make run     everything, from nothing: installs what is missing, builds, starts, plays the main job
# make check   all tests; V=asan|tsan|debug|cov for a variant, each in a tree of its own
# make bench   ratios against PostgreSQL in the same run
# make tidy    the manners of STYLE, checked
#
# One pass over the whole tree, no recursion, no lists: what lies in a folder is built.

V      ?= release
B      := build/$(V)
G      := build/gen
CC     ?= gcc
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

SERVICES := enrollment assessment certificate notification gateway
PROTOS   := $(wildcard proto/matricula/*.proto)
PB_C     := $(PROTOS:proto/%.proto=$(G)/%.pb-c.c) $(G)/google/protobuf/descriptor.pb-c.c
PB_H     := $(PB_C:.c=.h)
GEN_OBJ  := $(PB_C:$(G)/%.c=$(B)/gen/%.o) $(B)/gen/rules.o $(B)/gen/openapi.o
objects   = $(patsubst %.c,$(B)/%.o,$(wildcard $(addsuffix /*.c,$(1))))
FLOORS   := $(call objects,common/base common/wire common/core)
HOST     := $(call objects,common/host)
# The floors and the services without their main: what a pure test links.
NODES    := $(filter-out %/main.o,$(call objects,$(addprefix services/,enrollment assessment certificate notification)))

BINS     := $(B)/bin/matricula $(addprefix $(B)/bin/matricula-,$(SERVICES))

.PHONY: all run check bench deps tidy format clean unit fuzz sim
.SECONDARY:
.DELETE_ON_ERROR:

all: $(BINS)

run: deps
	@$(MAKE) --no-print-directory -j2 all
	@$(B)/bin/matricula run --data ./var

deps:
	@deploy/install.sh run

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

$(B)/bin/matricula: $(call objects,services/ctl) $(FLOORS) $(HOST) $(GEN_OBJ) $(NODES)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -o $@ $^ $(LIBS)

.SECONDEXPANSION:
$(B)/bin/matricula-%: $$(call objects,services/$$*) $(FLOORS) $(HOST) $(GEN_OBJ)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -o $@ $^ $(LIBS)

# A unit test links the floors and the services; tests/unit/x_test.c is one program.
$(B)/tests/unit/%_test: $(B)/tests/unit/%_test.o $(FLOORS) $(NODES) $(GEN_OBJ)
	@$(CC) $(CFLAGS) -o $@ $^ $(LIBS) -lcmocka

clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
