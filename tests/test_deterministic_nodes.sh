#!/usr/bin/env bash
# test_deterministic_nodes.sh -- `--deterministic` over two nodes gives the bits of one.
. "$(dirname "$0")/deterministic.sh"

# where the actors are does not matter: two nodes and one, the moments of what all of them see included
short="$short --obs-norm --reward-norm"
# shellcheck disable=SC2086
check "on one node" train four 4 $short
if nodes=$("$source_dir/tests/cluster/nodes.sh" up 2 2 2>why); then
    # shellcheck disable=SC2086
    run "$source_dir/tests/cluster/nodes.sh" run "$nodes" mpirun --hostfile "$nodes/hostfile" -n 4 "$dunlin" train \
        --deterministic $short --out "$scratch/far"
    check "on two nodes: status 0" is "$status" 0
    check "on two nodes: the bits of one" same four far
    # rank 0 by itself: the evaluations, too, are asked for through a relay, and must be known before the weights behind them
    often="--env corridor --algo n-step-q --net mlp:64 --frames 10000 --eval-every 100 --eval-episodes 1 --log-frames 1000 --seed 1"
    # shellcheck disable=SC2086
    run "$source_dir/tests/cluster/nodes.sh" run "$nodes" mpirun --host \
        "$("$source_dir/tests/cluster/nodes.sh" host "$nodes" 1):1,$("$source_dir/tests/cluster/nodes.sh" host "$nodes" 2):2" -n 3 \
        "$dunlin" train --deterministic $often --out "$scratch/remote"
    check "all actors behind a relay, evaluations all the time: status 0" is "$status" 0
    # shellcheck disable=SC2086
    run "$dunlin" train --deterministic $often --actors 2 --out "$scratch/near"
    check "all actors behind a relay: the bits of one node" same near remote
else
    nodes=
    skip "on two nodes: the bits of one" "$(sed 's/nodes.sh: //' why)"
fi
finish
