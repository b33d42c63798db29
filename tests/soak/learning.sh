#!/usr/bin/env bash
# learning.sh [SEEDS=20] [ENV ALGO ...] -- does each run learn, or nine in ten? Every built-in environment that has a mark
# (run/mark.sh) by every algorithm that `dunlin list` calls supported, or by the pairs named, with its defaults and seeds 1 to
# SEEDS. The last weights play 1,000 games (100 where games are long). A Markdown table; status 1 where a run stayed below its
# mark. Without a word it begins no run after eight minutes. In the environment: JOBS=N runs at once (1), GAMES=N, DUNLIN_ISA, and
# ROWS=FILE, which keeps a line of each run and spares those that stand there: what was cut goes on with it. Runs of another
# program want another FILE.
begun_in=$PWD
# short: 1 cartpole a3c corridor one-step-q
. "$(dirname "$0")/../tap.sh"
. "$source_dir/run/mark.sh"
. "$source_dir/run/numbers.sh"
limit=$((1 << 30))
[ $# -gt 0 ] || limit=480
seeds=$(whole SEEDS "${1:-20}" 1) && at_once=$(whole JOBS "${JOBS:-1}" 1) || exit 2
[ -z "${GAMES:-}" ] || GAMES=$(whole GAMES "$GAMES" 1) || exit 2
rows=${ROWS:-results} # ENV ALGO SEED MEAN SECONDS LOAD KERNELS
case $rows in /* | results) ;; *) rows=$begun_in/$rows ;; esac
[ $# = 0 ] || shift
cells=("$@")
if [ ${#cells[@]} = 0 ]; then
    pairs=()
    "$dunlin" list >listed
    algos=$(awk '$2 == "algorithm" { print $1 }' listed)
    for env in $(awk '$2 == "environment" && $1 != "atari" { print $1 }' listed); do
        [ -n "$(mark "$env")" ] || { echo "learning: $env is left out: run/mark.sh has no mark for it"; continue; }
        without=" $(sed -n "s/^$env .*(not learned by: \(.*\))\$/\1/p" listed | tr -d ,) "
        for algo in $algos; do
            [[ $without == *" $algo "* ]] || pairs+=("$env $algo")
        done
    done
    # shellcheck disable=SC2207
    cells=($(shuf -e "${pairs[@]}")) # whom the limit cuts is another each time
fi
[ $((${#cells[@]} % 2)) = 0 ] || { echo "learning.sh: ${cells[-1]}: an environment without an algorithm"; exit 2; }
touch "$rows" || exit 2
tap_cleanup() { # shellcheck disable=SC2046
    kill $(jobs -p) 2>/dev/null
    kill_all
}
SECONDS=0
one() { # ENV ALGO SEED
    local games=1000 start=$SECONDS mean=nan load where
    case $1 in cartpole | acrobot | mountaincar) games=100 ;; esac
    read -r load _ </proc/loadavg
    where=$(mktemp -d -p "$scratch") && cd "$where" || exit 1
    RUN_LIMIT=3600 run "$dunlin" train --env "$1" --algo "$2" --seed "$3" --out run
    local took=$((SECONDS - start))
    if [ "$status" = 0 ]; then
        RUN_LIMIT=600 run "$dunlin" eval run --episodes "${GAMES:-$games}"
        mean=$(value mean)
    else
        echo "$1 $2 $3: status $status: $(tail -1 err)"
    fi
    cd "$scratch" || exit 1
    echo "$1 $2 $3 ${mean:-nan} $took $load ${DUNLIN_ISA:-best}" | tee -a "$rows"
    rm -rf "$where"
}
for ((seed = 1; seed <= seeds; seed++)); do
    for ((c = 0; c < ${#cells[@]} && SECONDS < limit; c += 2)); do
        ! grep -q "^${cells[c]} ${cells[c + 1]} $seed " "$rows" || continue
        while [ "$(jobs -rp | wc -l)" -ge "$at_once" ]; do wait -n; done
        one "${cells[c]}" "${cells[c + 1]}" $seed &
    done
done
wait
middle() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
echo
echo "| environment | algorithm | runs | minimum | median | maximum | mark | below it | seconds, median |"
echo "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
below=0 runs=0 seen=0
for ((c = 0; c < ${#cells[@]}; c += 2)); do
    env=${cells[c]} algo=${cells[c + 1]}
    at=$(mark "$env") bad=0 n=0
    awk -v e="$env" -v a="$algo" -v s="$seeds" '$1 == e && $2 == a && $3 <= s' "$rows" | tee -a shown >of
    cut -d' ' -f4 of | sort -g >means # nan comes first
    while read -r mean; do
        n=$((n + 1))
        reaches "$mean" "$at" || bad=$((bad + 1))
    done <means
    [ $n -gt 0 ] || continue # the limit came first
    runs=$((runs + n)) below=$((below + bad)) seen=$((seen + 1))
    echo "| \`$env\` | \`$algo\` | $n | $(head -1 means) | $(middle <means) | $(tail -1 means) | $at | $bad |" \
        "$(cut -d' ' -f5 of | middle) |"
done
processor=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -1)
load=$(cut -d' ' -f6 shown | sort -g | sed -n '1p;$p' | paste -sd' ' | sed 's/ / to /')
kernels=$(cut -d' ' -f7 shown | sort | uniq -c | awk '{ printf "%s%s (%d)", (NR > 1 ? ", " : ""), $2, $1 }')
echo "on: $processor, $(nproc) cores; load when a run began: $load; kernels: $kernels"
echo "learning: $seen of $((${#cells[@]} / 2)) pairs of environment and algorithm, $runs runs, $below below their mark"
[ $below = 0 ] && [ $runs -gt 0 ]
