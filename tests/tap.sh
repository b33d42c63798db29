# tap.sh -- sourced by the test scripts: counts checks as TAP lines, in a scratch folder of its own.
# shellcheck shell=bash
set -u
dunlin=${DUNLIN_BUILD:-$PWD/build}/dunlin
source_dir=${DUNLIN_SOURCE:-$PWD}
scratch=$(mktemp -d)
cd "$scratch" || exit 1
tap_count=0 tap_failed=0
trap 'status=$?; tap_cleanup; cd /; rm -rf "$scratch"; exit $status' EXIT
tap_cleanup() { :; } # scripts may redefine it
# what a script starts carries its scratch folder's name in the environment, and is found by it: never by words that the processes
# of another script may have, too
export DUNLIN_TEST_SCRATCH=$scratch
# processes [WORD]: the ids of all that this script started and that is left, wherever it hangs now; of those with WORD among theirs
processes() {
    (
        export -n DUNLIN_TEST_SCRATCH # or the words below would find themselves
        for p in $(grep -lzxF -- "DUNLIN_TEST_SCRATCH=$scratch" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 | sort -n); do
            if [ $# = 0 ] || grep -qzxF -- "$1" "/proc/$p/cmdline" 2>/dev/null; then echo "$p"; fi
        done
    )
}
none_left() { [ -z "$(processes "$@")" ]; }
# rank WORD N: the process of rank N among those; the first, rank 0's guard being a younger one
rank() {
    local p
    for p in $(processes "$1"); do
        grep -qzxE "(OMPI_COMM_WORLD_RANK|PMIX_RANK|PMI_RANK)=$2" "/proc/$p/environ" 2>/dev/null && echo "$p" && return
    done
}
kill_all() { local p; for p in $(processes "$@"); do kill -KILL "$p" 2>/dev/null; done; }
if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi

# check NAME CONDITION...: the condition is a command; its failure shows the files out and err
check() {
    local name=$1; shift
    tap_count=$((tap_count + 1))
    if "$@"; then echo "ok $tap_count - $name"; else
        echo "not ok $tap_count - $name"; tap_failed=1
        echo "#   failed: $*"; for f in out err; do [ -f $f ] && tail -5 $f | sed "s/^/#   $f: /"; done
    fi
}
skip() { tap_count=$((tap_count + 1)); echo "ok $tap_count - $1 # SKIP $2"; }
# run COMMAND...: its stdout to out, stderr to err, its status to $status; what has not ended after RUN_LIMIT s (else five
# minutes) hangs on any machine
run() { timeout --kill-after=5 "${RUN_LIMIT:-300}" "$@" >out 2>err </dev/null; status=$?; }
# played RUN N: at least N actors have played a frame. all_play RUN N FRAMES COMMAND...: COMMAND --out RUN --frames FRAMES, itself
# a call of run; where that was over before the last actor had begun, with 8 and 64 times as many
played() { [ "$(grep -cE '^actor [1-9][0-9]* .* frames [1-9]' "$1/status" 2>/dev/null)" -ge "$2" ]; }
all_play() { # few locals: COMMAND may be a function, which would see them
    local times
    for times in 1 8 64; do
        rm -rf "$1"
        "${@:4}" --out "$1" --frames $(($3 * times))
        [ $status = 0 ] && ! played "$1" "$2" || break
    done
}
is() { [ "$1" = "$2" ]; }
# one line of ours on stderr that holds every word given
says() {
    local w
    [ "$(grep -c '^dunlin: ' err)" = 1 ] || return 1
    for w in "$@"; do grep '^dunlin: ' err | grep -qF -- "$w" || return 1; done
}
at_least() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a >= b) }'; }
value() { awk -v k="$1" '{ for (i = 1; i < NF; i++) if ($i == k) { print $(i + 1); exit } }' "${2:-out}"; } # value KEY [FILE]
finish() { exit $tap_failed; }
