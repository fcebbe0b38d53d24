# The one list of commands; README and .ci/run call these. `make help` prints it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
PYTHON ?= python3
CLOUD := $(PYTHON) localstack/cloud.py
VENV_PYTHON := .venv/bin/python
VENV := .venv/requirements.sha256
LOCAL := target/local
TEST_CLOUD := target/test-cloud

FUNCTIONS := $(notdir $(patsubst %/,%,$(dir $(wildcard functions/*/Cargo.toml))))
PACKAGES := $(addprefix -p ,$(FUNCTIONS))
SERVED = $(if $(MODEL_URL),--model-url '$(MODEL_URL)')
CHOSEN = $(if $(MODEL),--model '$(MODEL)') $(PARAMETERS:%=--parameter '%')

# demo: make demo FEED=path-or-url BRIEF=brief.json DECIDE=approve|reject|edit KEEP=1
# demo, up, deploy-local: MODEL_URL=http://127.0.0.1:11434 MODEL=qwen3:8b plans and writes with a model of an OpenAI-compatible
#   endpoint, through the emulator's Bedrock (localstack/README.md)
# demo, deploy-local: PARAMETERS="McpDryRun=true TaskTimeoutSeconds=60" sets parameters of template.yaml, without spaces in them
FEED ?=
BRIEF ?=
DECIDE ?=
KEEP ?=
PARAMETERS ?=
MODEL_URL ?=
MODEL ?=
SEED ?= 1
ONLY ?=
FILE ?=
OUT ?=
URL ?=
ERA ?= auto
TOOL ?=
ARGUMENTS ?=

.PHONY: help setup build demo test check check-rust spec-check check-python test-unit test-emulator test-e2e attempts simulate bench release eval-policy train-policy prove-swarm prove-judge prove-mcp prove-planner mcp-conformance mcp-interop mcp-tools mcp-pins mcp-contracts \
        up deploy-local status down security-scan

help: ## Print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

setup: $(VENV) ## Fetch what building and the local cloud need
	$(CARGO) fetch --locked

$(VENV): localstack/requirements.txt
	@$(PYTHON) -c 'import sys; sys.path.insert(0, "localstack"); import emulator; emulator.ensure_venv()'
	@touch $@

build: ## Build the functions and the chimera command
	$(CARGO) build --locked $(PACKAGES) -p chimera

# The recipe is one shell, so that the trap stops the cloud however the demo ends.
demo: build $(VENV) ## Run one campaign on the local cloud, from feed to posts [FEED= BRIEF= DECIDE= KEEP=1 MODEL_URL= MODEL= PARAMETERS=]
	@trap '[ -n "$(KEEP)" ] || $(CLOUD) down' EXIT; \
	$(CLOUD) up $(SERVED); \
	$(CLOUD) deploy $(CHOSEN); \
	code=0; \
	target/debug/chimera demo $(if $(FEED),--feed '$(FEED)') $(if $(BRIEF),--brief '$(BRIEF)') \
	    $(if $(DECIDE),--decide '$(DECIDE)') $(if $(MODEL_URL),--patience-s 600) || code=$$?; \
	case $$code in 2|3) exit $$code;; esac; \
	$(VENV_PYTHON) tests/oracle/summary.py --outputs $(LOCAL)/outputs.json --out target/demo/summary.json \
	    || code=$$(( code ? code : $$? )); \
	if [ -n "$(KEEP)" ]; then echo "cloud: left up; make down stops it"; fi; \
	exit $$code

test: check test-unit test-emulator test-e2e ## Everything .ci/run runs: formatting, lints, specs, unit, simulation, emulator and whole-system tests

check: check-rust check-python spec-check ## Formatting, lints, template, specs; nothing is started

check-rust:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

check-python: $(VENV)
	$(VENV_PYTHON) -m compileall -q localstack tests/e2e tests/oracle tests/prove tests/bench tests/conformance tests/interop tests/contracts
	cd localstack && ../$(VENV_PYTHON) -m unittest -q
	cd tests/oracle && ../../$(VENV_PYTHON) -m unittest -q
	cd tests/prove && ../../$(VENV_PYTHON) -m unittest -q
	cd tests/bench && ../../$(VENV_PYTHON) -m unittest -q
	cd tests/contracts && ../../$(VENV_PYTHON) -m unittest -q

spec-check: ## Hold template and specs to their rules; every MUST cited by code and test
	$(CARGO) test --locked -q -p chimera-checks

test-unit: ## Unit, contract and simulation tests
	$(CARGO) test --locked --workspace --exclude chimera-emulator --exclude chimera-checks

test-emulator: build $(VENV) ## The swarm's tests on a local cloud of their own
	@trap '$(CLOUD) down --dir $(TEST_CLOUD)' EXIT; \
	$(CLOUD) up --dir $(TEST_CLOUD) --port 0; \
	$(CLOUD) deploy --dir $(TEST_CLOUD); \
	CHIMERA_LOCAL="$$PWD/$(TEST_CLOUD)" $(CARGO) test --locked -p chimera-emulator -- --test-threads=1

test-e2e: build $(VENV) ## Whole-system tests on the deployed functions, on a local cloud of their own [THEMES=]
	@$(VENV_PYTHON) tests/e2e $(THEMES)

attempts: ## Many effects attempted in process under whatever goes wrong [CHIMERA_ATTEMPTS=500]
	$(CARGO) run --locked -q --release -p chimera-sim --bin attempts

simulate: ## One simulated swarm with random faults, told as a story; the same SEED gives the same one
	$(CARGO) run --locked -q -p chimera-sim --bin simulate -- --seed $(SEED)

release: ## Build the functions as they are deployed: small, slow to link
	$(CARGO) build --locked --release $(PACKAGES)

bench: build release $(VENV) ## What a campaign costs: calls, writes, units, dollars, memory, CPU [CHIMERA_BENCH_TASKS=]
	$(VENV_PYTHON) tests/bench/bench.py

prove-swarm: build release $(VENV) ## A check for every line of what the swarm promises, as a table [PROVE_WORLDS= PROVE_TASKS= ONLY=word]
	$(VENV_PYTHON) tests/prove/prove.py swarm $(if $(ONLY),--only '$(ONLY)')

eval-policy: ## Measure the topic screen on labelled posts: recall, errors, disguises, CPU [FILE= OUT=]
	$(CARGO) run --locked -q -p chimera-topics --bin eval -- $(if $(FILE),--file '$(FILE)') $(if $(OUT),--out '$(OUT)')

train-policy: ## Train the topic screen's model again from the corpus; the same corpus gives the same bytes
	$(CARGO) run --locked -q -p chimera-topics --bin train

prove-judge: build $(VENV) ## A check for every line of what the Judge promises, as a table [PROVE_APPROVALS= PROVE_TAMPERINGS= ONLY=word]
	$(VENV_PYTHON) tests/prove/prove.py judge $(if $(ONLY),--only '$(ONLY)')

mcp-conformance: build $(VENV) ## The official MCP conformance suite against every server (needs npm) [ONLY=mcp-news]
	$(VENV_PYTHON) tests/conformance/conformance.py $(if $(ONLY),--only '$(ONLY)')

mcp-interop: $(VENV) ## Our client against MCP servers that are not ours (needs npm and node) [ONLY=word]
	$(CARGO) build --locked -q -p chimera-mcp --example tools
	$(VENV_PYTHON) tests/interop/interop.py --program target/debug/examples/tools $(if $(ONLY),--only '$(ONLY)')

mcp-tools: ## What an MCP server offers, with the pin of its tool list [URL= ERA=auto|modern|legacy TOOL= ARGUMENTS=]
	@$(CARGO) run --locked -q -p chimera-mcp --example tools -- '$(URL)' '$(ERA)' $(if $(TOOL),'$(TOOL)') $(if $(ARGUMENTS),'$(ARGUMENTS)')

mcp-pins: build $(VENV) ## The value of the parameter McpPins: the digest of each of our servers' tool lists, as they are built here
	@$(CARGO) build --locked -q -p chimera-mcp --example tools
	@$(VENV_PYTHON) tests/conformance/pins.py

mcp-contracts: $(VENV) ## The live adapters against published OpenAPI documents, given by path (needs npm) [ONLY=cdp]
	$(CARGO) build --locked -q --examples -p mcp-coinbase -p mcp-twitter -p mcp-weaviate
	$(VENV_PYTHON) tests/contracts/contracts.py $(if $(ONLY),--only '$(ONLY)')

prove-mcp: build $(VENV) ## A check for every line of what is promised about the outside, as a table [PROVE_ATTEMPTS= PROVE_DEPLOYED_ATTEMPTS= ONLY=word]
	$(VENV_PYTHON) tests/prove/prove.py mcp $(if $(ONLY),--only '$(ONLY)')

prove-planner: build $(VENV) ## A check for every line of what is promised about plans that follow the world, as a table [PROVE_DAGS= PROVE_MENTIONS= PROVE_WAITING= ONLY=word]
	$(VENV_PYTHON) tests/prove/prove.py planner $(if $(ONLY),--only '$(ONLY)')

up: $(VENV) ## Start the local cloud [MODEL_URL=]
	@$(CLOUD) up $(SERVED)

deploy-local: build $(VENV) ## Build and deploy the stack to the local cloud [MODEL_URL= MODEL= PARAMETERS=]
	@$(CLOUD) up $(SERVED)
	@$(CLOUD) deploy $(CHOSEN)

status: $(VENV) ## Say what runs locally
	@$(CLOUD) status

down: ## Stop the local cloud
	@$(CLOUD) down

security-scan: ## Known vulnerabilities, licences and sources of every dependency (cargo-deny, pip-audit)
	@command -v cargo-deny >/dev/null || { echo "cargo-deny is missing: cargo install --locked cargo-deny"; exit 1; }
	$(CARGO) deny --locked check
	@if command -v pip-audit >/dev/null; then pip-audit --require-hashes -r localstack/requirements.txt; \
	else echo "pip-audit is missing: the local cloud's packages were not looked at"; exit 1; fi
