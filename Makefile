# Twitsite. `make help` lists what there is. Variables: make up WEB_PORT=8100 API_PORT=8180
# PYTHON=python3.12 VAR_DIR=/srv/twitsite …; all settings are in docs/settings.md.

PYTHON ?= python3
BIN := .venv/bin
# What may differ on PostgreSQL: search, locks and races, what is refused.
API := tests/timeline_api
ON_POSTGRESQL := $(API)/postgresql \
  $(API)/histories/test_histories.py::test_it_ends_as_the_plain_model_says \
  $(API)/histories/test_crowd.py $(API)/relay/test_worker.py \
  $(patsubst %,$(API)/services/test_%.py,accounts follows messages races) \
  $(patsubst %,$(API)/http/test_%.py,avatars bad_input blocks discovery messages races search unavailable)
# Tests take nothing from this installation's .env, and write no byte into its var/.
TESTS := VAR_DIR="$$dir" ENV_FILE=/dev/null SECRET_KEY=tests-only $(BIN)/python -m pytest

.PHONY: help up prepare test lint types format messages lock bench clean venv venv-dev

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

up: venv ## Install, prepare and run everything; Ctrl-C ends it
	@$(BIN)/python -m deploy.up

prepare: venv ## All that comes before running (then: .venv/bin/honcho start)
	@$(BIN)/python -m deploy.up --prepare

test: venv-dev ## Install what the tests need, check everything, run every test
	@$(PYTHON) deploy/system_packages.py
	@$(MAKE) --no-print-directory lint types
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && failed=0; \
	  $(TESTS) tests/shardrouter --ds=tests.shardrouter.settings -n 2 -q || failed=1; \
	  VAR_DIR="$$dir" $(BIN)/python -m tests.postgresql $(BIN)/python -m pytest \
	    tests/shardrouter --ds=tests.shardrouter.settings_postgresql -n 2 -q || failed=1; \
	  HISTORIES=8 VAR_DIR="$$dir" ENV_FILE=/dev/null $(BIN)/python -m tests.postgresql \
	    $(BIN)/python -m pytest $(ON_POSTGRESQL) --ds=tests.timeline_api.settings_postgresql \
	    -n 2 --dist worksteal -q || failed=1; \
	  $(TESTS) tests/notes --ds=tests.notes.settings -n 2 -q || failed=1; \
	  $(TESTS) tests --ignore=tests/shardrouter --ignore=tests/notes -n 2 --dist loadfile \
	    --no-loadscope-reorder -q || failed=1; \
	  exit $$failed

lint: venv-dev ## Check style, imports and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	SECRET_KEY=lint ENV_FILE=/dev/null $(BIN)/lint-imports

types: venv-dev ## Check shardrouter's types
	SECRET_KEY=types ENV_FILE=/dev/null $(BIN)/mypy

format: venv-dev ## Put the code into the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: venv-dev ## Collect the texts to translate, and compile the translations
	@$(BIN)/python -m deploy.messages

lock: venv-dev ## Pin the newest versions that pyproject.toml allows, with hashes
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 \
	  --custom-compile-command "make lock" pyproject.toml --output-file requirements.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 \
	  --custom-compile-command "make lock" --constraint requirements.txt \
	  pyproject.toml --group dev --output-file requirements-dev.txt

bench: venv-dev ## Run the benchmarks; results and machine go to benchmarks/results/
	@for file in benchmarks/bench_*.py; do \
	  echo "$$file"; $(BIN)/python -m benchmarks.$$(basename "$$file" .py) || exit 1; done

clean: ## Remove the virtual environment and all caches (never var/ or .env)
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv:
	@$(PYTHON) deploy/bootstrap.py

venv-dev:
	@$(PYTHON) deploy/bootstrap.py --dev
