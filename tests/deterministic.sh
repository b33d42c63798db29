# deterministic.sh -- sourced by test_deterministic*.sh: runs of --deterministic, their twins, and those that are killed and resumed;
# tests/same_run.py compares. SEED=N in the environment repeats a run's moments.
# shellcheck shell=bash disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
. "$source_dir/tests/venv.sh"
RANDOM=${SEED:=$RANDOM}
echo "# SEED=$SEED"
venv_has h5py numpy h5py >err 2>&1 || { skip "all of it" "h5py cannot be installed"; finish; }
pause() { sleep "$(awk -v r=$RANDOM -v least="$1" -v most="$2" 'BEGIN { print least + (most - least) * r / 32768 }')"; }
nodes=
tap_cleanup() { [ -z "$nodes" ] || "$source_dir/tests/cluster/nodes.sh" down "$nodes"; kill_all; }
same() { "$python" "$source_dir/tests/same_run.py" "$@" >out 2>err; }
different() { "$python" "$source_dir/tests/same_run.py" "$@" >out 2>err; [ $? = 1 ] && ! [ -s err ]; }
train() { # RUN RANKS WORDS...: from start to end
    local run=$1 ranks=$2; shift 2
    run "$dunlin" train --deterministic --actors $((ranks - 1)) --out "$scratch/$run" "$@"
    [ "$status" = 0 ]
}
newest() { ls "$1"/checkpoint-0*.h5 2>/dev/null | tail -1; }
# The whole job dies by SIGNAL at a random moment, mostly after it has saved something; KILL takes every process at once
session_that_dies() { # RUN SIGNAL WORDS...
    local run=$1 signal=$2 pid before i; shift 2
    before=$(newest "$run")
    "$dunlin" "$@" >out 2>>"$run.err" </dev/null &
    pid=$!
    for i in $(seq 1500); do
        kill -0 $pid 2>/dev/null || break
        [ "$(newest "$run")" != "$before" ] && [ "$(newest "$run")" != "$run/checkpoint-000000000000.h5" ] && break
        sleep 0.02
    done
    [ "$signal" = ACTOR ] || pause 0 0.3
    if [ "$signal" = ACTOR ]; then # one alone: the others must not go on without it
        kill -KILL "$(rank "$scratch/$run" 1)" 2>/dev/null
    elif [ "$signal" = KILL ]; then
        # mpirun may be starting another one meanwhile
        until none_left "$scratch/$run"; do kill_all "$scratch/$run"; done
    else
        kill -"$signal" $pid 2>/dev/null
    fi
    wait $pid 2>/dev/null
    for i in $(seq 300); do ! none_left "$scratch/$run" || break; sleep 0.05; done
}
interrupted() { # RUN RANKS SIGNALS WORDS...: the same with a death for each signal
    local run=$1 ranks=$2 signals=$3 signal first=1; shift 3
    for signal in $signals; do
        if [ $first = 1 ]; then
            session_that_dies "$run" "$signal" train --deterministic --actors $((ranks - 1)) --out "$scratch/$run" "$@"
        else
            session_that_dies "$run" "$signal" resume "$scratch/$run"
        fi
        first=0
    done
    run "$dunlin" resume "$scratch/$run"
    cat err >>"$run.err"
    [ "$status" = 0 ]
}
sessions=0
case_of() { # NAME RANKS SIGNALS WORDS...
    local name=$1 ranks=$2 signals=$3; shift 3
    rm -rf whole broken broken.err
    check "$name, $ranks ranks: runs" train whole "$ranks" --log-every 0.2 --log-frames 500 --eval-episodes 3 "$@"
    check "$name, $ranks ranks: resumed after $signals" interrupted broken "$ranks" "$signals" --log-every 0.2 \
        --log-frames 500 --eval-episodes 3 "$@"
    check "$name, $ranks ranks: the same bits" same whole broken
    sessions=$((sessions + $("$dunlin" info broken | awk '$1 == "session" { print $2 }')))
}
# as short as a run can be that is looked at, evaluated and saved
short="--env cartpole --frames 20000 --checkpoint-every 4000 --eval-every 6000 --eval-episodes 3 --log-frames 1000"
# The emulator and games are fetched where they are missing; without a network that is skipped, but not where everything can be had
atari() {
    if ! bash "$source_dir/run/fetch-atari.sh" "${DUNLIN_ATARI_DIR:=$source_dir/build/atari}" >out 2>err; then
        if [ -n "${CI:-}" ] || [ "$(id -u)" = 0 ]; then check "the emulator and the games can be fetched" false
        else skip "atari" "the emulator or the games cannot be fetched"; fi
        return 1
    fi
    export DUNLIN_ATARI_DIR
}
