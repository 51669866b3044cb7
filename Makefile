# `make` lists what there is. Everything happens inside this checkout: packages in .venv/, data and
# logs in .local/; nothing is installed system-wide.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help venv clients demo services journey bench test check check-static lint format typecheck \
	examples openapi docs lock

PY := .venv/bin/python
LOCAL := $(PY) -m deploy.local
MANAGE := $(PY) manage.py
PORT ?= 8000
export PORT
# An interpreter for .venv/, for instance: make PYTHON=/path/to/python3.13 demo
PYTHON ?=
export PYTHON
# Arguments for pytest, for instance: make test ARGS="tests/tenant_apps/checkins -x"
ARGS ?=
# Parts to measure, for instance: make bench BENCH="scans profile"
BENCH ?=
# The whole suite runs in two processes, a file at a time; for a part, starting the second one costs
# more than it saves. A part says nothing about the coverage of the whole either.
WHOLE := $(if $(ARGS),,--numprocesses=2 --dist=loadfile --no-loadscope-reorder \
	--cov --cov-report=term-missing:skip-covered)
LOCK := uv pip compile pyproject.toml --universal --python-version 3.12 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet $(LOCK_ARGS)
# Not the script in .venv/bin: that one breaks when the checkout is moved.
LINT_IMPORTS := $(PY) -c 'from importlinter.cli import lint_imports_command as run; run()'
# Arguments for uv, for instance: make lock LOCK_ARGS="--upgrade-package django"
LOCK_ARGS ?=

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS='	' read -r name what; do \
		printf '  %-10s %s\n' "$$name" "$$what"; done

venv: ## Install the pinned packages into .venv/ (every target that needs them does)
	@sh deploy/local/bootstrap.sh

clients: venv ## Generate the Python and TypeScript clients into .local/clients/
	@sh deploy/local/bootstrap.sh clients
	@$(PY) -m deploy.clients

demo: venv ## Serve the platform with sample data on 127.0.0.1:$PORT (default 8000)
	@exec $(LOCAL) demo

services: venv ## Run this checkout's PostgreSQL and Valkey alone, for a bare manage.py
	@exec $(LOCAL) services

journey: venv ## Walk the main path over real HTTP against a throw-away platform
	@sh deploy/local/bootstrap.sh clients
	@$(PY) -m deploy.clients python
	@exec $(LOCAL) journey

bench: venv ## Measure scans next to pgbench, and the rest; BENCH="scans lists" a part, ARGS=--quick
	@exec $(LOCAL) bench -- $(BENCH) $(ARGS)

test: venv ## Run the whole suite with coverage; ARGS="..." runs a part of it
	@exec $(LOCAL) run -- $(PY) -m pytest $(WHOLE) $(ARGS)

check: venv lint ## Everything CI checks besides tests: style, types, layers, migrations, drift
	@exec $(LOCAL) run -- $(MAKE) --no-print-directory check-static

# Needs the services: types and checks load the settings.
check-static:
	$(PY) -m mypy
	$(MANAGE) makemigrations --check --dry-run
	$(MANAGE) check
	$(MANAGE) export_openapi --check
	$(MANAGE) export_permissions --check
	$(MANAGE) export_errors --check
	$(MANAGE) check_api_changes
	$(MANAGE) export_subscription_states --check

lint: venv ## Check style, format and who imports whom
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(LINT_IMPORTS)

format: venv ## Rewrite the code in house style
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .

typecheck: venv ## Check types
	@exec $(LOCAL) run -- $(PY) -m mypy

openapi: venv ## Write the API documents again: docs/openapi/
	@exec $(LOCAL) run -- $(MANAGE) export_openapi

examples: venv ## Record the examples of the API documents again
	@exec $(LOCAL) run -- $(PY) -m pytest tests/contract/test_examples.py -q \
		-k are_what_the_api_answers --update-examples

docs: venv examples openapi ## Write all generated documents again
	@$(LOCAL) run -- $(MANAGE) export_permissions
	@$(LOCAL) run -- $(MANAGE) export_errors
	@exec $(LOCAL) run -- $(MANAGE) export_subscription_states

lock: ## Resolve pyproject.toml again into deploy/requirements/ (needs uv)
	@command -v uv >/dev/null 2>&1 || { echo "make lock needs uv, which is not on PATH" >&2; exit 1; }
	$(LOCK) --output-file deploy/requirements/runtime.txt
	$(LOCK) --extra dev --output-file deploy/requirements/dev.txt
	$(LOCK) --extra dev --extra clients --constraint deploy/requirements/dev.txt \
		--output-file deploy/requirements/clients.txt
