#!/usr/bin/env bash
# test_learning_catch.sh -- learning from pictures: catch, from scratch through the whole program. A random policy returns
# -0.83, the first third of the frames passes near it, and a learned one catches every ball: return 1. In rounds
# (--deterministic), so that the same machine sees the same run.
. "$(dirname "$0")/tap.sh"

learn() {
    RUN_LIMIT=270 run "$dunlin" train --env catch --algo "$1" --actors 2 --deterministic --frames 200000 --eval-every 100000 \
        --eval-episodes 20 --out "$1"
    check "catch by $1: trained" is "$status" 0
    run "$dunlin" eval "$1" --episodes 100
    check "catch by $1: mean of 100 episodes $(value mean), at least 0.9" at_least "$(value mean)" 0.9
}

SECONDS=0
learn a3c
quick=45 # seconds: then all four stay well within a test's limit
took=$SECONDS
for algo in n-step-q one-step-q one-step-sarsa; do
    if [ "$took" -le $quick ]; then learn $algo; else skip "catch by $algo" "a3c took $took s on this machine; beyond $quick s one must do"; fi
done
finish
