# The two commands that a new user needs are `make run` and `make test`; both make their own virtual environment.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := build/stdlib.db

.PHONY: run test check docs format conformance fuzz bench clean

run: $(READY)  ## Store Python's standard library through GridFS, ask questions, read all back, compare
	@rm -f $(DEMO) $(DEMO)-wal $(DEMO)-shm
	$(BIN)/satchel demo $(DEMO)

test: $(READY)  ## Run the tests
	$(BIN)/python -m pytest

check: $(READY)  ## Check format, lint, layers, types and generated pages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python scripts/generate_docs.py --check

docs: $(READY)  ## Write docs/operators.md and docs/commands.md from the registries
	$(BIN)/python scripts/generate_docs.py

format: $(READY)  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

conformance: $(READY)  ## Run PyMongo's own test suite on Satchel, in process and over TCP; write docs/conformance.md
	$(BIN)/python -m tests.conformance_pymongo --async

fuzz: $(READY)  ## Compare random commands with a real engine (MONGODB_ORACLE_URI)
	$(BIN)/python -m tests.fuzz $(FUZZ)

bench: $(VENV)/.bench-ready  ## Compare with raw SQLite and peers (with MONGODB_URI a server, too); write docs/benchmarks.md
	$(BIN)/python -m bench --write

$(VENV)/.bench-ready: $(READY)
	$(BIN)/python -m pip install --quiet mongomock neosqlite tinymongo
	@touch $@

clean:  ## Remove what was made here
	rm -rf $(VENV) build .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch $@
