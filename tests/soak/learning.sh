#!/usr/bin/env bash
# learning.sh [SEEDS=20] [ENV ALGO ...] -- does each run learn, or nine in ten? Every built-in environment by every algorithm that
# `dunlin list` calls supported, or by the pairs named, with its defaults and seeds 1 to SEEDS. The last weights play 1,000 games
# (100 where games are long). A Markdown table; status 1 where a run stayed below its mark (run/mark.sh). Without a word it
# begins no seed after an hour.
. "$(dirname "$0")/../tap.sh"
. "$source_dir/run/mark.sh"
limit=$((1 << 30))
[ $# -gt 0 ] || limit=3600
seeds=${1:-20}
[ $# = 0 ] || shift
cells=("$@")
if [ ${#cells[@]} = 0 ]; then
    "$dunlin" list >listed
    algos=$(awk '$2 == "algorithm" { print $1 }' listed)
    for env in $(awk '$2 == "environment" && $1 != "atari" { print $1 }' listed); do
        without=" $(sed -n "s/^$env .*(not learned by: \(.*\))\$/\1/p" listed | tr -d ,) "
        for algo in $algos; do
            [[ $without == *" $algo "* ]] || cells+=("$env" "$algo")
        done
    done
fi
: >results # ENV ALGO SEED MEAN SECONDS
SECONDS=0
one() { # ENV ALGO SEED
    local games=1000 start=$SECONDS mean
    case $1 in cartpole | acrobot | mountaincar) games=100 ;; esac
    RUN_LIMIT=3600 run "$dunlin" train --env "$1" --algo "$2" --seed "$3" --out run --force
    [ "$status" = 0 ] || tail -3 err
    local took=$((SECONDS - start))
    mean=nan
    [ "$status" != 0 ] || { RUN_LIMIT=600 run "$dunlin" eval run --episodes $games; mean=$(value mean); }
    echo "$1 $2 $3 ${mean:-nan} $took" | tee -a results
}
for ((seed = 1; seed <= seeds && SECONDS < limit; seed++)); do
    for ((c = 0; c < ${#cells[@]}; c += 2)); do one "${cells[c]}" "${cells[c + 1]}" $seed; done
done
echo
echo "| environment | algorithm | runs | minimum | median | maximum | mark | reach it | seconds, median |"
echo "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
middle() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
below=0 runs=0
for ((c = 0; c < ${#cells[@]}; c += 2)); do
    env=${cells[c]} algo=${cells[c + 1]}
    at=$(mark "$env") good=0 n=0
    awk -v e="$env" -v a="$algo" '$1 == e && $2 == a { print $4 }' results | sort -g >means # nan comes first
    while read -r mean; do
        n=$((n + 1))
        ! reaches "$mean" "$at" || good=$((good + 1))
    done <means
    runs=$((runs + n)) below=$((below + n - good))
    echo "| \`$env\` | \`$algo\` | $n | $(head -1 means) | $(middle <means) | $(tail -1 means) | $at | $good |" \
        "$(awk -v e="$env" -v a="$algo" '$1 == e && $2 == a { print $5 }' results | middle) |"
done
echo "learning: $((${#cells[@]} / 2)) pairs of environment and algorithm, $runs runs, $below below their mark"
[ $below = 0 ] && [ $runs -gt 0 ]
