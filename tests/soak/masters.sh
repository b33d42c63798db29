#!/usr/bin/env bash
# masters.sh [N=3] -- rank 0 is killed N times on one node and N times on two; and N times first the other node, which the rest
# survives or ends after, and then rank 0. All processes must end by themselves, the launcher too, and the run be resumed from its newest checkpoint.
# short: 1
. "$(dirname "$0")/../tap.sh"
. "$source_dir/tests/kill.sh"
. "$source_dir/run/numbers.sh"
n=$(whole N "${1:-3}" 1) || exit 2
metered
faults=0 total=0 survived=0
further() { [ "$(status_of "$1" frames)" -ge "$2" ]; } # RUN FRAMES
# strike NAME WHOM: n times
strike() {
    local i at run=$scratch/$2 p last=-1
    : >took; : >wrong
    start "$run" train --env "$metered" --frames 1e9 --checkpoint-every 1000 --out "$run" $([ -n "$nodes" ] || echo --actors 2)
    for i in $(seq "$n"); do
        moving "$run" || { echo "$1, $i: no progress: $(tail -1 "$run.err")" >>wrong; break; }
        pause 1
        case $2 in
        *node)
            for p in $("$source_dir/tests/cluster/nodes.sh" pids "$nodes" 2); do kill -KILL "$p"; done
            at=$(status_of "$run" frames)
            if soon further "$run" $((at + 2000)); then survived=$((survived + 1))
            elif ! ended $pid 40; then echo "$1, $i: the rest neither goes on nor ends: $(left "$run") left" >>wrong; fi ;;
        esac
        p=$(rank "$run" 0)
        [ -z "$p" ] || kill -KILL "$p"
        at=$(date +%s%N)
        ended $pid 60 || { echo "$1, $i: the launcher has not ended after 60 s" >>wrong; kill -KILL $pid; }
        soon none_left "$run" || { echo "$1, $i: processes are left" >>wrong; for p in $(processes "$run"); do kill -KILL "$p"; done; }
        awk -v a="$at" -v b="$(date +%s%N)" 'BEGIN { printf "%.1f\n", (b - a) / 1e9 }' >>took
        wait $pid
        at=$(newest "$run")
        [ "$at" -ge "$last" ] || echo "$1, $i: checkpoint $at after $last" >>wrong
        last=$at
        start "$run" resume "$run" --env "$metered" --frames $((i < n ? 1000000000 : at + 3000))
        soon grep -q "resuming $run at $at frames" "$run.err" || echo "$1, $i: not resumed at $at: $(tail -1 "$run.err")" >>wrong
    done 2>/dev/null
    ended $pid 60
    grep -q "^state done" "$run/status" || echo "$1: the end is not done: $(head -1 "$run/status")" >>wrong
    cat wrong
    total=$((total + $(wc -l <took))) faults=$((faults + $(wc -l <wrong)))
    echo "masters, $1: $(wc -l <took) killed, $(wc -l <wrong) faults; all had ended after: median $(median took) s, at most $(largest took) s"
}
strike "rank 0, 1 node" one
if nodes_up 2 5; then
    strike "rank 0, 2 nodes" two
    strike "a node of 2" a-node
fi
echo "masters: $total killed, the rest of a dead node's job went on $survived times, $faults faults"
[ $faults = 0 ]
