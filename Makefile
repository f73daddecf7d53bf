# `make help` lists the targets. Settings can be given as variables: make up WEB_PORT=8100
# API_PORT=8180 PYTHON=python3.12 VAR_DIR=/srv/twitsite … docs/settings.md has all of them.

PYTHON ?= python3
BIN := .venv/bin
# What may differ on PostgreSQL: search, locks and races, what is refused.
API := tests/timeline_api
ON_POSTGRESQL := $(API)/postgresql $(API)/migrations \
  $(API)/histories/test_histories.py::test_it_ends_as_the_plain_model_says \
  $(API)/histories/test_crowd.py $(API)/relay/test_worker.py $(API)/ops/test_commits.py \
  $(patsubst %,$(API)/services/test_%.py,accounts follows messages races) \
  $(patsubst %,$(API)/http/test_%.py,avatars bad_input blocks discovery messages races search unavailable)
# Tests do not read this installation's .env, and write to a VAR_DIR of their own.
IN_TEMPORARY_VAR_DIR = @dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
  export VAR_DIR="$$dir" ENV_FILE=/dev/null SECRET_KEY=tests-only &&
PYTEST := $(BIN)/python -m pytest -n 2 -q
WITH_POSTGRESQL := $(BIN)/python -m tests.postgresql
# What `make test` runs, one after the other. Longer runs get a target of their own.
UNDER_LOAD := $(patsubst %,tests/e2e/test_%.py,crashes reload)
FAULTS := $(patsubst %,tests/e2e/test_%.py,shard_down up) $(API)/durability $(API)/files
BENCHMARKS := tests/test_benchmarks.py tests/test_pages_benchmark.py
PACKAGE := tests/package
SUITES := test-shardrouter test-shardrouter-postgresql test-api-postgresql test-notes \
  test-compatibility test-services

.NOTPARALLEL:
.PHONY: help up prepare deploy status test $(SUITES) test-chaos test-benchmarks test-package system-packages lint types format messages lock bench clean venv venv-dev

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

up: venv ## Install, prepare and run everything; Ctrl-C stops it
	@$(BIN)/python -m deploy.up

prepare: venv ## Do all that comes before running, and run nothing
	@$(BIN)/python -m deploy.up --prepare

deploy: venv ## Let the running site take new code; no request fails
	@$(BIN)/python -m deploy.reload

status: venv ## Show how the running site does, on one screen
	@$(BIN)/python -m deploy.status

test: venv-dev system-packages lint types ## Install what the tests need, check everything, run every test
	@$(MAKE) --no-print-directory --keep-going $(SUITES)

test-shardrouter: venv-dev
	$(IN_TEMPORARY_VAR_DIR) $(PYTEST) tests/shardrouter --ds=tests.shardrouter.settings

test-shardrouter-postgresql: venv-dev
	$(IN_TEMPORARY_VAR_DIR) $(WITH_POSTGRESQL) $(PYTEST) tests/shardrouter \
	  --ds=tests.shardrouter.settings_postgresql

test-api-postgresql: venv-dev
	$(IN_TEMPORARY_VAR_DIR) HISTORIES=8 $(WITH_POSTGRESQL) $(PYTEST) $(ON_POSTGRESQL) \
	  --ds=tests.timeline_api.settings_postgresql --dist worksteal

test-notes: venv-dev
	$(IN_TEMPORARY_VAR_DIR) $(PYTEST) tests/notes --ds=tests.notes.settings

test-compatibility: venv-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-compatibility.txt
	$(IN_TEMPORARY_VAR_DIR) $(PYTEST) tests/compatibility --ds=tests.compatibility.settings

test-services: venv-dev
	$(IN_TEMPORARY_VAR_DIR) $(PYTEST) -n 3 tests --ignore=tests/shardrouter --ignore=tests/notes \
	  $(addprefix --ignore=,tests/adoption tests/compatibility $(UNDER_LOAD) $(FAULTS) $(BENCHMARKS) $(PACKAGE)) --dist loadfile --no-loadscope-reorder

test-chaos: venv-dev system-packages ## Kill, restart, lose, empty and restore what runs, under load; CRASH_SECONDS says how long
	$(IN_TEMPORARY_VAR_DIR) $(PYTEST) -n 0 $(UNDER_LOAD)
	$(IN_TEMPORARY_VAR_DIR) $(PYTEST) $(FAULTS) --dist loadfile

test-benchmarks: venv-dev system-packages ## Run every benchmark, shortly: do they still measure?
	$(IN_TEMPORARY_VAR_DIR) $(PYTEST) $(BENCHMARKS) --dist loadfile

test-package: venv-dev system-packages ## Build django-shardrouter and install it; adopt projects that have data
	$(IN_TEMPORARY_VAR_DIR) $(PYTEST) tests/adoption --ds=tests.shardrouter.settings
	$(IN_TEMPORARY_VAR_DIR) $(WITH_POSTGRESQL) $(PYTEST) tests/adoption \
	  --ds=tests.shardrouter.settings_postgresql
	$(IN_TEMPORARY_VAR_DIR) $(PYTEST) $(PACKAGE)

system-packages:
	@$(PYTHON) deploy/system_packages.py

lint: venv-dev ## Check style, format and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	SECRET_KEY=lint ENV_FILE=/dev/null $(BIN)/lint-imports

types: venv-dev ## Check the types
	SECRET_KEY=types ENV_FILE=/dev/null $(BIN)/mypy

format: venv-dev ## Fix what ruff can fix, and format the code
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
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 \
	  --custom-compile-command "make lock" --constraint requirements-dev.txt \
	  --group compatibility --output-file requirements-compatibility.txt

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
