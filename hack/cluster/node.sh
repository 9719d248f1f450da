#!/bin/bash
# The node: control groups, namespaces and the supervisor in them, and how to find them again. Sourced.
#
# Everything runs in a network and a mount namespace of its own, with a /var and a /run of its own. When the last process ends,
# the kernel removes both: mounts, bridge, iptables rules and the namespaces of the pods, whatever state things were in.
set -euo pipefail
# shellcheck source=hack/cluster/addresses.sh
. "$(dirname "${BASH_SOURCE[0]}")/addresses.sh"

# hierarchies: mount points of control groups: one with v2, one per controller with v1, both in hybrid setups.
hierarchies() { awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts; }

# groups_of_cluster [SUBGROUP]: where the cluster's group is, or one in it.
groups_of_cluster() {
  local hierarchy path=$group${1:+/$1}
  for hierarchy in $(hierarchies); do [ ! -d "$hierarchy/$path" ] || printf '%s\n' "$hierarchy/$path"; done
}

# remove_groups [SUBGROUP]: with all below; false while one is busy, as it is for a moment after its last process.
remove_groups() {
  local root
  for root in $(groups_of_cluster "$@"); do find "$root" -depth -type d -exec rmdir {} + 2>/dev/null || true; done
  [ -z "$(groups_of_cluster "$@")" ]
}

# hand_down HIERARCHY: with v2, controllers exist below a group only where its parent hands them down.
hand_down() {
  local controllers controller parent
  read -r -a controllers <"$1/cgroup.controllers" || return 0
  for parent in "$1" "$1/$group"; do
    for controller in "${controllers[@]}"; do
      printf '+%s' "$controller" >"$parent/cgroup.subtree_control" || fail "the controller $controller cannot be used below $parent" 'see cgroup.subtree_control there'
    done
  done
}

create_groups() {
  local hierarchy file
  for hierarchy in $(hierarchies); do
    mkdir -p "$hierarchy/$group"
    # v1: a new cpuset is empty and refuses processes. The kubelet fills those it creates below this one.
    if [ -e "$hierarchy/cpuset.mems" ] && [ ! -e "$hierarchy/cgroup.controllers" ]; then
      for file in cpuset.cpus cpuset.mems; do cat "$hierarchy/$file" >"$hierarchy/$group/$file"; done
    fi
    [ ! -e "$hierarchy/cgroup.controllers" ] || hand_down "$hierarchy"
    mkdir -p "$hierarchy/$group/system"
    if [ -e "$hierarchy/$group/system/cpuset.mems" ] && [ ! -e "$hierarchy/cgroup.controllers" ]; then
      for file in cpuset.cpus cpuset.mems; do cat "$hierarchy/$group/$file" >"$hierarchy/$group/system/$file"; done
    fi
  done
}

# processes [SUBGROUP]: the cluster's processes, or only those of the system (supervisor, components, container shims).
# By control group, which no process leaves and no lost file hides.
processes() {
  local root
  for root in $(groups_of_cluster "$@"); do
    # A group may vanish while it is read; its processes have ended then.
    find "$root" -name cgroup.procs -exec cat {} + 2>/dev/null || true
  done | sort -un
}

# process_of PROGRAM...: the ids of system processes that run one of the programs.
process_of() {
  local id program name
  for id in $(processes system); do
    name=$(cat "/proc/$id/comm" 2>/dev/null) || continue
    for program in "$@"; do [ "$name" != "$program" ] || printf '%s\n' "$id"; done
  done
}

supervisor() { process_of runsvdir | sed -n 1p; }

no_service_runs() { [ -z "$(process_of runsv)" ]; }
# Every system process but the shims, which hold the containers (the kernel cuts names to 15 characters).
besides_shims() { comm -23 <(processes system | sort) <(process_of containerd-shim | sort); }
only_shims_run() { [ -z "$(besides_shims)" ]; }
node_exists() { [ -n "$(process_of start-node.sh runsvdir)" ]; }

# in_node COMMAND...: runs a command in the cluster's namespaces, for example ctr or iptables.
in_node() {
  local id
  id=$(supervisor)
  [ -n "$id" ] || fail "cluster $cluster does not run, or its supervisor was killed" "start or heal it: make up CLUSTER=$cluster"
  nsenter --target "$id" --mount --net --wd=/ "$@" 9<&-
}

# end_orphans: services whose supervisor died run on, but another supervisor could not take them over. Containers are left alone.
end_orphans() {
  local ids
  mapfile -t ids < <(process_of runsv)
  [ ${#ids[@]} -eq 0 ] || kill -TERM "${ids[@]}" 2>/dev/null || true
  wait_until 5 no_service_runs || true
  mapfile -t ids < <(besides_shims)
  [ ${#ids[@]} -eq 0 ] || kill -KILL "${ids[@]}" 2>/dev/null || true
  wait_until 10 only_shims_run || fail "processes of cluster $cluster do not end: $(besides_shims | tr '\n' ' ')"
}

# start_supervisor: in the namespaces of processes that still run, or else in new ones.
start_supervisor() {
  local id hierarchy
  [ -z "$(supervisor)" ] || return 0
  end_orphans
  id=$(processes system | sed -n 1p)
  if [ -z "$id" ]; then
    # Nothing survived, for example after a reboot: what /run holds is about processes that are gone.
    kill_processes
    rm -rf "${state:?}/run"
    # In each control group that a container left, the kubelet asks for it for three seconds before it starts any pod.
    wait_until 10 remove_groups kubepods || fail "control groups of pods that are gone cannot be removed:" "$(groups_of_cluster kubepods)"
  fi
  (
    for hierarchy in $(hierarchies); do printf '%s' "$BASHPID" >"$hierarchy/$group/system/cgroup.procs"; done
    exec 9<&- </dev/null >"$state/log/supervisor" 2>&1
    # A session of its own: it survives the shell that started it.
    if [ -n "$id" ]; then exec setsid nsenter --target "$id" --mount --net --wd=/ "$state/config/start-node.sh" "$state" join; fi
    exec setsid unshare --mount --net --propagation slave "$state/config/start-node.sh" "$state" create
  ) &
  disown
  wait_until 20 node_exists || fail "the supervisor did not start" "see $state/log/supervisor"
}

remove_link() { ip link delete "$1" 2>/dev/null || [ ! -e "/sys/class/net/$1" ] || fail "the link $1 cannot be removed" "ip link delete $1"; }

# connect: the cable between host and node; made again if somebody cut it.
connect() {
  local id
  id=$(process_of start-node.sh runsvdir | sed -n 1p)
  nsenter --target "$id" --net ip link show dev eth0 >/dev/null 2>&1 || {
    # Namespaces whose last process was killed keep their end, and so this one, until the kernel has removed them.
    remove_link "$link"
    ip link add "$link" type veth peer name eth0 netns "$id"
    ip address add "$host_address/30" dev "$link"
  }
  # The alias says whose link it is, to `down` and to people. `ip link add` accepts and forgets it.
  ip link set "$link" up alias "workload-security/$cluster"
  # shellcheck disable=SC2016 # for the inner shell
  nsenter --target "$id" --net sh -euc '
    ip link set lo up
    ip -4 address show dev eth0 | grep -qF "inet $1/" || ip address add "$1/30" dev eth0
    ip link set eth0 up
    ip route replace default via "$2"
    sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1' sh "$node_address" "$host_address"
}

# kill_processes: everything in the cluster's control groups, until nothing is left.
kill_processes() {
  local ids try
  for ((try = 0; try < 200; try++)); do
    mapfile -t ids < <(processes)
    [ ${#ids[@]} -gt 0 ] || return 0
    # KILL also for a supervisor, which can no longer start anything then; what it started meanwhile is in the next round.
    kill -KILL "${ids[@]}" 2>/dev/null || true
    sleep 0.05
  done
  fail "processes of cluster $cluster do not end: ${ids[*]}" 'a process that waits for a device or a network file system cannot be killed: see /proc/ID/stack'
}
