# Everything starts here: `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

# Several clusters live side by side: make up CLUSTER=name
CLUSTER ?= wsp
# Handed over as it is, so that a strange name is refused instead of read by the shell.
export CLUSTER
# The project's own Node and tools come first; the system's may be older.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

modules := node_modules/.package-lock.json

# What comes over a network fails for moments; what came before that is in the cache when it is tried again.
twice = $(1) || { echo 'once more, in case it was the network' >&2; sleep 10; $(1); }

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: up
up: rights packages $(modules) bpf ## Start a real cluster with product and samples (CLUSTER=name), or heal the one that runs
	@hack/cluster/up.sh "$$CLUSTER"
	@hack/product/install.sh "$$CLUSTER"
	@hack/product/samples.sh "$$CLUSTER"
	@node hack/build.ts kubectl-wsp >/dev/null
	@hack/product/show.sh "$$CLUSTER"

.PHONY: down
down: ## Remove the cluster and everything it left
	@hack/cluster/down.sh "$$CLUSTER"

.PHONY: load
load: ## Send requests to the samples for another hour
	@hack/product/load.sh "$$CLUSTER"

.PHONY: env
env: ## Print the line that puts kubectl, helm and the cluster into a shell
	@hack/cluster/environment.sh "$$CLUSTER"

.PHONY: kubeconfig
kubeconfig: ## Print the path of the cluster's kubeconfig
	@hack/cluster/environment.sh "$$CLUSTER" --kubeconfig

.PHONY: build
build: $(modules) bpf ## Bundle operator, agent and kubectl plugin into dist/
	@node hack/build.ts

.PHONY: bpf
bpf: packages $(modules) ## Compile the eBPF programs into dist/bpf
	@node agent/bpf/build.ts >/dev/null

.PHONY: images
images: packages $(modules) bpf ## Build the product's and the samples' images into the cache
	@node hack/images/main.ts

.PHONY: generate
generate: $(modules) ## Write CRDs and reference pages anew from their sources
	@node crds/generator/main.ts
	@node operator/metrics/docs.ts
	@node operator/cli/docs.ts
	@node agent/kernel/events-page.ts

.PHONY: verify
verify: $(modules) ## Check that generated files are fresh, then format, lint, types, unused code, shell scripts
	@node crds/generator/main.ts --check
	@node operator/metrics/docs.ts --check
	@node operator/cli/docs.ts --check
	@node agent/kernel/events-page.ts --check
	@prettier --check --log-level warn .
	@oxlint --type-aware --deny-warnings --report-unused-disable-directives
	@tsc -p tsconfig.json
	@knip --no-progress
	@git ls-files '*.sh' .ci/run bin | xargs shellcheck --external-sources

.PHONY: test
test: packages $(modules) bpf ## Run all tests that this machine can run; the last line counts them
	@$(call twice,hack/cluster/binaries.sh)
	@$(call twice,node hack/images/main.ts >/dev/null)
	@hack/kernels/fetch.sh bookworm >/dev/null
	@$(call twice,node test/recall/main.ts --prepare)
	@vitest run --reporter=default --reporter=./hack/test/summary-reporter.ts

.PHONY: test-unit
test-unit: $(modules) ## Run the unit tests only
	@vitest run --project unit

.PHONY: test-kernels
test-kernels: packages $(modules) ## Try the kernel side on Debian's stock kernels in emulated machines
	@hack/kernels/fetch.sh >/dev/null
	@KERNELS=all vitest run --project kernels

.PHONY: bench
bench: bench-arguments build ## Measure capture and product against their budgets: JSON lines, then a table (BENCH="calls web" for some)
	@hack/bench/run.sh "$$CLUSTER" $(BENCH)

MINUTES ?= 30
.PHONY: soak
soak: bench-arguments build ## Watch the agent's memory while a container starts each second (MINUTES=30)
	@hack/bench/run.sh "$$CLUSTER" --minutes "$(MINUTES)" soak

# What is wrong with them is said before anything is built.
.PHONY: bench-arguments
bench-arguments: $(modules)
	@node hack/bench/main.ts --check --minutes "$(MINUTES)" $(BENCH)

.PHONY: study
study: rights packages $(modules) bpf ## Learn profiles of six real servers in a cluster of its own; the profiles go to dist/study (half an hour at most)
	@hack/cluster/up.sh study
	@hack/product/install.sh study
	@hack/study/study.sh study dist/study
	@hack/cluster/down.sh study

.PHONY: clean-cache
clean-cache: ## Delete built programs and images (not while a cluster runs from them)
	@hack/cluster/clean-cache.sh

.PHONY: rights
rights:
	@hack/cluster/rights.sh "$$CLUSTER"

.PHONY: packages
packages:
	@hack/cluster/packages.sh

# npm writes this file at the end of an installation. Not `npm ci`: it refuses a lock file without the optional packages of
# every platform, which a mirror that serves only Linux cannot supply. Versions come from the lock file here too.
$(modules): package-lock.json
	@npm install --no-save --no-progress --loglevel=error
	@touch $@
