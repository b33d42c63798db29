#!/usr/bin/env bash
# test_learning.sh -- learning, tested by learning: trained from scratch through the whole program and judged by
# `dunlin eval`. Asynchronous runs are all different: each line stands well below what they reach. The harder tasks are learned in rounds
# (--deterministic), since now and then one on busy cores never finds the goal.
. "$(dirname "$0")/tap.sh"

# learn ENV ALGO OPTIONS...: trains with the environment's own defaults but for OPTIONS, into the folder `run`
learn() {
    local env=$1 algo=$2; shift 2
    run "$dunlin" train --env "$env" --algo "$algo" --actors 2 --log-every 1 --out run --force "$@"
    check "$env by $algo $*: trained" is "$status" 0
}
# reaches NAME MEAN [--best]: 100 episodes of the newest checkpoint, or of the best
reaches() {
    local name=$1 mean=$2; shift 2
    run "$dunlin" eval run --episodes 100 "$@"
    check "$name: mean of 100 episodes $(value mean), at least $mean" at_least "$(value mean)" "$mean"
}
below() { at_least "$2" "$1"; }

# the highest return there is; random: 0.05
for algo in one-step-q one-step-sarsa n-step-q a3c; do
    learn corridor $algo --eval-every 50000
    reaches "corridor by $algo" 0.95 --best
done
# 500 is the highest return there is; random: 22. Late in training it may forget, so the best weights count
for algo in n-step-q a3c; do
    learn cartpole $algo --frames 600000 --eval-every 30000
    reaches "cartpole by $algo" 400 --best
done
# the best known is about -70; random: -500
for algo in one-step-q one-step-sarsa n-step-q a3c; do
    learn acrobot $algo --deterministic
    reaches "acrobot by $algo" -115 --best
done
# the best known is about -100; random: -200
for algo in one-step-q one-step-sarsa n-step-q a3c; do
    learn mountaincar $algo --deterministic
    reaches "mountaincar by $algo" -160 --best
done
# about -150 is the best there is; random: -1,200
learn pendulum a3c --frames 400000
reaches "pendulum" -300 --greedy
# 100 at the goal, less what the force costs; to sit still: 0
learn mountaincar-continuous a3c --frames 300000
reaches "mountaincar-continuous" 80 --best
# what cannot be solved without memory, with and without it
for algo in n-step-q a3c; do
    learn cue $algo --frames 150000
    reaches "cue by $algo with LSTM" 0.9
    learn cue $algo --frames 150000 --lstm 0
    run "$dunlin" eval run --episodes 400
    check "cue by $algo without LSTM: mean $(value mean), at most 0.25" below "$(value mean)" 0.25
done
# an LSTM's run goes on after an end, and cannot become another
learn cue a3c --frames 60000
run "$dunlin" resume run --frames 150000
check "cue by a3c, resumed: status 0" is "$status" 0
reaches "cue by a3c, resumed" 0.9
run "$dunlin" resume run --frames 200000 --lstm 0
check "resume without the LSTM: status 2" is "$status" 2
check "resume without the LSTM: one line" says lstm 32
for algo in one-step-q one-step-sarsa; do
    run "$dunlin" train --env cartpole --algo $algo --lstm 8 --out refused
    check "$algo with LSTM: status 2" is "$status" 2
    check "$algo with LSTM: one line" says $algo lstm a3c n-step-q
done
check "no folder was made for them" test ! -e refused
finish
