#!/bin/bash
# Builds the sample images, puts them into a cluster and starts the sample workloads.
#   samples.sh CLUSTER
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
root=$(realpath "$here/../..")
# shellcheck source=hack/cluster/paths.sh
. "$root/hack/cluster/paths.sh"

available() { kubectl -n samples wait --for=condition=Available deployment --all --timeout=2s; }

main() {
  local -a archives
  work_on "${1:-}"
  say 'sample workloads'
  mapfile -t archives < <(node "$root/hack/images/main.ts" samples)
  [ ${#archives[@]} -gt 0 ] || fail 'the sample images could not be built'
  "$root/hack/cluster/load-image.sh" "$cluster" "${archives[@]}"
  timed 'manifests' "$state/log/samples" kubectl apply --server-side --force-conflicts -f "$root/hack/samples/manifests"
  awaited 'servers available' 180 "$state/log/samples" available
}

main "$@"
