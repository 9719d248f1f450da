#!/bin/bash
# Builds the programs of a Kubernetes cluster from their Go modules into the cache, each once.
#   binaries.sh [PROGRAM...]   builds what is missing (default: all) and prints progress
#   binaries.sh --print-dir    prints the folder and builds nothing
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck source=hack/cluster/output.sh
. "$here/output.sh"
# shellcheck source=hack/cluster/versions.sh
. "$here/versions.sh"
# shellcheck source=hack/cluster/go.sh
. "$here/go.sh"

kubernetes_programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl)
programs=(etcd "${kubernetes_programs[@]}" coredns helm pause)

cache=${XDG_CACHE_HOME:-$HOME/.cache}/workload-security
content=$(cat "$here"/{versions,binaries}.sh | sha256sum | cut -c1-12)
bin=$cache/binaries/kubernetes-$kubernetes_version-$(uname -m)-$content

if [ "${1:-}" = --print-dir ]; then
  say "$bin"
  exit 0
fi

# module NAME: an empty main module to build in. Each program has its own, because their dependencies disagree.
module() {
  mkdir "$work/$1"
  cd "$work/$1"
  printf 'module build\n\ngo %s.0\n' "$go_minimum" >go.mod
}

# k8s.io/kubernetes replaces its staging repositories by folders that its module does not contain: point them at the released
# modules of the same version (1.36.3 is released as 0.36.3).
kubernetes_module() {
  local source
  [ ! -e "$work/kubernetes" ] || return 0
  module kubernetes
  source=$(go mod download -json "k8s.io/kubernetes@v$kubernetes_version" | jq -r .GoMod)
  {
    printf '\ngodebug default=go%s\n\nrequire k8s.io/kubernetes v%s\n\nreplace (\n' "$go_minimum" "$kubernetes_version"
    sed -n '/^replace (/,/^)/p' "$source" | awk -v v="v0.${kubernetes_version#*.}" '/=>/ { print "\t" $1 " => " $1 " " v }'
    printf ')\n'
  } >>go.mod
}

build_kubernetes() {
  local stamp='' package
  kubernetes_module
  cd "$work/kubernetes"
  # Both packages carry a version: components report the one, clients (kubectl's user agent) the other.
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    stamp+=" -X $package.gitVersion=v$kubernetes_version -X $package.gitTreeState=archive"
    stamp+=" -X $package.gitMajor=${kubernetes_version%%.*} -X $package.gitMinor=$(cut -d. -f2 <<<"$kubernetes_version")"
  done
  go build -ldflags "-s -w$stamp" -o "$work/out/$1" "k8s.io/kubernetes/cmd/$1"
}

build_etcd() {
  module etcd
  go get "go.etcd.io/etcd/server/v3@v$etcd_version"
  go build -ldflags '-s -w' -o "$work/out/etcd" go.etcd.io/etcd/server/v3
}

build_helm() {
  module helm
  go get "helm.sh/helm/v4/cmd/helm@v$helm_version"
  go build -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=v$helm_version" -o "$work/out/helm" helm.sh/helm/v4/cmd/helm
}

# A CoreDNS with the plugins that a cluster needs; upstream's own list pulls in the clients of four clouds.
build_coredns() {
  local plugin
  module coredns
  {
    printf '// Command coredns serves the names of a cluster.\npackage main\n\nimport (\n\t"github.com/coredns/coredns/core/dnsserver"\n'
    printf '\t"github.com/coredns/coredns/coremain"\n'
    for plugin in cache errors forward health hosts kubernetes ready template; do printf '\t_ "github.com/coredns/coredns/plugin/%s"\n' $plugin; done
    printf ')\n\nfunc main() {\n'
    # The order is the order in which a query passes the plugins.
    printf '\tdnsserver.Directives = []string{"errors", "health", "ready", "cache", "hosts", "template", "kubernetes", "forward"}\n\tcoremain.Run()\n}\n'
  } >main.go
  go get "github.com/coredns/coredns@v$coredns_version"
  go mod tidy
  go build -ldflags '-s -w' -o "$work/out/coredns" .
}

build_pause() {
  local source
  source=$(go mod download -json "k8s.io/kubernetes@v$kubernetes_version" | jq -r .Dir)
  gcc -Os -Wall -static "-DVERSION=$pause_version" -o "$work/out/pause" "$source/build/pause/linux/pause.c"
}

# build PROGRAM: into a folder of its own, then one rename: a program in the cache is always whole.
build() {
  case " ${kubernetes_programs[*]} " in
    *" $1 "*) build_kubernetes "$1" ;;
    *) "build_$1" ;;
  esac
  mv "$work/out/$1" "$bin/$1"
}

version_of() {
  case $1 in
    etcd | coredns | helm | pause) local -n version=${1}_version && say "$version" ;;
    *) say "$kubernetes_version" ;;
  esac
}

main() {
  local wanted=("$@") missing=() program began=$SECONDS
  [ $# -gt 0 ] || wanted=("${programs[@]}")
  for program in "${wanted[@]}"; do
    case " ${programs[*]} " in *" $program "*) ;; *) fail "unknown program $program" "one of: ${programs[*]}" ;; esac
    [ -x "$bin/$program" ] || missing+=("$program")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  mkdir -p "$bin"
  # Two builds at a time would only take each other's processor; the second finds everything done.
  exec 8>"$cache/binaries/lock"
  flock --nonblock 8 || {
    say 'waiting for another build of the programs'
    flock 8
  }
  # Beside the target, so that the rename stays within one file system; what an interrupted build left goes first.
  rm -rf "$cache"/binaries/work.*
  work=$(mktemp -d "$cache/binaries/work.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir "$work/out"
  say "building ${#missing[@]} programs from their Go modules into $bin"
  use_go
  export GOFLAGS='-mod=mod -buildvcs=false' GOWORK=off CGO_ENABLED=0
  for program in "${missing[@]}"; do
    [ -x "$bin/$program" ] || timed "$program $(version_of "$program")" "$cache/binaries/$program.log" build "$program"
  done
  say "programs built in $((SECONDS - began)) s"
}

main "$@"
