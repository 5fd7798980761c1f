# `make` alone lists the targets. All that is needed beforehand is Python 3.11 or newer.

.DEFAULT_GOAL := help
.PHONY: help demo serve test test-services test-browser test-packaging test-deploy services quality docs package bench mutants clean
.DELETE_ON_ERROR:

PYTHON ?= $(shell for python in python3 python3.12 python3.11 python3.13; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$python" && break; done)
VENV := .venv
BIN := $(VENV)/bin
REPORTS := .cache/reports

# Where the real servers are. Each can be set in the environment or on the command line.
MARIADB_URL ?= mysql://root@127.0.0.1:3306/lms
POSTGRES_URL ?= postgres://postgres@127.0.0.1:5432/lms
REDIS_URL ?= redis://127.0.0.1:6379/0
RABBITMQ_URL ?= amqp://guest:guest@127.0.0.1:5672//

# More options for pytest: make test PYTEST_ARGS="tests/unit/test_links.py -n0"
PYTEST_ARGS ?=

help: ## List the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-15s %s\n", $$1, $$2 }'

demo: $(VENV)/.installed-sandbox ## Sync a sandbox LMS from a stand-in Catalog, and show a learner's links before and after
	$(BIN)/python -m sandbox.demo

serve: $(VENV)/.installed-sandbox ## Run the sandbox LMS and the stand-in Catalog together, for a browser
	$(BIN)/python -m sandbox.serve

test: $(VENV)/.installed-test ## Run the test suite on SQLite
	$(call run_suite,sqlite)

# What asks no database has said on SQLite what it says.
WITHOUT_DATABASE := tests/deploy tests/docs/test_make.py tests/hosts/test_hosts.py tests/properties/test_pagination.py \
	tests/unit/catalog_client/test_decoder_fuzz.py
# What starts workers, or a process a test, takes a quarter of the time: on MariaDB, which Open edX runs on.
WITH_WORKERS := tests/integration/test_distributed.py tests/several_catalogs/test_workers.py \
	tests/docs/test_commands_on_servers.py tests/processes/test_update_catalog_data.py

test-services: $(VENV)/.installed-services services ## Run the suite on MariaDB and PostgreSQL, with Redis and RabbitMQ
	LMS_DATABASE_URL=$(MARIADB_URL) $(call run_suite,mariadb,$(ON_SERVERS))
	LMS_DATABASE_URL=$(POSTGRES_URL) $(call run_suite,postgres,$(ON_SERVERS) $(WITH_WORKERS:%=--ignore=%))

test-services: ON_SERVERS := -m "not browser and not packaging and not deploy" $(WITHOUT_DATABASE:%=--ignore=%)
# The whole suite caches in Redis. Of the broker only the tests marked `services` know: on a shared one, a test would
# find another test's tasks.
test-services: export LMS_CACHE_URL := $(REDIS_URL)
test-services: export TEST_REDIS_URL := $(REDIS_URL)
test-services: export TEST_RABBITMQ_URL := $(RABBITMQ_URL)

services: # A server that does not answer is a failure, said at once and by name.
	@$(PYTHON) scripts/check_services.py $(MARIADB_URL) $(POSTGRES_URL) $(REDIS_URL) $(RABBITMQ_URL)

test-browser: $(VENV)/.installed-browser ## Run the tests that drive Chromium
	$(call run_suite,browser,-m browser)

test-packaging: $(VENV)/.installed-test ## Install the wheel into an empty environment, and test it in a small LMS and in one with edx-platform's modules
	$(call run_suite,packaging,-m packaging)

# In an environment of its own: Tutor and jenkins-job-builder bring much, and are to agree with nothing else here.
test-deploy: ## Run the tests of deploy/ with the real Tutor and jenkins-job-builder
	$(MAKE) VENV=.cache/venv-deploy .cache/venv-deploy/.installed-deploy
	$(MAKE) VENV=.cache/venv-deploy run-deploy

.PHONY: run-deploy
run-deploy:
	$(call run_suite,deploy,-m deploy -n0)

quality: $(VENV)/.installed-quality ## Lint, check imports, types and migrations, build the docs and the package
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(MAKE) docs package

docs: $(VENV)/.installed-docs ## Build the documentation; a warning is an error
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

package: $(VENV)/.installed-quality ## Build the wheel and the source distribution, and check both
	rm -rf build dist
	$(BIN)/python -m build --quiet --outdir dist .
	$(BIN)/twine check --strict dist/*

# Some of them only: make bench BENCHMARKS=benchmarks/bench_link.py
BENCHMARKS ?= $(wildcard benchmarks/bench_*.py)
bench: export MARIADB_URL := $(MARIADB_URL)
bench: export POSTGRES_URL := $(POSTGRES_URL)
bench: $(VENV)/.installed-test ## Run every benchmark: five to fifteen minutes, or BENCH_SCALE=0.1 of it
	set -e; for benchmark in $(BENCHMARKS); do \
		$(BIN)/python -m benchmarks.$$(basename $$benchmark .py); \
	done

# More than one at once is for SQLite: a server's test database would be that of all of them.
JOBS ?= 1
mutants: $(VENV)/.installed-mutants ## Put faults into MODULE, and name those that TESTS do not notice; JOBS at once
	$(BIN)/python scripts/mutants.py --jobs=$(JOBS) $(MODULE) $(TESTS)

clean: ## Remove the virtual environment and everything that was built
	rm -rf $(VENV) .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf build dist docs/_build sandbox/var *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# $(call run_suite,name of the report,more options): a test that was skipped proved nothing, so it fails the run.
define run_suite
$(BIN)/python -m pytest $(2) --junitxml=$(REPORTS)/$(1).xml $(PYTEST_ARGS)
@$(BIN)/python scripts/check_no_skips.py $(REPORTS)/$(1).xml
endef

$(VENV)/bin/python:
	@"$(PYTHON)" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "Python 3.11 or newer, with its venv module, is needed (Debian: apt install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# One stamp an extra: `make demo` needs much less than `make quality`, and nothing is installed twice.
$(VENV)/.installed-%: setup.py pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$*]"
	@touch $@
