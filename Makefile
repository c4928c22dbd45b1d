# The two commands of the README are `make run` and `make test`; both install what is missing.
# A test that fails twice has failed: once may be a crowded machine, and ctest says so.
.DEFAULT_GOAL := help
.PHONY: help setup build run test test-asan bench format lint lint-fast clean

JOBS ?= $(shell nproc)
# Where `make setup` puts a newer node, if this machine's own is too old.
export PATH := $(CURDIR)/fixtures/node/node_modules/node-linux-$(if $(filter aarch64,$(shell \
  uname -m)),arm64,x64)/bin:$(PATH)

help:            ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*##/\1\t/' | expand -t 14

setup:           ## install the distribution's packages that are missing, and the npm packages
	@tools/setup

build: setup     ## the program: build/relapse
	@cmake --preset release >/dev/null
	@cmake --build build -j $(JOBS)

run: build       ## replay every incident against the current subjects, and prove that each can fail
	@tools/run_all

test: build      ## everything that ctest knows
	ctest --test-dir build --output-on-failure --timeout 300 --repeat until-pass:2

test-asan: setup ## the unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@cmake --preset asan >/dev/null
	@cmake --build build/asan -j $(JOBS) --target unit_tests
	ctest --test-dir build/asan --output-on-failure -L unit

bench: build     ## ratios against named peers; writes build/bench.json
	@tools/bench

format:          ## rewrite the sources as .clang-format says
	@git ls-files '*.h' '*.cpp' | xargs clang-format -i

lint: setup      ## all of CI's style checks, and clang-tidy over everything (many minutes)
	@tools/lint

lint-fast: setup ## formatting, lengths, banned calls
	@tools/lint --fast

clean:           ## remove what was built
	@rm -rf build out
