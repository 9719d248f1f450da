#!/bin/bash
# Measures the product in a running cluster.
#   run.sh CLUSTER
set -euo pipefail
root=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../..
# shellcheck source=hack/cluster/paths.sh
. "$root/hack/cluster/paths.sh"

use_cluster "${1:-}"
bin=$("$root/hack/cluster/binaries.sh" --print-dir)
export PATH=$bin:$PATH KUBECONFIG=$kubeconfig
[ -r "$KUBECONFIG" ] || fail "there is no cluster $cluster" "start one: make up CLUSTER=$cluster"
node "$root/hack/bench/main.ts"
