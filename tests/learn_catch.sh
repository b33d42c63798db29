# learn_catch.sh -- sourced by test_learning_catch*.sh: learning from pictures, catch, from scratch through the whole program. A
# random policy returns -0.83, the first third of the frames passes near it, and a learned one catches every ball: return 1.
# In rounds (--deterministic), so that the same machine sees the same run.
# shellcheck shell=bash
. "$(dirname "$0")/tap.sh"

learn() {
    RUN_LIMIT=270 run "$dunlin" train --env catch --algo "$1" --actors 2 --deterministic --frames 200000 --eval-every 100000 \
        --eval-episodes 20 --out "$1"
    check "catch by $1: trained" is "$status" 0
    run "$dunlin" eval "$1" --episodes 100
    check "catch by $1: mean of 100 episodes $(value mean), at least 0.9" at_least "$(value mean)" 0.9
}

# FIRST SECOND: both stay within a test's limit where the first leaves room for the other
learn_two() {
    local quick=110 took # seconds
    SECONDS=0
    learn "$1"
    took=$SECONDS
    if [ "$took" -le $quick ]; then learn "$2"; else
        skip "catch by $2" "$1 took $took s on this machine; beyond $quick s one must do"
    fi
    finish
}
