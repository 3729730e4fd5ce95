# make grow    grow a graph with the embedded model        make demo   replay the recorded run in seconds
# make test    the whole test suite                        make check  linters, types, layers
PYTHON ?= python3
TOPIC ?= impact resistant materials
STEPS ?= 20
STORE ?= graph.db
BIN := .venv/bin

.PHONY: grow demo test test-fast check wheel clean

grow: .venv/local
	$(BIN)/graphgrow grow "$(TOPIC)" --steps $(STEPS) --store $(STORE)

demo: .venv/ready
	rm -f demo.db demo.db-shm demo.db-wal
	$(BIN)/graphgrow replay data/runs/impact-resistant-materials.jsonl.gz --store demo.db
	$(BIN)/graphgrow show demo.db

test: .venv/dev .venv/local
	$(BIN)/python -m pytest --cov --cov-report=term

test-fast: .venv/dev
	$(BIN)/python -m pytest -m "not local"

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

wheel: .venv/dev
	$(BIN)/python -m build --wheel --outdir dist

clean:
	rm -rf .venv build dist demo.db demo.db-shm demo.db-wal

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "graphgrow needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv

.venv/ready: .venv/bin/python pyproject.toml
	$(BIN)/pip install -q -e .
	touch $@

.venv/local: .venv/bin/python pyproject.toml
	$(BIN)/pip install -q -e '.[local]'
	touch $@

.venv/dev: .venv/bin/python pyproject.toml
	$(BIN)/pip install -q -e '.[dev]'
	touch $@
