# Everything starts here: `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

# Several clusters live side by side: make up CLUSTER=name
CLUSTER ?= wsp
# The project's own Node and tools come first; the system's may be older.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: up
up: packages node_modules/.package-lock.json ## Start a real cluster (CLUSTER=name), or check and heal the one that runs
	@hack/cluster/binaries.sh
	@hack/cluster/up.sh $(CLUSTER)
	@hack/cluster/environment.sh $(CLUSTER)

.PHONY: down
down: ## Remove the cluster and everything it left
	@hack/cluster/down.sh $(CLUSTER)

.PHONY: kubeconfig
kubeconfig: ## Print the path of the cluster's kubeconfig
	@hack/cluster/environment.sh $(CLUSTER) --kubeconfig

.PHONY: clean-cache
clean-cache: ## Delete built programs and images (not while a cluster runs from them)
	@hack/cluster/clean-cache.sh

.PHONY: packages
packages:
	@hack/cluster/packages.sh

# npm writes this file at the end of an installation.
node_modules/.package-lock.json: package-lock.json
	@npm ci --no-progress --loglevel=error
	@touch $@
