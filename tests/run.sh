#!/usr/bin/env bash
# run.sh BUILD LIST [BUILD LIST ...] -- runs what each LIST names with its BUILD and closes with "N passed, N failed". With
# TEST_ONLY=NAME in the environment only that program or script.
# A line of LIST: a program of BUILD/tests and the rank counts it runs on ("test_share 1 2 3 7"), "-" for without mpirun; or a
# script ("test_cli.sh"). Programs and scripts print TAP lines. A test fails if any rank fails or it runs into its time limit.
set -u
only=${TEST_ONLY:-}
cd "$(dirname "$0")/.." || exit 1
here=$(pwd)
export DUNLIN_TEST_DATA="$here/tests/data" DUNLIN_SOURCE="$here" DUNLIN_ATARI_DIR="${DUNLIN_ATARI_DIR:-$here/build/atari}"
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
# mpirun's own modules leak, and are unloaded before anything can be told apart: leaks are looked for without mpirun. The
# sanitizer's alternate signal stack of a thread that ends is reported by the sanitizer itself: without it.
export LSAN_OPTIONS="suppressions=$here/tests/lsan.supp:print_suppressions=0"
if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
limit=${TEST_LIMIT:-300}
passed=0 failed=0 skipped=0
log=$(mktemp -d) && trap 'rm -rf "$log"' EXIT

# one NAME COMMAND...: runs it, counts its TAP lines, shows its output where anything failed
one() {
    local name=$1 start rc p f s; shift
    start=$(date +%s)
    timeout --kill-after=10 "$limit" "$@" >"$log/out" 2>&1 </dev/null
    rc=$?
    # several ranks print the same lines: a test counts once, and fails if it failed anywhere; cmocka says "not ok N # SKIP"
    grep -aE '^(not )?ok [0-9]+' "$log/out" | sort -u >"$log/tap"
    s=$(grep -cE '# *SKIP' "$log/tap")
    f=$(grep -vE '# *SKIP' "$log/tap" | grep -c '^not ok')
    p=$(grep -vE '# *SKIP' "$log/tap" | grep -E '^ok' | sed 's/^ok//' | grep -vxFf <(grep '^not ok' "$log/tap" | sed 's/^not ok//') | wc -l)
    if [ $rc = 124 ] || [ $rc = 137 ]; then echo "not ok - $name: no end within $limit s"; fi
    if [ $rc != 0 ] && [ "$f" = 0 ]; then f=1; fi
    if [ "$f" = 0 ] && [ "$p" = 0 ] && [ "$s" = 0 ]; then f=1; echo "not ok - $name: ran no test"; fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    printf '%-44s %3d passed %3d failed %4d s\n' "$name" "$p" "$f" $(($(date +%s) - start))
    grep -E '# *SKIP' "$log/tap" | sed 's/^\(not \)\?ok/    skipped:/'
    if [ "$f" != 0 ]; then tail -c 6000 "$log/out" | sed 's/^/    | /'; fi
    if [ "$s" != 0 ] && [ "$(id -u)" = 0 ] && grep -qE '# *SKIP.*needs root' "$log/tap"; then failed=$((failed + 1)); echo "    a test that needs root was skipped as root"; fi
}

while [ $# -ge 2 ]; do
build=$1 list=$2; shift 2
case $build in /*) export DUNLIN_BUILD=$build ;; *) export DUNLIN_BUILD="$here/$build" ;; esac
echo "# $list with $build"
while read -r program counts; do
    case $program in '' | '#'*) continue ;; esac
    [ -z "$only" ] || [ "$only" = "$program" ] || continue
    case $program in
    *.sh) ASAN_OPTIONS=detect_leaks=0:use_sigaltstack=0 one "$program" bash "tests/$program" ;;
    *)
        for n in ${counts:--}; do
            if [ "$n" = - ]; then
                ASAN_OPTIONS=detect_leaks=1:use_sigaltstack=0 one "$program" "$DUNLIN_BUILD/tests/$program"
            else
                ASAN_OPTIONS=detect_leaks=0:use_sigaltstack=0 one "$program, ranks $n" mpirun --oversubscribe --bind-to none -n "$n" "$DUNLIN_BUILD/tests/$program"
            fi
        done ;;
    esac
done <"$list"
done
if [ "$skipped" = 0 ]; then echo "$passed passed, $failed failed"; else echo "$passed passed, $failed failed, $skipped skipped"; fi
[ "$failed" = 0 ]
