# One line per target: `make help`. Everything that is more than a command lives in tools/.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
STACK ?= local
UV_VERSION := 0.13.8
TOOLS := .venv/bin/python -m tools
CHECKED := __main__.py stacks components policies tools

export STACK ENGINE CRDS DELETE_DATA API_PORT LEFT RIGHT EVERY

.PHONY: help up down status test lint render preview deploy policy network parity report fit bench mutants docs format lock schema golden

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

up: .venv/.filled policies/.venv/.filled ## Bring the local stack up on a simulated GPU cluster (ENGINE=render|pulumi, CRDS=folder)
	@$(TOOLS) up

down: .venv/.filled ## Stop the simulated cluster and remove its state
	@$(TOOLS) down

status: .venv/.filled ## Show the simulated cluster: processes, workloads, GPUs
	@$(TOOLS) status

test: .venv/.filled policies/.venv/.filled ## Run all tests (the first run builds the control plane, about 10 minutes)
	@$(TOOLS) binaries
	-@$(TOOLS) servers
	@.venv/bin/python -m pytest --numprocesses 2 --dist loadgroup

lint: .venv/.filled ## Check format, lint and types
	@.venv/bin/ruff format --check --quiet . || { echo "run: make format"; exit 1; }
	@.venv/bin/ruff check --quiet .
	@.venv/bin/basedpyright --level error

render: .venv/.filled ## Write the resource graph and manifests of STACK to build/render/<stack>
	@$(TOOLS) render

preview: .venv/.filled policies/.venv/.filled ## Show what the engine would change on STACK (needs the pulumi command)
	@$(TOOLS) preview

deploy: .venv/.filled policies/.venv/.filled ## Let the engine change STACK, after its own preview (needs the pulumi command)
	@$(TOOLS) deploy

policy: .venv/.filled ## Judge the rendered STACK by every policy
	@$(TOOLS) policy

network: .venv/.filled ## Show who may open a connection to whom on STACK, and fail where nobody declared it
	@$(TOOLS) network

parity: .venv/.filled ## Compare what two stacks provide (LEFT=dev RIGHT=prod, or two graph files)
	@$(TOOLS) parity

report: .venv/.filled ## Write one HTML page about STACK: topology, GPUs, cost, findings, parity (WITH=<stack to compare with>)
	@$(TOOLS) report

fit: .venv/.filled ## Show whether models fit their GPUs (STACK=… or MODEL=… GPU=… [COUNT=…] [CONTEXT=…])
	@$(TOOLS) fit

bench: .venv/.filled policies/.venv/.filled ## Measure render, policies, memory and the gateway on this machine
	@$(TOOLS) bench

mutants: .venv/.filled ## Break the rules of the policies piece by piece and count what the tests notice (EVERY=10: a tenth)
	@$(TOOLS) mutants

docs: .venv/.filled ## Write the pages that come out of the program (docs/policies.md)
	@$(TOOLS) docs

format: .venv/.filled ## Format the code and fix what can be fixed
	@.venv/bin/ruff format --quiet . && .venv/bin/ruff check --fix --quiet .

schema: .venv/.filled ## Write the JSON Schema of stack files
	@$(TOOLS) schema

golden: .venv/.filled ## Write the golden manifests anew; review the diff
	@$(TOOLS) golden

lock: .venv/.filled ## Resolve requirements.in anew, with hashes
	@.venv/bin/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --custom-compile-command "make lock" -o requirements.lock requirements.in
	@.venv/bin/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --custom-compile-command "make lock" -o policies/requirements.lock policies/requirements.in
	@for name in $(basename $(notdir $(wildcard tools/servers/*.in))); do .venv/bin/uv pip compile --quiet --upgrade --generate-hashes \
	  --no-emit-index-url --python-version 3.11 --custom-compile-command "make lock" -o tools/servers/$$name.lock tools/servers/$$name.in; done

.venv/.filled: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1): set PYTHON=python3.12, for example"; exit 1; }
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv || \
	  { rm -rf .venv; echo "$(PYTHON) has no venv module: install it (Debian, Ubuntu: apt-get install python3-venv)"; exit 1; }
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@.venv/bin/uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r requirements.lock
	@touch $@

policies/.venv/.filled: policies/requirements.lock .venv/.filled
	@test -x policies/.venv/bin/python || .venv/bin/uv venv --quiet --python .venv/bin/python policies/.venv
	@.venv/bin/uv pip install --quiet --compile-bytecode --python policies/.venv/bin/python --require-hashes -r policies/requirements.lock
	@touch $@
