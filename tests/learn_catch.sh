# learn_catch.sh -- sourced by test_learning_catch*.sh: learning from pictures, catch, from scratch through the whole program. A
# random policy returns -0.83, a learned one 1, and one that misses a column of the twelve 0.83. In rounds (--deterministic), so
# that the same machine sees the same run; on another processor the trajectory is another one, but all seeds end near 1
# (env/README.md has the table).
# shellcheck shell=bash
. "$(dirname "$0")/tap.sh"

learn() {
    run "$dunlin" train --env catch --algo "$1" --actors 2 --deterministic --frames 120000 --eval-every 60000 \
        --eval-episodes 20 --out "$1"
    check "catch by $1: trained" is "$status" 0
    run "$dunlin" eval "$1" --episodes 200
    check "catch by $1: mean of 200 episodes $(value mean), at least 0.95" at_least "$(value mean)" 0.95
}

learn_two() { # FIRST SECOND
    learn "$1"
    learn "$2"
    finish
}
