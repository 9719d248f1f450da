#!/bin/bash
# Starts another hour of requests to the samples.
#   load.sh CLUSTER
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
root=$(realpath "$here/../..")
# shellcheck source=hack/cluster/paths.sh
. "$root/hack/cluster/paths.sh"

main() {
  work_on "${1:-}"
  # A Job cannot run twice: the finished one makes room for the next.
  timed 'earlier load' "$state/log/samples" kubectl -n samples delete job load --ignore-not-found
  timed 'an hour of load' "$state/log/samples" kubectl apply --server-side -f "$root/hack/samples/manifests/load.yaml"
}

main "$@"
