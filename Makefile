# Set-up makes .venv with the command `dazz` in it; every other target sets up first where that is still to be done.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup demo test bench dev lint lock clean

setup: $(READY)

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(READY)

demo: setup  ## first sync, incremental sync and restream of six vendors' sandboxes
	$(BIN)/dazz demo

test: setup  ## the tests
	@$(BIN)/python -m compileall -q dazz_assets integrations resources tests  # Else each process compiles them anew, where Python is told to keep nothing.
	$(BIN)/python -m pytest -n auto --dist loadgroup

bench: setup  ## the benchmarks, with peers in .bench/; for example: make bench BENCH="fetch --records 1000000"
	$(BIN)/python -m tests.benchmarks $(BENCH)

dev: setup  ## the Dagster UI on http://127.0.0.1:3000, on the demo's data
	$(BIN)/dazz dev

lint: setup  ## lint, format, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock:  ## renew requirements.lock from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url --quiet --output-file requirements.lock

clean:
	rm -rf $(VENV) .bench build *.egg-info
