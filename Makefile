# trygg: build, test, measure. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Folder with recorded data for `make replay`; not part of this repository.
SHARED ?= ../shared

.PHONY: help build demo package test setup replay corpus kill-loop seeds outage matrix faults faults-long kills power-cuts long-outage fuzz bench bench-smoke bench-long docs lint clean-tests

help: ## This list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## The program, as it is shipped.
	cargo build --locked --release

demo: ## Broker, Kafka, homes and trygg in one process; nothing else is needed.
	cargo run --locked --release -- demo

package: ## A tarball for servers, in target/package.
	deploy/package.sh

setup: ## Mosquitto, Kafka and the reader for the tests, under target/.
	tools/setup.sh

test: ## All tests, with real Mosquitto and real Kafka.
	tools/test.sh

replay: ## Recorded homes through real brokers (SHARED=<dir>); exit 77 without the data.
	SHARED='$(SHARED)' tools/replay.sh

corpus: ## Real messages of every format, explained and counted (SHARED=<dir>); exit 77 without the data.
	SHARED='$(SHARED)' tools/corpus.sh $(if $(LIST),--list)

kill-loop: ## kill -9 under load: KILLS=25 RATE=5000, with and without device time.
	TRYGG_SHOW=yes TRYGG_KILLS=$${KILLS:-25} TRYGG_RATE=$${RATE:-5000} tools/test.sh --test it kill::

outage: ## Kafka stopped for OUTAGE=60 seconds.
	TRYGG_SHOW=yes TRYGG_OUTAGE_S=$${OUTAGE:-60} tools/test.sh --test it outage::

matrix: ## Every way to connect and to fail at it: MQTT, TLS, WebSocket; Kafka with TLS and SASL.
	TRYGG_SHOW=yes tools/test.sh --test it transport::
	TRYGG_SHOW=yes tools/test.sh --test it protocol::
	TRYGG_SHOW=yes tools/test.sh --test it kafka_security::

faults: ## The fault suite, every row once (ONLY=P1,K1 SEED=4); docs/faults.md.
	tools/faults.sh quick $(if $(ONLY),--only $(ONLY)) $(if $(SEED),--seed $(SEED))

faults-long: ## Faults at random for SECONDS=3600, then peace; SEED=n plays it again.
	tools/faults.sh long --seconds $(or $(SECONDS),3600) $(if $(SEED),--seed $(SEED))

kills: ## KILLS=200 kills -9: flowing, in recovery, with Kafka away.
	tools/faults.sh kills --kills $${KILLS:-200} $(if $(SEED),--seed $(SEED))

power-cuts: ## CUTS=20 power cuts of an ext4 while spooling; needs root.
	tools/faults.sh powercuts --cuts $${CUTS:-20} $(if $(SEED),--seed $(SEED))

long-outage: ## Kafka away for OUTAGE=600 s at RATE=2000 messages/s.
	tools/faults.sh outage --outage $${OUTAGE:-600} --rate $${RATE:-2000} $(if $(SEED),--seed $(SEED))

seeds: ## The simulation at length: SEEDS=10000, some 200 s of CPU after its build.
	TRYGG_SEEDS=$${SEEDS:-10000} cargo --config 'profile.test.package.trygg.opt-level=1' \
	    test --locked --lib no_seed_breaks_a_promise

fuzz: ## Every decoder on what libFuzzer thinks of, SECONDS=120 each (ONLY=json,mqtt).
	tools/fuzz.sh --seconds $(or $(SECONDS),120) $(if $(ONLY),--only $(ONLY))

bench: ## The table of costs (10 minutes).
	tools/bench.sh

bench-smoke: ## The bench, short: does it run and balance?
	tools/bench.sh smoke

bench-long: ## Memory over millions of messages and ten minutes without Kafka (15 minutes).
	tools/bench.sh long

docs: ## The tables of docs/configuration.md, from the code.
	cargo run --locked -- config --markdown docs/configuration.md > target/configuration.md
	mv target/configuration.md docs/configuration.md

lint: ## Formatting, clippy, docs.
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --document-private-items

clean-tests: ## What test runs left behind.
	rm -rf target/tmp/it target/it-skips target/replay target/faults
