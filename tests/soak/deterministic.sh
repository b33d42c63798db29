#!/usr/bin/env bash
# deterministic.sh -- tests/test_deterministic.sh with every environment, algorithm and 2, 3 and 7 ranks, and a death by three
# signals each: about half an hour on two cores. SEED=N in the environment repeats a run's moments.
cd "$(dirname "$0")/../.." || exit 1
export MATRIX=wide
exec bash tests/test_deterministic.sh
