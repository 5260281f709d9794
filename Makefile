# A thin front of the npm scripts, for people who do not know npm. Everything runs under Node 24,
# which is brought into .cache/node where the machine's own is older.
NODE := ./scripts/with-node.sh
PORTS ?= 5000,5001,5002
DATA ?= data/cluster
SEEDS ?= 1000
.DEFAULT_GOAL := help
.PHONY: help install build run cluster quorum-cluster demo bench bench-security test-performance bench-queue bench-cache bench-access bench-queue-depth test-redis test-chaos-queue test-chaos-cache bench-failover bench-quorum bench-state test test-unit test-integration test-slow test-conformance simulate test-chaos test-chaos-quorum soak soak-chaos test-containers test-packages test-dashboard test-rolling-restart test-upgrade fuzz mutants explore check format documents tarballs reference clean

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## Installs the dependencies (the other targets do so by themselves)
	@$(NODE) ./scripts/install.sh

build: install ## Checks the types and builds what is published
	@$(NODE) npm run --silent build

run: build ## Starts one durable node on 127.0.0.1:8080 (PORT=9000 for another port)
	@$(NODE) node packages/cli/dist/main.js server --config config/single.yaml $(if $(PORT),--http-port $(PORT))

cluster: build ## Starts three nodes on 127.0.0.1:5000-5002 (PORTS=8001,8002,8003 for other ports; TLS=1 for TLS)
	@$(NODE) node packages/cli/dist/main.js cluster --ports $(PORTS) --data $(if $(filter data/cluster,$(DATA)),$(if $(TLS),data/cluster-tls,$(DATA)),$(DATA)) $(if $(TLS),--tls)

quorum-cluster: PORTS = 5001,5002,5003
quorum-cluster: DATA = data/quorum
quorum-cluster: build ## Starts three lease nodes without a leader on 127.0.0.1:5001-5003 (PORTS=6001,6002,6003 for other ports)
	@$(NODE) node packages/cli/dist/main.js quorum-cluster --ports $(PORTS) --data $(DATA)

demo: build ## Shows failover: 20 workers, 5 locks, three kills of the leader
	@$(NODE) npm run --silent demo

bench: build ## Measures acquire-release cycles against three nodes (AGAINST=PATH PAIRS=5: two builds in turns)
	@$(NODE) npm run --silent bench -- $(if $(AGAINST),--against $(AGAINST)) $(if $(PAIRS),--pairs $(PAIRS)) $(if $(SECONDS),--seconds $(SECONDS))

bench-security: build ## Measures TLS with keys, and the audit, each beside a plain cluster in one run (SECONDS=4, WORKERS=64)
	@$(NODE) npm run --silent bench:security

test-performance: bench ## Another name for bench

bench-failover: build ## Measures how long no lock is granted after the leader is killed, stopped or frozen
	@$(NODE) npm run --silent bench:failover

bench-state: build ## Measures what a large state costs (LOCKS=20000 SESSIONS=20 for a smaller one; JSON=1)
	@$(NODE) npm run --silent bench:state -- $(if $(LOCKS),--locks $(LOCKS)) $(if $(SESSIONS),--sessions $(SESSIONS)) $(if $(CHECKOUT),--checkout $(CHECKOUT)) $(if $(JSON),--json)

bench-cache: build ## Measures reads of the cache from each memory, and writes of keys that others have (SECONDS=2)
	@$(NODE) npm run --silent bench:cache -- $(if $(SECONDS),--seconds $(SECONDS))

bench-queue: build ## Measures messages pushed, taken and acknowledged against three nodes, beside BullMQ (SECONDS=5, WORKERS=1,16,64,256, ONLY=holdfast)
	@$(NODE) npm run --silent bench:queue -- $(if $(SECONDS),--seconds $(SECONDS)) $(if $(WORKERS),--workers $(WORKERS)) $(if $(ONLY),--only $(ONLY))

bench-queue-depth: build ## Measures memory, turns and starts of three nodes with a deep queue (MESSAGES=100000, BYTES=10240, KEYS, TAKE, MINUTES=60)
	@$(NODE) npm run --silent bench:queue-depth -- $(if $(MESSAGES),--messages $(MESSAGES)) $(if $(BYTES),--bytes $(BYTES)) $(if $(KEYS),--keys $(KEYS)) $(if $(TAKE),--take $(TAKE)) $(if $(MINUTES),--minutes $(MINUTES))

bench-quorum: build ## Measures acquire-release cycles, hand-overs and many waiters against three lease nodes (ONLY=contention)
	@$(NODE) npm run --silent bench:quorum -- $(if $(ONLY),--only $(ONLY))

bench-access: install ## Measures the time to authorize a request with 1,000 rules (RULES=100), and to verify a key
	@$(NODE) node --conditions=source packages/api/test/bench/access.ts $(RULES)

test: install ## Runs the unit and integration tests; longer ones have targets of their own, below
	@$(NODE) npm run --silent test

test-unit: install ## Runs the tests that start no processes
	@$(NODE) npm run --silent test:unit

test-integration: install ## Runs the tests with real clusters
	@$(NODE) npm run --silent test:integration

test-slow: install ## Runs what takes longer: failovers, moved clusters, snapshots under load, a rolling restart and more
	@$(NODE) npm run --silent test:slow

test-conformance: install ## The cases of all interfaces against three nodes whose leader is killed (SECURITY=1: TLS, certificates of members, keys)
	@$(NODE) $(if $(SECURITY),env SECURITY=1) node --conditions=source --test packages/workload/test/integration/conformance/conformance.test.ts

simulate: install ## Runs of whole clusters in virtual time (SEEDS=10000; SEED=42 TRACE=1 for one; KIND=leaders, KIND=quorum)
	@$(NODE) npm run --silent simulate -- $(if $(KIND),--kind $(KIND)) $(if $(ABOUT),--about $(ABOUT)) $(if $(SEED),--seed $(SEED) $(if $(TRACE),--trace),--seeds $(SEEDS) $(if $(FIRST),--first $(FIRST)))

test-chaos: install ## Tests real processes under kills, pauses, partitions, full disks and more (three minutes; SECURITY=1: TLS and keys, SEED=42)
	@$(NODE) npm run --silent chaos -- $(if $(SECURITY),--secured) $(if $(SEED),--seed $(SEED))

soak-chaos: install ## The same as test-chaos, for longer (MINUTES=30)
	@$(NODE) npm run --silent chaos -- --minutes $(or $(MINUTES),10) $(if $(SECURITY),--secured)

soak: build ## Runs three nodes with TLS, keys, an audit, queues and a cache: do memory, disk, handles and event loop stay flat? (MINUTES=60, PACE=5 ms)
	@$(NODE) npm run --silent soak -- --minutes $(or $(MINUTES),60) $(if $(PACE),--pace-ms $(PACE))

test-redis: install ## Tests queues in a Redis Cluster of three: all that both stores have in common
	@$(NODE) npm run --silent test:redis

test-chaos-queue: install ## Tests a queue whose nodes and whose Redis are killed, stopped and partitioned (two minutes; MINUTES=30, SEED=42, SECURITY=1)
	@$(NODE) npm run --silent chaos:queue -- $(if $(SECURITY),--secured) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

test-chaos-cache: install ## Tests a cache whose nodes and clients are killed, stopped and partitioned, for stale reads (one minute; MINUTES=30, SEED=42, SECURITY=1)
	@$(NODE) npm run --silent chaos:cache -- $(if $(SECURITY),--secured) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

test-chaos-quorum: install ## Tests lease nodes and their clients under kills, pauses and partitions (two and a half minutes; MINUTES=30, SEED=42, SECURITY=1)
	@$(NODE) npm run --silent chaos:quorum -- $(if $(SECURITY),--secured) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

test-containers: install ## Builds the image and runs it and compose.yaml (needs root or a container engine; BASE=image)
	@$(NODE) npm run --silent test:containers

test-packages: build ## Installs what is published, runs the command, and the client's example on Node 20, 22, 24 and in Chromium
	@$(NODE) npm run --silent test:packages

test-dashboard: install ## Tests the dashboard in Chromium, with axe (SCREENSHOTS=1 makes docs/images anew)
	@$(if $(SCREENSHOTS),SCREENSHOTS=1) $(NODE) npm run --silent test:dashboard

test-rolling-restart: install ## Restarts three nodes one after the other under load: a client sees no error
	@$(NODE) npm run --silent test:rolling-restart

test-upgrade: install ## Replaces three nodes of an older program by this one under load, and goes back in between (FROM=v0.1.0; the latest release)
	@$(if $(FROM),UPGRADE_FROM=$(FROM)) $(NODE) npm run --silent test:upgrade

fuzz: install ## Fuzzes all readers of untrusted bytes: ports, logs, snapshots, configuration, keys (SECONDS=60, SEED=7, TARGET=logs)
	@$(NODE) npm run --silent fuzz

mutants: install ## Plants faults in a copy of the sources: each must be found (NAMES="a b" for some; BY=tests or BY=simulator; MISSING=1 or STALE=1)
	@$(NODE) npm run --silent mutants -- $(if $(BY),--by $(BY)) $(if $(MISSING),--missing) $(if $(STALE),--stale) $(NAMES)

explore: install ## Explores every interleaving of small configurations (NAME=old-terms, STATES=1000000, MINUTES=5; FAULTS=1 plants faults)
	@$(NODE) $(if $(FAULTS),npm run --silent explore:faults -- $(NAMES),npm run --silent explore -- $(if $(NAME),--name $(NAME)) $(if $(STATES),--states $(STATES)) $(if $(MINUTES),--minutes $(MINUTES)))

check: install ## Checks format, lint, package imports, types, unused code, generated documents (RELEASE=1: the dashboard's screenshots too)
	@$(if $(RELEASE),RELEASE=1) $(NODE) npm run --silent check

format: install ## Formats everything
	@$(NODE) npm run --silent format

documents: install ## Writes the generated documents anew
	@$(NODE) npm run --silent documents

tarballs: build ## Packs what is published, in .cache/tarballs, and looks at it
	@$(NODE) npm run --silent tarballs -- --all

reference: install ## The reference of the client library, in .cache/reference
	@$(NODE) npm run --silent reference

clean: ## Removes what was built and installed; leaves data/
	rm -rf node_modules packages/*/dist .cache
