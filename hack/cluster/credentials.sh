#!/bin/bash
# The cluster's certificate authority, certificates and kubeconfigs. Sourced.
set -euo pipefail
# shellcheck source=hack/cluster/addresses.sh
. "$(dirname "${BASH_SOURCE[0]}")/addresses.sh"

days=3650

# authority NAME: a key and a self-signed certificate, once.
authority() {
  local file=$state/pki/$1
  [ ! -s "$file.crt" ] || return 0
  openssl req -x509 -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$file.key" -subj "/CN=$cluster-$1" -days $days -out "$file.new" 2>/dev/null
  mv "$file.new" "$file.crt"
}

# certificate NAME SUBJECT USAGE [ALTERNATIVE_NAMES [AUTHORITY]]: a key and a certificate of the authority (ca), once.
certificate() {
  local file=$state/pki/$1 issuer=$state/pki/${5:-ca}
  [ ! -s "$file.crt" ] || return 0
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$file.key" -subj "$2" -out "$file.csr" 2>/dev/null
  openssl x509 -req -in "$file.csr" -CA "$issuer.crt" -CAkey "$issuer.key" -CAcreateserial -days $days -out "$file.new" \
    -extfile <(printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=%s\n%s' "$3" "${4:+subjectAltName=$4}") 2>/dev/null
  mv "$file.new" "$file.crt"
  rm "$file.csr"
}

# kubeconfig_for NAME FILE: credentials embedded, so that the file can be copied elsewhere.
kubeconfig_for() {
  local pki=$state/pki
  cat >"$2.new" <<CONFIG
apiVersion: v1
kind: Config
current-context: $cluster
contexts: [{name: $cluster, context: {cluster: $cluster, user: $1}}]
clusters:
  - name: $cluster
    cluster: {server: "https://$node_address:6443", certificate-authority-data: $(base64 -w0 "$pki/ca.crt")}
users:
  - name: $1
    user: {client-certificate-data: $(base64 -w0 "$pki/$1.crt"), client-key-data: $(base64 -w0 "$pki/$1.key")}
CONFIG
  mv "$2.new" "$2"
}

# After a reboot the cluster may get another address: the authority and the key that signs service account tokens stay,
# what names the address is made again.
write_credentials() (
  local pki=$state/pki component
  # For keys only, hence the subshell: the node must not inherit it, or containers that are not root could not enter their own root folder.
  umask 077
  mkdir -p "$pki"
  if [ "$(cat "$pki/address" 2>/dev/null)" != "$node_address" ]; then
    rm -f "$pki"/{apiserver,kubelet}.crt
    printf '%s\n' "$node_address" >"$pki/address"
  fi
  authority ca
  # Whoever holds a certificate of this one speaks for any user to aggregated APIs: the authority above, which signs requests of the
  # cluster's users, must not be able to make it.
  authority front-proxy-ca
  [ -s "$pki/service-accounts.pub" ] || {
    openssl ecparam -name prime256v1 -genkey -noout -out "$pki/service-accounts.key"
    openssl ec -in "$pki/service-accounts.key" -pubout -out "$pki/service-accounts.pub" 2>/dev/null
  }

  certificate apiserver /CN=kube-apiserver serverAuth \
    "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:10.96.0.1,IP:$node_address"
  # One certificate for both of the kubelet's roles: client of the API server, and server for exec and logs.
  certificate kubelet "/O=system:nodes/CN=system:node:$node" serverAuth,clientAuth "DNS:$node,IP:$node_address"
  certificate apiserver-kubelet-client /CN=kube-apiserver-kubelet-client clientAuth
  certificate front-proxy-client /CN=front-proxy-client clientAuth '' front-proxy-ca
  certificate admin /O=system:masters/CN=admin clientAuth
  certificate volumes /CN=workload-security-volumes clientAuth
  for component in kube-controller-manager kube-scheduler kube-proxy; do
    certificate $component /CN=system:$component clientAuth
    kubeconfig_for $component "$state/config/$component.kubeconfig"
  done
  kubeconfig_for kubelet "$state/config/kubelet.kubeconfig"
  kubeconfig_for admin "$kubeconfig"
)
