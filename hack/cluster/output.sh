#!/bin/bash
# What a person sees while things are built and started: one short line per step with its seconds. Sourced.
set -euo pipefail

# Ctrl-C ends the script, also while a program runs that takes the signal for a failure of its own (kubectl does).
trap 'printf "\n"; exit 130' INT

say() { printf '%s\n' "$*"; }

# fail MESSAGE...: one line per argument on stderr, then the end.
fail() {
  printf 'error: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
  exit 1
}

# show_log FILE: the end of a log, indented, so that the cause is on the screen and not only in a file.
show_log() {
  [ -s "$1" ] || return 0
  printf 'last lines of %s:\n' "$1" >&2
  tail -n 15 "$1" | cut -c1-300 | sed 's/^/  | /' >&2
}

# wait_until SECONDS COMMAND...: false if the command has not succeeded by then. A machine that is known to be busy gets PATIENCE
# times as long.
wait_until() {
  local end=$((SECONDS + $1 * ${PATIENCE:-1}))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.2
  done
}

# awaited LABEL SECONDS LOG COMMAND...: waits until the command succeeds and prints "  LABEL   12 s"; LOG explains why it did not.
awaited() {
  local label=$1 limit=$2 log=$3 began=$SECONDS
  shift 3
  printf '  %-48s' "$label"
  if ! wait_until "$limit" quietly "$@"; then
    printf 'not within %d s\n' "$limit"
    show_log "$log"
    fail "$label: not within $limit s" "the whole log: $log"
  fi
  printf '%4d s\n' $((SECONDS - began))
}

quietly() { "$@" >/dev/null 2>&1; }

# timed LABEL LOG COMMAND...: runs the command with its output in LOG and prints "  LABEL   12 s"; a failure shows the log's end.
# The label is printed first, without a line end: whoever waits sees what for.
timed() {
  local label=$1 log=$2 began=$SECONDS status=0
  shift 2
  printf '  %-48s' "$label"
  # A subshell with errexit of its own: "if ! function" would switch errexit off inside the function.
  set +e
  (
    set -e
    "$@"
  ) >"$log" 2>&1
  status=$?
  set -e
  if [ "$status" -ne 0 ]; then
    printf 'failed after %d s\n' $((SECONDS - began))
    show_log "$log"
    fail "$label failed" "the whole log: $log"
  fi
  printf '%4d s\n' $((SECONDS - began))
}
