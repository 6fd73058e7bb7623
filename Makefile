# One entry for people and machines. Needs Python 3.11 or newer and make; everything else goes into .venv.
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := check

VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8080
DATA ?= data
PACKS ?= starter
TEST_PACKS := smollm2-135m-instruct qwen2.5-coder-0.5b-instruct portrait background upscale fonts-zh fonts-serif-zh \
	use-multilingual profanity opennsfw hibari-tts kokoro-tts whisper-base document-layout
FUZZ_EXAMPLES ?= 300
RACES ?= 200
KILLS ?= 100
# Processes that share out the tests: one for each core, but never so many that their engines fill the memory. 0: none.
CORES := $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
WORKERS ?= $(shell n=$(CORES); test "$$n" -gt 1 || n=0; test "$$n" -lt 4 || n=4; echo "$$n")
CODE := src tests bench tour prices
# Bytecode of our own package, also where PYTHONDONTWRITEBYTECODE is set: without it every start compiles everything.
# (pip compiles what it installs by itself; the package it only points to.)
COMPILE := -m compileall -q src/openhearth
# The tests start hundreds of programs and rewrite their own assertions: both take their bytecode from the last run.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/pytest

# The first Python that is new enough and can make virtual environments; failing that, one that is new enough.
PYTHONS := python3 python3.12 python3.13 python3.11 python3.14 python
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in $(PYTHONS); do \
	"$$name" -c 'import ensurepip, venv; $(NEW_ENOUGH)' 2>/dev/null && echo "$$name" && exit; done; \
	for name in $(PYTHONS); do "$$name" -c '$(NEW_ENOUGH)' 2>/dev/null && echo "$$name" && exit; done)

.PHONY: check run test bench bench-usage tour fuzz test-kill test-races help install fmt format lint types imports shape spelling cov audit lock clean

check: format lint types imports spelling test ## All checks: format, lint, types, imports, spelling, shape and tests (the default)

run: $(VENV)/.engines ## Install, fetch the packs and start (PORT=8080 DATA=data PACKS=minimal|starter|full|none)
	@$(BIN)/python $(COMPILE)
	@test "$(PACKS)" = none || $(BIN)/openhearth packs fetch --set "$(PACKS)" || echo "Starting all the same: what needs a missing pack answers with the command that fetches it."
	@exec $(BIN)/openhearth serve --port "$(PORT)" --data "$(DATA)"

test: $(VENV)/.dev ## Install the test tools, fetch the packs the tests use, run all tests (ARGS=… goes to pytest, WORKERS=2)
	@$(BIN)/openhearth packs fetch $(TEST_PACKS) || echo "Tests that need a missing pack fail and name it, or are skipped where this machine cannot fetch it."
	@$(PYTEST) -n $(WORKERS) $(ARGS)

bench: $(VENV)/.engines ## Measure against nginx, Go and other gateways (ARGS="--only nginx,openhearth --seconds 5")
	@$(BIN)/python -m bench.run $(ARGS)

bench-usage: $(VENV)/.dev ## Time questions about usage among ten million calls (ARGS="--rows 1000000 --folder /big/disk")
	@$(BIN)/python -m bench.usage $(ARGS)

tour: $(VENV)/.dev ## Walk every surface offline with the official clients, print what came back (ARGS=--json)
	@$(BIN)/openhearth packs fetch --set starter || echo "Walking all the same: steps that need a missing pack are skipped."
	@$(BIN)/python -m tour $(ARGS)

fuzz: $(VENV)/.dev ## Hold every route against its description, many odd requests each (FUZZ_EXAMPLES=300)
	@$(BIN)/openhearth packs fetch $(TEST_PACKS) || echo "Tests that need a missing pack will fail and name it."
	@FUZZ_EXAMPLES="$(FUZZ_EXAMPLES)" $(BIN)/pytest tests/fuzz $(ARGS)

test-kill: $(VENV)/.dev ## Kill a server in the middle of priced streams, again and again (KILLS=100, SEED=… repeats a run)
	@KILLS="$(KILLS)" $(BIN)/pytest tests/billing/test_kills.py $(ARGS)

test-races: $(VENV)/.dev ## Races, kills and failing steps over every store, in full (RACES=200 kills)
	@RACES="$(RACES)" $(BIN)/pytest tests/races --timeout=3600 $(ARGS)

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | awk -F '\t' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(VENV)/.dev ## Install everything for development into .venv

fmt: $(VENV)/.dev ## Format the code and sort imports
	@$(BIN)/ruff format $(CODE) && $(BIN)/ruff check --fix --quiet $(CODE)

format: $(VENV)/.dev ## Is the code formatted?
	@$(BIN)/ruff format --check --quiet $(CODE) || { echo "Run 'make fmt'."; exit 1; }

lint: $(VENV)/.dev ## Likely bugs and style
	@$(BIN)/ruff check --quiet $(CODE)

types: $(VENV)/.dev ## mypy, strict
	@$(BIN)/mypy

imports: $(VENV)/.dev ## The layers and other import contracts
	@$(BIN)/lint-imports --no-logo

shape: $(VENV)/.dev ## Sizes, names, stray environment reads, documented errors
	@$(BIN)/pytest -q tests/shape

spelling: $(VENV)/.dev ## Common misspellings
	@$(BIN)/codespell $(CODE) docs changes *.md

cov: $(VENV)/.dev ## Tests with line and branch coverage, held against its floors (tests/floors.toml)
	@$(BIN)/openhearth packs fetch $(TEST_PACKS) || echo "Tests that need a missing pack fail and name it, or are skipped where this machine cannot fetch it."
	@$(PYTEST) -n $(WORKERS) --cov --cov-report=term-missing:skip-covered --cov-report=json:.coverage.json $(ARGS)
	@$(BIN)/python -m tests.floors .coverage.json

audit: $(VENV)/.dev ## Look every pinned package up in a database of known vulnerabilities (needs the network)
	@sh requirements/audit.sh $(BIN)

lock: $(VENV)/.dev ## Pin all requirements anew, with hashes and without any index address
	@sh requirements/lock.sh $(BIN)/uv

clean: ## Remove .venv and caches (data and fetched packs stay)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.json src/*.egg-info

# Stamps: a second run installs nothing. dev.txt holds all of engines.txt, so it settles both.
$(VENV)/.engines: requirements/build.txt requirements/engines.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing the platform and its engines into $(VENV) (345 MB to download the first time) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt -r requirements/engines.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python $(COMPILE)
	@touch $@

$(VENV)/.dev: requirements/build.txt requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing the platform, its engines and the development tools into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python $(COMPILE)
	@touch $@ $(VENV)/.engines

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found. Name yours: make PYTHON=/path/to/python"; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments: install its venv part (Debian and Ubuntu: apt-get install python3-venv)."; exit 1; }
	@echo "Making $(VENV) with $$("$(PYTHON)" --version) …"
	@"$(PYTHON)" -m venv $(VENV)
