#!/usr/bin/env bash
# test_kill.sh -- processes die at random moments: what goes on, what is resumed, and that nobody is left behind. tests/soak has the
# long versions, also over several nodes.
. "$(dirname "$0")/tap.sh"
. "$source_dir/tests/kill.sh"
metered

# actors: the others finish, and log and run.h5 say so
kill_actors 3 4 --env "$metered" --frames 16000 --eval-every 0 --checkpoint-every 2000
check "3 actors killed at random moments: each named, all runs done, frames reached, event there" test ! -s wrong
sed "s/^/#   /" wrong

# everything at once, again and again: resumed each time, and the counters never go back
kill_jobs 3
check "all killed at random moments, and resumed from the newest checkpoint; no file broken, no counter back" test ! -s wrong
sed "s/^/#   /" wrong
check "at most checkpoint-every is lost, and what was played while one was written" at_least 2000 "$(largest lost)"

# an environment library crashes in one actor
run=$scratch/crash
start "$run" train --env "$metered" --frames 20000 --actors 3 --out "$run"
moving "$run"; touch "$scratch/crash-2"
ended $pid 60 || kill -KILL $pid
wait $pid
check "an environment crashes: status 0" is $? 0
check "state done, frames reached" awk '$1 == "state" { d = $2 } $1 == "frames" { f = $2 } END { exit !(d == "done" && f >= 20000) }' "$run/status"
check "its actor is named, with its host" grep -q "rank 2 on $(hostname): actor-lost" "$run.err"
check "and is in /events" is "$("$dunlin" info "$run" --csv events | grep -c ',2,actor-lost,')" 1
rm -f crash-2

# one hangs in an endless loop, under a typed mpirun: it holds up neither the others nor the end
run=$scratch/hang
mpirun --oversubscribe --enable-recovery -n 3 "$dunlin" train --env "$metered" --frames 1e9 --log-every 0.1 --out "$run" >/dev/null 2>"$run.err" </dev/null &
pid=$!
moving "$run"; touch "$scratch/hang-1"
check "an environment hangs: its actor is named" soon grep -q "rank 1 on .*: actor-silent" "$run.err"
check "and shown as silent" soon grep -q "^actor 1 .* state silent" "$run/status"
kill -USR1 $pid
check "a stop does not wait for it" ended $pid 30
check "nobody is left" soon none_left "$run"
check "state stopped" grep -q "^state stopped" "$run/status"
check "the checkpoint is of the stop" is "$(newest "$run")" "$(status_of "$run" frames)"
rm -f hang-1

# all actors: a checkpoint, and a state of its own
run=$scratch/all
start "$run" train --env "$metered" --frames 1e9 --actors 2 --checkpoint-every 1000000 --out "$run"
moving "$run"
for i in 1 2; do kill -KILL "$(rank "$run" $i)"; done 2>/dev/null
ended $pid 60
wait $pid
check "all actors killed: status 1" is $? 1
check "state lost-actors" grep -q "^state lost-actors" "$run/status"
check "with a checkpoint of the end" is "$(newest "$run")" "$(status_of "$run" frames)"

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
# what --force throws away it keeps until all ranks have what they need
run "$dunlin" train --env corridor --frames 1000 --actors 1 --out two --force --tensorboard two/logs/tb
mkdir two/other
touch two/other/events.out.tfevents.1700000000.dunlin.77 init-2
files() { find two -type f ! -name status -exec sha256sum {} + | sort; }
before=$(files)
run "$dunlin" train --env "$metered" --frames 1000 --actors 2 --out two --force
check "--force, a rank does not come up: it says so" grep -q "rank 2: .*not on this rank" err
check "--force, a rank does not come up: the old run is as it was" test "$status" != 0 -a "$(files)" = "$before"
rm init-2
run "$dunlin" train --env corridor --frames 1000 --actors 1 --out two --force
check "--force: curves of the old run in its folder go, too" test "$status" = 0 -a ! -e two/logs/tb
check "--force: those of another run stay" test -e two/other/events.out.tfevents.1700000000.dunlin.77
# a resume under mpirun reads no checkpoint of a run that another process may still write to
for f in two/checkpoint-0*.h5; do : >"$f"; done
run flock two mpirun --oversubscribe -n 2 "$dunlin" resume two
check "a folder that another holds is not read for a resume" says "still running"

# the master, the launcher, mpirun
for who in master launcher mpirun; do
    run=$scratch/$who
    start "$run" train --env corridor --frames 1e9 --actors 2 --out "$run"
    moving "$run"; pause 0.3
    case $who in
    master) victim=$(rank "$run" 0) ;;
    launcher) victim=$pid ;;
    mpirun) victim=$(mpirun_of "$run") ;;
    esac
    kill -KILL "$victim"
    check "$who killed: nobody is left after half a minute" soon none_left "$run"
    wait $pid
    check "$who killed: not status 0" test $? != 0
done 2>/dev/null
check "launcher killed: the run stopped with a checkpoint" grep -q "^state stopped" "$scratch/launcher/status"

check "master killed: the state is not running" grep -q "^state failed" "$scratch/master/status"

# every command that starts ranks ends them, whenever its launcher is killed: here before the run began, as soon as there are ranks
launchers=""
orphan() { # NAME COMMAND...: kills it once its rank 1 is there; where it was over before, another
    local name=$1 p=; shift
    for _ in 1 2 3; do
        DUNLIN_WHO=$name "$@" >/dev/null 2>&1 </dev/null &
        pid=$!
        for _ in $(seq 600); do
            for p in $(processes); do
                grep -qzxF "DUNLIN_WHO=$name" "/proc/$p/environ" 2>/dev/null && grep -qzxF OMPI_COMM_WORLD_RANK=1 "/proc/$p/environ" && break 2
            done
            kill -0 $pid 2>/dev/null || break
            sleep 0.02
        done
        kill -KILL $pid 2>/dev/null && launchers="$launchers $name" && return
    done
}
orphan train "$dunlin" train --env corridor --frames 1e9 --actors 2 --out "$scratch/orphan"
orphan resume "$dunlin" resume "$scratch/launcher"
orphan doctor "$dunlin" doctor --env corridor
orphan bench "$dunlin" bench server --seconds 20
orphan typed mpirun --oversubscribe -n 2 "$dunlin" bench server --seconds 20
wait 2>/dev/null
check "launchers killed at the start: all of them were" is "$launchers" " train resume doctor bench typed"
check "launchers killed at the start: nobody is left" soon none_left

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
