#!/bin/bash
# What a cluster needs before anybody can use it: system images, names, storage. Sourced.
set -euo pipefail
# shellcheck source=hack/cluster/configuration.sh
. "$(dirname "${BASH_SOURCE[0]}")/configuration.sh"

volumes=8

# manifests: everything as one stream; $name in the files is a variable of this shell.
manifests() {
  local folder volume number
  folder=$(dirname "${BASH_SOURCE[0]}")/manifests
  cat "$folder/access.yaml" <(echo ---) "$folder/storage-class.yaml" <(echo ---)
  for ((number = 1; number <= volumes; number++)); do
    # shellcheck disable=SC2034 # used by name
    volume=volume-$number
    expand volume state node <"$folder/volume.yaml"
  done
  expand coredns_version dns_address <"$folder/coredns.yaml"
}

# expand NAME...: replaces $NAME in stdin by the variable's value, and nothing else: a manifest may contain other dollars.
expand() {
  local text name
  text=$(cat)
  for name in "$@"; do text=${text//"\$$name"/"${!name}"}; done
  printf '%s\n' "$text"
}

apply_addons() {
  local number
  for ((number = 1; number <= volumes; number++)); do mkdir -p "$state/volumes/volume-$number"; done
  # Server-side and by force: on a running cluster this changes nothing, on a damaged one it repairs what we own.
  manifests | kubectl apply --server-side --force-conflicts --field-manager=workload-security-cluster -f -
}
