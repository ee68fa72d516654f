# Everything a person does with this repository. `make` alone shows what there is.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup run test lint format bench e2e proof proof-full clean

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
# More words for pytest or for the demo: make test ARGS="-k plc", make run ARGS="--rate 4"
ARGS ?=

# Where tests lie that run after the others: pages in a browser, two at a time, with the demos that wait for no cycle;
# then demos of a plant, whose parts must be judged in time, alone.
PAGES = $(shell grep -rl 'mark\.browser' tests --include='test_*.py' | grep -v -e tests/e2e/ -e tests/bench/) $(CALM)
CALM := tests/e2e/test_store.py tests/e2e/test_ward.py
DEMOS = $(filter-out $(CALM),$(wildcard tests/e2e/test_*.py)) $(shell grep -rl 'mark\.alone' tests --include='test_*.py')
# There where a run of the tests came to no end: what failed then is not all that might have.
UNFINISHED := .pytest_cache/unfinished
# The proofs whose counts grow in `make proof-full`; the others are whole in `make proof`.
FULL := tests/proof/test_cell.py::test_a_cell_of_rendered_flanges \
        tests/proof/test_plc.py::test_a_plc_restarted_again_and_again_is_served_again_within_two_seconds \
        tests/proof/test_kills.py tests/proof/test_beside_jobs.py \
        tests/bench/test_hl7.py::test_two_hundred_beds_for_long

help: ## what there is
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(STAMP) ## .venv with the edgewise command; quick the second time

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Edgewise needs Python 3.11 or newer; name one: make setup PYTHON=python3.12")'
	@if [ ! -x $(BIN)/python ]; then echo "==> making .venv with $$($(PYTHON) --version)"; $(PYTHON) -m venv .venv; fi
	@echo "==> installing Edgewise and the packages it needs (some minutes the first time)"
	@if command -v uv >/dev/null && uv pip install --python $(BIN)/python -e '.[dev]'; then exit 0; fi; \
	for try in 1 2 3; do \
	  $(BIN)/python -m pip install --disable-pip-version-check --no-input --no-compile -e '.[dev]' && break; \
	  if [ $$try = 3 ]; then echo "==> the packages could not be installed; is the network there?" >&2; exit 1; fi; \
	  echo "==> once more in 5 s"; sleep 5; done
	@touch $@
	@echo "==> ready: $(BIN)/edgewise --help"

run: setup ## a simulated plant cell, ward and store with their screens, in the foreground
	@$(BIN)/edgewise demo $(ARGS)

test: setup ## the tests; browser tests and real data sets are skipped with a reason where they are missing
	@rm -f $(UNFINISHED); failed=0; run() { local how=0; $(BIN)/python -m pytest "$$@" $(ARGS) || how=$$?; \
	  case $$how in 0 | 5) ;; 1) failed=1 ;; *) failed=1; mkdir -p .pytest_cache; touch $(UNFINISHED) ;; esac; }; \
	run -n 3 --dist loadfile -m "not alone"; \
	$(if $(findstring tests/,$(ARGS)),run -m alone, \
	run -n 2 --dist loadfile -m alone $(PAGES); run -m alone $(DEMOS)); \
	exit $$failed # pytest's 5: none of these tests was asked for; 1: some failed; more: they did not run to their end

lint: setup ## ruff, formatting and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@MYPY_NUM_WORKERS=2 $(BIN)/mypy

format: setup ## put the code into shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup ## figures: engine, streams, store, live line
	@$(BIN)/python -m pytest -m bench -s $(ARGS)

e2e: setup ## the demo in Debian's Chromium
	@$(BIN)/python -m pytest -m browser $(ARGS)

proof: setup ## minutes long: 300 parts, kills, restarts, freezes
	@$(BIN)/python -m pytest -m slow -s $(ARGS)

proof-full: setup ## an hour on two quiet cores: 2,000 parts, 100 PLC restarts, 50 kills of each process, jobs beside
	@$(BIN)/python -m pytest -m slow -s --proof-scale full $(FULL) $(ARGS)

clean: ## takes away .venv and what tools left
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
