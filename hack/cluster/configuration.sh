#!/bin/bash
# Configuration files of the components. Sourced.
# Paths under /var and /run are the node's own (machine.sh): charts that mount the usual host paths find what they expect.
set -euo pipefail
# shellcheck source=hack/cluster/addresses.sh
. "$(dirname "${BASH_SOURCE[0]}")/addresses.sh"
# shellcheck source=hack/cluster/versions.sh
. "$(dirname "${BASH_SOURCE[0]}")/versions.sh"

# shellcheck disable=SC2034 # read by the scripts that source this file
service_range=10.96.0.0/16
pod_range=10.244.0.0/24
dns_address=10.96.0.10

# A sandboxed root may lack CAP_SYS_RESOURCE (bit 24), without which nobody can lower an oom_score_adj.
may_lower_oom_score() { (((0x$(awk '/^CapEff:/ { print $2 }' /proc/self/status) >> 24) & 1)); }

containerd_configuration() {
  local restrict=true
  ! may_lower_oom_score || restrict=false
  # The snapshotters of other file systems only log that they cannot be used; "opt" would create /opt/containerd on the host.
  cat <<CONFIG
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:$pause_version"
  restrict_oom_score_adj = $restrict
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$state/config/cni"
CONFIG
}

cni_configuration() {
  cat <<CONFIG
{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "cni0",
      "isGateway": true,
      "ipMasq": true,
      "hairpinMode": true,
      "ipam": { "type": "host-local", "ranges": [[{ "subnet": "$pod_range" }]], "routes": [{ "dst": "0.0.0.0/0" }] }
    },
    { "type": "portmap", "capabilities": { "portMappings": true } }
  ]
}
CONFIG
}

kubelet_configuration() {
  local score=0
  ! may_lower_oom_score || score=-999
  # failCgroupV1: this version of Kubernetes refuses control groups v1 and hybrid without it.
  # Images come from archives and cannot be pulled again: neither disk use nor age may collect them.
  cat <<CONFIG
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: /$group
failSwapOn: false
oomScoreAdj: $score
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
volumePluginDir: /var/lib/kubelet/volume-plugins
tlsCertFile: $state/pki/kubelet.crt
tlsPrivateKeyFile: $state/pki/kubelet.key
authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: $state/pki/ca.crt } }
authorization: { mode: Webhook }
readOnlyPort: 0
clusterDNS: [$dns_address]
clusterDomain: cluster.local
resolvConf: ''
containerLogMaxSize: 5Mi
containerLogMaxFiles: 3
evictionHard: { nodefs.available: 1%, imagefs.available: 1%, memory.available: 100Mi }
imageGCHighThresholdPercent: 100
imagePullCredentialsVerificationPolicy: NeverVerify
CONFIG
}

kube_proxy_configuration() {
  # iptables mode: the nftables mode needs a newer nft than Debian 12 has. The table of connections belongs to the host
  # and cannot be resized from a network namespace, hence maxPerCore 0.
  cat <<CONFIG
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: $pod_range
oomScoreAdj: 0
clientConnection: { kubeconfig: $state/config/kube-proxy.kubeconfig }
conntrack: { maxPerCore: 0 }
hostnameOverride: $node
CONFIG
}

# replace FILE: writes stdin to FILE if it differs: kube-proxy ends when its file is written, even with the same content.
replace() {
  local content
  content=$(cat)
  [ "$content" != "$(cat "$1" 2>/dev/null)" ] || return 0
  printf '%s\n' "$content" >"$1.new"
  mv "$1.new" "$1"
}

write_configuration() {
  local folder=$state/config
  mkdir -p "$folder/cni"
  containerd_configuration | replace "$folder/containerd.toml"
  cni_configuration | replace "$folder/cni/10-pods.conflist"
  kubelet_configuration | replace "$folder/kubelet.yaml"
  kube_proxy_configuration | replace "$folder/kube-proxy.yaml"
}
