#!/bin/sh
# Runs the command given, a driver, again when it was killed or has failed: i-PI gives what it left undone to the others
# and takes it back when it comes. A wrong command line (exit code 2) is not tried again.
for attempt in 1 2 3 4 5; do
  "$@" && exit 0
  code=$?
  echo "attempt $attempt ended with $code" >&2
  [ "$code" -ne 2 ] || exit 2
  sleep 1
done
exit "$code"
