#!/bin/bash
# Builds the product's images, puts them into a cluster and installs the chart there.
#   install.sh CLUSTER
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
root=$(realpath "$here/../..")
# shellcheck source=hack/cluster/paths.sh
. "$root/hack/cluster/paths.sh"

namespace=workload-security

# The agent needs capabilities and host mounts that only the level "privileged" admits; it is not a privileged container.
admit_agent() {
  kubectl create namespace "$namespace" --dry-run=client -o yaml | kubectl apply --server-side -f -
  kubectl label --overwrite namespace "$namespace" pod-security.kubernetes.io/enforce=privileged
}

# Images keep their tag while their content changes: an annotation with the content makes pods start again, if it changed.
install_chart() {
  local content
  content=$(sha256sum <<<"${archives[*]}" | cut -c1-16)
  helm upgrade --install workload-security "$root/charts/workload-security" \
    --namespace "$namespace" --values "$here/values.yaml" --server-side=true --force-conflicts \
    --set-string "operator.podAnnotations.workloadsecurity\.dev/image-content=$content" \
    --set-string "agent.podAnnotations.workloadsecurity\.dev/image-content=$content"
}

# Development settings are for a cluster where nobody has set any: what a person has set stays, also from one `make up` to the next.
# What the API server fills in is nobody's field.
settings() {
  local live kept
  live=$(kubectl get workloadsecurityconfig default --ignore-not-found --show-managed-fields -o json)
  if jq -e 'any(.metadata.managedFields[]?; .fieldsV1["f:spec"] // {} | length > 0)' <<<"${live:-null}" >/dev/null; then
    kept=$(kubectl create --dry-run=client --validate=false -o json -f "$here/settings.yaml" | jq -r --argjson live "$live" '
      .spec as $ours | def values($spec): [$ours | paths(scalars) as $path | "\($path | join(".")) = \($spec | getpath($path))"];
      values($live.spec) - values($ours) | join(", ")')
    [ -z "$kept" ] || say "  settings of yours, kept: $kept"
  else
    timed 'settings for development' "$log" kubectl apply --server-side -f "$here/settings.yaml"
  fi
}

operator_ready() { kubectl -n "$namespace" rollout status statefulset/workload-security-operator --timeout=2s; }
agent_ready() { kubectl -n "$namespace" rollout status daemonset/workload-security-agent --timeout=2s; }

main() {
  local log
  local -a archives
  work_on "${1:-}"
  log=$state/log/install
  say 'product images'
  # An archive's name holds the hash of its content.
  mapfile -t archives < <(node "$root/hack/images/main.ts" product)
  [ ${#archives[@]} -gt 0 ] || fail 'the product images could not be built'
  "$root/hack/cluster/load-image.sh" "$cluster" "${archives[@]}"
  timed 'namespace' "$log" admit_agent
  timed 'chart' "$log" install_chart
  settings
  awaited 'operator ready' 120 "$log" operator_ready
  awaited 'agent ready' 120 "$log" agent_ready
}

main "$@"
