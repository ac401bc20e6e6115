# `make` alone shows what there is. Needs make and Python 3.11 or newer with venv; everything else is put into .venv and .state.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?=
WORKERS ?= 2

BIN := .venv/bin
VENV := .venv/.made-for
# The folder was moved or copied: scripts in .venv name the old place, so it is made again.
MOVED := $(shell [ "$$(cat .venv/.made-for 2>/dev/null)" = "$$(pwd)" ] || echo moved)

.PHONY: help demo up down test test-clients test-long lint bench topology-check documents clean lock moved

help: ## Show this list
	@echo "Cascade: a message goes through a list of channels until one of them is known to have reached the person."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  The command line is .venv/bin/cascade (try: .venv/bin/cascade --help)."

$(VENV): requirements/dev.txt pyproject.toml deploy/make_venv.sh $(MOVED)
	@sh deploy/make_venv.sh $(PYTHON)

moved:

demo: $(VENV) ## Real workflows through a real RabbitMQ, two dispatchers, a simulated provider and one kill -9
	@$(BIN)/cascade dev

up: $(VENV) ## Start broker, ingress, two dispatchers and the sandbox in the background
	@$(BIN)/cascade up

down: $(VENV) ## Stop all that `make up` started
	@$(BIN)/cascade down

test: $(VENV) ## All tests but the long campaigns, in minutes
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

test-clients: $(VENV) ## The provider's own clients for Python and Node against ingress and sandbox
	@sh deploy/make_clients.sh
	@$(BIN)/python -m pytest tests/clients

test-long: $(VENV) ## The long fault and simulation campaigns
	@$(BIN)/python -m pytest -m long --timeout 1800

lint: $(VENV) ## Style, types, shell, YAML, Dockerfile, compose file and the documents of the API
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "Mend it with: .venv/bin/ruff format ."; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/shellcheck --external-sources deploy/*.sh deploy/rabbitmq/*.sh examples/*.sh .ci/run
	@$(BIN)/yamllint --strict .
	@$(BIN)/hadolint deploy/Dockerfile
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	@$(BIN)/check-jsonschema --quiet --check-metaschema docs/schemas/*.json

bench: $(VENV) ## Figures of speed, also written to .state/bench.json
	@$(BIN)/python -m tests.benchmarks

topology-check: $(VENV) ## Compare the broker's exchanges and queues with the topology in the code
	@$(BIN)/cascade topology check

documents: $(VENV) ## Write docs/openapi.json, docs/asyncapi.json and docs/schemas anew
	@$(BIN)/cascade contract write docs

clean: ## Remove what was made: .venv, .state and caches (stop first: make down)
	@if ls .state/run/*.pid >/dev/null 2>&1; then echo "Something may still run: make down"; exit 1; fi
	rm -rf .venv .state .pytest_cache .mypy_cache .ruff_cache .hypothesis build ./*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: $(VENV) ## Write the hashed requirements anew from requirements/*.in
	@sh deploy/lock.sh
