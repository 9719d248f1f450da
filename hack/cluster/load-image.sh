#!/bin/bash
# Puts image archives (OCI layout, as `buildah push IMAGE oci-archive:FILE:IMAGE` writes them) into a cluster.
#   load-image.sh CLUSTER FILE...
# An archive whose content the cluster has under the same name is skipped.
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck source=hack/cluster/node.sh
. "$here/node.sh"
# shellcheck source=hack/cluster/kind.sh
. "$here/kind.sh"

# content FILE: "NAME DIGEST" of each image in the archive.
content() {
  tar -xOf "$1" index.json 2>/dev/null | jq -r '.manifests[] | "\(.annotations["org.opencontainers.image.ref.name"]) \(.digest)"' ||
    fail "$1 is no OCI image archive" "make one: buildah push IMAGE oci-archive:$1:IMAGE"
}

loaded() { in_node ctr -n k8s.io images ls | awk '{ print $1, $3 }'; }

main() {
  local file have image began
  [ $# -ge 2 ] || fail 'usage: load-image.sh CLUSTER FILE...'
  use_cluster "$1"
  shift
  for file in "$@"; do [ -r "$file" ] || fail "cannot read $file"; done
  if is_kind; then
    kind_load "$@"
    return
  fi
  have=$(loaded)
  for file in "$@"; do
    began=$SECONDS
    while read -r image; do
      ! grep -qxF "$image" <<<"$have" || continue
      # By stdin: the node has a /var and a /run of its own and would not find a file that lies there.
      in_node ctr -n k8s.io images import --no-unpack=false - <"$file" >/dev/null
      have=$(loaded)
      grep -qxF "$image" <<<"$have" || fail "$file was imported, but the cluster has no ${image% *} with its content" 'its name must have a registry, such as localhost/name:tag'
      printf '  %-48s%4d s\n' "image ${image% *}" $((SECONDS - began))
    done < <(content "$file")
  done
}

main "$@"
