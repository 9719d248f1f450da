#!/bin/bash
# Fetches Debian's stock cloud kernels for the tests in virtual machines; nothing is installed on this machine.
#   fetch.sh [SUITE...]   by default bookworm, trixie and sid; prints "SUITE PATH" for each kernel that is there afterwards
# A suite that cannot be had is named on standard error with the reason and fails nothing: its tests are then skipped.
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck source=hack/cluster/output.sh
. "$here/../cluster/output.sh"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/workload-security/kernels

# kernel_of SUITE: the kernel in the cache. One per suite is kept; a newer one comes after `make clean-cache`.
kernel_of() { compgen -G "$cache/$1/vmlinuz-*" || true; }

# The archive that this machine takes Debian's packages from.
# shellcheck disable=SC2016 # apt fills in the address
mirror() { apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1; }

# An apt of our own: other suites and lists, but the machine's proxy and keys.
apt_at() {
  local folder=$1 program=$2
  shift 2
  "$program" -q -o "Dir::State=$folder/state" -o Dir::State::status=/dev/null -o "Dir::Cache=$folder/cache" \
    -o "Dir::Etc::sourcelist=$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root \
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@"
}

# fetch SUITE FOLDER: the kernel that the suite's metapackage depends on, as FOLDER/vmlinuz-VERSION.
fetch() {
  local suite=$1 folder=$2 archive package keys=/usr/share/keyrings/debian-archive-keyring.gpg
  archive=$(mirror)
  [ -n "$archive" ] || fail "apt of this machine knows no archive of Debian's packages"
  mkdir -p "$folder"/{state/lists/partial,cache/archives/partial}
  printf 'deb [arch=amd64 signed-by=%s] %s %s main\n' "$keys" "$archive" "$suite" >"$folder/sources.list"
  apt_at "$folder" apt-get update
  cd "$folder"
  # Newer suites have the file itself in a package of its own, linux-binary, and in the folder of the modules.
  for package in $(apt_at "$folder" apt-cache depends --recurse --important linux-image-cloud-amd64 | grep -E '^linux-(image|binary)-[0-9]'); do
    apt_at "$folder" apt-get download "$package"
    dpkg-deb --extract "$package"_*.deb "$folder/content"
  done
  find content -type f -name 'vmlinuz*' -exec mv {} "$folder/vmlinuz-${package#linux-*-}" \;
  [ -f "$folder/vmlinuz-${package#linux-*-}" ] || fail "no kernel in $package"
}

main() {
  local suites=("$@") suite
  [ $# -gt 0 ] || suites=(bookworm trixie sid)
  command -v apt-get >/dev/null || {
    say 'no kernels for virtual machines: they are Debian packages, and this machine has no apt' >&2
    return 0
  }
  mkdir -p "$cache"
  exec 8>"$cache/lock"
  flock 8
  work=$(mktemp -d "$cache/work.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  for suite in "${suites[@]}"; do
    if [ -z "$(kernel_of "$suite")" ]; then
      # In a shell of its own: timed ends the shell when its command fails.
      (timed "kernel of Debian $suite" "$cache/$suite.log" fetch "$suite" "$work/$suite") >&2 || continue
      mkdir -p "$cache/$suite"
      mv "$work/$suite"/vmlinuz-* "$cache/$suite/"
    fi
    say "$suite $(kernel_of "$suite")"
  done
}

main "$@"
