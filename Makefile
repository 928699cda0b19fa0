# Everything starts here; each target may be run alone on a fresh clone (Debian 12, Ubuntu).
# HAMYAR_HOME, HAMYAR_PORT, HAMYAR_WORKERS, DATABASE_URL and REDIS_URL are passed through.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo run test check bench soak format clean

VENV := .venv/bin
export PATH := $(CURDIR)/.venv/bin:$(PATH)
PACKAGES := server mapping field_forms ops

help:
	@echo "make setup   نصب و ساخت، بی راه‌اندازی      everything installed and built, nothing started"
	@echo "make demo    نمایش تمرینی با یک سناریو      a drill instance with a scenario, URL and ways in printed"
	@echo "make run     سامانهٔ واقعی و خالی           an empty instance, first coordinator invited"
	@echo "make test    همهٔ آزمون‌ها                  all tests"
	@echo "make check   سبک، گونه‌ها، مرز ماژول‌ها     lint, types, import contracts"
	@echo "make bench   اندازه‌ها                      figures for docs/performance.md"
	@echo "make soak    کشتن زیر بار، توفان اعزام      rounds of kills under load, the storm over dispatch"

setup:
	@ops/setup.sh

demo: setup
	@exec $(VENV)/hamyar demo $(ARGS)

run: setup
	@exec $(VENV)/hamyar run $(ARGS)

test:
	@ops/setup.sh --test
	@$(VENV)/python -m tests $(ARGS)

check: setup
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check --quiet . || { echo "run: make format" >&2; exit 1; }
	@$(VENV)/mypy
	@$(VENV)/lint-imports
	@$(VENV)/python -m ops.checks
	@if [ -f package.json ]; then npm run --silent check && npm test --silent; fi

format:
	@$(VENV)/ruff check --fix --quiet . ; $(VENV)/ruff format --quiet .

bench: setup
	@$(VENV)/python -m pytest -m bench --timeout=0 -s tests/bench $(ARGS)

soak: setup
	@HAMYAR_ROUNDS=200 HAMYAR_OUTAGE_S=600 $(VENV)/python -m pytest -m faults --timeout=0 tests/faults $(ARGS)
	@HAMYAR_MESSAGES=100000 $(VENV)/python -m pytest --timeout=0 tests/slices/test_front.py -k often_it_comes
	@HAMYAR_ALL_LOOKS=1 $(VENV)/python -m pytest --timeout=0 tests/e2e
	@$(VENV)/python -m tests.soak
	@HAMYAR_STEPS=$${HAMYAR_STEPS:-1000000} $(VENV)/python -m pytest --timeout=0 -s tests/slices/test_dispatch_machine.py

clean:
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-results server/pages/static/dist
