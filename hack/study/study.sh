#!/bin/bash
# Learns profiles of real servers in a cluster of its own, with three containers of each, and prints a table of them.
#   study.sh CLUSTER FOLDER     each profile is written into FOLDER, to be read
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
root=$(realpath "$here/../..")
# shellcheck source=hack/cluster/paths.sh
. "$root/hack/cluster/paths.sh"

available() { kubectl -n study wait --for=condition=Available deployment --all --timeout=2s; }

main() {
  local -a archives
  [ -n "${2:-}" ] || fail 'usage: study.sh CLUSTER FOLDER'
  work_on "${1:-}"
  say 'servers to study'
  mapfile -t archives < <(node "$root/hack/images/main.ts" samples study)
  [ ${#archives[@]} -gt 0 ] || fail 'the images could not be built'
  "$root/hack/cluster/load-image.sh" "$cluster" "${archives[@]}"
  timed 'settings' "$state/log/study" kubectl apply --server-side --force-conflicts -f "$here/settings.yaml"
  timed 'workloads' "$state/log/study" kubectl apply --server-side --force-conflicts -f "$here/workloads.yaml"
  awaited 'servers available' 240 "$state/log/study" available
  node "$here/table.ts" "$2"
}

main "$@"
