# Every task of the repository. A task sets up what it needs itself: nothing but python3 (3.11 or newer) and make.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo control-plane postgresql demo-cluster test test-fast test-engine lint format docs bench bench-live bench-loadgen skewbench judging engine-tables wheel requirements environment clean

VENV := .venv
PY := $(VENV)/bin/python
SOURCES := src tests scripts tools $(wildcard benchmarks)
# One process for each processor. Bytecode is kept whatever the environment says: without it each process compiles every
# test again, which takes longer than half of them.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(PY) -m pytest --numprocesses auto

help: ## say what each task does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

environment: ## make or update .venv (every task does this first)
	@scripts/bootstrap.sh $(VENV)

demo: environment ## check manifests that are skewed on purpose
	@scripts/demo.sh $(VENV)

control-plane: environment ## find or build the Kubernetes control plane that tests and demonstrations run on
	$(PY) -m tools.control_plane build

postgresql: ## find PostgreSQL for the tests of the store, or install Debian's where that is possible (root alone)
	@scripts/postgresql.sh

demo-cluster: environment ## try the live verbs on a cluster that is skewed on purpose (KEEP=1: until Ctrl-C)
	@$(PY) -m tools.demo_cluster $(if $(KEEP),--keep)

test: lint ## everything: style, types, layers, docs, all tests
	-@$(PY) -m tools.control_plane build # without it the tests that need it are listed as not run
	$(PYTEST)

test-fast: environment ## the tests without the slow ones and without a cluster, searching a quarter as long
	$(PYTEST) -m "not slow and not cluster"

test-engine: environment ## the tests that start a real vLLM on the CPU: 6 GB of disk, about half an hour
	env -u PYTHONDONTWRITEBYTECODE $(PY) -m pytest -m engine tests/engine

lint: environment ## style, types, layers, and whether the generated docs are current
	$(VENV)/bin/ruff check $(SOURCES)
	$(VENV)/bin/ruff format --check $(SOURCES)
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo
	$(PY) scripts/generate_docs.py --check

format: environment ## lay the code out and mend what can be mended by machine
	$(VENV)/bin/ruff check --fix-only $(SOURCES)
	$(VENV)/bin/ruff format $(SOURCES)

docs: environment ## write the generated pages again
	$(PY) scripts/generate_docs.py

bench: environment ## measure; nothing else may be running
	$(PY) benchmarks/speed.py

bench-live: environment ## measure reading 10,000 running pods; takes 20 minutes, and nothing else may be running
	$(PY) benchmarks/live.py

bench-loadgen: environment ## measure the load client against others (7 GB of disk once); 20 minutes, and nothing else may be running
	$(PY) -m benchmarks.loadgen --minutes 25 -o docs/loadgen-speed.md

skewbench: environment ## how many changes of what runs are found, and how many harmless ones are reported
	$(PY) benchmarks/skewbench/run.py

judging: environment ## how often a performance verdict misleads, on thousands of simulated pairs; about ten minutes
	$(PY) benchmarks/judging.py -o docs/judging.md

engine-tables: environment ## fetch what engines released, read it into the tables, and say what changed
	$(PY) -m tools.engine_tables refresh

wheel: environment ## build dist/skewguard-*.whl
	$(VENV)/bin/hatchling build --target wheel --directory dist

requirements: environment ## resolve requirements/*.txt again, with hashes and without any host
	scripts/lock.sh $(VENV)

clean: ## remove what the tasks made
	rm -rf $(VENV) .venv-uv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache
