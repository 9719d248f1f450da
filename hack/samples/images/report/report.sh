#!/bin/bash
# A report as cron jobs make them: a query, a file with the date in its name, compressed, and its checksum.
set -euo pipefail

folder=${REPORT_FOLDER:-/reports}
file=$folder/visits-$(date --utc +%Y%m%dT%H%M%S).csv

query() {
  psql --no-psqlrc --host="${POSTGRES_HOST:-postgres}" --username=shop --dbname=shop --csv \
    --command="SELECT version, count(*) AS visits, max(at) AS last FROM visits GROUP BY version ORDER BY version" > "$file"
}

# The first run may come before the database has started: half a minute of patience, then it fails.
for _ in {1..30}; do
  ! query || break
  sleep 1
done
[ -s "$file" ]
sort --output="$file" "$file"
gzip --best "$file"
sha256sum "$file.gz"
