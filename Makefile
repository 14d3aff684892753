# `make eval` and `make test` do everything on a machine that has git, make and Python 3.12.

PYTHON ?= $(shell command -v python3.12 >/dev/null 2>&1 && python3.12 -c '' 2>/dev/null && echo python3.12 || echo python3)
BIN := .venv/bin
EVAL ?= --policy rynnvla --suite distractor

# CALVIN's world is played by a Python of its own: pybullet has no wheel for newer ones.
PYTHONS_OF_CALVIN := python3.11 python3.10 /usr/bin/python3.11 /usr/bin/python3.10 \
  $(wildcard $(HOME)/.pyenv/versions/3.11*/bin/python $(HOME)/.pyenv/versions/3.10*/bin/python)
PYTHON_OF_CALVIN ?= $(shell for name in $(PYTHONS_OF_CALVIN); do \
  $$name -c 'import ensurepip' >/dev/null 2>&1 && echo $$name && break; done)

.PHONY: eval test test-all check format bench doctor calvin robosuite wheel clean

eval: .venv/.base
	$(BIN)/python run_eval.py $(EVAL)

test: .venv/.dev
	$(BIN)/pytest -m "not slow and not gpu and not calvin and not robosuite"

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
	@test -z "$$CALVIN_ROOT" || $(BIN)/python -m armtrial.tests.bench.calvin
	@test ! -e .venv-robosuite/.done || $(BIN)/python -m armtrial.tests.bench.robosuite

doctor: .venv/.base
	$(BIN)/armtrial doctor

calvin: .venv-calvin/.done

robosuite: .venv-robosuite/.done

wheel: .venv/.dev
	$(BIN)/python -m build --wheel --no-isolation

clean:
	rm -rf .venv .venv-calvin .venv-robosuite build dist .pytest_cache .ruff_cache .hypothesis

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

.venv-calvin/.done:
	@test -n "$(PYTHON_OF_CALVIN)" || { \
	  echo "CALVIN needs Python 3.11 or 3.10 with venv, and there is none here. Get one (uv python install 3.11, or"; \
	  echo "apt-get install python3.11-venv) and say where it is: make calvin PYTHON_OF_CALVIN=/path/to/python3.11"; \
	  exit 1; }
	$(PYTHON_OF_CALVIN) -m venv .venv-calvin
	.venv-calvin/bin/python -m pip install --quiet 'numpy>=2' msgpack 'pybullet==3.2.7' 'gym==0.26.2' 'hydra-core>=1.3,<1.4' \
	  'omegaconf>=2.3,<2.4' numpy-quaternion gitpython opencv-python-headless scipy rich
	@touch $@

# robosuite's own list of packages has keyboards, test runners and a second solver, which no world here imports. What it
# compiles at its first step is kept beside it: the last line spares every worker a quarter of a minute.
.venv-robosuite/.done:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' || \
	  { echo "robosuite is played by Python 3.12; say where it is: make robosuite PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv .venv-robosuite
	.venv-robosuite/bin/python -m pip install --quiet 'mujoco==3.3.7' 'numpy==1.26.4' 'scipy>=1.13,<1.18' 'numba>=0.60' \
	  'opencv-python-headless>=4.10,<4.12' 'pillow>=10' 'termcolor>=2' 'tqdm>=4.66' 'msgpack>=1.0'
	.venv-robosuite/bin/python -m pip install --quiet --no-deps 'robosuite==1.5.2'
	MUJOCO_GL=disabled .venv-robosuite/bin/python -c 'from armtrial.envs.robosuite.upstream import warm; warm()'
	@touch $@
