#!/bin/bash
# Deletes the cache: programs, archives, logs of their builds.
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck source=hack/cluster/paths.sh
. "$here/paths.sh"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/workload-security
# A running cluster restarts its components from there.
running=$(find "$claims/addresses" -type l -printf '%f:%l ' 2>/dev/null || true)
[ -z "$running" ] || fail "clusters use the cache: $running" 'stop each of them: make down CLUSTER=name'
size=$(du -sh "$cache" 2>/dev/null | cut -f1) || size=nothing
rm -rf --one-file-system "$cache"
say "deleted $cache ($size)"
