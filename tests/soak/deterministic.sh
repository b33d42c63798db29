#!/usr/bin/env bash
# deterministic.sh -- tests/test_deterministic_*.sh with every environment, every algorithm and 2, 3 and 7 ranks, and a death by three
# signals each: about half an hour on two cores. SEED=N in the environment repeats a run's moments.
. "$(dirname "$0")/../deterministic.sh"
for env in catch cartpole acrobot mountaincar corridor cue drive maze; do
    for algo in one-step-q one-step-sarsa n-step-q a3c; do
        for ranks in 2 3 7; do
            frames=60000 each=1500
            [ $env = catch ] && frames=6000 each=300
            lstm=0
            case $algo in a3c | n-step-q) lstm=$((RANDOM % 2 * 8)) ;; esac
            optimizer=$(shuf -e -n 1 --random-source=<(yes $RANDOM) shared-rmsprop rmsprop momentum-sgd adam)
            envs=$((1 + RANDOM % 3))
            case_of "$env $algo lstm $lstm $optimizer envs $envs" $ranks "KILL $(shuf -e -n 1 KILL TERM USR1 ACTOR) KILL" --env $env \
                --algo $algo --lstm $lstm --optimizer "$optimizer" --envs-per-actor $envs --frames $frames \
                --checkpoint-every $each --eval-every $((3 * each)) --target-every 700 --eps-frames $((frames / 2)) \
                --t-max $((1 + RANDOM % 12))
        done
    done
done
atari && for game in pong breakout seaquest; do
    case_of "$game a3c" 3 "KILL USR1 ACTOR" --env atari:$game --frames 60000 --checkpoint-every 5000 --eval-every 0
    case_of "$game n-step-q lstm, sticky, 2 environments" 3 "KILL TERM KILL" --env atari:$game --algo n-step-q --lstm 16 --sticky 0.25 \
        --envs-per-actor 2 --frames 60000 --checkpoint-every 5000 --eval-every 30000 --eval-episodes 1 --target-every 3000 --eps-frames 50000
done
check "the runs were interrupted (sessions: $sessions)" at_least $sessions 72
echo "deterministic: $tap_count checks, $([ $tap_failed = 0 ] && echo none || echo some) failed; $sessions sessions cut off and resumed"
finish
