#!/bin/bash
# Builds the product's images, puts them into a cluster and installs the chart there.
#   install.sh CLUSTER
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
root=$(realpath "$here/../..")
# shellcheck source=hack/cluster/paths.sh
. "$root/hack/cluster/paths.sh"

namespace=workload-security

load_images() {
  local -a archives
  mapfile -t archives < <(node "$root/hack/images/main.ts" "$1")
  [ ${#archives[@]} -gt 0 ] || fail "the $1 images could not be built"
  "$root/hack/cluster/load-image.sh" "$cluster" "${archives[@]}"
}

# The agent needs capabilities and host mounts that only the level "privileged" admits; it is not a privileged container.
admit_agent() {
  kubectl create namespace "$namespace" --dry-run=client -o yaml | kubectl apply --server-side -f -
  kubectl label --overwrite namespace "$namespace" pod-security.kubernetes.io/enforce=privileged
}

install_chart() {
  helm upgrade --install workload-security "$root/charts/workload-security" \
    --namespace "$namespace" --values "$here/values.yaml" --server-side=true --force-conflicts
}

# Images keep their tag while their content changes, so pods must be told to start again; only if the content changed.
restart_changed() {
  local workload
  for workload in statefulset/workload-security-operator daemonset/workload-security-agent; do
    kubectl -n "$namespace" patch "$workload" --type merge --patch \
      "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"workloadsecurity.dev/image-content\":\"$content\"}}}}}"
  done
}

operator_ready() { kubectl -n "$namespace" rollout status statefulset/workload-security-operator --timeout=2s; }
agent_ready() { kubectl -n "$namespace" rollout status daemonset/workload-security-agent --timeout=2s; }

main() {
  local bin
  use_cluster "${1:-}"
  bin=$("$root/hack/cluster/binaries.sh" --print-dir)
  export PATH=$bin:$PATH KUBECONFIG=$kubeconfig
  local log=$state/log/install
  say 'product images'
  load_images product
  content=$(node "$root/hack/images/main.ts" product 2>/dev/null | sha256sum | cut -c1-16)
  timed 'namespace' "$log" admit_agent
  timed 'chart' "$log" install_chart
  timed 'settings for development' "$log" kubectl apply --server-side --force-conflicts -f "$here/settings.yaml"
  timed 'restart what changed' "$log" restart_changed
  awaited 'operator ready' 120 "$log" operator_ready
  awaited 'agent ready' 120 "$log" agent_ready
}

main "$@"
