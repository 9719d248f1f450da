#!/bin/bash
# A service of the cluster: empties released volumes and offers them again, so that a chart that was uninstalled can be installed
# once more. Kubernetes itself recycles only volumes of types that cannot be given to a user who is not root.
#   volumes.sh API PKI FOLDER
set -euo pipefail
api=$1 pki=$2 folder=$3

request() {
  curl -sS --fail-with-body --cacert "$pki/ca.crt" --cert "$pki/volumes.crt" --key "$pki/volumes.key" "$@"
}

recycle() {
  local name=$1
  # The name comes from the API and becomes a path: only volumes that `up` made.
  [[ $name =~ ^volume-[0-9]+$ ]] || return 0
  # A new folder, not an emptied one: the last pod may have changed its owner and mode.
  rm -rf --one-file-system "${folder:?}/$name"
  mkdir -m 0755 "$folder/$name"
  request -o /dev/null -X PATCH -H 'Content-Type: application/merge-patch+json' -d '{"spec":{"claimRef":null}}' "$api/api/v1/persistentvolumes/$name"
  echo "$name is empty and available again"
}

# A watch from no version begins with everything that exists. It ends when the API server closes it, after half an hour to an hour;
# runit then starts the next.
request -N "$api/api/v1/persistentvolumes?watch=true" |
  jq --unbuffered -r 'if .type == "ERROR" then error(.object.message) else .object end
    | select(.status.phase == "Released" or .status.phase == "Failed") | select(.metadata.deletionTimestamp == null) | .metadata.name' |
  while read -r name; do recycle "$name"; done
