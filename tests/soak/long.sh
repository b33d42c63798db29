#!/usr/bin/env bash
# long.sh [MINUTES=8] -- a long run of 8 ranks, far more than cores, episodes ending all the time, a kill now and then (an actor; then
# all, and a resume). After the first minute of each session: memory of every rank, open files of every rank and lag must be flat.
# short: 4
. "$(dirname "$0")/../tap.sh"
. "$source_dir/tests/kill.sh"
. "$source_dir/tests/flat.sh"
. "$source_dir/run/numbers.sh"
minutes=$(whole MINUTES "${1:-8}" 1) || exit 2
run=$scratch/long
session=300 # seconds; then all are killed and resumed
export DUNLIN_METER=${DUNLIN_METER:-0} # microseconds that a step sleeps
metered
words=(--env "$metered" --frames 1e12 --actors 7 --checkpoint-every 200000 --eval-every 100000 --eval-episodes 5)
start "$run" train "${words[@]}" --out "$run"
end=$((SECONDS + 60 * minutes)) sessions=0 killed=0 faults=0
: >samples; : >wrong
while [ $SECONDS -lt $end ]; do
    sessions=$((sessions + 1)) began=$SECONDS
    moving "$run" || { echo "session $sessions: no progress: $(tail -1 "$run.err")" >>wrong; break; }
    while [ $SECONDS -lt $end ] && [ $((SECONDS - began)) -lt $session ]; do
        sleep 5
        sample "$run" $sessions "$began" >>samples
        if [ $((RANDOM % 30)) = 0 ] && [ $((SECONDS - began)) -gt 60 ] && [ "$(grep -c actor-lost "$run.err")" -lt 3 ]; then
            kill -KILL "$(rank "$run" $((1 + RANDOM % 7)))" && killed=$((killed + 1))
        fi
    done
    kill -0 $pid || echo "session $sessions: ended by itself: $(tail -1 "$run.err")" >>wrong
    [ $SECONDS -lt $end ] || break
    for p in $pid $(processes "$run"); do kill -KILL "$p"; done
    wait $pid
    soon none_left "$run"
    start "$run" resume "$run" --env "$metered"
done 2>/dev/null
kill -TERM $pid; wait $pid
grep -q "^state stopped" "$run/status" || echo "the end is not stopped: $(head -1 "$run/status")" >>wrong
growth samples >growth
"$dunlin" info "$run" --csv train >rows
# mean lag of the first and of the last third of the run, by updates
lags=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } { u[NR] = $c["updates"]; l[NR] = $c["lag_mean"] == "nan" ? -1 : $c["lag_mean"] + 0 } END {
    for (i = 3; i <= NR; i++) { w = u[i] - u[i - 1]; if (w < 0 || l[i] < 0) continue; if (i < NR / 3) { a += w * l[i]; n += w } if (i > 2 * NR / 3) { b += w * l[i]; m += w } }
    if (n && m) printf "%.2f %.2f", a / n, b / m }' rows)
worst=$(awk '{ print $5 }' growth | sort -g | tail -1)
awk '$5 >= 1 { print "memory grows by " $5 " %: " $0 } $8 - $7 > 2 { print "open files from " $7 " to " $8 ": " $0 }' growth >>wrong
awk -v l="$lags" 'BEGIN { split(l, v, " "); if (v[2] > 14 || v[2] == "") print "mean lag at the end " v[2] ", above twice the actors" }' >>wrong
cat wrong
echo "long: $minutes min, 8 ranks, $sessions sessions, $killed actors killed, $(wc -l <growth) session-ranks measured; memory grew by at most ${worst:-nan} %, mean lag in the first and the last third ${lags/ / and }, $("$dunlin" info "$run" | awk '$1 == "frames" { print $2 }') frames, run.h5 $(du -k "$run/run.h5" | cut -f1) KB, $(wc -l <wrong) faults"
[ ! -s wrong ]
