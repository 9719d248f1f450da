#!/bin/bash
# The two images without which no pod starts, pause and CoreDNS, as archives beside the programs. Each is one static program.
#   system-images.sh      builds what is missing, then prints the archives, one per line
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck source=hack/cluster/output.sh
. "$here/output.sh"
# shellcheck source=hack/cluster/versions.sh
. "$here/versions.sh"
bin=$("$here/binaries.sh" --print-dir)
content=$(sha256sum "${BASH_SOURCE[0]}" | cut -c1-8)

# image PROGRAM VERSION USER
image() {
  local archive=$bin/$1-$2-$content.tar container store
  if [ ! -s "$archive" ]; then
    store=$(mktemp -d)
    # A store of its own: neither the user's images nor theirs name clashes matter here. chroot: no namespaces are needed to copy a file.
    export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
    local buildah=(buildah --root "$store/root" --runroot "$store/run")
    container=$("${buildah[@]}" from scratch)
    "${buildah[@]}" copy --quiet --chmod 0755 "$container" "$bin/$1" "/$1" >&2
    "${buildah[@]}" config --entrypoint "[\"/$1\"]" --user "$3" "$container"
    "${buildah[@]}" commit --quiet "$container" "oci-archive:$archive.new:localhost/$1:$2" >&2
    mv "$archive.new" "$archive"
    rm -rf "$store"
  fi
  say "$archive"
}

# As upstream's images: pause is nobody in particular, CoreDNS may bind port 53 by a capability, which only root keeps across exec.
image pause "$pause_version" 65535:65535
image coredns "$coredns_version" 0:0
