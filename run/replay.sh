#!/usr/bin/env bash
# replay.sh [ENV [SCORE [--KEY VALUE ...]]] -- what experience replay costs (Mnih et al. 2016, section 1): the same environment,
# network, kernels and cores, learned with it (dqn) and without (a3c, n-step-q). catch to 0.9 unless given. Prints a Markdown table:
# frames, seconds and core-seconds (processor time of all ranks) to the first evaluation that reaches SCORE, the last evaluation, speed,
# peak memory, and the arithmetic of a step; draws score against the three (OUT/replay.png). Progress goes to stderr.
# dqn has one actor, as the agent of 2015, and once more all of them, which share its memory. Others, such as several memories, or a
# preset for each algorithm, are the lines of SETTINGS, a file as run/compare.sh reads it (run/settings/replay-pong.txt).
# From the environment: DUNLIN (build/dunlin), ACTORS (2), SEED (1), SETTINGS, FRAMES (of each; the setting's), EVALS (40: evaluations
# of each), OUT (runs/replay-ENV; a run that ended there is not run again, and refused with other words), MINUTES (a run longer than
# that is stopped; 60, but where FRAMES are given none).
set -eu
cd "$(dirname "$0")/.."
. run/children.sh
. run/numbers.sh
. run/settings.sh
dunlin=${DUNLIN:-$PWD/build/dunlin} actors=${ACTORS:-2} seed=${SEED:-1} minutes=${MINUTES:-60} evals=${EVALS:-40}
env=${1:-catch} score=${2:-0.9}
shift $(($# < 2 ? $# : 2))
out=${OUT:-runs/replay-${env//[:\/]/-}}
real MINUTES "$minutes" 0
real SCORE "$score"
actors=$(whole ACTORS "$actors" 1)
evals=$(whole EVALS "$evals" 1)
[ -z "${FRAMES:-}" ] || FRAMES=$(whole FRAMES "$FRAMES" "$evals")
[ -z "${FRAMES:-}" ] || [ -n "${MINUTES:-}" ] || minutes=0 # timeout's word for none
[ -x "$dunlin" ] || { echo "dunlin: $dunlin is missing; run make first" >&2; exit 2; }
if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
if [ -n "${SETTINGS:-}" ]; then settings "$SETTINGS"; else
    names=() texts=()
    for way in "a3c $actors" "n-step-q $actors" "dqn 1" "dqn $actors"; do
        name=${way/ /-}-actors
        [[ " ${names[*]-} " != *" $name "* ]] || continue # one core
        names+=("$name") texts+=("--algo ${way/ / --actors }")
    done
fi
more=("$@")
# training I: the words of setting I to `these`, and with what the caller adds to `words`; what a run that is spared must have been begun
# with to `with`
training() {
    split "${texts[$1]}"
    these=(--env "$env" --actors "$actors" ${words[@]+"${words[@]}"} --seed "$seed")
    words=("${these[@]}" ${more[@]+"${more[@]}"})
    with=("${words[*]}" "FRAMES=${FRAMES:-}" "EVALS=$evals")
}
for i in "${!names[@]}"; do # what is wrong with the words, before anything starts
    training "$i"
    "$dunlin" train "${words[@]}" --help >/dev/null
    run=$out/${names[i]}
    [ ! -e "$run/cost" ] || differs=$(as_begun "$run.words" "${with[@]}") ||
        { echo "$run: $differs; give OUT another folder, or remove $run" >&2; exit 2; }
done
mkdir -p "$out"

# The largest sum of what the ranks of the run in folder $1 held at once, kB, to file $2, until it is killed
watch_memory() {
    local most=0 now
    echo 0 >"$2"
    while sleep 0.5; do
        now=$(grep -lzxF -- "$1" /proc/[0-9]*/cmdline 2>/dev/null | sed 's,cmdline$,smaps_rollup,' | xargs -r cat 2>/dev/null |
            awk '$1 == "Pss:" { s += $2 } END { print s + 0 }')
        [ "$now" -le "$most" ] || { most=$now; echo "$most" >"$2"; }
    done
}
# value KEY: what `dunlin info` says of the run in $run
value() { "$dunlin" info "$run" | awk -v key="$1" '$1 == key { print $2; exit }'; }

printf '| | actors | frames to %s | seconds | core-seconds | last | frames/s | memory | forward passes a step |\n' "$score"
echo '|---|---|---|---|---|---|---|---|---|'
runs=()
for i in "${!names[@]}"; do
    training "$i"
    run=$out/${names[i]}
    runs+=("$run")
    if [ ! -e "$run/cost" ]; then
        echo "$env by ${names[i]}" >&2
        frames=${FRAMES:-$("$dunlin" train "${words[@]}" --help | tr -s ' \n' ' ' | sed 's/.*--frames N [^(]*(\([0-9]*\)[;)].*/\1/')}
        frames=$(whole FRAMES "$frames" "$evals")
        begun_with "${with[@]}" >"$run.words"
        watch_memory "$run" "$run.memory" &
        watcher=$!
        rc=0
        times >"$run.times" # of what has ended: their second line
        for_minutes "$minutes" "$dunlin" train "${these[@]}" --frames "$frames" --eval-every $((frames / evals)) \
            ${more[@]+"${more[@]}"} --out "$run" --force >"$run.log" 2>&1 || rc=$?
        times >>"$run.times"
        kill $watcher
        wait $watcher 2>/dev/null || :
        case $rc in 0 | 124) ;; *) tail -3 "$run.log" >&2; exit 1 ;; esac
        awk -F '[ms ]+' -v kb="$(cat "$run.memory")" 'NR % 2 == 0 { was = now; now = 60 * ($1 + $3) + $2 + $4 }
            END { print now - was, kb }' "$run.times" >"$run/cost"
    fi
    read -r cpu kb <"$run/cost"
    # to act 1; the gradient of a step 2, and 3 once more for each other epoch; and what it is asked beside it: its own bootstrap once a
    # rollout, or after each step, or of each of the minibatch theta (1), theta_target (1) and the gradient (2)
    passes=$(awk -v algo="$(value algo)" -v t="$(value t-max)" -v e="$(value envs-per-actor)" -v batch="$(value batch)" \
        -v epochs="$(value epochs)" -v lambda="$(value lambda)" 'BEGIN {
            if (algo == "dqn") print 1 + 4 * batch / (t * e)
            else print 3 * epochs + (algo ~ /^one-step/ || (algo == "n-step-q" && lambda < 1) ? 1 : 1 / t) }')
    "$dunlin" info "$run" --csv eval | awk -F, -v score="$score" -v cpu="$cpu" -v kb="$kb" -v name="${names[i]%-*-actors}" -v n="$(value actors)" \
        -v passes="$passes" -v all="$(value seconds)" -v frames="$(value frames)" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        { last = $at["mean"] }
        !f && last >= score { f = $at["frames"]; s = $at["seconds"] }
        END {
            printf "| %s | %d | %s | %s | %s | %.4g | %.0f | %.0f MB | %.1f |\n", name, n, f ? f : "not in " frames, f ? sprintf("%.0f", s) : "-",
                f ? sprintf("%.0f", cpu * s / all) : "-", last, frames / all, kb / 1000, passes
        }'
done

# One picture: the evaluations over each of the three
for x in frames seconds core-seconds; do
    for run in "${runs[@]}"; do
        read -r cpu _ <"$run/cost"
        "$dunlin" info "$run" --csv eval | awk -F, -v x=$x -v cpu="$cpu" -v all="$(value seconds)" '
            NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
            { s = $at["seconds"]; print x == "frames" ? $at["frames"] : x == "seconds" ? s : cpu * s / all, $at["mean"] }' >"$run.$x"
    done
done
{
    echo "set terminal pngcairo size 1200,400; set format x '%.0s%c'; set output '$out/replay.png'; set multiplot layout 1,3; set grid; set key bottom right"
    echo "set ylabel 'mean of an evaluation'"
    for x in frames seconds core-seconds; do
        printf "set xlabel '%s'\nplot " "$x"
        for run in "${runs[@]}"; do printf "'%s' with linespoints title '%s', " "$run.$x" "$(basename "$run")"; done
        echo
    done
} | sed 's/, $//' >"$out/replay.gnuplot"
if gnuplot "$out/replay.gnuplot" >&2; then echo "the picture: $out/replay.png" >&2; else echo "gnuplot drew no picture of it" >&2; fi
