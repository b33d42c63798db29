# kill.sh -- sourced, after tap.sh, by the scripts in which processes die: starting a run in the background, finding a rank,
# killing. SEED=N in the environment repeats a run's moments.
# shellcheck shell=bash disable=SC2154
RANDOM=${SEED:=$RANDOM}
echo "# SEED=$SEED"
tap_cleanup() { nodes_down; kill_all; }
pause() { sleep "$(awk -v r=$RANDOM -v most="$1" 'BEGIN { print most * r / 32768 }')"; } # up to $1 seconds
left() { processes "$1" | wc -l; }
# start RUN WORDS...: trains in the background, its process in $pid: alone, or after nodes_up on several nodes, on $ranks ranks
nodes="" ranks=0 node_count=1
start() {
    local run=$1; shift
    : >"$run.err"
    if [ -n "$nodes" ]; then
        "$source_dir/tests/cluster/nodes.sh" run "$nodes" mpirun --enable-recovery --oversubscribe --hostfile "$nodes/hostfile" \
            -n "$ranks" "$dunlin" "$@" --log-every 0.1 >/dev/null 2>"$run.err" </dev/null &
    else
        "$dunlin" "$@" --log-every 0.1 >/dev/null 2>"$run.err" </dev/null &
    fi
    pid=$!
}
nodes_up() { # N RANKS: N nodes of two slots each, until nodes_down; false where this machine cannot
    nodes_down
    nodes=$("$source_dir/tests/cluster/nodes.sh" up "$1" 2) && node_count=$1 ranks=$2
}
nodes_down() { [ -z "$nodes" ] || "$source_dir/tests/cluster/nodes.sh" down "$nodes"; nodes="" node_count=1; }
soon() { local i; for i in $(seq 600); do "$@" && return; sleep 0.05; done; return 1; } # within half a minute
moving() { soon grep -qs "frames/s" "$1.err"; } # its first progress line
newest() { local f; f=$(ls "$1"/checkpoint-0*.h5 2>/dev/null | tail -1); f=${f##*-}; f=${f%.h5}; echo $((10#${f:-0})); }
status_of() { awk -v k="$2" '$1 == k { print $2; exit }' "$1/status"; } # RUN KEY
mpirun_of() { # RUN: the process of its mpirun
    local p
    for p in $(processes "$1"); do [ "$(tr '\0' ' ' <"/proc/$p/cmdline" | cut -d' ' -f1)" != mpirun ] || echo "$p"; done
}
ended() { # PID SECONDS: has it ended by then
    local i
    for i in $(seq $(($2 * 20))); do kill -0 "$1" 2>/dev/null || return 0; sleep 0.05; done
    return 1
}
# metered: builds the environment plug-in whose steps take DUNLIN_METER us; its name for --env in $metered
metered() {
    "${CC:-cc}" -O2 -shared -fPIC -I "$source_dir/include" "$source_dir/tests/metered_env.c" -o metered.so || exit 1
    metered=lib:$scratch/metered.so
    export DUNLIN_FAULTS=$scratch
}
# median and largest of the numbers of a file
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "nan" }'; }
largest() { sort -n "$1" | tail -1; }

# kill_jobs N: a run is killed, all of it at once, at N random moments and resumed each time. Frames lost go to the file `lost`,
# what is wrong to `wrong`. 2,000 frames a second, a checkpoint each thousand.
kill_jobs() {
    local run=$scratch/jobs n=$1 i p f at last=-1 frames
    : >lost; : >wrong
    start "$run" train --env "$metered" --frames 1e9 --actors 2 --checkpoint-every 1000 --out "$run"
    for i in $(seq "$n"); do
        moving "$run" || { echo "kill $i: no progress within 30 s: $(tail -1 "$run.err")" >>wrong; break; }
        pause 2
        frames=$(status_of "$run" frames)
        for p in $pid $(processes "$run"); do kill -KILL "$p"; done
        wait $pid
        soon none_left "$run" || echo "kill $i: processes are left" >>wrong
        at=$(newest "$run")
        [ "$at" -ge "$last" ] || echo "kill $i: checkpoint $at after $last" >>wrong
        last=$at
        echo $((frames > at ? frames - at : 0)) >>lost
        for f in "$run"/checkpoint-*.h5; do
            "$dunlin" info "$f" >/dev/null 2>>wrong || echo "kill $i: $f is broken" >>wrong
        done
        "$dunlin" info "$run" --csv train >rows 2>>wrong || echo "kill $i: run.h5 is broken" >>wrong
        start "$run" resume "$run" --env "$metered" --frames $((i < n ? 1000000000 : at + 5000))
        soon grep -q "resuming $run at" "$run.err" && grep -q "resuming $run at $at frames" "$run.err" ||
            echo "kill $i: not resumed at $at: $(grep resuming "$run.err"), $(tail -1 "$run.err")" >>wrong
    done 2>/dev/null
    ended $pid 60 && wait $pid || echo "the last one did not end well: $(tail -1 "$run.err")" >>wrong
    grep -q "^state done" "$run/status" || echo "the end is not done: $(head -1 "$run/status")" >>wrong
    lags_add_up "$run" || echo "the updates are not those whose lags were counted" >>wrong
    "$dunlin" info "$run" --csv train | awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
        $c["frames"] + 0 < f + 0 || $c["updates"] + 0 < u + 0 { print "row " NR ": counters go back" } { f = $c["frames"]; u = $c["updates"] }' >>wrong
}
# kill_actors N ACTORS WORDS...: actors are killed at random moments, up to ACTORS - 1 of them in one run, until N are; the run
# must name each within a few seconds and go on to its frames. Over several nodes Open MPI may take rank 0 along, which then says so
# and ends itself, and the run is resumed: `taken` has a line of each. Seconds until an actor was named go to the file `noticed`,
# what is wrong to `wrong`.
trapped() { [ -n "$nodes" ] && grep -q "rank 0 has not come back from MPI" "$1.err"; }
named() { grep -qE "rank $2 on [^ ]+: (actor-lost|actor-silent|no-goodbye)" "$1.err" || trapped "$1"; } # RUN RANK
kill_actors() {
    local n=$1 actors=$2 run victim at i done=0 before number=0 seconds
    shift 2
    : >noticed; : >wrong; : >taken
    while [ $done -lt "$n" ]; do
        number=$((number + 1)) run=$scratch/actors$number before=$done
        start "$run" train "$@" --out "$run" $([ -n "$nodes" ] || echo --actors "$actors")
        moving "$run" || { echo "run $number: no progress within 30 s: $(tail -1 "$run.err")" >>wrong; break; }
        for i in $(seq 2 "$actors" | shuf --random-source=<(yes $RANDOM)); do
            [ $done -lt "$n" ] || break
            pause 0.7
            victim=$(rank "$run" "$i")
            if [ -z "$victim" ] || ! kill -KILL "$victim"; then break; fi # the run was faster
            at=$(date +%s%N)
            soon named "$run" "$i" || echo "run $number: rank $i was not named" >>wrong
            ! trapped "$run" || break
            seconds=$(awk -v a="$at" -v b="$(date +%s%N)" 'BEGIN { printf "%.2f", (b - a) / 1e9 }')
            echo "$seconds" >>noticed
            done=$((done + 1))
        done
        ended $pid 600 || { echo "run $number: no end: $(tail -1 "$run.err")" >>wrong; kill -KILL $pid; }
        if trapped "$run"; then
            echo "run $number" >>taken
            wait $pid
            soon none_left "$run"
            start "$run" train "$@" --or-resume --out "$run"
            ended $pid 600 || { echo "run $number: no end when resumed: $(tail -1 "$run.err")" >>wrong; kill -KILL $pid; }
        fi
        wait $pid || [ -n "$nodes" ] || echo "run $number: exit status $?" >>wrong # over several nodes it says little
        grep -q "^state done" "$run/status" || echo "run $number: $(head -1 "$run/status")" >>wrong
        awk '$1 == "frames" { exit !($2 >= $4) }' "$run/status" || echo "run $number: $(grep ^frames "$run/status")" >>wrong
        lags_add_up "$run" || echo "run $number: the updates are not those whose lags were counted" >>wrong
        soon none_left "$run" || echo "run $number: processes are left" >>wrong
        [ $done = $before ] || grep -qx "run $number" taken || [ "$("$dunlin" info "$run" --csv events | grep -cE ',(actor-lost|actor-silent|no-goodbye),')" -ge 1 ] || echo "run $number: no event" >>wrong
        rm -rf "$run"
    done 2>/dev/null
}
lags_add_up() { # RUN
    [ "$("$dunlin" info "$1" --csv lag | awk -F, 'NR > 1 { s += $2 } END { print s }')" = \
        "$("$dunlin" info "$1" | awk '$1 == "updates" { print $2 }')" ]
}
