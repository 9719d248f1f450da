#!/bin/bash
# Ends a cluster and removes everything it left: processes, namespaces and what is mounted in them, links, control groups, state.
# Finds processes by control group alone, so it works without sockets, without files of process ids, and without the state folder.
#   down.sh CLUSTER
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck source=hack/cluster/node.sh
. "$here/node.sh"
# shellcheck source=hack/cluster/kind.sh
. "$here/kind.sh"

nothing_left() { [ ! -e "$state" ] && [ -z "$(groups_of_cluster)$(links_of_cluster)" ] && ! claimed_slot >/dev/null; }

links_of_cluster() { grep -lxF "workload-security/$cluster" /sys/class/net/*/ifalias 2>/dev/null | cut -d/ -f5; }

main() {
  local id link began=$SECONDS
  use_cluster "${1:-}"
  refuse_namesake
  if nothing_left; then
    say "cluster $cluster does not exist"
    return 0
  fi
  lock_cluster
  ! is_kind || kind_down
  # Sockets that outlive their process to say goodbye keep the network namespace for minutes: let them give up at once.
  id=$(processes system | sed -n 1p)
  [ -z "$id" ] || nsenter --target "$id" --net sysctl -qw net.ipv4.tcp_orphan_retries=1 || true
  kill_processes
  # With their last process the namespaces go, and with them mounts, bridge, rules and the other end of the cable.
  # The kernel removes network namespaces in the background; deleting our end does not wait for it.
  for link in $(links_of_cluster); do remove_link "$link"; done
  wait_until 10 remove_groups || fail "control groups of cluster $cluster cannot be removed:" "$(groups_of_cluster)"
  rm -rf --one-file-system "${state:?}"
  rmdir "$(dirname "$state")" 2>/dev/null || true
  release_slot
  say "cluster $cluster is gone after $((SECONDS - began)) s"
}

main "$@"
