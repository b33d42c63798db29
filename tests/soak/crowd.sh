#!/usr/bin/env bash
# crowd.sh [MINUTES=10] -- 32 actors on catch over four nodes, far more than cores, their gradients added up on the way. Half-way all
# processes of the fourth node are killed: its eight actors must be named, the others go on, and memory and open files of every rank
# stay flat over both halves.
# short: 7
. "$(dirname "$0")/../tap.sh"
. "$source_dir/tests/kill.sh"
. "$source_dir/tests/flat.sh"
. "$source_dir/run/numbers.sh"
minutes=$(whole MINUTES "${1:-10}" 1) || exit 2
run=$scratch/crowd
nodes=$("$source_dir/tests/cluster/nodes.sh" up 4 8) || { echo "crowd: not run, this machine makes no nodes"; exit 0; }
sed -i '1s/slots=8/slots=9/' "$nodes/hostfile" # rank 0 is on the first
ranks=33
: >samples; : >wrong
frames() { status_of "$run" frames; }
# over SECONDS, sampled; frames/s into $rate
play() {
    local began=$SECONDS from
    from=$(frames)
    while [ $((SECONDS - began)) -lt "$1" ]; do
        sleep 5
        sample "$run" "$2" "$began" >>samples
    done
    rate=$((($(frames) - from) / (SECONDS - began)))
}
# actors that /events names as lost or silent
named() { "$dunlin" info "$run" --csv events | awk -F, '$4 ~ /^(actor-lost|actor-silent|no-goodbye)$/ { print $3 }' | sort -u | wc -l; }
lag() { # FROM TO: of these seconds of the run
    "$dunlin" info "$run" --csv train | awk -F, -v from="$1" -v to="$2" 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
        $1 >= from && $1 < to && $c["lag_mean"] != "nan" { u = $c["updates"] - last; s += u * $c["lag_mean"]; n += u; if ($c["lag_max"] > m) m = $c["lag_max"] }
        { last = $c["updates"] } END { if (n) printf "%.1f, at most %d", s / n, m; else print "none" }'
}
start "$run" train --env catch --combine sum --combine-most 16 --patience 20 --frames 1e12 --eval-every 0 --checkpoint-every 20000 --out "$run"
for _ in 1 2 3 4 5; do moving "$run" && break; done || # a crowd takes its time to come
    echo "no progress: $(tail -1 "$run.err")" >>wrong
half=$((30 * minutes))
play $half 1
before=$rate
at=$("$dunlin" info "$run" --csv train | tail -1 | cut -d, -f1)
for p in $("$source_dir/tests/cluster/nodes.sh" pids "$nodes" 4); do kill -KILL "$p"; done 2>/dev/null
play $half 2
after=$rate
[ "$after" -gt 0 ] || echo "nothing goes on behind the death of a node: $(tail -1 "$run.err")" >>wrong
[ "$(named)" = 8 ] || echo "$(named) actors are named as lost, not 8" >>wrong
p=$(rank "$run" 0)
kill -TERM "$p"
ended "$p" 60 || echo "rank 0 has not ended after 60 s" >>wrong
{ ended $pid 5 || kill -KILL $pid; wait $pid; } 2>/dev/null # mpirun may not return after a death on another node
grep -q "^state stopped" "$run/status" || echo "the end is not stopped: $(head -1 "$run/status")" >>wrong
growth samples >grown
awk '$5 >= 2 { print "memory grows by " $5 " %: " $0 } $8 - $7 > 2 { print "open files from " $7 " to " $8 ": " $0 }' grown >>wrong
cat wrong
echo "crowd: $minutes min, 33 ranks on 4 nodes, $before frames/s and a lag of $(lag 0 "$at"), then without a node $after and $(lag "$at" 1e9); memory of $(wc -l <grown) session-ranks grew by at most $(awk '{ print $5 }' grown | sort -g | tail -1) %, an actor has at most $(awk '$2 > 0 && $4 > m { m = $4 } END { printf "%.0f", m / 1000 }' samples) MB of its own, rank 0 $(awk '$2 == 0 && $4 > m { m = $4 } END { printf "%.0f", m / 1000 }' samples), $(wc -l <wrong) faults"
[ ! -s wrong ]
