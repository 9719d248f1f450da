#!/bin/bash
# First program in a cluster's namespaces: gives the node its own /var and /run, waits for its network, becomes the supervisor.
#   start-node.sh STATE create|join
set -euo pipefail
state=$1
# Whatever the caller's is: folders that containerd makes become root folders of containers that are not root.
umask 022

if [ "$2" = create ]; then
  mkdir -p "$state"/run/{lock,netns} "$state"/var/{lib,log,cache,tmp}
  ln -sfn /run "$state/var/run"
  chmod 1777 "$state/run/lock" "$state/var/tmp"
  # So nothing of containerd, the kubelet and the network plugins is ever written to the host's folders, and no two clusters meet there.
  mount --bind "$state/run" /run
  mount --bind "$state/var" /var
  # Pods may ask for mount propagation, which needs a shared root. What is mounted here does not reach the host.
  mount --make-rshared /
  # systemd does this on most machines; where nobody did, an agent finds none of the kernel's tracepoints.
  [ -d /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing
fi

for try in {1..300}; do
  if ip -4 address show dev eth0 2>/dev/null | grep -q inet; then
    # Its own messages go to its process title, the dots are the room for them: bounded, and readable with ps.
    exec runsvdir -P "$state/services" "log: $(printf '.%.0s' {1..400})"
  fi
  sleep 0.1
done
echo "no network after ${try}00 ms" >&2
exit 1
