#!/bin/bash
# Installs the Debian packages that the cluster and the images need. Does nothing, quickly, when all are there.
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck source=hack/cluster/output.sh
. "$here/output.sh"
# shellcheck source=hack/cluster/kind.sh
. "$here/kind.sh"

packages=(
  # containers: runtime, network plugins, what kube-proxy calls
  containerd runc containernetworking-plugins iptables conntrack iproute2 kmod
  # supervision with bounded logs
  runit
  # certificates, requests and documents in the scripts
  openssl curl jq ca-certificates
  # images without a container engine
  buildah mmdebstrap
  # pause is a C program
  gcc libc6-dev
  # eBPF programs: compiler, headers, light skeletons
  clang-14 libbpf-dev bpftool
  # other kernels, in emulated machines
  qemu-system-x86 busybox-static cpio
  # make verify, make test
  shellcheck strace
)

main() {
  local missing=() package log id='' VERSION_ID='' PRETTY_NAME=''
  if command -v dpkg-query >/dev/null; then
    for package in "${packages[@]}"; do
      # "ok installed" and nothing else: a removed package keeps an entry of its own.
      [ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" = 'install ok installed' ] || missing+=("$package")
    done
  else
    missing=("${packages[@]}")
  fi
  # Any version will do, also one from elsewhere: Debian's Go only fetches the right Go, Debian's npm the right Node.
  command -v go >/dev/null || missing+=(golang-go)
  command -v npm >/dev/null || missing+=(npm)
  [ ${#missing[@]} -gt 0 ] || return 0

  # With kind everything runs in the engine's containers, on whatever system this is.
  ! kind_works || return 0
  # shellcheck source=/dev/null
  [ ! -r /etc/os-release ] || . /etc/os-release
  id=${ID:-unknown}
  case $id in
    debian) [ "$VERSION_ID" = 12 ] || say "note: tried on Debian 12 only, this is ${PRETTY_NAME:-Debian $VERSION_ID}" ;;
    ubuntu) say "note: untried on ${PRETTY_NAME:-Ubuntu}; it should work where Ubuntu has the same packages" ;;
    *) fail "this system (${PRETTY_NAME:-$id}) is not Debian 12" \
      "the cluster runs on Debian 12 as root; on other systems install a container engine and kind (https://kind.sigs.k8s.io), which is then used instead" ;;
  esac
  [ "$(id -u)" -eq 0 ] || fail "packages are missing and only root can install them" "as root: apt-get install --no-install-recommends ${missing[*]}"

  log=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  # Without recommends: runit would otherwise bring an init system, buildah a second set of container tools.
  timed "Debian packages (${#missing[@]})" "$log" install "${missing[@]}"
  rm -f "$log"
}

install() {
  # A package list that is old names files that the archive no longer has.
  apt-get update
  apt-get install -y --no-install-recommends "$@"
}

main
