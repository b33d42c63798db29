#!/usr/bin/env bash
# run.sh BUILD LIST [BUILD LIST ...] -- runs what each LIST names with its BUILD and closes with "N passed, N failed". With
# TEST_ONLY=NAME in the environment only that program or script. TEST_LANES of them run at a time: as many as there are cores
# unless set, and two at least; those that LIST calls `alone` run at the end, one after another. BUILD may be TARGET:BUILD, where
# `make TARGET` has to make it first, beside the tests of the others.
# A line of LIST: a program of BUILD/tests and the rank counts it runs on ("test_share 1 2 3 7"), "-" for without mpirun; or a
# script ("test_cli.sh"); and `alone` behind it. Programs and scripts print TAP lines. A test fails if any rank fails or it runs
# into its time limit, TEST_LIMIT seconds (900; twice that beside others). What it took is wall time and, of all cores, that of the processor.
set -u
only=${TEST_ONLY:-}
cd "$(dirname "$0")/.." || exit 1
here=$(pwd)
export DUNLIN_TEST_DATA="$here/tests/data" DUNLIN_SOURCE="$here" DUNLIN_ATARI_DIR="${DUNLIN_ATARI_DIR:-$here/build/atari}"
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE MAKEFLAGS MAKELEVEL
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
# mpirun's own modules leak, and are unloaded before anything can be told apart: leaks are looked for without mpirun. The
# sanitizer's alternate signal stack of a thread that ends is reported by the sanitizer itself: without it.
export LSAN_OPTIONS="suppressions=$here/tests/lsan.supp:print_suppressions=0"
if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
cores=$(nproc)
. run/numbers.sh
lanes=$(whole TEST_LANES "${TEST_LANES:-$((cores > 2 ? cores : 2))}" 1) && limit=$(whole TEST_LIMIT "${TEST_LIMIT:-900}" 1) || exit 2
beside=$((lanes > 1 ? 2 * limit : limit))
log=$(mktemp -d)
trap 'for f in "$log"/*.pid; do [ ! -e "$f" ] || kill "$(cat "$f")" 2>/dev/null; done; wait; rm -rf "$log"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
set -m # a test in the background is to be interrupted as one in front is

# what is to be done: name, build, seconds allowed, command, and the number of the job that must be done before, -1 for none
names=() builds=() limits=() commands=() needs=() alone=() state=() known=$only
job() { names+=("$1") builds+=("$2") limits+=("$3") commands+=("$4") needs+=("$5") alone+=("$6") state+=(waiting); }
while [ $# -ge 2 ]; do
    build=${1#*:} list=$2 maker=-1 mark=
    case $build in /*) ;; *) build=$here/$build ;; esac
    [ "$build" = "$here/build" ] || mark=" ($(basename "$build"))"
    case $1 in *:*)
        maker=${#names[@]}
        job "make ${1%%:*}" "$build" 3000 "nice make -s -j$lanes WERROR=-Werror ${1%%:*} && echo 'ok 1 - it is built'" -1 no ;;
    esac
    shift 2
    while read -r program counts || [ -n "$program" ]; do
        case $program in '' | '#'*) continue ;; esac
        [ -z "$only" ] || [ "$only" = "$program" ] || continue
        known=
        lone=no most=$beside
        case " $counts " in *' alone '*) lone=yes most=$limit counts=${counts%alone} ;; esac
        case $program in
        *.sh) job "$program$mark" "$build" $most "bash tests/$program" $maker $lone ;;
        *) for n in ${counts:--}; do
            run="$build/tests/$program" leaks=1 name=$program
            [ "$n" = - ] || run="mpirun --oversubscribe --bind-to none -n $n $run" leaks=0 name="$program, ranks $n"
            job "$name$mark" "$build" $most "ASAN_OPTIONS=detect_leaks=$leaks:use_sigaltstack=0 exec $run" $maker $lone
        done ;;
        esac
    done <"$list"
done
[ -z "$known" ] || { echo "run.sh: TEST_ONLY is '$only', which no list names; allowed: a name such as test_cli.sh" >&2; exit 2; }

# one I: runs job I, leaves its words in I.report and what it counted in I.sum, and says that it is done
one() {
    local i=$1 name=${names[$1]} rc p f s start
    start=$(date +%s)
    TIMEFORMAT='%U %S'
    {
        time {
            DUNLIN_BUILD=${builds[i]} ASAN_OPTIONS=detect_leaks=0:use_sigaltstack=0 \
                timeout --kill-after=10 "${limits[i]}" bash -c "${commands[i]}" >"$log/$i.out" 2>&1 </dev/null &
            echo $! >"$log/$i.pid"
            wait $!
            rc=$?
        }
    } 2>"$log/$i.time"
    rm "$log/$i.pid"
    # several ranks print the same lines: a test counts once, and fails if it failed anywhere; cmocka says "not ok N # SKIP"
    grep -aE '^(not )?ok [0-9]+' "$log/$i.out" | sort -u >"$log/$i.tap"
    s=$(grep -cE '# *SKIP' "$log/$i.tap")
    f=$(grep -vE '# *SKIP' "$log/$i.tap" | grep -c '^not ok')
    p=$(grep -vE '# *SKIP' "$log/$i.tap" | grep -E '^ok' | sed 's/^ok//' | grep -vxFf <(grep '^not ok' "$log/$i.tap" | sed 's/^not ok//') | wc -l)
    {
        if [ $rc = 124 ] || [ $rc = 137 ]; then echo "not ok - $name: no end within ${limits[i]} s"; fi
        if [ $rc != 0 ] && [ "$f" = 0 ]; then f=1; fi
        if [ "$f" = 0 ] && [ "$p" = 0 ] && [ "$s" = 0 ]; then f=1; echo "not ok - $name: ran no test"; fi
        printf '%-44s %3d passed %3d failed %4d s %5.0f s\n' "$name" "$p" "$f" $(($(date +%s) - start)) \
            "$(awk '{ print $1 + $2 }' "$log/$i.time")"
        grep -E '# *SKIP' "$log/$i.tap" | sed 's/^\(not \)\?ok/    skipped:/'
        if [ "$f" != 0 ]; then # each red check with what it says; and the end, where the test itself may have ended
            awk '/^not ok/ { show = 1; print; next } /^#/ && show { print; next } { show = 0 }' "$log/$i.out" |
                grep -v -e '# SKIP' -e '# TODO' | head -c 6000 | sed 's/^/    | /'
            tail -c 1500 "$log/$i.out" | sed 's/^/    | /'
        fi
        if [ "$s" != 0 ] && [ "$(id -u)" = 0 ] && grep -qE '# *SKIP.*needs root' "$log/$i.tap"; then
            f=$((f + 1)); echo "    a test that needs root was skipped as root"
        fi
    } >"$log/$i.report"
    echo "$p $f $s $rc" >"$log/$i.sum"
    echo "$i" >&3
}

# next KIND: starts a job of that kind (alone: yes or no) whose own need is met; false where there is none
next() {
    local i n
    for i in "${!names[@]}"; do
        n=${needs[i]}
        if [ "${state[i]}" = waiting ] && [ "${alone[i]}" = "$1" ] && { [ "$n" = -1 ] || [ "${state[n]}" = done ]; }; then
            state[i]=running running=$((running + 1))
            one "$i" &
            return 0
        fi
    done
    return 1
}
mkfifo "$log/done" && exec 3<>"$log/done"
passed=0 failed=0 skipped=0 running=0
ended() { # waits for the next one that is done
    local i p f s rc
    read -r i <&3
    state[i]=done running=$((running - 1))
    read -r p f s rc <"$log/$i.sum"
    cat "$log/$i.report"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}
echo "# wall time of each, and time of the processor"
for kind in no yes; do
    most=$lanes
    [ $kind = no ] || most=1
    while :; do
        while [ $running -lt "$most" ] && next $kind; do :; done
        [ $running != 0 ] || break
        ended
    done
done
if [ "$skipped" = 0 ]; then echo "$passed passed, $failed failed"; else echo "$passed passed, $failed failed, $skipped skipped"; fi
[ "$failed" = 0 ]
