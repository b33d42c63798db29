#!/usr/bin/env bash
# test.sh [quick | NAME] -- sets up what the tests need, builds with -Werror, and runs them all; quick: those of
# tests/list-quick, in some two minutes from nothing; NAME: that program or script of tests/list alone.
# The last line is "N passed, N failed". Everything takes under 25 minutes on two cores.
set -eu
case ${1:-} in
-h | --help) sed -n '2,4s/^# //p' "$0"; exit 0 ;;
-*) echo "test.sh: found '$*'; allowed: quick, or a NAME of tests/list" >&2; exit 2 ;;
esac
cd "$(dirname "$0")/.."
case $(pwd -P) in *[[:space:]]*) exec make -s help ;; esac # which says that it cannot, before anything is installed
[ $# = 0 ] || [ "$1" = quick ] || awk -v name="$1" '$1 == name { found = 1 } END { exit !found }' tests/list ||
    { echo "test.sh: found '$1'; allowed: quick, or a name of tests/list, such as test_cli.sh" >&2; exit 2; }
. run/setup.sh
need cmocka python3 ip h5dump
if [ "${1:-}" = quick ]; then
    programs=$(awk '$1 ~ /^test_/ && $1 !~ /\.sh$/ { print "build/tests/" $1 }' tests/list-quick)
    # shellcheck disable=SC2086
    make -s -j"$(nproc)" WERROR=-Werror all $programs
    exec tests/run.sh build tests/list-quick
fi
(need slurm) || say "going on without Slurm; its test will say so"
make -s -j"$(nproc)" WERROR=-Werror all tests
bash run/fetch-atari.sh build/atari || say "going on without Atari; its tests will say so"
[ $# = 0 ] || TEST_ONLY=$1 exec tests/run.sh build tests/list
tests/run.sh build tests/list asan-build:build/asan tests/list-asan
