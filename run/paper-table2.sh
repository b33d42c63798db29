#!/usr/bin/env bash
# paper-table2.sh [ENV [SCORE [--KEY VALUE ...]]] -- how the data needed for a score depends on the number of actors (figure 3
# and table 2 of Mnih et al. 2016): frames and updates until the first evaluation that reaches SCORE, mean over SEEDS, for
# all four algorithms. cartpole to 300 unless given. Prints Markdown; progress goes to stderr.
#
# The paper's table is a speed-up in *time*, each thread on a core of its own. With more actors than cores time says nothing
# about the method, so it is frames that are measured. What each actor on a core of its own would give, if none slowed
# the others, is the number of actors times frames(1 actor) / frames(n actors): that stands beside the paper's figures.
# A run that does not reach SCORE counts with all its frames, and its cell is marked >.
# From the environment: DUNLIN (build/dunlin), ACTORS ("1 2 4 8 16"), SEEDS (3), FRAMES (150000), EVERY (5000: frames
# between evaluations, so the resolution).
set -eu
cd "$(dirname "$0")/.."
. run/children.sh
. run/numbers.sh
dunlin=${DUNLIN:-$PWD/build/dunlin} actors=${ACTORS:-1 2 4 8 16} seeds=${SEEDS:-3} frames=${FRAMES:-150000} every=${EVERY:-5000}
env=${1:-cartpole} score=${2:-300}
shift $(($# < 2 ? $# : 2))
algos="one-step-q one-step-sarsa n-step-q a3c"
[ -x "$dunlin" ] || { echo "dunlin: $dunlin is missing; run make first" >&2; exit 2; }
if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
actors=$(wholes ACTORS "$actors" 1)
seeds=$(whole SEEDS "$seeds" 1)
frames=$(whole FRAMES "$frames" 1)
every=$(whole EVERY "$every" 1)
real SCORE "$score"
"$dunlin" train --env "$env" "$@" --help >/dev/null # what is wrong with the words, before anything starts
scratch=$(mktemp -d)
at_end() { rm -rf "$scratch"; }

for algo in $algos; do
    for n in $actors; do
        for seed in $(seq "$seeds"); do
            echo "$algo, $n actors, seed $seed" >&2
            attended "$dunlin" train --env "$env" --algo "$algo" --actors "$n" --envs-per-actor 1 --seed "$seed" \
                --frames "$frames" --eval-every "$every" --eval-episodes 10 --checkpoint-every 1000000000 \
                "$@" --out "$scratch/run" --force >"$scratch/log" 2>&1 ||
                { tail -3 "$scratch/log" >&2; exit 1; }
            per_frame=$("$dunlin" info "$scratch/run" | awk '$1 == "frames" { f = $2 } $1 == "updates" { u = $2 } END { print u / f }')
            "$dunlin" info "$scratch/run" --csv eval | awk -F, -v a="$algo" -v n="$n" -v score="$score" -v u="$per_frame" -v all="$frames" '
                NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
                $at["mean"] >= score { f = $at["frames"]; exit }
                END { print a, n, f ? f : all, (f ? f : all) * u, f ? 0 : 1 }' >>"$scratch/found"
        done
    done
done

# table WHAT: frames, updates or speed-up; a row per algorithm
table() {
    local what=$1 algo
    printf '| |'; for n in $actors; do printf ' %s |' "$n"; done; echo
    printf '|---|'; for n in $actors; do printf -- '---|'; done; echo
    for algo in $algos; do
        awk -v algo="$algo" -v what="$what" -v list="$actors" '
            $1 == algo { runs[$2]++; frames[$2] += $3; updates[$2] += $4; missed[$2] += $5 }
            END {
                k = split(list, n, " "); printf "| %s |", algo
                for (i = 1; i <= k; i++) {
                    m = n[i]; mark = missed[m] ? ">" : ""
                    if (what == "frames") printf " %s%.0fk |", mark, frames[m] / runs[m] / 1000
                    else if (what == "updates") printf " %s%.1fk |", mark, updates[m] / runs[m] / 1000
                    else printf " %.1f |", m / n[1] * (frames[n[1]] / runs[n[1]]) / (frames[m] / runs[m])
                }
                print ""
            }' "$scratch/found"
    done
}
echo "$env: frames to a mean of $score over 10 episodes, $seeds seeds, by number of actors (> : not all runs got there in $frames)"
echo; table frames
echo; echo "Updates of theta until then"
echo; table updates
echo; echo "Actors times frames(fewest) / frames(n): the speed-up in time that this would be with a core for each actor"
echo; table speedup
cat <<'EOF'

The paper's table 2, speed-up in time, mean of seven Atari games

| threads | 1 | 2 | 4 | 8 | 16 |
|---|---|---|---|---|---|
| 1-step Q | 1.0 | 3.0 | 6.3 | 13.3 | 24.1 |
| 1-step Sarsa | 1.0 | 2.8 | 5.9 | 13.1 | 22.1 |
| n-step Q | 1.0 | 2.7 | 5.9 | 10.7 | 17.2 |
| A3C | 1.0 | 2.1 | 3.7 | 6.9 | 12.5 |
EOF
