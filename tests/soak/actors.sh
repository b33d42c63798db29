#!/usr/bin/env bash
# actors.sh [N=20] -- N actors are killed at random moments, in runs on 1, 2 and 4 nodes. Half of the runs move much and compute
# little (a net of 400 thousand weights on the corridor), so that many die in the middle of a push.
# short: 5
. "$(dirname "$0")/../tap.sh"
. "$source_dir/tests/kill.sh"
. "$source_dir/run/numbers.sh"
n=$(whole N "${1:-20}" 5) || exit 2
metered
total=0 faults=0 taken=0 n=$((n / 5))
part() { # NAME
    cat wrong
    total=$((total + $(wc -l <noticed))) faults=$((faults + $(wc -l <wrong))) taken=$((taken + $(wc -l <taken)))
    echo "actors, $1: $(wc -l <noticed) killed, $(wc -l <wrong) faults; named after: median $(median noticed) s, at most $(largest noticed) s"
}
far() { # NODES RANKS NAME WORDS...
    local count=$1 ranks=$2 name=$3
    shift 3
    nodes_up "$count" "$ranks" || { echo "actors, $name: left out, this machine has no such nodes"; return; }
    kill_actors $n $((ranks - 1)) "$@"
    nodes_down
    part "$name"
}
push="--env corridor --net mlp:600,600 --eval-every 0"
# shellcheck disable=SC2086
{
    kill_actors $n 4 --env "$metered" --frames 20000
    part "1 node"
    kill_actors $n 4 $push --frames 60000
    part "1 node, pushing all the time"
    far 2 5 "2 nodes" --env "$metered" --frames 60000
    far 2 5 "2 nodes, pushing all the time" $push --frames 60000
    far 4 8 "4 nodes" --env "$metered" --frames 100000
}
echo "actors: $total killed, $faults faults; rank 0 was taken along $taken times, and resumed"
[ $faults = 0 ]
