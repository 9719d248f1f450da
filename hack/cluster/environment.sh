#!/bin/bash
# How to reach a cluster from a shell.
#   environment.sh CLUSTER                prints one line that sets PATH and KUBECONFIG
#   environment.sh CLUSTER --kubeconfig   prints the path of the kubeconfig
# Fails without a cluster: an exported path of nothing makes kubectl ask localhost, and who knows who answers there.
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck source=hack/cluster/paths.sh
. "$here/paths.sh"

use_cluster "${1:-}"
require_cluster
[ "${2:-}" != --kubeconfig ] || {
  say "$kubeconfig"
  exit 0
}
root=$(dirname "$(dirname "$here")")
# shellcheck disable=SC2016 # the dollar is for the shell of the reader
printf 'export PATH=%q:%q:$PATH KUBECONFIG=%q\n' "$("$here/binaries.sh" --print-dir)" "$root/bin" "$kubeconfig"
