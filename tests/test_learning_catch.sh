#!/usr/bin/env bash
# test_learning_catch.sh -- catch is learned by A3C and n-step Q.
. "$(dirname "$0")/learn_catch.sh"
learn_two a3c n-step-q
