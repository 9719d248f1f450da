#!/bin/bash
# Measures the product in a running cluster.
#   run.sh CLUSTER
set -euo pipefail
root=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../..
# shellcheck source=hack/cluster/paths.sh
. "$root/hack/cluster/paths.sh"

work_on "${1:-}"
node "$root/hack/bench/main.ts"
