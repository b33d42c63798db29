#!/usr/bin/env bash
# test_nodes.sh -- the tests of src/share, and a training, on two nodes of two ranks, which tests/cluster/nodes.sh brings up on this
# machine. Rank 0 shares its node with one actor; the others come over TCP. Nothing about one-sided windows is set by hand: the
# program itself must find what this library needs.
. "$(dirname "$0")/tap.sh"
build=$(dirname "$dunlin") nodes=$source_dir/tests/cluster/nodes.sh dir=
tap_cleanup() { [ -z "$dir" ] || "$nodes" down "$dir"; }
tests=("test_share on two nodes" "test_share_weights on two nodes" "a training on two nodes")

dir=$("$nodes" up 2 2 2>why) || {
    dir=
    for name in "${tests[@]}"; do skip "$name" "$(sed 's/nodes.sh: //' why)"; done
    finish
}
RUN_LIMIT=140
start=("$nodes" run "$dir" mpirun --hostfile "$dir/hostfile" -n 4)
sharing() { [ $status = 0 ] && { [ "$1" != test_share ] || grep -q 'component: shared memory + window of all ranks' out; }; }
for i in 0 1; do
    program=${tests[i]%% *}
    run "${start[@]}" "$build/tests/$program"
    check "${tests[i]}" sharing "$program"
done

# every actor of both nodes must have played, and the run must end as one on a single node does
run "${start[@]}" "$dunlin" train --env cartpole --frames 40000 --out run
played() {
    [ $status = 0 ] && grep -q "^state done" run/status &&
        [ "$(grep -cE "^actor [123] host dunlin-[a-z0-9]+-[12] frames [1-9]" run/status)" = 3 ] &&
        grep -q "host $("$nodes" host "$dir" 2) " run/status
}
check "${tests[2]}" played
finish
