#!/usr/bin/env bash
# paper-figure1.sh [ENV [--KEY VALUE ...]] -- figure 1 of Mnih et al. 2016: score against training time for the paper's four
# algorithms with ACTORS actors, and for DQN with one, its replay memory and as much time. Breakout unless given. Draws OUT/seconds.png
# and OUT/frames.png and prints the evaluations as Markdown, minutes and score. Progress goes to stderr.
# The paper has 16 cores for the four and a GPU for DQN; here all run on what there is, one after another, so that with fewer cores
# than actors the picture tells of the methods on this machine.
# From the environment: DUNLIN (build/dunlin), ACTORS (16), MINUTES (30: of each algorithm), EVERY (frames between evaluations; the
# environment's; of DQN, which plays so many fewer in its time, an eighth), OUT (runs/figure1-ENV; an algorithm that has had its time
# there is not run again, and refused with other words), ALGOS, SEED (1).
set -eu
cd "$(dirname "$0")/.."
. run/children.sh
. run/numbers.sh
. run/settings.sh
dunlin=${DUNLIN:-$PWD/build/dunlin} actors=${ACTORS:-16} minutes=${MINUTES:-30} seed=${SEED:-1}
algos=${ALGOS:-one-step-q one-step-sarsa n-step-q a3c dqn}
env=${1:-atari:breakout}
shift $(($# < 1 ? $# : 1))
out=${OUT:-runs/figure1-${env//[:\/]/-}}
real MINUTES "$minutes" 0
actors=$(whole ACTORS "$actors" 1)
[ -z "${EVERY:-}" ] || EVERY=$(whole EVERY "$EVERY" 0)
[ -x "$dunlin" ] || { echo "dunlin: $dunlin is missing; run make first" >&2; exit 2; }
if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
for algo in $algos; do # what is wrong with the words, before anything starts
    "$dunlin" train --env "$env" --algo "$algo" --seed "$seed" "$@" --help >/dev/null
done
words=("$@")
# training ALGO: its words to `these`, and what a training that is spared must have been begun with to `with`
training() {
    local n=$actors every=${EVERY:-}
    [ "$1" != dqn ] || {
        n=1
        [ -n "$every" ] || every=$("$dunlin" train --env "$env" --algo dqn --help | tr -s ' \n' ' ' | sed 's/.*--eval-every N [^(]*(\([0-9]*\)[;)].*/\1/')
        every=$(((every + 7) / 8))
    }
    these=(--env "$env" --algo "$1" --actors "$n" --seed "$seed" ${every:+--eval-every "$every"} ${words[@]+"${words[@]}"})
    with=("${these[*]}" "MINUTES=$minutes")
}
for algo in $algos; do
    training "$algo"
    [ ! -e "$out/$algo.done" ] || differs=$(as_begun "$out/$algo.done" "${with[@]}") ||
        { echo "$out/$algo: $differs; give OUT another folder, or remove $out/$algo.done" >&2; exit 2; }
done
mkdir -p "$out"
runs=()
for algo in $algos; do
    run=$out/$algo
    runs+=("$run")
    [ ! -e "$run.done" ] || continue
    training "$algo"
    echo "$env by $algo, $minutes minutes: ${these[*]}" >&2
    rc=0
    for_minutes "$minutes" "$dunlin" train "${these[@]}" --out "$run" --force >"$run.log" 2>&1 || rc=$?
    case $rc in 0 | 124) ;; *) tail -3 "$run.log" >&2; exit 1 ;; esac
    begun_with "${with[@]}" >"$run.done"
done

echo "| $env | minutes: score |"
echo "|---|---|"
for run in "${runs[@]}"; do
    printf '| %s | ' "${run##*/}"
    "$dunlin" info "$run" --csv eval | awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        { printf("%s%.1f: %.4g", (NR > 2) ? ", " : "", $at["seconds"] / 60, $at["mean"]) }
        END { print " |" }'
done
for x in seconds frames; do "$dunlin" plot "${runs[@]}" --x $x --out "$out/$x.png" >&2 || echo "$out/$x.png was not drawn" >&2; done
