#!/usr/bin/env bash
# sanitizers.sh [TEST ...] -- tests/list-asan, or these of it, built with the address and undefined-behaviour sanitizers.
# short: test_store test_learn
cd "$(dirname "$0")/../.." || exit 1
build=${DUNLIN_BUILD:-build}/asan
log=$(mktemp)
trap 'rm -f "$log" "$log.list"' EXIT
cp tests/list-asan "$log.list"
only=""
if [ $# != 0 ]; then
    for t in "$@"; do only+="$build/tests/$t " && grep "^$t " tests/list-asan; done >"$log.list"
fi
nice make -s BUILD="${DUNLIN_BUILD:-build}" ONLY="$only" asan-build || exit 1
tests/run.sh "$build" "$log.list" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
echo "sanitizers: $(tail -1 "$log")"
exit "$status"
