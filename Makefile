# The two commands: `make run` and `make test`. Each sets up all it needs: Python 3.11 or newer, make and git suffice.
#
#   make run ARGS="--workers 2"   start the platform on this machine (neuroevo up)
#   make test ARGS="tests/unit"   every test, or those named; JOBS=2 at a time
#   make lint                     style, types, import rules, what bandit and pip-audit know
#   make policy                   what checkov says of manifests and images; part of make lint
#   make bench ARGS="--json"      how fast the worker is here, beside what others use (neuroevo bench worker)
#   make chaos KILLS=100          kill everything at random and look for anything lost
#   make venv                     the set-up alone

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help venv dev browser peers policy lint test chaos bench run format

VENV := .venv
BIN := $(VENV)/bin
PRODUCT := evolution server worker exports cli migrations policies frontend
ARGS ?=
JOBS ?= 2

help:
	@grep -E '^#( |$$)' Makefile | sed -E 's/^# ?//'

venv:
	@scripts/setup user

dev:
	@scripts/setup dev

browser: dev
	@scripts/setup browser

peers: venv
	@scripts/setup peers

policy:
	@scripts/setup policy
	@scripts/policy

lint: dev policy
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/bandit --quiet --recursive --configfile pyproject.toml $(PRODUCT)
	@scripts/audit

format: dev
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

test: browser
	@$(BIN)/pytest -n $(JOBS) --dist loadfile $(ARGS)

chaos: dev
	@KILLS=$(or $(KILLS),100) SEED=$(or $(SEED),1) $(BIN)/pytest -s tests/chaos -k whatever

bench: peers
	@exec $(BIN)/neuroevo bench worker $(ARGS)

run: venv
	@exec $(BIN)/neuroevo up $(ARGS)
