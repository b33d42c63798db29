#!/usr/bin/env bash
# test_train.sh -- the whole way: train, files, eval, info, plot, resume, signals, damage.
. "$(dirname "$0")/tap.sh"
tap_cleanup() { kill_all; }
until_it_plays() { for _ in $(seq 600); do grep -q "%  frames [1-9].* frames/s" err && break; sleep 0.1; done; } # by its line in err

cores=$(getconf _NPROCESSORS_ONLN) threads=$((cores < 64 ? cores : 64))
run "$dunlin" train --env cartpole --frames 1000 --eval-every 0 --master-threads $threads --out threads
check "rank 0's threads take the cores of actors" grep -q -- " -n $((cores - threads + 2)) " err

# alone: launches itself; one actor, short
run "$dunlin" train --env catch --frames 20000 --actors 2 --out a --eval-every 10000 --eval-episodes 5 --checkpoint-every 5000 \
    --log-every 0.2
check "train alone: status 0" is "$status" 0
check "it says the line it runs" grep -q "^launching: mpirun" err
check "nothing on stdout" test ! -s out
check "status says done" grep -q "^state done" a/status
check "progress lines with rate, return and lag" grep -qE "frames/s .*updates/s .*return .*lag" err
check "best weights are kept" test -s a/checkpoint-best.h5
check "three checkpoints are kept" is "$(ls a/checkpoint-0*.h5 | wc -l)" 3
run "$dunlin" info a
check "info: status 0" is "$status" 0
check "info: frames" at_least "$(value frames)" 20000
check "info: the environment's learning rate and its origin are there" grep -q "^lr " out
for t in train episodes eval lag events actors; do
    run "$dunlin" info a --csv $t
    check "csv of $t" test "$status" = 0 -a "$(wc -l <out)" -ge 1
done
run "$dunlin" info a --csv lag
check "lags add up to the updates" is "$(awk -F, 'NR > 1 { s += $2 } END { print s }' out)" \
    "$("$dunlin" info a | awk '$1 == "updates" { print $2 }')"
run "$dunlin" info a --csv actors
check "the actors' frames add up" is "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "frames") f = i } NR > 2 { s += $f } END { print s }' out)" \
    "$("$dunlin" info a | awk '$1 == "frames" { print $2 }')"
run "$dunlin" eval a --episodes 20
check "eval: one line of pairs" test "$status" = 0 -a "$(wc -l <out)" = 1
check "eval: its words" grep -qE "^episodes 20 mean .* median .* std .* min .* max .* frames [0-9]+ policy sampled$" out
cp out first; run "$dunlin" eval a --episodes 20
check "eval: the same seed plays the same games" cmp -s first out
run "$dunlin" plot a --out a.png
check "plot: a PNG" test "$status" = 0 -a "$(head -c 4 a.png | tail -c 3)" = PNG

# out that exists
run "$dunlin" train --env catch --frames 5000 --actors 1 --out a
check "out that holds a run: status 2" is "$status" 2
check "out that holds a run: the line names resume and --force" says resume --force
check "it was not touched" grep -q "^state done" a/status

# resume: goes on, may not change what the run is
for words in --force "--out elsewhere" --or-resume; do
    # shellcheck disable=SC2086
    run "$dunlin" resume a $words
    check "resume $words: status 2" is "$status" 2
    check "resume $words: one line" says "${words%% *}: resume goes on in the folder that it is given"
done
run "$dunlin" resume a --frames 40000
check "resume: status 0" is "$status" 0
run "$dunlin" info a
check "resume: frames went on" at_least "$(value frames)" 40000
check "resume: session counted" is "$(value session)" 1
run "$dunlin" info a --csv train
check "resume: rows of both sessions, frames rising" \
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "frames") f = i; next } $f + 0 < last + 0 { exit 1 } { last = $f } END { exit !(NR > 5 && last >= 40000) }' out
DUNLIN_NODES=2nodes run "$dunlin" resume a --frames 40500
check "DUNLIN_NODES that is no number: a line, and not heeded" test "$status" = 0 -a "$(grep -c "DUNLIN_NODES is '2nodes', which is not heeded; allowed: .* up to 3" err)" = 1
run "$dunlin" resume a --net mlp
check "resume with another net: status 2" is "$status" 2
check "resume with another net: one line" says net small
run "$dunlin" train --env catch --frames 50000 --actors 2 --out a --or-resume
check "train --or-resume goes on" is "$status" 0
run "$dunlin" resume a --actors 1 --frames 60000
check "resume with fewer actors: status 0" is "$status" 0
run "$dunlin" resume a --actors 4 --frames 70000
check "resume with more actors: status 0" is "$status" 0
check "it says who starts afresh" grep -q "of 4 actors start afresh" err
run "$dunlin" resume a --frames 75000
check "resume with nothing said: as many actors as before" grep -q ": 4 actors, 75000 frames" err

# an average of the weights beside them; it may begin and end at a resume
run "$dunlin" train --env corridor --actors 1 --frames 4000 --eval-every 2000 --ema 0.999 --out e
last=$("$dunlin" info e --csv eval | tail -1 | cut -d, -f1) # one before may be cut off by the end of so short a run
check "an average: evaluated behind the weights" grep -q ",eval-ema,.* at $last frames" <("$dunlin" info e --csv events)
run "$dunlin" eval e; cp out first; run "$dunlin" eval e --ema
check "an average: eval plays it" bash -c 'test -s out && ! cmp -s first out'
bias() { h5dump -d "/$1/v/bias" -y -w 1 "$(ls e/checkpoint-0*.h5 | tail -1)" | grep -Eo '^ +[-0-9.e]+,?$' | tr -d ' ,'; }
exported() { "$dunlin" export e "$@" --out e.csv && awk -F, '$1 == "v.bias" { print $NF }' e.csv; }
if command -v h5dump >/dev/null; then
    check "an average: export writes it" awk -v a="$(bias ema)" -v b="$(exported --ema)" -v c="$(bias params)" -v d="$(exported)" \
        'BEGIN { exit !(a != c && (a - b) ^ 2 < 1e-9 && (c - d) ^ 2 < 1e-9) }'
else
    skip "an average: export writes it" "there is no h5dump"
fi
run "$dunlin" resume e --frames 6000 --ema 0; run "$dunlin" eval e --ema
check "no average: status 2 and one line" test "$status" = 2 -a "$(wc -l <err)" = 1
run "$dunlin" export e --ema --out e.csv
check "no average: export, too" says "/ema" "train --ema"
run "$dunlin" resume e --frames 8000 --ema 0.5; run "$dunlin" eval e --ema --episodes 2
check "an average that begins at a resume: status 0" is "$status" 0
# targets without a network of their own, and with one from a resume on
run "$dunlin" train --env corridor --algo n-step-q --target-every 0 --actors 1 --frames 2000 --eval-every 0 --out t
run "$dunlin" resume t --frames 4000 --target-every 500
check "a target network that begins at a resume: status 0" is "$status" 0

# damage: a flipped bit, a truncation; resume falls back, eval refuses
newest=$(ls a/checkpoint-0*.h5 | tail -1)
before=$(ls a/checkpoint-0*.h5 | tail -2 | head -1)
printf '\377' | dd of="$newest" bs=1 seek=20000 conv=notrunc status=none
run "$dunlin" eval "$newest"
check "eval of a bit-flipped checkpoint: not 0" test "$status" != 0
check "its line names the file" says "$newest"
run "$dunlin" resume a --frames 80000
check "resume skips the damaged one" is "$status" 0
check "and says so" grep -q "$(basename "$newest")" err
check "it went on from the one before" grep -q "resuming a at $(echo "$before" | grep -oE '[0-9]{12}' | sed 's/^0*//') frames" err
newest=$(ls a/checkpoint-0*.h5 | tail -1)
truncate -s 30000 "$newest"
run "$dunlin" eval "$newest"
check "eval of a truncated checkpoint: not 0" test "$status" != 0

# signals to the self-launched run, and a kill
for sig in INT TERM USR1; do
    : >err # or the old one is read until the program begins
    "$dunlin" train --env catch --frames 1e9 --actors 2 --out s$sig --log-every 0.2 >out 2>err </dev/null &
    pid=$!
    until_it_plays
    kill -$sig $pid; wait $pid; status=$?
    case $sig in INT) want=130 ;; *) want=143 ;; esac
    check "SIG$sig alone: status $want" is $status $want
    check "SIG$sig alone: state stopped" grep -q "^state stopped" s$sig/status
    check "SIG$sig alone: the reason is the signal that came" grep -q "^reason SIG$sig$" s$sig/status
    check "SIG$sig alone: the end says what was saved, and how to go on" \
        grep -qE "^saved: checkpoint-[0-9]{12}.h5; goes on with: dunlin resume s$sig$" <(tail -1 err)
    check "SIG$sig alone: mpirun says nothing" is "$(grep -ci 'mpirun\|forwarding\|signal 1' <(grep -v '^launching' err))" 0
    check "SIG$sig alone: nothing of it is left running" none_left s$sig
    check "SIG$sig alone: its checkpoint is of the stop" at_least "$("$dunlin" info s$sig | awk '$1 == "frames" { print $2 }')" 1
done
# a start that hangs in the environment, before there are ranks
"${CC:-cc}" -O2 -shared -fPIC -I "$source_dir/include" "$source_dir/tests/metered_env.c" -o metered.so || exit 1
for where in open reset; do
    for sig in INT TERM; do
        : >opens
        : >err # or the old one is read until the program begins
        DUNLIN_HANGS=$where DUNLIN_OPENS=$PWD/opens "$dunlin" train --env "lib:$PWD/metered.so" --out h$where$sig >out 2>err </dev/null &
        pid=$!
        for _ in $(seq 600); do [ -s opens ] && break; sleep 0.1; done
        sleep 0.2
        kill -$sig $pid
        for _ in $(seq 50); do kill -0 $pid 2>/dev/null || break; sleep 0.1; done
        kill -KILL $pid 2>/dev/null; wait $pid; status=$?
        case $sig in INT) want=130 ;; *) want=143 ;; esac
        check "SIG$sig while $where hangs: status $want" is $status $want
        check "SIG$sig while $where hangs: one line" says "stopped before the run began"
    done
done
for _ in 1 2 3; do # it kills a second after it: a machine may stand still for as long, but not thrice
    rm -rf m
    : >err # or the old one is read until the program begins
    mpirun --oversubscribe -n 3 "$dunlin" train --env catch --frames 1e9 --out m --log-every 0.2 >out 2>err </dev/null &
    pid=$!
    until_it_plays
    kill -TERM $pid; wait $pid
    ! grep -q "^state stopped" m/status || break
done
check "SIGTERM to a typed mpirun: state stopped" grep -q "^state stopped" m/status
check "SIGTERM to a typed mpirun: a checkpoint beyond frame 0" at_least "$("$dunlin" info m | awk '$1 == "frames" { print $2 }')" 1

: >err # or the old one is read until the program begins
"$dunlin" train --env catch --frames 1e9 --actors 2 --out k --log-every 0.2 --checkpoint-every 3000 >out 2>err </dev/null &
pid=$!
for _ in $(seq 600); do ls k/checkpoint-0*.h5 2>/dev/null | grep -qv checkpoint-000000000000 && break; sleep 0.1; done
sleep 0.3
until none_left k; do kill_all k; done
wait $pid
run "$dunlin" top k --once
check "top: the master is gone, and how it goes on" grep -q "^k: its master is gone.*dunlin resume k" out
reached=$(ls k/checkpoint-0*.h5 | tail -1 | grep -oE '[0-9]{12}' | sed 's/^0*//')
run "$dunlin" resume k --frames $((reached + 20000))
check "SIGKILL of everything, then resume: status 0" is "$status" 0
check "it went on from the newest checkpoint" grep -q "resuming k at $reached frames" err
check "it says in a line what is not restored" is "$(grep -c "not restored: the rollouts under way" err)" 1

# a job that was made less urgent stays so: its actors are less urgent still
: >err # or the old one is read until the program begins
nice -n 10 "$dunlin" train --env cartpole --frames 1e9 --actors 1 --out polite --log-every 0.1 >out 2>err </dev/null &
pid=$!
until_it_plays
nices=$(for p in $(processes polite); do awk '{ print $19 }' "/proc/$p/stat" 2>/dev/null; done | sort -n | tr '\n' ' ')
own=$(($(nice) + 15)) # the scale ends at 19
check "nice 10 and an actor's 5 are 15 (found: $nices)" is "$(tr ' ' '\n' <<<"$nices" | grep . | tail -n 1)" $((own < 19 ? own : 19))
check "only the actor's" test "$own" -gt 15 -o "$(tr ' ' '\n' <<<"$nices" | grep -cx 15)" = 1
kill -INT $pid; wait $pid

# an actor dies: the others go on to the end
: >err # or the old one is read until the program begins
"$dunlin" train --env "lib:$PWD/metered.so" --frames 20000 --actors 3 --out d --log-every 0.2 >out 2>err </dev/null &
pid=$!
until_it_plays
kill -KILL "$(rank d 2)"; wait $pid; status=$?
check "an actor is killed: status 0" is $status 0
check "an actor is killed: done" grep -q "^state done" d/status
run "$dunlin" info d --csv events
check "an actor is killed: the event says so" grep -q "actor-lost" out
finish
