#!/usr/bin/env bash
# test_share_tcp.sh -- the tests of src/share where all bytes between the ranks go through TCP sockets and message-based
# windows, as between nodes without a fast network. No shared window can be made then: the fallback is tested too.
set -u
build=${DUNLIN_BUILD:?} n=0 failed=0
if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
echo "1..10"
for program in test_share test_share_relay test_share_weights test_share_sleep test_share_borrow; do
    for ranks in 2 4; do
        n=$((n + 1))
        if out=$(timeout 500 mpirun --mca osc pt2pt --mca btl tcp,self --oversubscribe --bind-to none -n $ranks \
            "$build/tests/$program" 2>&1); then
            echo "ok $n - $program over TCP, $ranks ranks"
        else
            printf '%s\n' "$out" | grep -av '^ok ' | sed 's/^not ok/# not ok/'
            echo "not ok $n - $program over TCP, $ranks ranks"
            failed=1
        fi
    done
done
exit $failed
