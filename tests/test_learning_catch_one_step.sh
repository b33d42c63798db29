#!/usr/bin/env bash
# test_learning_catch_one_step.sh -- catch is learned by one-step Q and Sarsa.
. "$(dirname "$0")/learn_catch.sh"
learn_two one-step-q one-step-sarsa
