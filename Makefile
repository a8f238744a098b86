# Targets a contributor needs; `make help` lists them.
PYTHON ?= .venv-test/bin/python
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

test: ## install what the tests need, and run everything CI runs
	python3 tools/test.py

lint: ## ruff and mypy
	$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check . && $(PYTHON) -m mypy

format: ## let ruff mend what it can
	$(PYTHON) -m ruff check --fix . ; $(PYTHON) -m ruff format .

axe: ## every page of the registry in every state, two languages, two widths, in a browser
	MISYN_AXE=full $(PYTHON) -m pytest -q tests/oversight/registry/test_people.py -k axe

docs: ## run the examples of the documentation and the docstrings
	$(PYTHON) -m pytest -q src tests/test_docs.py

bench: ## every benchmark; prints ratios, takes long
	for script in benchmarks/*.py; do $(PYTHON) $$script || exit 1; done

survival: ## what every layer survives, through the programs people use; takes minutes, writes docs/survival.md
	$(PYTHON) benchmarks/survival --write

requirements: ## pin and hash the dependencies again (needs uv)
	python3 tools/pin.py

.PHONY: help test lint format axe docs bench survival requirements
