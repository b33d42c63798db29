# learn_catch.sh -- sourced by test_learning_catch*.sh: learning from pictures, catch, from scratch through the whole program. A
# random policy returns -0.83, a learned one 1, and one that misses a column of the twelve 0.83: the line at 0.6 holds whatever
# the processor's rounding makes of the trajectory. In rounds (--deterministic), so that the same machine sees the same run.
# shellcheck shell=bash
. "$(dirname "$0")/tap.sh"

learn() {
    RUN_LIMIT=270 run "$dunlin" train --env catch --algo "$1" --actors 2 --deterministic --frames 160000 --eval-every 80000 \
        --eval-episodes 20 --out "$1"
    check "catch by $1: trained" is "$status" 0
    run "$dunlin" eval "$1" --episodes 100
    check "catch by $1: mean of 100 episodes $(value mean), at least 0.6" at_least "$(value mean)" 0.6
}

learn_two() { # FIRST SECOND
    learn "$1"
    learn "$2"
    finish
}
