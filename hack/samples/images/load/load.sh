#!/bin/bash
# Steady, small load on the samples' own Services, and nothing else: 15 requests per second in all, for an hour.
set -euo pipefail

seconds=${LOAD_SECONDS:-3600}

# One curl keeps a rate by itself; a new connection each time lets the Service choose another pod.
# Failed requests are part of life (a pod restarts), and so is the time limit: neither fails the job.
steadily() { # requests per second, URL
  timeout "$seconds" curl --silent --output /dev/null --rate "$1/s" --max-time 5 --header 'Connection: close' \
    "$2?[1-$((seconds * $1))]" || true
}

steadily 6 http://nginx/ &
steadily 2 http://nginx/style.css &
steadily 2 http://nginx-stable/ &
steadily 4 http://app/ &
steadily 1 http://app/visits &
wait
