# Tiffin: `make run` starts a city, `make test` runs what continuous integration runs. `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help setup run test test-cores build bench soak chaos autobahn fuzz tsan osrm lint format docs clean

# Arguments for the demo: make run ARGS="--port 9000 --drivers 50"
ARGS ?=
SOURCES := Sources Tests $(wildcard benchmarks) Package.swift
# Refuses an import of a module that Package.swift does not declare. The exit code tells; the text always ends in "complete".
CHECKED := --explicit-target-dependency-import-check error

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing (Debian packages); nothing the second time
	@.ci/setup

run: setup ## build release and start a running city (ARGS="--port 9000")
	@[ -x .build/release/tiffin ] || echo "First release build: about 10 to 15 minutes on 2 cores, most of it TLS and networking libraries. Later builds take seconds."
	swift build -c release --product tiffin
	.build/release/tiffin demo $(ARGS)

build: setup ## release build: .build/release/tiffin
	@[ -x .build/release/tiffin ] || echo "First release build: about 10 to 15 minutes on 2 cores."
	swift build -c release --product tiffin

test: setup lint-format ## everything that continuous integration runs (debug build, every suite)
	@[ -d .build/debug ] || echo "First debug build: about 8 to 12 minutes on 2 cores. Later builds take seconds."
	swift build --build-tests $(CHECKED)
	.ci/suites $(SUITES)

test-cores: setup ## the suites that need no network stack; builds in seconds
	TIFFIN_CORES=1 swift build --build-tests --scratch-path .build-cores $(CHECKED)
	.ci/suites --cores $(SUITES)

lint: setup lint-format ## format, declared imports, warnings as errors
	swift build --build-tests $(CHECKED)

.PHONY: lint-format
lint-format:
	swift format lint --strict --parallel --recursive $(SOURCES)

format: ## rewrite the sources in the project's format
	swift format format --in-place --parallel --recursive $(SOURCES)

bench: setup ## build and run every benchmark in benchmarks/
	.ci/bench $(ARGS)

soak: setup ## long run under load: no growth of memory or files (MINUTES=10 DRIVERS=100)
	.ci/soak

autobahn: setup ## the WebSocket conformance suite against the gateway's handlers (needs CPython 2.7)
	swift build --product socket-echo
	.ci/autobahn $(ARGS)

fuzz: setup ## fuzz the parsers under the address sanitizer (SECONDS_EACH=30)
	swift build --build-tests
	.ci/fuzz $(ARGS)

tsan: setup ## the gateway under load, watched by the thread sanitizer
	swift build --build-tests
	TIFFIN_BENCHMARKS=1 swift build -c release --product realtime
	.ci/tsan

osrm: setup ## travel times against a real osrm-routed on the loopback (two Python wheels)
	swift build --build-tests
	.ci/osrm $(ARGS)

chaos: setup ## kill -9, database loss, slow clients, again and again (MINUTES=10)
	.ci/chaos

docs: setup ## documentation pages in .build/documentation
	.ci/docs

clean: ## remove all build products
	rm -rf .build .build-*
