#!/bin/bash
# Waits until every sample image has a profile, prints the profiles and how to go on.
#   show.sh CLUSTER
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
root=$(realpath "$here/../..")
# shellcheck source=hack/cluster/paths.sh
. "$root/hack/cluster/paths.sh"

# "NAME TAG" of each image that the samples ask for.
wanted() {
  sed -n 's/^ *-\{0,1\} *image: *\(localhost\/samples\/[^ ]*\):\([^ ]*\) *$/\1 \2/p' "$root"/hack/samples/manifests/*.yaml | sort -u
}

# "NAME TAG" of each profile that has snapshots and containers.
taught() {
  kubectl get securityprofiles -o json |
    jq -r '.items[] | select(.status.snapshots > 0 and .status.containers > 0) | "\(.spec.image.name) \(.spec.image.tag)"' | sort -u
}

all_taught() { [ -z "$(comm -23 <(wanted) <(taught))" ]; }

# A score needs two containers of an image, and a node profiles five containers at a time.
scored() { kubectl get securityprofiles -o json | jq -e '.items | any(.status.commonality != null)'; }

# The object of an image with several replicas, to try things on.
example() { kubectl get securityprofiles -o json | jq -r '[.items[] | select(.status.containers > 1)] | max_by(.status.containers).metadata.name'; }

suggest() { printf '  %-43s # %s' "$1" "$2"; }

main() {
  local option snapshots
  work_on "${1:-}"
  # Without it the commands below would mean the cluster of the default name.
  option=$([ "$cluster" = wsp ] || printf ' CLUSTER=%s' "$cluster")
  snapshots=$(kubectl get workloadsecurityconfig default -o jsonpath='{.spec.learning.snapshots}')
  [ -n "$(wanted)" ] || fail 'the sample manifests name no images'
  say 'profiles'
  awaited 'a profile for every sample image' 240 "$state/log/install" all_taught
  awaited 'a commonality score' 120 "$state/log/install" scored
  say ''
  kubectl get securityprofiles
  cat <<NEXT

Try next:
  kubectl get securityprofiles -o wide
  kubectl describe securityprofile $(example)
  kubectl explain securityprofile.spec.behavior.processes
  kubectl wsp status
  kubectl wsp profile show $(example)
  kubectl wsp profiles --file '/etc/*'        # which images use these files
  kubectl get securityprofiles --watch        # Learning becomes Stable after $snapshots snapshots here
$(suggest "make load$option" 'another hour of requests to the samples')
$(suggest "make down$option" 'removes the cluster and everything in it')

First, in this shell (\`make env$option\` prints it again):
NEXT
  "$root/hack/cluster/environment.sh" "$cluster"
}

main "$@"
