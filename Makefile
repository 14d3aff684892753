# `make eval` and `make test` do everything on a machine that has git, make and Python 3.12.

PYTHON ?= $(shell command -v python3.12 >/dev/null 2>&1 && python3.12 -c '' 2>/dev/null && echo python3.12 || echo python3)
BIN := .venv/bin
EVAL ?= --policy toy --suite toy

.PHONY: eval test test-all check format bench doctor wheel clean

eval: .venv/.base
	$(BIN)/python run_eval.py $(EVAL)

test: .venv/.dev
	$(BIN)/pytest -m "not slow and not gpu and not calvin"

test-all: .venv/.dev
	$(BIN)/pytest

check: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

format: .venv/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/.dev
	$(BIN)/python -m armtrial.tests.bench.overhead
	$(BIN)/python -m armtrial.tests.bench.twin
	$(BIN)/python -m armtrial.tests.bench.rynnvla
	$(BIN)/python -m armtrial.tests.bench.serve

doctor: .venv/.base
	$(BIN)/armtrial doctor

wheel: .venv/.dev
	$(BIN)/python -m build --wheel --no-isolation

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' || \
	  { echo "armtrial needs Python 3.12; say where it is: make PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.base: pyproject.toml | .venv/bin/python
	@echo "installing armtrial and what it needs; torch takes a minute or two"
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/.dev: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ .venv/.base
