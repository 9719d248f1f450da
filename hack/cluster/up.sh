#!/bin/bash
# Starts a single-node Kubernetes cluster, or checks and heals the one that runs.
#   up.sh CLUSTER
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck source=hack/cluster/credentials.sh
. "$here/credentials.sh"
# shellcheck source=hack/cluster/services.sh
. "$here/services.sh"
# shellcheck source=hack/cluster/node.sh
. "$here/node.sh"
# shellcheck source=hack/cluster/addons.sh
. "$here/addons.sh"
# shellcheck source=hack/cluster/kind.sh
. "$here/kind.sh"

log_of() { printf '%s/log/%s/current' "$state" "$1"; }

# What the kernel must offer; modules are loaded where they are modules.
check_kernel() {
  local module
  case $state/ in /var/* | /run/*) fail "the state folder $state is under /var or /run, of which the node has its own" 'choose another: XDG_STATE_HOME=/srv make up' ;; esac
  for module in overlay br_netfilter nf_conntrack; do modprobe --quiet "$module" || true; done
  grep -qw overlay /proc/filesystems || fail 'the kernel has no overlay file system' 'load the module overlay'
  [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || fail 'the kernel does not pass bridged packets to iptables' 'load the module br_netfilter'
  [ -n "$(hierarchies)" ] || fail 'no control groups are mounted' 'mount them at /sys/fs/cgroup'
}

# settle: every service runs what is configured now.
settle() {
  local name
  for name in "${components[@]}"; do
    # The supervisor looks for new services every five seconds.
    wait_until 15 test -p "$state/services/$name/supervise/ok" || fail "no supervisor for $name" "see: ps -C runsvdir -o args="
    in_node sv up "$state/services/$name" >/dev/null || true
  done
  for name in "${changed[@]}"; do
    say "  $name: new configuration, restarting"
    in_node sv -w 20 restart "$state/services/$name" >/dev/null || true
  done
}

# node_ready: as this kubelet says, not its predecessor: the store may hold a status from before a reboot.
node_ready() {
  local renewed
  renewed=$(kubectl -n kube-node-lease get lease "$node" -o 'jsonpath={.spec.renewTime}')
  [ "$(date -d "$renewed" +%s)" -ge "$(stat -c %Y "$state/services/kubelet/started")" ] &&
    kubectl get node "$node" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' | grep -qx True
}

# names_answer: one question for kubernetes.default.svc.cluster.local, over TCP (54 bytes of message) through the Service's address.
# Bytes 9 and 10 of length and reply are the number of answers.
names_answer() {
  # shellcheck disable=SC2016 # for the inner shell
  in_node timeout 2 bash -c 'exec 3<>"/dev/tcp/$1/53"
    printf "\0\66\22\64\1\0\0\1\0\0\0\0\0\0\12kubernetes\7default\3svc\7cluster\5local\0\0\1\0\1" >&3
    head -c 10 <&3 | od -An -tx1 -j 8 | grep -qx " 00 01"' bash "$dns_address"
}

native_up() {
  local bin slot ran images
  check_kernel
  "$here/binaries.sh"
  bin=$("$here/binaries.sh" --print-dir)
  export PATH=$bin:$PATH KUBECONFIG=$kubeconfig
  mapfile -t images < <("$here/system-images.sh")
  [ ${#images[@]} -eq 2 ] || fail 'the system images could not be built'

  slot=$(claim_slot) || exit 1
  use_addresses "$slot"
  ran=$(supervisor)
  mkdir -p "$state"/{config,log,services}
  write_credentials
  write_configuration
  write_services "$bin"
  install -m 0755 "$here/start-node.sh" "$state/config/start-node.sh"
  create_groups
  start_supervisor
  connect
  # Where nothing ran, everything is new and has just been started.
  [ -n "$ran" ] || changed=()
  wait_until 10 quietly supervisor_runs || fail 'the supervisor did not start' "see $state/log/supervisor"
  settle

  awaited 'API server' 90 "$(log_of kube-apiserver)" kubectl get --raw /readyz
  awaited 'container runtime' 30 "$(log_of containerd)" in_node ctr version
  "$here/load-image.sh" "$cluster" "${images[@]}"
  timed 'names, storage, access' "$state/log/addons" apply_addons
  awaited 'node ready' 90 "$(log_of kubelet)" node_ready
  awaited 'names resolve' 90 "$(log_of kubelet)" names_answer
}

supervisor_runs() { [ -n "$(supervisor)" ]; }

main() {
  local began=$SECONDS
  use_cluster "${1:-}"
  "$here/rights.sh"
  lock_cluster
  if is_kind || { [ -z "$(processes)" ] && kind_works; }; then
    say "cluster $cluster by kind"
    "$here/binaries.sh" kubectl helm
    kind_up
  else
    say "cluster $cluster, native, state in $state"
    native_up
  fi
  say "cluster $cluster is ready after $((SECONDS - began)) s"
}

main "$@"
