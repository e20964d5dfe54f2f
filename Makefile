# Everything a person or CI runs. Each target sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
STORE ?= sqlite
TEST_JOBS ?= 2
STUBS := clients/python/schemaregistry/v1
PROTOC := $(BIN)/python -m grpc_tools.protoc -Iproto -Ithird_party/googleapis \
	--plugin=protoc-gen-mypy=$(BIN)/protoc-gen-mypy --plugin=protoc-gen-mypy_grpc=$(BIN)/protoc-gen-mypy_grpc

.PHONY: help setup run check test coverage test-needs lint lint-python lint-workflows format proto proto-check proto-release lock lock-check fresh-check clean

help: ## What can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(READY) ## Make .venv from the lock file

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' || \
		{ echo "Python 3.11 to 3.14 is needed; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: $(READY) $(if $(filter etcd,$(STORE)),etcd) ## Start the registry and publish schemas/ (STORE=etcd: on a cluster of three)
	@$(BIN)/schemaregistry serve --dev --store $(STORE) --publish schemas

check: $(READY) ## Between edits: ruff, mypy, import-linter and the unit tests, in under two minutes (TEST_JOBS=2 at a time)
	@$(MAKE) --no-print-directory lint-python
	$(BIN)/pytest tests/unit -q -n $(TEST_JOBS) --dist loadscope --no-loadscope-reorder

test: $(READY) ## Lint, check the stubs, run every test (TEST_JOBS=2 at a time)
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory proto-check
	@$(BIN)/python -m scripts.toolchains $(if $(CI),--install)
	@$(MAKE) --no-print-directory cpp-ctest-if-present
	$(BIN)/pytest tests/ -n $(TEST_JOBS) --dist loadscope --no-loadscope-reorder \
		--durations=15 --durations-min=5

coverage: $(READY) ## How much of the code the unit tests reach (they take twice as long then)
	$(BIN)/pytest tests/unit -q -n $(TEST_JOBS) --dist loadscope --no-loadscope-reorder \
		--cov --cov-report=term:skip-covered

test-needs: $(READY) ## Install what the tests of the clients need: Node from PyPI, the rest from Debian
	@$(BIN)/python -m scripts.toolchains --install

lint: $(READY) ## ruff, mypy --strict, import-linter, buf lint and breaking, actionlint, shellcheck, zizmor
	@$(MAKE) --no-print-directory lint-python lint-workflows
	$(BIN)/buf lint
	$(BIN)/buf breaking proto --against proto/released.binpb

lint-python: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The auditor's persona reports what the others leave out.
lint-workflows: $(READY) actionlint
	build/bin/actionlint -shellcheck $(BIN)/shellcheck
	$(BIN)/shellcheck $(wildcard .github/actions/*.sh .github/actions/*/*.sh)
	$(BIN)/zizmor --offline --quiet --no-progress --persona=auditor .github

format: $(READY) ## Let ruff rewrite
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

proto: $(READY) ## Generate the Python stubs
	$(PROTOC) --python_out=clients/python --mypy_out=quiet:clients/python proto/schemaregistry/v1/*.proto
	$(PROTOC) --grpc_python_out=clients/python --mypy_grpc_out=quiet:clients/python proto/schemaregistry/v1/registry.proto

proto-check: proto ## Fail where the committed stubs are not what `make proto` writes
	@git diff --exit-code --stat -- $(STUBS) && test -z "$$(git status --porcelain -- $(STUBS))" || \
		{ echo "The stubs in $(STUBS) are stale: run 'make proto' and commit the result."; exit 1; }

proto-release: $(READY) ## Make today's proto the one that later changes may not break (with a release)
	$(BIN)/buf build proto -o proto/released.binpb

UV_COMPILE := build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-strip-extras --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock"

lock: ## Resolve pyproject.toml anew into requirements.txt, and of it what the actions install
	$(PYTHON) -m venv build/uv && build/uv/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
	$(UV_COMPILE) --all-extras --group dev pyproject.toml -o requirements.txt
	$(UV_COMPILE) --extra bot -c requirements.txt pyproject.toml .github/actions/requirements.in -o .github/actions/requirements.txt
	@$(MAKE) --no-print-directory licences

lock-check: $(READY) ## Install the lock by the oldest and the newest pip of each supported Python that is here (PYTHONS=)
	@$(BIN)/python -m scripts.lock_check $(if $(PYTHONS),--pythons "$(PYTHONS)")

FRESH = $(if $(PYTHONS),--pythons "$(PYTHONS)") $(if $(FRESH_STEPS),--steps "$(FRESH_STEPS)") $(if $(LOAD),--load "$(LOAD)")
fresh-check: $(READY) ## Before a release: both commands of the README in new Debians, alone and beside other work (PYTHONS=, FRESH_STEPS=, LOAD=)
	@$(BIN)/python -m scripts.fresh_check $(FRESH)

clean: ## Remove what was built (not the registry's data)
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

include third_party/tools.mk
include scripts/supply_chain/supply.mk
include clients/clients.mk
include clients/cpp/cpp.mk
include tests/system/faults/faults.mk
include bench/bench.mk
include k8s/k8s.mk
