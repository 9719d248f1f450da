#!/bin/bash
# Finds a Go that is new enough, or fetches one as a Go module. Sourced; use_go puts `go` on the PATH.
set -euo pipefail
# shellcheck source=hack/cluster/output.sh
. "$(dirname "${BASH_SOURCE[0]}")/output.sh"
# shellcheck source=hack/cluster/versions.sh
. "$(dirname "${BASH_SOURCE[0]}")/versions.sh"

# at_least HAVE WANT: version comparison that knows 1.9 < 1.26.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

use_go() {
  local have=none module folder
  # GOTOOLCHAIN=local: ask the installed Go for its own version, not for one that it would download first.
  if command -v go >/dev/null; then have=$(GOTOOLCHAIN=local go env GOVERSION); fi
  if [ "$have" != none ] && at_least "${have#go}" "$go_minimum"; then
    export GOTOOLCHAIN=local
    return
  fi
  [ "$have" != none ] ||
    fail "no Go on the PATH" "install one: apt-get install golang-go (any version: it only fetches Go $go_toolchain), or put Go >= $go_minimum on the PATH"
  say "  Go $go_toolchain as a module (installed: $have)"
  # Go before 1.21, such as Debian 12's 1.19, cannot switch toolchains by itself, but every Go can download the module it would switch to.
  module=golang.org/toolchain@v0.0.1-go$go_toolchain.linux-$(go env GOARCH)
  folder=$(cd / && GOTOOLCHAIN=local GOFLAGS=-mod=mod go mod download -json "$module" | jq -r '.Dir // empty')
  [ -x "$folder/bin/gofmt" ] || {
    # Module archives carry no execute bits.
    [ -f "$folder/bin/go" ] || fail "could not download $module" "is the Go module proxy reachable? go env GOPROXY says $(go env GOPROXY)"
    chmod u+w "$folder"/bin "$folder"/pkg/tool/*
    find "$folder/bin" "$folder/pkg/tool" -type f -exec chmod +x {} +
  }
  export PATH="$folder/bin:$PATH" GOROOT="$folder" GOTOOLCHAIN="go$go_toolchain"
}
