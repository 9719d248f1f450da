#!/bin/bash
# The same cluster by kind, where a container engine and kind are installed. Sourced; needs paths.sh.
set -euo pipefail
# shellcheck source=hack/cluster/paths.sh
. "$(dirname "${BASH_SOURCE[0]}")/paths.sh"

# A docker command may exist without an engine behind it: ask both.
kind_works() { docker info >/dev/null 2>&1 && kind version >/dev/null 2>&1; }

# is_kind: this cluster was started by kind.
is_kind() { [ -e "$state/kind" ]; }

# Untried so far: no machine of the project's tests has a container engine.
kind_up() {
  kind get clusters 2>/dev/null | grep -qxF "workload-security-$cluster" ||
    { touch "$state/kind" && kind create cluster --name "workload-security-$cluster" --kubeconfig "$kubeconfig" --wait 120s; }
}

kind_load() {
  local file
  for file in "$@"; do kind load image-archive --name "workload-security-$cluster" "$file"; done
}

kind_down() { kind delete cluster --name "workload-security-$cluster" --kubeconfig "$kubeconfig"; }
