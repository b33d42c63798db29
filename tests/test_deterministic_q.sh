#!/usr/bin/env bash
# test_deterministic_q.sh -- runs of the Q methods that are killed at random moments and resumed equal those that were not, bit for
# bit: target network, epsilon, whole gradients.
. "$(dirname "$0")/deterministic.sh"
case_of "mountaincar one-step-sarsa, momentum-sgd" 7 "KILL" --env mountaincar --algo one-step-sarsa --optimizer momentum-sgd \
    --frames 60000 --target-every 700 --eps-frames 30000 --checkpoint-every 2000 --eval-every 9000
case_of "acrobot n-step-q lstm, lambda, clipped errors" 3 "USR1" --env acrobot --algo n-step-q --lstm 8 --frames 20000 --target-every 900 \
    --lambda 0.6 --td-clip 1 --eps-share 0.5 \
    --checkpoint-every 2000 --eval-every 9000
case_of "corridor one-step-q, 2 environments, no target network" 3 "ACTOR" --env corridor --algo one-step-q --envs-per-actor 2 --frames 100000 \
    --target-every 0 --epochs 2 \
    --checkpoint-every 2000 --eval-every 9000
check "the runs were interrupted (sessions: $sessions)" at_least $sessions 2
finish
