#!/bin/bash
# Whether this user can start a cluster, and of this name. Asked before anything is built: otherwise the first file that cannot be
# written stops it, with a message that is no help.
#   rights.sh [CLUSTER]
set -euo pipefail
# shellcheck source=hack/cluster/kind.sh
. "$(dirname "${BASH_SOURCE[0]}")/kind.sh"

[ $# -eq 0 ] || use_cluster "$1"
[ "$(id -u)" -eq 0 ] || kind_works ||
  fail 'only root can start containers and network namespaces' 'run make as root, or install a container engine and kind'
