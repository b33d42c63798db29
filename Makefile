#: make                  build/dunlin
#: make test             all tests, already set up (run/test.sh also installs what they need; run/test.sh quick: two minutes)
#: make asan             tests with the address and undefined-behaviour sanitizers
#: make soak             an hour and a quarter of kills, damaged files, learning, mutations and a long run
#: make bench            speed figures
#: make format, tidy     clang-format over all sources; clang-tidy's findings
#: make install          PREFIX=/usr/local and DESTDIR= say where to; make uninstall takes it away again
#: make clean            removes what was built and leaves what was fetched; distclean removes both
#:
#: CC_BACKEND=clang builds with clang, BUILD=DIR elsewhere; CFLAGS, CPPFLAGS, LDFLAGS and LDLIBS are added to the program's own.
PREFIX  ?= /usr/local
BUILD   ?= build
$(if $(and $(filter 1x1,$(words $(CURDIR))x$(words $(BUILD))),$(wildcard $(lastword $(MAKEFILE_LIST)))),,$(error \
make cannot work below a folder with a blank in its name: move the checkout, or BUILD, to another path))
TOP     := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
GOALS   := $(or $(MAKECMDGOALS),all)

ifneq ($(TOP),$(CURDIR)) # called from another folder: the same from here, with BUILD as it was meant there
$(GOALS) &:
	@$(MAKE) --no-print-directory -C $(TOP) BUILD=$(abspath $(BUILD)) $(GOALS)
.PHONY: $(GOALS)
else

MPICC   ?= mpicc
CC_BACKEND ?= gcc
$(foreach c,OMPI_CC MPICH_CC I_MPI_CC,$(eval export $c := $(CC_BACKEND)))

# what is missing stops make in one line before the first compile
ifneq ($(filter-out help clean distclean format,$(GOALS)),)
ABSENT  := $(shell MPICC="$(MPICC)" CC_BACKEND="$(CC_BACKEND)" CPPFLAGS="$(CPPFLAGS)" bash run/setup.sh missing)
$(if $(ABSENT),$(error $(ABSENT)))
endif

PACKAGES := $(shell pkg-config --exists hdf5 && echo hdf5 || echo hdf5-serial) openblas inih libcrypto
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wvla -Wmissing-prototypes
OPT     ?= -O3
# no -ffast-math: NaN must stay visible and sums reproducible; these two free sqrt and comparisons for vector code
NUMERIC := -fno-math-errno -fno-trapping-math -ffp-contract=fast
OWN_CPPFLAGS := -D_GNU_SOURCE -Iinclude -Isrc -I$(BUILD) $(shell pkg-config --cflags $(PACKAGES))
COMPILE := $(MPICC) $(OWN_CPPFLAGS) $(CPPFLAGS) -std=c11 -g $(OPT) $(NUMERIC) $(WARN) $(WERROR) $(SAN) $(CFLAGS)
LIBS    := $(shell pkg-config --libs $(PACKAGES)) -lgif -ldl -lm $(LDLIBS)
# libraries of odd folders are found at run time, too
LINKED  := -rdynamic $(LDFLAGS) $(foreach l,$(filter-out -L/usr/lib% -L/lib%,$(filter -L/%,$(sort $(LIBS) $(LDFLAGS)))),-Wl,-rpath,$(l:-L%=%))

# src/*/kernel_*.c and env/kernel_*.c are compiled once per instruction set and chosen at run time (src/base/cpu.h)
ARCH    := $(shell uname -m)
ISA     := $(if $(filter x86_64,$(ARCH)),v4 v3 base,base)
FLAGS_v4 := -march=x86-64-v4 -mprefer-vector-width=512 -mprfchw
FLAGS_v3 := -march=x86-64-v3 -mprfchw
KERNELS := $(wildcard src/*/kernel_*.c env/kernel_*.c)
SOURCES := $(filter-out $(KERNELS) src/main.c,$(wildcard src/*/*.c env/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o) $(foreach i,$(ISA),$(KERNELS:%.c=$(BUILD)/%.$i.o))
MAIN    := $(wildcard src/main.c)
TESTS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_*.c))
REVISION := $(shell git describe --always --dirty=+ --abbrev=12 2>/dev/null || echo unknown)

all: $(if $(MAIN),$(BUILD)/dunlin)

$(BUILD)/dunlin: $(BUILD)/src/main.o $(OBJECTS)
	$(COMPILE) $(LINKED) $^ $(LIBS) -o $@

$(BUILD)/libdunlin.a: $(OBJECTS)
	@rm -f $@; ar rcs $@ $^

$(BUILD)/%.o: %.c | $(BUILD)/revision.h
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c $< -o $@

define kernel_rule
$(BUILD)/%.$(1).o: %.c
	@mkdir -p $$(@D)
	$$(COMPILE) $$(FLAGS_$(1)) -DKERNEL_ISA=$(1) -MMD -MP -c $$< -o $$@
endef
$(foreach i,$(ISA),$(eval $(call kernel_rule,$i)))
# bytes gain nothing by 512 bits (a screen's row has 5 * 256), after which a core is slower for a while, and emulates then
$(BUILD)/env/kernel_screen.v4.o $(BUILD)/src/learn/kernel_frames.v4.o: FLAGS_v4 += -mprefer-vector-width=256

# the Python side of `gym:` is part of the binary: nothing has to be installed or found
$(BUILD)/bridge_py.h: env/bridge_make.py env/bridge_spaces.py env/bridge_serve.py
	@mkdir -p $(@D); { echo 'static const unsigned char bridge_py[] = {'; cat $^ | od -An -v -tx1 | sed 's/ \(..\)/0x\1,/g'; echo '};'; } > $@.$$$$ && mv $@.$$$$ $@
$(BUILD)/env/bridge_spawn.o: $(BUILD)/bridge_py.h

# rewritten only when it changes, so that a commit rebuilds one file
$(BUILD)/revision.h: FORCE
	@mkdir -p $(@D); echo '#define DUNLIN_REVISION "$(REVISION)"' > $@.$$$$; cmp -s $@.$$$$ $@ || mv $@.$$$$ $@; rm -f $@.$$$$

$(BUILD)/tests/%: tests/%.c $(BUILD)/libdunlin.a
	@mkdir -p $(@D)
	$(COMPILE) -Itests -MMD -MP $< $(LINKED) $(BUILD)/libdunlin.a $(LIBS) -lcmocka -o $@

tests: all $(TESTS)
test: tests; tests/run.sh $(BUILD) tests/list
soak: tests; DUNLIN_BUILD=$(abspath $(BUILD)) tests/soak.sh

asan-build:; $(MAKE) BUILD=$(BUILD)/asan OPT=-O1 SAN="-fsanitize=address,undefined -fno-sanitize-recover=undefined" $(or $(ONLY),all tests)
asan: asan-build; tests/run.sh $(BUILD)/asan tests/list-asan

bench: all; $(BUILD)/dunlin bench

format:; clang-format -i $$(git ls-files '*.c' '*.h')

tidy:; clang-tidy --quiet $(SOURCES) $(MAIN) -- $(OWN_CPPFLAGS) $(CPPFLAGS) $(shell $(MPICC) --showme:compile) -std=c11

install: all
	@run/install.sh install $(BUILD) "$(DESTDIR)$(PREFIX)"
uninstall:; @run/install.sh uninstall $(BUILD) "$(DESTDIR)$(PREFIX)"

# build/atari, build/mujoco and the Python environments of tests come over the network
clean:
	@[ ! -d $(BUILD) ] || find $(BUILD) -mindepth 1 -maxdepth 1 ! -name atari ! -name mujoco ! -name 'venv*' -exec rm -rf {} +

distclean:; rm -rf $(BUILD)

help:; @sed -n 's/^#: \{0,1\}//p' Makefile

FORCE:
.PHONY: all tests test soak asan asan-build bench format tidy install uninstall clean distclean help FORCE
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
endif
