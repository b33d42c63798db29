#!/usr/bin/env bash
# test_stopped.sh -- who lives is not dead: processes that are stopped for longer than --patience, or whose environment
# takes longer for a step, on one node. All runs at once; the times are small multiples of a patience of one second.
. "$(dirname "$0")/tap.sh"
. "$source_dir/tests/kill.sh"
metered
export DUNLIN_SLOW=7
words=(--env "$metered" --patience 1 --checkpoint-every 1000000 --log-every 0.1)
declare -A pids
faults() { export DUNLIN_FAULTS=$scratch/faults-$1; mkdir "$DUNLIN_FAULTS"; }
everybody() { local r; for r in 0 1 2; do [ -n "$(rank "$1" $r)" ] || return 1; done; }
tell() { local s=$1 p; shift; for p in "$@"; do kill "-$s" "$p"; done; }
begin() { # RUN WORDS...
    local run=$1; shift
    start "$scratch/$run" train "${words[@]}" --actors 2 --out "$scratch/$run" "$@"
    pids[$run]=$pid
}
typed() { # RUN WORDS...: under a mpirun without --enable-recovery
    local run=$1; shift
    mpirun --oversubscribe -n 3 "$dunlin" train "${words[@]}" --out "$scratch/$run" "$@" >/dev/null 2>"$run.err" \
        </dev/null &
    pids[$run]=$!
}

faults first; touch faults-first/slow-1 faults-first/slow-2 # before the first gradient five times the patience is given
begin first --frames 500
for run in master actors; do faults $run; begin $run --frames 1e9; done
faults final; typed final --frames 3000 --eval-every 1000000 --eval-episodes 1
faults typed; typed typed --frames 1e9
for run in master actors final typed; do moving "$scratch/$run"; done
touch faults-final/slow-0
stopped="$(rank "$scratch/master" 0) $(rank "$scratch/typed" 0) $(rank "$scratch/actors" 1) $(rank "$scratch/actors" 2)"
# shellcheck disable=SC2086
tell STOP $stopped
check "all actors stopped: they are shown as silent" soon grep -q "^actor 2 .* state silent" actors/status
check "all actors stopped: the run goes on" grep -q "^state running" actors/status
# shellcheck disable=SC2086
tell CONT $stopped
check "all actors stopped: they come back" soon grep -q "rank 2 on .*: actor-back" actors.err

# Ctrl-Z, and fg
states() { local r; for r in 0 1 2; do cut -d' ' -f3 "/proc/$(rank "$1" $r)/stat"; done | tr -d '\n'; }
all() { [ "$(states "$1")$(cut -d' ' -f3 "/proc/$2/stat")" = TTTT ]; }
kill -TSTP "${pids[actors]}"
check "Ctrl-Z: launcher and ranks are stopped" soon all "$scratch/actors" "${pids[actors]}"
kill -CONT "${pids[actors]}"
for run in master typed actors; do
    before=$(status_of $run frames)
    further() { [ "$(status_of $run frames)" -gt $((before + 200)) ]; }
    check "$run stopped: training goes on" soon further
    check "$run stopped: nobody has ended" everybody "$scratch/$run"
    if [ $run = typed ]; then kill -USR1 "${pids[$run]}"; else kill -TERM "${pids[$run]}"; fi
    ended "${pids[$run]}" 30
    check "$run stopped: state stopped" grep -q "^state stopped" $run/status
    check "$run stopped: its last checkpoint is of the stop" is "$(newest $run)" "$(status_of $run frames)"
done
check "a slow first step: the run is done" ended "${pids[first]}" 30
check "a slow first step: state done" grep -q "^state done" first/status
check "a slow step of the final evaluation: the run is done" ended "${pids[final]}" 30
wait "${pids[final]}"
check "a slow step of the final evaluation: status 0" is $? 0
check "a slow step of the final evaluation: its score stands" grep -q "^eval-mean [0-9]" final/status
check "nobody is left" soon none_left
finish
