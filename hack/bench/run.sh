#!/bin/bash
# Measures the product: the capture on this kernel, the rest in the cluster if it runs.
#   run.sh CLUSTER [ARGUMENT]...     arguments of hack/bench/main.ts
set -euo pipefail
root=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../..
# shellcheck source=hack/cluster/paths.sh
. "$root/hack/cluster/paths.sh"

use_cluster "${1:-}"
shift
unset KUBECONFIG
[ ! -r "$kubeconfig" ] || work_on "$cluster"
node "$root/hack/bench/main.ts" "$@"
