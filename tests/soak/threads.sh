#!/usr/bin/env bash
# threads.sh -- built with the thread sanitizer: what has threads of its own (the team of --master-threads, the writer of files, the
# beat, the relay of a node, the watch), in tests/list-tsan and in whole runs. What Open MPI and HDF5 do inside is left out
# (tests/tsan.supp): both are called by one thread at a time, which the sanitizer cannot see there.
cd "$(dirname "$0")/../.." || exit 1
top=$PWD build=${DUNLIN_BUILD:-$PWD/build}
case $build in /*) ;; *) build=$top/$build ;; esac
targets=$(awk '$1 ~ /^test_/ { print build "/tsan/tests/" $1 }' build="$build" tests/list-tsan)
# shellcheck disable=SC2086
nice make -s -j2 BUILD="$build/tsan" OPT=-O1 SAN="-fsanitize=thread -Wno-tsan" all $targets || exit 1
export TSAN_OPTIONS="suppressions=$top/tests/tsan.supp:ignore_noninstrumented_modules=1:exitcode=66"
faults=0
log=$(mktemp)
tests/run.sh "$build/tsan" tests/list-tsan 2>&1 | tee "$log"
[ "${PIPESTATUS[0]}" = 0 ] || faults=1
tests=$(tail -1 "$log")
rm -f "$log"

export DUNLIN_BUILD=$build/tsan DUNLIN_SOURCE=$top
. tests/tap.sh
tap_cleanup() { kill_all; }
export RUN_LIMIT=300
# clean NAME WORDS...: a command ends well, and the sanitizer says nothing
clean() {
    local name=$1; shift
    run "$dunlin" "$@"
    cat err >>all.err
    check "$name" test "$status" = 0
    check "$name: no data race" bash -c '! grep -h -A30 "WARNING: ThreadSanitizer" err out >&2'
}
short="--eval-episodes 2 --log-every 0.05 --checkpoint-every 2000"
# shellcheck disable=SC2086
{
    clean "threads apply gradients" train --env catch --frames 1500 --actors 2 --master-threads 3 --eval-every 1000 --ema 0.99 $short --out a
    clean "a resume" resume a --frames 2000
    clean "Q-learning, a target network" train --env cartpole --algo n-step-q --frames 20000 --actors 2 --target-every 1000 \
        --master-threads 2 --eval-every 5000 $short --out b
    clean "in rounds" train --env cartpole --deterministic --frames 8000 --actors 2 --master-threads 2 --eval-every 4000 $short --out c
    export DUNLIN_NODES=2
    clean "a relay" train --env cartpole --frames 20000 --actors 3 --eval-every 5000 $short --out d
    clean "a relay that combines" train --env cartpole --frames 20000 --actors 3 --combine sum --wire bf16 --eval-every 0 $short --out e
    clean "and at once" train --env cartpole --frames 20000 --actors 3 --combine sum --combine-most 4 --eval-every 0 $short --out f
}
[ $tap_failed = 0 ] || faults=1
echo "threads: $tests in tests/list-tsan; $tap_count checks of whole runs, $([ $tap_failed = 0 ] && echo none || echo some) failed"
exit $faults
