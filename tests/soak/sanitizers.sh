#!/usr/bin/env bash
# sanitizers.sh -- tests/list-asan, built with the address and undefined-behaviour sanitizers.
cd "$(dirname "$0")/../.." || exit 1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
nice make -s BUILD="${DUNLIN_BUILD:-build}" asan 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
echo "sanitizers: $(tail -1 "$log")"
exit "$status"
