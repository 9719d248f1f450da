#!/bin/bash
# Runs a program on the node: in the cluster's network, with its /var and /run. Without one, a shell.
#   enter.sh CLUSTER [COMMAND...]        for example: enter.sh wsp ctr -n k8s.io containers ls
set -euo pipefail
# shellcheck source=hack/cluster/node.sh
. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/node.sh"

use_cluster "${1:-}"
shift
in_node "${@:-bash}"
