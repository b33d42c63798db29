#!/usr/bin/env bash
# optimizers.sh [ENV [ALGO [--KEY VALUE ...]]] -- compares optimizers over learning rates, as
# Mnih et al. 2016 do in figure S5 (there 50 random rates per game; here LRS, the same for all of them, SEEDS runs each).
# Prints Markdown: the mean over seeds of the last and of the best evaluation at each rate, then the last evaluations of all
# runs of an optimizer sorted, as the figure does: robust is what stays high far down the list. Progress goes to stderr.
# From the environment: DUNLIN (build/dunlin), ACTORS (4), SEEDS (3), LRS, FRAMES (150000),
# OPTIMIZERS (all that `dunlin list` names). About five minutes on two cores.
set -eu
cd "$(dirname "$0")/.."
. run/children.sh
. run/numbers.sh
dunlin=${DUNLIN:-$PWD/build/dunlin} actors=${ACTORS:-4} seeds=${SEEDS:-3} frames=${FRAMES:-150000}
lrs=${LRS:-0.0003 0.001 0.003 0.01 0.03 0.1 0.3 1}
[ -x "$dunlin" ] || { echo "dunlin: $dunlin is missing; run make first" >&2; exit 2; }
optimizers=${OPTIMIZERS:-$("$dunlin" list | awk '$2 == "optimizer" { print $1 }')}
env=${1:-cartpole} algo=${2:-a3c}
shift $(($# < 2 ? $# : 2))
if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
actors=$(whole ACTORS "$actors" 1)
seeds=$(whole SEEDS "$seeds" 1)
frames=$(whole FRAMES "$frames" 5)
for lr in $lrs; do real LRS "$lr" 0; done
for optimizer in $optimizers; do # what is wrong with the words, before anything starts
    "$dunlin" train --env "$env" --algo "$algo" --optimizer "$optimizer" "$@" --help >/dev/null
done
scratch=$(mktemp -d)
at_end() { rm -rf "$scratch"; }

for lr in $lrs; do
    for optimizer in $optimizers; do
        for seed in $(seq "$seeds"); do
            echo "lr $lr $optimizer seed $seed" >&2
            attended "$dunlin" train --env "$env" --algo "$algo" --optimizer $optimizer --lr "$lr" --seed "$seed" --actors "$actors" \
                --envs-per-actor 1 --frames "$frames" --eval-every $((frames / 5)) --eval-episodes 20 \
                "$@" --out "$scratch/run" --force >"$scratch/log" 2>&1 || { tail -3 "$scratch/log" >&2; exit 1; }
            "$dunlin" info "$scratch/run" --csv eval | awk -F, -v lr="$lr" -v o=$optimizer '
                NR == 1 { for (i = 1; i <= NF; i++) if ($i == "mean") m = i; next }
                { last = $m; if (NR == 2 || last > best) best = last }
                END { if (NR > 1) print lr, o, last, best }' >>"$scratch/scores"
        done
    done
done

echo "$env by $algo, $actors actors, $frames frames, $seeds seeds: mean of the last evaluation (mean of the best evaluation)"
echo
echo "| lr |$(printf ' %s |' $optimizers)"
echo "|---|$(printf -- '---|%.0s' $optimizers)"
for lr in $lrs; do
    awk -v lr="$lr" -v names="$(echo $optimizers)" '$1 == lr { n[$2]++; last[$2] += $3; best[$2] += $4 }
        function cell(o) { return n[o] ? sprintf("%.4g (%.4g)", last[o] / n[o], best[o] / n[o]) : "-" }
        END { line = "| " lr " |"; count = split(names, name, " ")
            for (i = 1; i <= count; i++) line = line " " cell(name[i]) " |"
            print line }' "$scratch/scores"
done
echo
echo "Last evaluations of all runs of an optimizer, over rates and seeds, sorted:"
echo
echo "| optimizer | best | upper quarter | median | lower quarter | worst | mean |"
echo "|---|---|---|---|---|---|---|"
for optimizer in $optimizers; do
    awk -v o=$optimizer '$2 == o { print $3 }' "$scratch/scores" | sort -gr | awk -v o=$optimizer '
        { x[NR] = $1; sum += $1 }
        function at(q) { return sprintf("%.4g", x[1 + int(q * (NR - 1) + 0.5)]) }
        END { print "| " o " | " at(0) " | " at(0.25) " | " at(0.5) " | " at(0.75) " | " at(1) " | " sprintf("%.4g", sum / NR) " |" }'
done
