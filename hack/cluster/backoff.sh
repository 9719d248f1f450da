#!/bin/bash
# runit's finish script, in every service: how long to wait before the next start. Runs in the service's folder.
# A program that ran for a minute starts again at once; one that keeps dying waits 0, 1, 2, 4 ... 30 s (runsv adds one second of its own).
set -euo pipefail

began=$(stat -c %Y started 2>/dev/null || echo 0)
failures=$(cat failures 2>/dev/null || echo 0)
[ $((EPOCHSECONDS - began)) -lt 60 ] || failures=0
printf '%d\n' $((failures + 1)) >failures

[ "$failures" -gt 0 ] || exit 0
delay=$((failures > 5 ? 30 : 1 << (failures - 1)))
[ "$delay" -le 30 ] || delay=30
exec sleep "$delay"
