#!/bin/bash
# One range of four addresses per cluster: host end, node, network and broadcast. Sourced.
# Pods and Services use the same ranges in every cluster: nothing outside a cluster's network namespace sees them.
set -euo pipefail
# shellcheck source=hack/cluster/paths.sh
. "$(dirname "${BASH_SOURCE[0]}")/paths.sh"

# 16 ranges. Another pool where this one collides with the surroundings: CLUSTER_POOL=10.200.7 make up
pool=${CLUSTER_POOL:-172.30.9}
slots=16

# claimed_slot: prints this cluster's slot; false if it has none.
claimed_slot() {
  local link
  for link in "$claims"/addresses/*; do
    [ "$(readlink "$link")" = "$state" ] || continue
    basename "$link"
    return 0
  done
  return 1
}

# refuse_namesake: control groups are named after clusters, so two clusters of one name on a host would kill each other's processes.
refuse_namesake() {
  local link target
  for link in "$claims"/addresses/*; do
    target=$(readlink "$link") || continue
    [ "${target##*/}" != "$cluster" ] || [ "$target" = "$state" ] ||
      fail "a cluster $cluster exists already, with its state in $target" "run as the user who started it (HOME, XDG_STATE_HOME), or choose another name: CLUSTER=..."
  done
}

# in_use SLOT: something that is not ours has this range or link name.
in_use() {
  local range=$pool.$((4 * $1))/30
  ip link show dev "wsp$1" >/dev/null 2>&1 && return 0
  # "match" lists routes that cover the range, "root" those inside it; the default route covers everything and says nothing.
  { ip -4 route show table all match "$range" && ip -4 route show table all root "$range"; } | grep -qv '^default'
}

# claim_slot: prints this cluster's slot, claiming a free one if need be. The claim is a symbolic link from slot to state folder:
# creating it is atomic, and everybody can read whose it is.
claim_slot() {
  local slot
  claimed_slot && return 0
  refuse_namesake
  for ((slot = 0; slot < slots; slot++)); do
    [ ! -L "$claims/addresses/$slot" ] || continue
    ! in_use "$slot" || continue
    mkdir -p "$claims/addresses"
    ln -s -T "$state" "$claims/addresses/$slot" 2>/dev/null || continue
    say "$slot"
    return 0
  done
  fail "no address range is left for cluster $cluster: all $slots in $pool.0/26 are taken" \
    "ranges of clusters: $(find "$claims/addresses" -type l -printf '%l ' 2>/dev/null || true)" \
    "stop one of them (make down CLUSTER=name), or use another pool: CLUSTER_POOL=10.200.7 make up"
}

# use_addresses SLOT sets host_address, node_address and link (the host's end of the cable).
# shellcheck disable=SC2034 # read by the scripts that source this file
use_addresses() {
  host_address=$pool.$((4 * $1 + 1))
  node_address=$pool.$((4 * $1 + 2))
  link=wsp$1
}

# release_slot: after everything that uses the range is gone.
release_slot() {
  local slot
  ! slot=$(claimed_slot) || rm -f "$claims/addresses/$slot"
  rmdir "$claims/addresses" "$claims" 2>/dev/null || return 0
}
