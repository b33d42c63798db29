#!/usr/bin/env bash
# test_deterministic_a3c.sh -- runs of A3C that are killed at random moments and resumed equal those that were not, bit for bit.
. "$(dirname "$0")/deterministic.sh"
case_of "cartpole a3c" 3 "KILL USR1" --env cartpole --frames 240000 --checkpoint-every 2000 --eval-every 9000
case_of "cartpole a3c, adam, lag-scale" 3 "KILL" --env cartpole --optimizer adam --lag-scale gap --frames 120000 --checkpoint-every 2000 --eval-every 9000
case_of "cue a3c lstm, 3 environments, rmsprop, all normalised, 3 epochs" 2 "TERM" --env cue --envs-per-actor 3 --optimizer rmsprop --obs-norm --reward-norm \
    --critic separate --epochs 3 --ppo-clip 0.2 --norm-adv --frames 30000 \
    --checkpoint-every 2000 --eval-every 9000
case_of "catch a3c, normalised layers, an average" 3 "KILL" --env catch --norm layer --ema 0.99 --frames 4000 --checkpoint-every 300 --eval-every 2000
! atari || case_of "pong a3c, sticky, 2 environments" 3 "KILL" --env atari:pong --sticky 0.25 --envs-per-actor 2 --frames 16000 \
    --checkpoint-every 2000 --eval-every 0
check "the runs were interrupted (sessions: $sessions)" at_least $sessions 1
# every round ends with an evaluation: whenever it is stopped, one is due
case_of "stopped where an evaluation is due" 2 "TERM USR1" --env cartpole --frames 40000 --checkpoint-every 2000 --eval-every 100 --t-max 25 \
    --envs-per-actor 4
finish
