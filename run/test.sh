#!/usr/bin/env bash
# test.sh [NAME] -- sets up what the tests need, builds with -Werror, and runs them all (or the one program or script named).
# The last line is "N passed, N failed". Under 25 minutes on two cores.
set -eu
cd "$(dirname "$0")/.."
. run/setup.sh
need cmocka python3 ip h5dump
(need slurm) || say "going on without Slurm; its test will say so"
make -s -j"$(nproc)" WERROR=-Werror all tests
bash run/fetch-atari.sh build/atari || say "going on without Atari; its tests will say so"
[ $# = 0 ] || TEST_ONLY=$1 exec tests/run.sh build tests/list
make -s -j"$(nproc)" WERROR=-Werror asan-build
tests/run.sh build tests/list build/asan tests/list-asan
