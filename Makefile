# Two commands to know: `make run` and `make test`. Each installs what it needs through scripts/setup, says so, and
# does it once. CARGO_TARGET_DIR is honoured everywhere.

SHELL := /bin/bash
.DEFAULT_GOAL := help
TARGET := $(or $(CARGO_TARGET_DIR),target)
UI_SOURCES := $(shell find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -type f -print 2>/dev/null)
SAY := printf '\033[1m[confab]\033[0m %s\n'

.PHONY: help run server dev ui test test-ui test-rust lint bench torture package audit bindings

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 20

run: ## install what is missing, build, and open the desktop app (without a display: the server)
	@scripts/setup app
	@$(MAKE) -s --no-print-directory ui/dist/index.html
	@$(SAY) "Building the app and the server (the first time takes some minutes) …"
	@cargo build --release --locked --features custom-protocol -p confab -p confab-server
	@exec $(TARGET)/release/confab $(ARGS)

server: ## the server alone; ARGS="--bind 0.0.0.0:7300" goes to it
	@scripts/setup server
	@$(MAKE) -s --no-print-directory ui/dist/index.html
	@cargo build --release --locked -p confab-server
	@exec $(TARGET)/release/confab-server $(ARGS)

dev: ## the desktop app with hot reload
	@scripts/setup dev
	@[ -f ui/dist/index.html ] || $(MAKE) -s --no-print-directory ui # for the browsers of those who are invited
	@npm exec --offline -- tauri dev

ui: ui/dist/index.html ## the web build, which the server and the app carry inside

ui/dist/index.html: $(UI_SOURCES)
	@scripts/setup server
	@$(SAY) "Building the UI …"
	@npm --prefix ui run --silent build
	@touch $@

test: ## everything: formatting, lints, docs, licences, architecture, then all tests
	@scripts/setup test
	@scripts/test

lint: ## formatting, clippy, rustdoc and svelte-check
	@scripts/setup app
	@$(MAKE) -s --no-print-directory ui/dist/index.html
	@scripts/test lint

bindings: ## regenerate ui/src/bindings and docs/asyncapi.json from the Rust types
	UPDATE_BINDINGS=1 cargo test -q -p confab-protocol --test asyncapi
	UPDATE_BINDINGS=1 cargo test -q -p confab-client --test bindings
	UPDATE_BINDINGS=1 cargo test -q -p confab-desktop --test bindings

bench: ## figures beside Node Socket.IO and a bare WebSocket server; ARGS=--quick for a short run
	@scripts/setup bench
	@$(MAKE) -s --no-print-directory ui/dist/index.html
	@cargo build --release --locked -p confab-server -p confab-bench
	@cargo build --release --locked --features custom-protocol -p confab --bins --example empty-window
	@$(TARGET)/release/confab-bench $(ARGS)

torture: ## load, faults and a checker: make torture SEED=7 MINUTES=30 ARGS="--store postgres"
	@scripts/setup test
	@$(MAKE) --no-print-directory ui/dist/index.html
	@cargo build --release --locked -p confab-server -p confab-tests
	@$(TARGET)/release/confab-torture $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

package: ## a .deb with the app and the server
	@scripts/setup package
	@$(MAKE) -s --no-print-directory ui/dist/index.html
	@scripts/package.sh

audit: ## known advisories of all dependencies, where their databases can be reached
	@scripts/audit
