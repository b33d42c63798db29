#!/usr/bin/env bash
# test_trapped.sh -- rank 0 that MPI does not let go, over a connection to a process that died on another node: it says so and ends
# itself after 20 s, instead of standing still for ever, and a resume goes on. The actors are given more patience than that: where the
# trap catches the thread that serves while a checkpoint is made, no sign of life comes out any more, and they would end first.
. "$(dirname "$0")/tap.sh"
OMPI_CC="${CC:-cc}" "${MPICC:-mpicc}" -O2 -shared -fPIC "$source_dir/tests/trapped.c" -o trapped.so || exit 1
export DUNLIN_NODES=2 TRAP=$PWD/trap
mpirun --oversubscribe -n 3 -x LD_PRELOAD="$PWD/trapped.so" "$dunlin" train --env cartpole --net mlp:8 --frames 100000000 --eval-every 0 \
    --checkpoint-every 2000 --patience 300 --out a >out 2>err &
job=$!
saved() { find a -name 'checkpoint-*' 2>/dev/null | grep -qv 'checkpoint-0*\.h5$'; }
until saved || ! kill -0 $job 2>/dev/null; do sleep 0.05; done
touch trap
begun=$SECONDS
for _ in $(seq 900); do kill -0 $job 2>/dev/null || break; sleep 0.1; done
check "the run ends" bash -c "! kill -0 $job 2>/dev/null"
kill_all
wait $job
check "and not as if all were well" test $? != 0
check "not before 20 s are over" test $((SECONDS - begun)) -ge 18
check "it says so" grep -q "^dunlin: .*rank 0 has not come back from MPI for .* newest checkpoint" err
rm trap
last=$(find a -name 'checkpoint-*' | grep -o '[0-9]*\.h5' | sort | tail -1)
run mpirun --oversubscribe -n 3 "$dunlin" resume a --frames $((10#${last%.h5} + 2000))
check "a resume goes on: status 0" test "$status" = 0
check "and ends done" grep -q '^state done' a/status
finish
