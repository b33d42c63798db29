#!/usr/bin/env bash
# test_kill.sh -- processes die at random moments: what goes on, what is resumed, and that nobody is left behind.
# SEED=N in the environment repeats a run's moments.
. "$(dirname "$0")/tap.sh"
RANDOM=${SEED:=$RANDOM}
echo "# SEED=$SEED"
pause() { sleep "$(awk -v r=$RANDOM -v most="$1" 'BEGIN { print most * r / 32768 }')"; } # up to $1 seconds
# rank N of the run in folder RUN: its process
rank() {
    local p
    for p in $(pgrep -f -- "dunlin (train|resume) .*$1 "); do
        tr '\0' '\n' <"/proc/$p/environ" 2>/dev/null | grep -q "^OMPI_COMM_WORLD_RANK=$2$" && echo "$p" && return
    done
}
start() { # RUN WORDS...: trains in the background, alone, its process in $pid
    local run=$1; shift
    : >"$run.err"
    "$dunlin" "$@" --log-every 0.1 >/dev/null 2>"$run.err" </dev/null &
    pid=$!
}
moving() { for _ in $(seq 200); do grep -qs "frames/s" "$1.err" && return; sleep 0.05; done; } # its first progress line
newest() { local f; f=$(ls "$1"/checkpoint-0*.h5 2>/dev/null | tail -1); f=${f##*-}; f=${f%.h5}; echo $((10#${f:-0})); }
left() { pgrep -fc -- "dunlin (train|resume) .*$1 "; }
ended() { # PID SECONDS: has it ended by then
    local i
    for i in $(seq $(($2 * 10))); do kill -0 "$1" 2>/dev/null || return 0; sleep 0.1; done
    return 1
}
tap_cleanup() { local p; for p in $(pgrep -f -- "--out $scratch/"); do kill -KILL "$p" 2>/dev/null; done; }

# an actor: the others finish, and the books say so
good=0 said=0
for i in 1 2 3; do
    run=$scratch/a$i
    start "$run" train --env corridor --frames 400000 --actors 3 --checkpoint-every 50000 --eval-every 100000 --eval-episodes 2 --out "$run"
    moving "$run"; pause 0.5
    victim=$(rank "$run" $((1 + i % 3)))
    [ -n "$victim" ] && kill -KILL "$victim"
    ended $pid 60 || kill -KILL $pid
    wait $pid && grep -q "^state done" "$run/status" && good=$((good + 1))
    "$dunlin" info "$run" --csv events | grep -q "actor-lost\|no-goodbye" && said=$((said + 1))
done 2>/dev/null
check "an actor killed at a random moment, 3 runs: all end done with status 0" is $good 3
check "and each has the event" is $said 3
lags_add_up() { # RUN
    is "$("$dunlin" info "$1" --csv lag | awk -F, 'NR > 1 { s += $2 } END { print s }')" \
        "$("$dunlin" info "$1" | awk '$1 == "updates" { print $2 }')"
}
check "the updates are those whose lags were counted" lags_add_up "$scratch/a1"

# everything at once, again and again: resumed each time, and the counters never go back
run=$scratch/b last=-1 forward=0 resumed=0
start "$run" train --env corridor --frames 1e9 --actors 2 --checkpoint-every 5000 --out "$run"
for i in 1 2 3 4; do
    moving "$run"; pause 1
    for p in $pid $(pgrep -f -- "dunlin (train|resume) .*$run "); do kill -KILL "$p"; done
    wait $pid
    while [ "$(left "$run")" != 0 ]; do sleep 0.05; done
    at=$(newest "$run")
    [ "$at" -ge "$last" ] && forward=$((forward + 1))
    last=$at
    start "$run" resume "$run" --frames $((i < 4 ? 1000000000 : at + 20000))
    [ $i = 4 ] || { moving "$run"; grep -q "at $at frames" "$run.err" && resumed=$((resumed + 1)); }
done 2>/dev/null
ended $pid 60; wait $pid
check "all killed at random moments and resumed: the last one ends with status 0" is $? 0
check "each went on from the newest checkpoint" is $resumed 3
check "checkpoints only moved forward" is $forward 4
check "the updates are those whose lags were counted, over all sessions" lags_add_up "$scratch/b"
run "$dunlin" info "$scratch/b" --csv train
check "rows after all that: frames and updates rise" awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
    $c["frames"] + 0 < f + 0 || $c["updates"] + 0 < u + 0 { exit 1 } { f = $c["frames"]; u = $c["updates"] } END { exit NR < 4 }' out

# two into one folder
run=$scratch/two
start "$run" train --env corridor --frames 1e9 --actors 1 --out "$run"
moving "$run"
run "$dunlin" train --env corridor --frames 1000 --actors 1 --out "$scratch/two" --force
check "--force on a folder that a training writes to: status 2" is "$status" 2
check "one line says so" says "still running"
kill -TERM $pid; wait $pid
touch "$scratch/two/run.sh" "$scratch/two/checkpoint-mine.h5"
run "$dunlin" train --env corridor --frames 1000 --actors 1 --out "$scratch/two" --force
check "--force once it has ended: status 0" is "$status" 0
check "and only the files of a run were removed" test -f "$scratch/two/run.sh" -a -f "$scratch/two/checkpoint-mine.h5"

# the master, the launcher, mpirun
for who in master launcher mpirun; do
    run=$scratch/$who
    start "$run" train --env corridor --frames 1e9 --actors 2 --out "$run"
    moving "$run"; pause 0.3
    case $who in
    master) victim=$(rank "$run" 0) ;;
    launcher) victim=$pid ;;
    mpirun) victim=$(pgrep -f -- "^mpirun .*$run ") ;;
    esac
    kill -KILL "$victim"
    for _ in $(seq 150); do [ "$(left "$run")" = 0 ] && break; sleep 0.1; done
    check "$who killed: nobody is left after 15 s" is "$(left "$run")" 0
    wait $pid
    check "$who killed: not status 0" test $? != 0
done 2>/dev/null
check "launcher killed: the run stopped with a checkpoint" grep -q "^state stopped" "$scratch/launcher/status"

# a stop signal during the start
run=$scratch/early
start "$run" train --env corridor --frames 1e9 --actors 2 --out "$run"
pause 0.6; sleep 0.1
kill -TERM $pid
ended $pid 30
check "SIGTERM during the start: it ends" is $? 0
wait $pid
check "with status 143" is $? 143
check "and nobody is left" is "$(left "$run")" 0
finish
