#!/bin/bash
# The components as services of runit: one folder each with run (the program), finish (back-off) and log (bounded). Sourced.
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck source=hack/cluster/configuration.sh
. "$here/configuration.sh"

# shellcheck disable=SC2034 # read by the scripts that source this file
# In the order in which they need each other; all start at once and wait for what they need.
components=(etcd kube-apiserver containerd kube-controller-manager kube-scheduler kubelet kube-proxy volumes)
# Services whose program or configuration is new since the last write_services.
changed=()

# service NAME READY FINGERPRINT COMMAND...: READY is a shell condition to wait for. FINGERPRINT changes when a file that the component
# reads changes, so that `up` restarts exactly the components whose configuration is new.
service() {
  local name=$1 ready=$2 fingerprint=$3 folder=$state/services/$1 before
  shift 3
  mkdir -p "$folder/log" "$state/log/$name"
  # Three old files of 1 MB and the current one per component.
  printf 's1000000\nn3\n' >"$state/log/$name/config"
  before=$(cat "$folder/run" 2>/dev/null || true)
  replace "$folder/log/run" <<<"#!/bin/sh"$'\n'"exec svlogd '$state/log/$name'"
  replace "$folder/finish" <"$here/backoff.sh"
  # PR_SET_PDEATHSIG first: if the supervisor itself is killed, its successor must not find the old program on the port.
  replace "$folder/run" <<RUN
#!/bin/bash
# configuration $fingerprint
[ "\${1:-}" = bound ] || exec setpriv --pdeathsig KILL "\$0" bound
exec 2>&1
touch started
for try in {1..300}; do
  if $ready; then exec ${*@Q}; fi
  sleep 0.2
done
echo '$name: gave up waiting for: ${ready//\'/\"}'
exit 1
RUN
  chmod +x "$folder"/{run,finish,log/run}
  [ "$before" = "$(cat "$folder/run")" ] || changed+=("$name")
}

fingerprint() { cat "$@" | sha256sum | cut -c1-16; }

# write_services BIN: the folder with the programs.
write_services() {
  local bin=$1
  local pki=$state/pki config=$state/config etcd_socket=/run/etcd.sock
  local api="https://$node_address:6443"
  local always=true
  local api_ready="curl -sf --max-time 2 --cacert '$pki/ca.crt' $api/readyz >/dev/null"

  # A socket instead of a port: pods in the host's network must not reach the store behind the API server's back.
  # no-fsync: the data is worth as much as the machine; a killed process loses nothing.
  service etcd "$always" 0 "$bin/etcd" --name="$node" --data-dir="$state/etcd" --unsafe-no-fsync --logger=zap --log-level=warn \
    --listen-client-urls="unix://$etcd_socket" --advertise-client-urls=http://etcd:2379 \
    --listen-peer-urls=unix:///run/etcd-peer.sock --auto-compaction-retention=1h

  service kube-apiserver "curl -sf --max-time 2 --unix-socket $etcd_socket http://etcd/health >/dev/null" "$(fingerprint "$pki"/*.crt)" \
    "$bin/kube-apiserver" "--etcd-servers=unix://$etcd_socket" --bind-address=0.0.0.0 "--advertise-address=$node_address" --secure-port=6443 \
    "--tls-cert-file=$pki/apiserver.crt" "--tls-private-key-file=$pki/apiserver.key" "--client-ca-file=$pki/ca.crt" \
    --service-account-issuer=https://kubernetes.default.svc "--service-account-key-file=$pki/service-accounts.pub" \
    "--service-account-signing-key-file=$pki/service-accounts.key" "--service-cluster-ip-range=$service_range" \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
    "--kubelet-certificate-authority=$pki/ca.crt" "--kubelet-client-certificate=$pki/apiserver-kubelet-client.crt" \
    "--kubelet-client-key=$pki/apiserver-kubelet-client.key" --kubelet-preferred-address-types=InternalIP \
    "--requestheader-client-ca-file=$pki/front-proxy-ca.crt" --requestheader-allowed-names=front-proxy-client --requestheader-username-headers=X-Remote-User \
    --requestheader-group-headers=X-Remote-Group --requestheader-extra-headers-prefix=X-Remote-Extra- \
    "--proxy-client-cert-file=$pki/front-proxy-client.crt" "--proxy-client-key-file=$pki/front-proxy-client.key"

  service containerd "$always" "$(fingerprint "$config/containerd.toml")" containerd --config "$config/containerd.toml"

  # One of each: no leader election, which would write to the store every two seconds.
  local name
  local -a as
  for name in kube-controller-manager kube-scheduler; do
    as=("--kubeconfig=$config/$name.kubeconfig" "--authentication-kubeconfig=$config/$name.kubeconfig" "--authorization-kubeconfig=$config/$name.kubeconfig" --leader-elect=false --bind-address=127.0.0.1)
    [ "$name" = kube-scheduler ] || as+=("--root-ca-file=$pki/ca.crt" "--service-account-private-key-file=$pki/service-accounts.key" --use-service-account-credentials
      --allocate-node-cidrs "--cluster-cidr=$pod_range" --node-cidr-mask-size=24 "--cluster-signing-cert-file=$pki/ca.crt" "--cluster-signing-key-file=$pki/ca.key")
    service $name "$api_ready" "$(fingerprint "$config/$name.kubeconfig")" "$bin/$name" "${as[@]}"
  done

  service kubelet "[ -S /run/containerd/containerd.sock ] && $api_ready" "$(fingerprint "$config"/kubelet.* "$pki/kubelet.crt")" \
    "$bin/kubelet" "--config=$config/kubelet.yaml" "--kubeconfig=$config/kubelet.kubeconfig" "--hostname-override=$node" "--node-ip=$node_address" --root-dir=/var/lib/kubelet

  service kube-proxy "$api_ready" "$(fingerprint "$config"/kube-proxy.*)" "$bin/kube-proxy" "--config=$config/kube-proxy.yaml"

  replace "$config/volumes.sh" <"$here/volumes.sh"
  chmod +x "$config/volumes.sh"
  service volumes "$api_ready" "$(fingerprint "$config/volumes.sh")" "$config/volumes.sh" "$api" "$pki" "$state/volumes"
}
