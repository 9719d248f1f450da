#!/bin/bash
# Where the parts of a cluster are, by its name. Sourced; use_cluster sets the variables below.
set -euo pipefail
# shellcheck source=hack/cluster/output.sh
. "$(dirname "${BASH_SOURCE[0]}")/output.sh"

# Claims of address ranges, one symbolic link each (addresses.sh). On a file system that a reboot empties, as it does network links.
# shellcheck disable=SC2034 # read by the scripts that source this file
claims=/run/workload-security

# use_cluster NAME sets
#   cluster  the name
#   state    everything the cluster keeps: credentials, data, logs, its /var and /run
#   group    its control group, the same path in every hierarchy: each process of the cluster is in it or below it
#   node     the name of its only node
# shellcheck disable=SC2034 # read by the scripts that source this file
use_cluster() {
  # Lower case like everything Kubernetes names; no dot or slash, because it becomes part of paths.
  [[ ${1:-} =~ ^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$ ]] ||
    fail "'${1:-}' is no name for a cluster" 'use 1 to 32 lower-case letters, digits and dashes, first a letter: make up CLUSTER=wsp'
  cluster=$1
  state=$(realpath -m "${XDG_STATE_HOME:-$HOME/.local/state}")/workload-security/$cluster
  group=workload-security-$cluster
  node='node-1'
  kubeconfig=$state/kubeconfig
  # kubectl and helm would otherwise leave what they learned of this API server in ~/.kube, for the next one at its address.
  export KUBECACHEDIR=$state/kube-cache
}

require_cluster() { [ -r "$kubeconfig" ] || fail "there is no cluster $cluster" "start one: make up CLUSTER=$cluster"; }

# work_on NAME: use_cluster for a cluster that is there, with its programs on the PATH and its kubeconfig in force.
work_on() {
  local bin
  use_cluster "$1"
  require_cluster
  bin=$("$(dirname "${BASH_SOURCE[0]}")/binaries.sh" --print-dir)
  export PATH=$bin:$PATH KUBECONFIG=$kubeconfig
}

# lock_cluster: one `up` or `down` of a cluster at a time. The lock is the state folder itself, which leaves no lock file behind;
# whoever waited while the folder was removed takes the lock of its successor. Daemons must be started with 9<&-.
lock_cluster() {
  while :; do
    mkdir -p "$state"
    chmod 0700 "$state"
    exec 9<"$state"
    flock --nonblock 9 || {
      say "waiting for another command on cluster $cluster"
      flock 9
    }
    [ ! "$state" -ef /proc/self/fd/9 ] || return 0
  done
}
