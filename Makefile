# `make` lists the targets. You need only Python 3.11 or newer.

.DEFAULT_GOAL := help
.PHONY: help demo serve test test-services test-browser test-packaging test-deploy services stress quality docs diagrams extract_translations package release-check bench mutants clean
.DELETE_ON_ERROR:

PYTHON ?= $(shell for python in python3 python3.12 python3.11 python3.13; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$python" && break; done)
VENV := .venv
BIN := $(VENV)/bin
REPORTS := .cache/reports

# The addresses of the servers. Set them in the environment or on the command line.
MYSQL_URL ?= mysql://root@127.0.0.1:13306/lms
MARIADB_URL ?= mysql://root@127.0.0.1:3306/lms
POSTGRES_URL ?= postgres://postgres@127.0.0.1:5432/lms
REDIS_URL ?= redis://127.0.0.1:6379/0
RABBITMQ_URL ?= amqp://guest:guest@127.0.0.1:5672//

# Options for pytest: make test PYTEST_ARGS="tests/unit/test_links.py -n0"
PYTEST_ARGS ?=

# Tests start hundreds of Python processes. Without bytecode, each of them would compile the package again.
unexport PYTHONDONTWRITEBYTECODE

help: ## List the targets
	@sed -nE 's/^([a-z_-]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-21s %s\n", $$1, $$2 }'

demo: $(VENV)/.installed-sandbox ## Sync a sandbox LMS from a stand-in Catalog, and show a learner's links before and after
	$(BIN)/python -m sandbox.demo

serve: $(VENV)/.installed-sandbox ## Run the sandbox LMS and the stand-in Catalog together, for a browser
	$(BIN)/python -m sandbox.serve

test: $(VENV)/.installed-test ## Run the test suite on SQLite
	$(call run_suite,sqlite)

# These run on every database, because their result depends on its SQL, its locks or its migrations.
ABOUT_SQL := tests/unit/store tests/unit/sync/test_outcome.py tests/unit/sync/test_transactions.py \
	tests/unit/admin/test_course_runs.py tests/unit/test_receivers.py tests/properties tests/several_catalogs \
	tests/integration tests/sandbox/test_lms_migrations.py
# Of these folders, the modules that test HTTP, checks, log lines and other applications.
# (test_faults_values.py: databases differ in the values that they accept.)
NOT_ABOUT_SQL := $(wildcard tests/integration/test_faults_[!v]*.py) \
	$(patsubst %,tests/integration/test_%.py,authentication logs_and_monitoring metrics studio web_processes) \
	$(patsubst %,tests/several_catalogs/test_%.py,admin checks health organizations)
# These start Celery workers or one process per scenario, or change the character set of a table. They run on one server.
WITH_PROCESSES := tests/integration/test_distributed.py tests/integration/test_run_now.py tests/several_catalogs/test_workers.py \
	tests/several_catalogs/test_processes.py tests/docs/test_commands_on_servers.py \
	tests/processes/test_update_catalog_data.py tests/unit/sync/test_closing.py
SELECTION := -m "database and not browser and not packaging and not deploy" $(ABOUT_SQL) \
	$(NOT_ABOUT_SQL:%=--ignore=%)

test-services: $(VENV)/.installed-services services ## Run what depends on SQL on MySQL, MariaDB and PostgreSQL, with Redis and RabbitMQ
	LMS_DATABASE_URL=$(MYSQL_URL) $(call run_suite,mysql,$(SELECTION) $(WITH_PROCESSES:%=--ignore=%))
	LMS_DATABASE_URL=$(MARIADB_URL) $(call run_suite,mariadb,$(SELECTION) $(WITH_PROCESSES))
	LMS_DATABASE_URL=$(POSTGRES_URL) $(call run_suite,postgres,$(SELECTION) $(WITH_PROCESSES:%=--ignore=%))
	$(call run_suite,redis,tests/unit/catalog_client)

# All tests use Redis as the cache, but only those marked `services` use a broker. With a shared broker, one test
# would get another test's tasks.
test-services: export LMS_CACHE_URL := $(REDIS_URL)
test-services: export TEST_REDIS_URL := $(REDIS_URL)
test-services: export TEST_RABBITMQ_URL := $(RABBITMQ_URL)

services: # Fail at once, with the name of the server, if one does not answer.
	@$(PYTHON) scripts/check_services.py $(foreach name,MYSQL_URL MARIADB_URL POSTGRES_URL REDIS_URL RABBITMQ_URL,$(name)=$($(name)))

STRESS_SECONDS ?= 60
stress: export STRESS_SECONDS := $(STRESS_SECONDS)
stress: $(VENV)/.installed-services services ## Let publishers, pins and syncs of two Catalogs write at the same time, for a minute per database
	for url in $(MYSQL_URL) $(MARIADB_URL) $(POSTGRES_URL); do \
		LMS_DATABASE_URL=$$url $(BIN)/python -m pytest -m services -n0 tests/several_catalogs/test_stress.py || exit; \
	done

test-browser: $(VENV)/.installed-browser ## Run the tests that drive Chromium
	$(call run_suite,browser,-m browser)

test-packaging: $(VENV)/.installed-test ## Install the wheel into an empty environment, and test it in a small LMS and in one with edx-platform's modules
	$(call run_suite,packaging,-m packaging)

# In an environment of its own: Tutor and jenkins-job-builder have many requirements that may conflict with ours.
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
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/[!c]*.yml
	$(MAKE) docs package

docs: $(VENV)/.installed-docs ## Build the documentation; a warning is an error
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

# The drawn diagrams are committed, so that building the documentation does not need Graphviz.
diagrams: $(patsubst %.dot,%.svg,$(wildcard docs/diagrams/*.dot)) ## Draw the diagrams of the documentation; needs Graphviz
%.svg: %.dot
	dot -Tsvg $< -o $@

# Where Open edX's translation tools (OEP-58) look for it; it is not committed, and not in the package.
extract_translations: $(VENV)/.installed-sandbox ## Write the texts to translate to catalog_sync/conf/locale; needs GNU gettext
	mkdir -p catalog_sync/conf/locale
	cd catalog_sync && ../$(BIN)/django-admin makemessages --locale en --no-obsolete --add-location file

package: $(VENV)/.installed-quality ## Build the wheel and the source distribution, and check both
	rm -rf build dist
	$(BIN)/python -m build --quiet --outdir dist .
	$(BIN)/twine check --strict dist/*

# VERSION is the version of the tag; without it, that of the package.
release-check: package ## Check what can be checked before a release: version, changelog, and the tests of the source distribution
	$(BIN)/python scripts/check_release.py $(VERSION)
	rm -rf .cache/sdist && mkdir -p .cache/sdist
	tar -xzf dist/*.tar.gz -C .cache/sdist --strip-components=1
	$(MAKE) -C .cache/sdist test

# To run one of them: make bench BENCHMARKS=benchmarks/bench_link.py
BENCHMARKS ?= $(wildcard benchmarks/bench_*.py)
bench: export MARIADB_URL := $(MARIADB_URL)
bench: export POSTGRES_URL := $(POSTGRES_URL)
bench: $(VENV)/.installed-test ## Run every benchmark: five to fifteen minutes, or a tenth with BENCH_SCALE=0.1
	set -e; for benchmark in $(BENCHMARKS); do \
		$(BIN)/python -m benchmarks.$$(basename $$benchmark .py); \
	done

# Run more than one job on SQLite only: on a server, all jobs would use the same test database.
JOBS ?= 1
mutants: $(VENV)/.installed-mutants ## Put faults into MODULE, and list those that TESTS do not detect; JOBS in parallel
	$(BIN)/python scripts/mutants.py --jobs=$(JOBS) $(MODULE) $(TESTS)

clean: ## Remove the virtual environment and everything that was built
	rm -rf $(VENV) .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf build dist docs/_build sandbox/var *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# $(call run_suite,name of the report,more options): a skipped test proves nothing, so it fails the run.
define run_suite
$(BIN)/python -m pytest $(2) --junitxml=$(REPORTS)/$(1).xml $(PYTEST_ARGS)
@$(BIN)/python scripts/check_no_skips.py $(REPORTS)/$(1).xml
endef

$(VENV)/bin/python:
	@"$(PYTHON)" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "Python 3.11 or newer with the venv module is required (Debian: apt install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# One stamp per extra: `make demo` needs much less than `make quality`, and nothing is installed twice.
$(VENV)/.installed-%: setup.py pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$*]"
	@touch $@
