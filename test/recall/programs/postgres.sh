#!/bin/sh
# A database: its making, its start as another user, clients over both kinds of sockets, a dump.
set -eu
bin=/usr/lib/postgresql/15/bin
as_postgres() { setpriv --reuid postgres --regid postgres --init-groups env HOME=/scratch PATH="$bin:$PATH" "$@"; }
chown postgres /scratch
as_postgres initdb --pgdata /scratch/data --auth trust --no-sync >/dev/null
as_postgres pg_ctl --pgdata /scratch/data --wait --log /scratch/log \
  --options '-c unix_socket_directories=/scratch -c fsync=off' start >/dev/null
as_postgres psql -q -h 127.0.0.1 -c 'create table t (id int primary key, v text)' postgres
as_postgres psql -q -h /scratch -c "insert into t select n, 'x' || n from generate_series(1, 1000) n" postgres
as_postgres psql -q -h ::1 -c 'vacuum analyze t' -c "copy t to program 'cat >/scratch/copied'" postgres
as_postgres pg_dump -h 127.0.0.1 -f /scratch/dump.sql postgres
as_postgres pg_ctl --pgdata /scratch/data --wait --mode fast stop >/dev/null
