#!/usr/bin/env bash
# run.sh BUILD LIST [NAME] -- runs what LIST names and closes with "N passed, N failed".
# A line of LIST: a program of BUILD/tests and the rank counts it runs on ("test_share 1 2 3 7"), "-" for without mpirun; or a
# script ("test_cli.sh"). Programs and scripts print TAP lines. A test fails if any rank fails or it runs into its time limit.
set -u
build=$1 list=$2 only=${3:-}
cd "$(dirname "$0")/.." || exit 1
here=$(pwd)
export DUNLIN_TEST_DATA="$here/tests/data" DUNLIN_BUILD="$here/$build" DUNLIN_SOURCE="$here"
case $build in /*) DUNLIN_BUILD=$build ;; esac
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
export LSAN_OPTIONS="suppressions=$here/tests/lsan.supp:print_suppressions=0" ASAN_OPTIONS="detect_leaks=${DETECT_LEAKS:-1}"
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
    # several ranks print the same lines: a test counts once, and fails if it failed anywhere
    f=$(grep -aoE '^not ok [0-9]+ .*' "$log/out" | sort -u | wc -l)
    s=$(grep -aE '^ok .*# *SKIP' "$log/out" | sort -u | wc -l)
    p=$(($(grep -aE '^ok [0-9]+' "$log/out" | sort -u | wc -l) - s))
    if [ $rc = 124 ] || [ $rc = 137 ]; then echo "not ok - $name: no end within $limit s"; fi
    if [ $rc != 0 ] && [ "$f" = 0 ]; then f=1; fi
    if [ "$f" = 0 ] && [ "$p" = 0 ] && [ "$s" = 0 ]; then f=1; echo "not ok - $name: ran no test"; fi
    [ "$p" -gt "$f" ] || [ "$f" = 0 ] || p=$((p > f ? p : p))
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    printf '%-44s %3d passed %3d failed %4d s\n' "$name" "$p" "$f" $(($(date +%s) - start))
    grep -aE '^ok .*# *SKIP' "$log/out" | sort -u | sed 's/^/    skipped: /'
    if [ "$f" != 0 ]; then tail -c 6000 "$log/out" | sed 's/^/    | /'; fi
    if [ "$s" != 0 ] && [ "$(id -u)" = 0 ] && grep -aqE '# *SKIP.*needs root' "$log/out"; then failed=$((failed + 1)); echo "    a test that needs root was skipped as root"; fi
}

while read -r program counts; do
    case $program in '' | '#'*) continue ;; esac
    [ -z "$only" ] || [ "$only" = "$program" ] || continue
    case $program in
    *.sh) one "$program" bash "tests/$program" ;;
    *)
        for n in ${counts:--}; do
            if [ "$n" = - ]; then
                one "$program" "$DUNLIN_BUILD/tests/$program"
            else
                one "$program, ranks $n" mpirun --oversubscribe --bind-to none -n "$n" "$DUNLIN_BUILD/tests/$program"
            fi
        done ;;
    esac
done <"$list"
if [ "$skipped" = 0 ]; then echo "$passed passed, $failed failed"; else echo "$passed passed, $failed failed, $skipped skipped"; fi
[ "$failed" = 0 ]
