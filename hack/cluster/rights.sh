#!/bin/bash
# Whether this user can start a cluster. Asked before anything is built: otherwise the first file that cannot be written stops it,
# with a message that is no help.
set -euo pipefail
# shellcheck source=hack/cluster/kind.sh
. "$(dirname "${BASH_SOURCE[0]}")/kind.sh"

[ "$(id -u)" -eq 0 ] || kind_works ||
  fail 'only root can start containers and network namespaces' 'run make as root, or install a container engine and kind'
