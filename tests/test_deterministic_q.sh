#!/usr/bin/env bash
# test_deterministic_q.sh -- runs of the Q methods that are killed at random moments and resumed equal those that were not, bit for
# bit: target network, epsilon, whole gradients.
. "$(dirname "$0")/deterministic.sh"
case_of "mountaincar one-step-sarsa, momentum-sgd" 7 "KILL" --env mountaincar --algo one-step-sarsa --optimizer momentum-sgd \
    --frames 240000 --target-every 700 --eps-frames 30000 --checkpoint-every 2000 --eval-every 9000
case_of "acrobot n-step-q lstm, normalised layers, lambda, clipped errors" 3 "USR1" --env acrobot --algo n-step-q --lstm 8 --norm layer --frames 20000 --target-every 900 \
    --lambda 0.6 --td-clip 1 --eps-share 0.5 \
    --checkpoint-every 2000 --eval-every 9000
case_of "corridor one-step-q, 2 environments, no target network" 3 "ACTOR" --env corridor --algo one-step-q --envs-per-actor 2 --frames 400000 \
    --target-every 0 --epochs 2 \
    --checkpoint-every 2000 --eval-every 9000
# the memory goes into no checkpoint, so a resume is another run; but each run can be had again
for run in one two; do
    check "cartpole dqn, 3 ranks: run $run" train $run 3 --env cartpole --algo dqn --frames 6000 --memory 2000 --replay-start 600 --eval-every 2000 \
        --eval-episodes 3 --log-frames 1000
done
check "cartpole dqn: the same bits" same one two
# waiting gradients by several threads
for threads in 1 3; do
    check "catch, $threads threads at rank 0: runs" train threads-$threads 3 --env catch --frames 600 --eval-every 0 --log-frames 200 \
        --master-threads $threads
done
check "catch, 1 and 3 threads at rank 0: the same bits" same threads-1 threads-3
check "the runs were interrupted (sessions: $sessions)" at_least $sessions 1
finish
