#!/bin/sh
# A store in memory that writes itself down in the background, and a replica of it.
set -eu
mkdir main replica
# It goes into the background before it listens.
ready() { until redis-cli "$@" ping >/dev/null 2>&1; do :; done; }
redis-server --daemonize yes --port 6379 --bind 127.0.0.1 ::1 --dir /scratch/main --appendonly yes --logfile main.log
ready -h ::1
redis-cli -h ::1 set key value
redis-server --daemonize yes --port 6380 --bind 127.0.0.1 --dir /scratch/replica --logfile replica.log \
  --replicaof 127.0.0.1 6379 --repl-diskless-sync no
ready -p 6380
redis-cli -p 6379 wait 1 10000
redis-cli -p 6379 bgrewriteaof
redis-cli -p 6380 get key
redis-cli -p 6380 shutdown save
redis-cli -p 6379 shutdown save
