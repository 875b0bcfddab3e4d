# The two commands a newcomer needs are `make report` and `make test`; `make help` lists the others.
# Needs Python 3.11 or later, make and git; everything else is installed into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help report test check lab fetch notebooks dictionary lock clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

report: $(STAMP) ## install, run the pipeline, print the path of the site and three figures
	dvc repro
	@analysis summary

test: report ## install what the tests need, then run them all
	@bash tests/install-browser.sh
	pytest -n 2 --dist loadfile tests
	PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 pytest -p nbval.plugin --nbval --nbval-cell-timeout 60 notebooks/*.ipynb

check: $(STAMP) ## lint, format and types
	ruff check .
	ruff format --check .
	mypy

lab: $(STAMP) ## open JupyterLab on the project's kernel
	jupyter lab --notebook-dir=notebooks

fetch: $(STAMP) ## bring the official open sources (see sources.yaml)
	analysis fetch

notebooks: $(STAMP) ## run the notebooks on the demo and store their text outputs
	analysis run-notebooks

dictionary: $(STAMP) ## write the data dictionary from the schemas
	analysis dictionary

lock: $(STAMP) ## renew requirements.lock and constraints.txt from pyproject.toml
	uv pip compile pyproject.toml --extra dev --universal --generate-hashes --python-version 3.11 --no-header --quiet --upgrade --output-file requirements.lock
	analysis constraints

clean: ## remove what the pipeline makes (not your raw data)
	rm -rf data/processed/*/ reports/*/ data/raw/demo

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (about two minutes the first time)"
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
