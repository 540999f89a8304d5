# kwhouse: `make demo` shows it, `make test` proves it. Everything else: `make help`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help install demo lint check test bench docs lock clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 12

install: $(VENV)/.installed ## build .venv from requirements.lock

# --no-deps: the lock file is complete, and pip cannot check hashes of packages it finds for itself.
$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "kwhouse needs Python 3.11 or newer: call make with PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages into $(VENV) (about a minute) …"
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: install ## replay real sessions over OCPP into the warehouse and open the dashboard
	@$(BIN)/kwhouse demo $(ARGS)

lint: install
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@$(BIN)/python -m tests.secret_scan

check: lint ## lint, types, secret scan and fast tests: before each commit
	@$(BIN)/python -m pytest -q -m fast -n 2 --dist loadfile

test: lint ## all of it; installs Chromium from the system's packages where it is missing
	@$(BIN)/python -m tests.system_chromium
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

bench: install ## measure speed as ratios
	@$(BIN)/python -m pytest tests/benchmarks -s $(ARGS)

docs: install ## write the generated reference pages
	@$(BIN)/kwhouse docs

lock: ## pin all packages anew (needs uv)
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q -o requirements.lock

clean: ## remove .venv and caches (not ./data)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
