# `make run` and `make test` install everything they need.

ifneq ($(OS),Windows_NT)
BIN := .venv/bin
else
BIN := .venv/Scripts
endif
PYTHON ?= python3
RUNTIME := .venv/runtime
INSTALLED := .venv/installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
RELEASE := .venv/release/installed
RELEASE_BIN := $(BIN:.venv/%=.venv/release/%)
COMPILE := $(RELEASE_BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock'
# What checks the dashboard; npm writes this file last.
TOOLS := api/dashboard/node_modules/.package-lock.json
# The source of the page. Installing the project builds it.
DASHBOARD := $(shell find api/dashboard -name node_modules -prune -o -name tests -prune -o -type f -print)

# Otherwise each start of Python would compile everything again: a `collector` takes 6 MiB more, a test's process a second.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test soak exercise lint format docs site benchmark dist release lock audit clean
.DEFAULT_GOAL := help

help: ## Show this list.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# $(call install,LOCK): install the packages of locks/LOCK.txt into .venv.
define install
	@if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing .venv && \
		uv pip install --quiet --python .venv --require-hashes -r locks/$(1).txt; \
	else \
		$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
			{ echo "System Monitor needs Python 3.11 or newer: make PYTHON=python3.12 …" >&2; exit 2; }; \
		{ [ -x $(BIN)/python ] || $(PYTHON) -m venv .venv; } && \
		$(PIP) --require-hashes -r locks/$(1).txt; \
	fi
endef

# A changed pyproject.toml may have new dependencies; a changed dashboard needs a new page.
$(RUNTIME): pyproject.toml hatch_build.py locks/runtime.txt $(DASHBOARD)
	@echo "Setting up .venv (the first time takes half a minute) …"
	$(call install,runtime)
	@if command -v uv >/dev/null 2>&1; then uv pip install --quiet --python .venv --no-deps -e .; \
	else $(PIP) --no-deps -e .; fi
	@touch $@

# locks/runtime.txt constrains locks/notify.txt and dev.txt, so all have the same version of what they share.
$(INSTALLED): $(RUNTIME) locks/dev.txt
	@echo "Adding what the tests need …"
	$(call install,dev)
	@touch $@

run: $(RUNTIME) ## Run the whole pipeline on this machine until Ctrl-C; options in ARGS="--http-port 8080".
	@# With job control, if there is a terminal, Ctrl-C reaches the program and not make. Ctrl-Z is
	@# disabled, since no shell would be left to bring the program back to the foreground.
	@set -m 2>/dev/null; trap '' TSTP; $(BIN)/system-monitor up $(ARGS)

test: lint ## Check the code and run the tests; options for pytest in ARGS="-k sqlite".
	$(BIN)/python -m pytest $(ARGS)

soak: $(INSTALLED) ## Run the tests that take minutes: fault injection and endurance; options for pytest in ARGS.
	$(BIN)/python -m pytest -n 0 -m soak -v -o log_cli=true -o log_cli_level=INFO $(ARGS)

# Without Ryuk, the image that cleans up after testcontainers, which may not be available to pull: the tests clean up themselves.
exercise: $(INSTALLED) ## Test Dockerfile and compose.yaml with Docker (about 10 minutes), and run the servers' tests on its images.
	$(BIN)/python -m pytest -n 0 -m docker -v -o log_cli=true -o log_cli_level=INFO $(ARGS) tests/docker
	TESTCONTAINERS_RYUK_DISABLED=true REQUIRE_SERVICES=1 $(BIN)/python -m pytest -n 0 \
		tests/services tests/telemetry/history tests/deploy/test_roles.py

lint: $(INSTALLED) $(TOOLS) ## Check style and types.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	@if command -v npm >/dev/null 2>&1; then npm --prefix api/dashboard run --silent lint; \
	else echo "npm is not on PATH: the dashboard is not checked." >&2; fi

format: $(INSTALLED) $(TOOLS) ## Format the code.
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	@if command -v npm >/dev/null 2>&1; then npm --prefix api/dashboard run --silent format; fi

$(TOOLS): api/dashboard/package-lock.json
	@! command -v npm >/dev/null 2>&1 || npm --prefix api/dashboard ci

docs: $(INSTALLED) ## Generate the tables in docs/ from the code.
	$(BIN)/python -m docs.generate

site: $(INSTALLED) ## Build the documentation site into site/html; a broken link or anchor fails the build.
	$(BIN)/python -m docs.site site
	$(BIN)/zensical build --strict -f site/zensical.toml

benchmark: $(INSTALLED) ## Measure the cost of the pipeline beside its peers, and how often findings are right (about 40 minutes).
	$(BIN)/python -m tests.benchmarks
	$(BIN)/python -m tests.benchmarks.scrape
	$(BIN)/python -m tests.benchmarks.findings

# Without uv, which the machine may lack: this installs it.
$(RELEASE): locks/release.txt
	@$(PYTHON) -m venv .venv/release
	@$(RELEASE_BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

dist: $(RELEASE) ## Build the wheel and the source distribution into dist/, and check them.
	rm -rf dist
	$(RELEASE_BIN)/python -m build
	$(RELEASE_BIN)/twine check --strict dist/*
	$(RELEASE_BIN)/check-wheel-contents dist/*.whl

release: dist $(INSTALLED) ## Build the packages and their bills of materials (CycloneDX), and check that they can be released.
	$(RELEASE_BIN)/cyclonedx-py requirements locks/runtime.txt --pyproject pyproject.toml \
		--output-reproducible --output-file dist/python.cdx.json
	npm sbom --prefix api/dashboard --omit dev --sbom-format cyclonedx --package-lock-only > dist/dashboard.cdx.json
	$(BIN)/python -m tests.release dist

lock: $(RELEASE) ## Lock the dependencies in pyproject.toml into locks/; UPGRADE=--upgrade takes the newest versions.
	$(COMPILE) $(UPGRADE) pyproject.toml --output-file locks/runtime.txt
	$(COMPILE) $(UPGRADE) pyproject.toml --extra notify --constraint locks/runtime.txt --output-file locks/notify.txt
	$(COMPILE) $(UPGRADE) pyproject.toml --extra dev --constraint locks/runtime.txt --output-file locks/dev.txt
	$(COMPILE) $(UPGRADE) --group build --output-file locks/build.txt
	$(COMPILE) $(UPGRADE) --group release --output-file locks/release.txt

audit: $(INSTALLED) $(RELEASE) ## Check the locked packages for known vulnerabilities.
	$(BIN)/python -m tests.audit $(RELEASE_BIN)

clean: ## Remove everything that was installed or built.
	rm -rf .venv dist site api/static api/dashboard/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis
