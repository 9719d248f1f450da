#!/bin/bash
# Makes the database at the first start, then becomes the server.
set -euo pipefail

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  chmod 0700 "$PGDATA"
  initdb --username=postgres --auth-local=peer --encoding=UTF8 --locale=C.UTF-8 --no-sync >/dev/null
  # No password for the sample's own user: only pods reach this address, and the data are made up.
  echo 'host shop shop all trust' >> "$PGDATA/pg_hba.conf"
  pg_ctl --wait --options='-c listen_addresses=' start >/dev/null
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --file=/usr/local/share/init.sql
  pg_ctl --wait --mode=fast stop >/dev/null
fi

exec "$@" -c listen_addresses='*' -c shared_buffers=16MB -c max_connections=30
