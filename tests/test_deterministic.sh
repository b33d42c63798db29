#!/usr/bin/env bash
# test_deterministic.sh -- `--deterministic`: the same seed gives the same bits, and a run that was killed at random moments and
# resumed equals one that was not. tests/same_run.py compares. SEED=N in the environment repeats a run's moments.
# MATRIX=wide (tests/soak/deterministic.sh) takes every environment with every algorithm.
. "$(dirname "$0")/tap.sh"
RANDOM=${SEED:=$RANDOM}
echo "# SEED=$SEED"
matrix=${MATRIX:-short}
venv=${DUNLIN_VENV:-$source_dir/build/venv}
python=$venv/bin/python
if ! "$python" -c 'import h5py' 2>/dev/null; then
    command -v python3 >/dev/null && python3 -m venv "$venv" >&2 && "$venv/bin/pip" install -q numpy h5py >&2
    "$python" -c 'import h5py' 2>/dev/null || { skip "all of it" "h5py cannot be installed"; finish; }
fi
pause() { sleep "$(awk -v r=$RANDOM -v least="$1" -v most="$2" 'BEGIN { print least + (most - least) * r / 32768 }')"; }
ours() { pgrep -f -- "dunlin (train|resume) .*$scratch/$1( |$)"; } # the processes of a run: launcher, mpirun, ranks
rank() { # RUN N: its process
    local p
    for p in $(ours "$1"); do
        tr '\0' '\n' <"/proc/$p/environ" 2>/dev/null | grep -q "^OMPI_COMM_WORLD_RANK=$2$" && echo "$p" && return
    done
}
nodes=
tap_cleanup() { local p; [ -z "$nodes" ] || "$source_dir/tests/cluster/nodes.sh" down "$nodes"; for p in $(pgrep -f -- "$scratch/"); do kill -KILL "$p" 2>/dev/null; done; }
same() { "$python" "$source_dir/tests/same_run.py" "$@" >out 2>err; }
different() { "$python" "$source_dir/tests/same_run.py" "$@" >out 2>err; [ $? = 1 ] && ! [ -s err ]; }
train() { # RUN RANKS WORDS...: from start to end
    local run=$1 ranks=$2; shift 2
    RUN_LIMIT=300 run "$dunlin" train --deterministic --actors $((ranks - 1)) --out "$scratch/$run" "$@"
    [ "$status" = 0 ]
}
newest() { ls "$1"/checkpoint-0*.h5 2>/dev/null | tail -1; }
# The whole job dies by SIGNAL at a random moment, mostly after it has saved something; KILL takes every process at once
session_that_dies() { # RUN SIGNAL WORDS...
    local run=$1 signal=$2 pid before i; shift 2
    before=$(newest "$run")
    "$dunlin" "$@" >out 2>>"$run.err" </dev/null &
    pid=$!
    for i in $(seq 200); do
        kill -0 $pid 2>/dev/null || break
        [ "$(newest "$run")" != "$before" ] && [ "$(newest "$run")" != "$run/checkpoint-000000000000.h5" ] && break
        sleep 0.02
    done
    [ "$signal" = ACTOR ] || pause 0 0.3
    if [ "$signal" = ACTOR ]; then # one alone: the others must not go on without it
        kill -KILL "$(rank "$run" 1)" 2>/dev/null
    elif [ "$signal" = KILL ]; then
        # mpirun may be starting another one meanwhile
        # shellcheck disable=SC2046
        while [ -n "$(ours "$run")" ]; do kill -KILL $(ours "$run") 2>/dev/null; sleep 0.02; done
    else
        kill -"$signal" $pid 2>/dev/null
    fi
    wait $pid 2>/dev/null
    for i in $(seq 300); do [ -n "$(ours "$run")" ] || break; sleep 0.05; done
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
    RUN_LIMIT=300 run "$dunlin" resume "$scratch/$run"
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

# the same seed, another seed, another number of ranks
short="--env cartpole --frames 20000 --checkpoint-every 4000 --eval-every 6000 --eval-episodes 3 --log-frames 1000"
# shellcheck disable=SC2086
{
check "a deterministic run ends with status 0" train one 3 $short
check "its twin, too" train two 3 $short --log-every 0.05
check "the same seed: the same bits" same one two
train three 3 $short --seed 2
check "another seed: other weights" different --params one three
train four 4 $short
check "another number of ranks: other weights" different --params one four
}
run "$dunlin" resume one --actors 3 --frames 30000
check "resumed with other ranks: status 2" is "$status" 2
check "resumed with other ranks: one line" says "--deterministic" "3 ranks" "--actors 2"
run "$dunlin" train --env cartpole --deterministic --consistency hogwild --out h
check "with hogwild: status 2" is "$status" 2
check "with hogwild: one line" says deterministic hogwild versioned
run "$dunlin" resume one --deterministic false
check "resumed as asynchronous: status 2" is "$status" 2
"$dunlin" info one --csv train >out
check "rows of /train fall on multiples of log-frames" awk -F, 'NR > 1 { if (int($2 / 1000) <= last) exit 1; last = int($2 / 1000) }
    END { exit !(NR == 21) }' out

# The emulator and games are fetched where they are missing; without a network that is skipped, but not where everything can be had
atari() {
    if ! bash "$source_dir/run/fetch-atari.sh" "${DUNLIN_ATARI_DIR:=$source_dir/build/atari}" >out 2>err; then
        if [ -n "${CI:-}" ] || [ "$(id -u)" = 0 ]; then check "the emulator and the games can be fetched" false
        else skip "atari" "the emulator or the games cannot be fetched"; fi
        return 1
    fi
    export DUNLIN_ATARI_DIR
}

# where the actors are does not matter: two nodes and one
if nodes=$("$source_dir/tests/cluster/nodes.sh" up 2 2 2>why); then
    # shellcheck disable=SC2086
    RUN_LIMIT=200 run "$source_dir/tests/cluster/nodes.sh" run "$nodes" mpirun --hostfile "$nodes/hostfile" -n 4 "$dunlin" train \
        --deterministic $short --out "$scratch/far"
    check "on two nodes: status 0" is "$status" 0
    check "on two nodes: the bits of one" same four far
    # rank 0 by itself: the evaluations, too, are asked for through a relay, and must be known before the weights behind them
    often="--env corridor --algo n-step-q --net mlp:64 --frames 10000 --eval-every 100 --eval-episodes 1 --log-frames 1000 --seed 1"
    # shellcheck disable=SC2086
    RUN_LIMIT=100 run "$source_dir/tests/cluster/nodes.sh" run "$nodes" mpirun --host \
        "$("$source_dir/tests/cluster/nodes.sh" host "$nodes" 1):1,$("$source_dir/tests/cluster/nodes.sh" host "$nodes" 2):2" -n 3 \
        "$dunlin" train --deterministic $often --out "$scratch/remote"
    check "all actors behind a relay, evaluations all the time: status 0" is "$status" 0
    # shellcheck disable=SC2086
    run "$dunlin" train --deterministic $often --actors 2 --out "$scratch/near"
    check "all actors behind a relay: the bits of one node" same near remote
else
    nodes=
    skip "on two nodes: the bits of one" "$(sed 's/nodes.sh: //' why)"
fi

# one actor dies: the others must not go on without it
"$dunlin" train --deterministic --env corridor --actors 2 --frames 1e9 --eval-every 0 --out "$scratch/alone" --log-every 0.1 >out 2>err </dev/null &
pid=$!
for _ in $(seq 600); do grep -q "frames/s" err && break; sleep 0.1; done
kill -KILL "$(rank alone 2)"
wait $pid
check "the death of one actor: status 1" is $? 1
check "the death of one actor: state lost-actors" grep -q "^state lost-actors" alone/status
check "the death of one actor: the line says why" grep -q "rank 2 is gone, and a deterministic run goes on with all or none" err

# killed and resumed
few="--checkpoint-every 2000 --eval-every 9000"
if [ "$matrix" = short ]; then
# shellcheck disable=SC2086
{
case_of "cartpole a3c" 3 "KILL USR1" --env cartpole --frames 60000 $few
case_of "cartpole a3c, adam" 3 "KILL" --env cartpole --optimizer adam --frames 30000 $few
case_of "cue a3c lstm, 3 environments, rmsprop" 2 "TERM" --env cue --envs-per-actor 3 --optimizer rmsprop --frames 60000 $few
case_of "mountaincar one-step-sarsa, momentum-sgd" 7 "KILL" --env mountaincar --algo one-step-sarsa --optimizer momentum-sgd \
    --frames 60000 --target-every 700 --eps-frames 30000 $few
case_of "acrobot n-step-q lstm" 3 "USR1" --env acrobot --algo n-step-q --lstm 8 --frames 20000 --target-every 900 $few
case_of "corridor one-step-q, 2 environments" 3 "ACTOR" --env corridor --algo one-step-q --envs-per-actor 2 --frames 100000 $few
case_of "catch a3c" 3 "KILL" --env catch --frames 4000 --checkpoint-every 300 --eval-every 2000
! atari || case_of "pong a3c, sticky, 2 environments" 3 "KILL" --env atari:pong --sticky 0.25 --envs-per-actor 2 --frames 16000 \
    --checkpoint-every 2000 --eval-every 0
}
else
for env in catch cartpole acrobot mountaincar corridor cue; do
    for algo in one-step-q one-step-sarsa n-step-q a3c; do
        for ranks in 2 3 7; do
            frames=60000 each=1500
            [ $env = catch ] && frames=6000 each=300
            lstm=0
            case $algo in a3c | n-step-q) lstm=$((RANDOM % 2 * 8)) ;; esac
            optimizer=$(shuf -e -n 1 --random-source=<(yes $RANDOM) shared-rmsprop rmsprop momentum-sgd adam)
            envs=$((1 + RANDOM % 3))
            case_of "$env $algo lstm $lstm $optimizer envs $envs" $ranks "KILL $(shuf -e -n 1 KILL TERM USR1 ACTOR) KILL" --env $env \
                --algo $algo --lstm $lstm --optimizer "$optimizer" --envs-per-actor $envs --frames $frames \
                --checkpoint-every $each --eval-every $((3 * each)) --target-every 700 --eps-frames $((frames / 2)) \
                --t-max $((1 + RANDOM % 12))
        done
    done
done
atari && for game in pong breakout seaquest; do
    case_of "$game a3c" 3 "KILL USR1 ACTOR" --env atari:$game --frames 60000 --checkpoint-every 5000 --eval-every 0
    case_of "$game n-step-q lstm, sticky, 2 environments" 3 "KILL TERM KILL" --env atari:$game --algo n-step-q --lstm 16 --sticky 0.25 \
        --envs-per-actor 2 --frames 60000 --checkpoint-every 5000 --eval-every 30000 --eval-episodes 1 --target-every 3000 --eps-frames 50000
done
fi
check "the runs were interrupted (sessions: $sessions)" at_least $sessions 4
finish
