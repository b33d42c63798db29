#!/usr/bin/env bash
# test_paper.sh -- the scripts that compare as the paper does: what they print, and that a training ends with the script that started
# it, which takes none that was cut for one that has had its time.
. "$(dirname "$0")/tap.sh"
tap_cleanup() { kill_all; }
export DUNLIN=$dunlin ACTORS=1

OUT=$scratch/figure ALGOS="n-step-q a3c" MINUTES=1 run "$source_dir/run/paper-figure1.sh" corridor --frames 2000 --eval-every 1000
check "paper-figure1.sh: status 0" is "$status" 0
check "paper-figure1.sh: minutes and score of each algorithm" is "$(grep -c '^| \(n-step-q\|a3c\) | 0\.[0-9]: [-0-9.]*\(, 0\.[0-9]: [-0-9.]*\)* |$' out)" 2
check "paper-figure1.sh: both have had their time" [ -e figure/n-step-q.done -a -e figure/a3c.done ]
OUT=$scratch/figure ALGOS=a3c MINUTES=none run "$source_dir/run/paper-figure1.sh" corridor
check "paper-figure1.sh: no minutes: status 2" is "$status" 2
check "paper-figure1.sh: no minutes: one line" grep -q "MINUTES is 'none'; allowed" err
for changed in "MINUTES=2 --frames 2000" "MINUTES=1 --frames 3000"; do
    OUT=$scratch/figure ALGOS=a3c run env "${changed%% *}" "$source_dir/run/paper-figure1.sh" corridor ${changed#* } --eval-every 1000
    check "paper-figure1.sh, what had its time is asked for with $changed: status 2, a line" \
        is "$status $(grep -c "figure/a3c: it was begun with '.*', not '.*${changed%% *}\|${changed#* }.*'; give" err) $(grep -c . err)" "2 1 1"
done
OUT=$scratch/eighth ALGOS=dqn EVERY=808 MINUTES=1 run "$source_dir/run/paper-figure1.sh" corridor --frames 300 --replay-start 100 --memory 1000
check "paper-figure1.sh: dqn is evaluated eight times as often" grep -q '^eval-every = 101' eighth/dqn/options.ini

OUT=$scratch/replay EVALS=2 FRAMES=2e3 MINUTES=1 run "$source_dir/run/replay.sh" corridor 0.9 --replay-start 100 --memory 1000 --out "$scratch/elsewhere"
check "replay.sh: status 0" is "$status" 0
check "replay.sh: a row for each, the memory and the passes of a step" is "$(grep -c '^| \(a3c\|n-step-q\|dqn\) | 1 |.* [1-9][0-9]* MB | [0-9.]* |$' out)" 3
check "replay.sh: an --out among its words is not what its runs go to" [ ! -e elsewhere ]
check "replay.sh: processor time of each run" \
    is "$(awk '$1 > 0.01 && $1 < 60' replay/a3c-1-actors/cost replay/n-step-q-1-actors/cost replay/dqn-1-actors/cost | wc -l)" 3
# a list: a file for each algorithm, several memories; frames rule where they are given
sed 's/^algo.*/algo = n-step-q/' "$source_dir/run/cartpole.ini" >q.ini
mkdir bin && printf '#!/bin/sh\necho "$3" >>%s\nexec %s "$@"\n' "$scratch/limits" "$(command -v timeout)" >bin/timeout && chmod +x bin/timeout
cat >list <<END
q       $scratch/q.ini
long    --algo dqn --memory 1000 --replay-start 100
short   --algo dqn --memory 200 --replay-start 100   # it forgets
END
listed() { # listed FRAMES
    OUT=$scratch/listed SETTINGS=$scratch/list EVALS=2 FRAMES=$1 run env PATH="$scratch/bin:$PATH" "$source_dir/run/replay.sh" corridor 0.9
}
listed 600; check "replay.sh, a list: status 0" is "$status" 0
check "replay.sh, a list: a row for each, of its algorithm and memory" \
    is "$(grep -o '^| [a-z]* | 1 |' out | tr -d '\n|') $(awk '$1 == "algo" { print $3 }' listed/q/options.ini) $(
        awk '$1 == "memory" { print $3 }' listed/{long,short}/options.ini | xargs)" " q  1  long  1  short  1  n-step-q 1000 200"
check "replay.sh, a list: with frames there is no limit of time" is "$(xargs <limits)" "0 0 0"
listed 600; check "replay.sh, a list again: a row for each, and nothing runs" is "$status $(grep -c '^| [a-z]* | 1 |' out) $(grep -c "^corridor by" err)" "0 3 0"
listed 700; check "replay.sh, other frames: status 2, a line" is "$status $(grep -c "listed/q: it was begun with 'FRAMES=600', not 'FRAMES=700'; give" err)" "2 1"
echo "# an edit" >>q.ini
listed 600; check "replay.sh, a file that has changed: status 2, a line" is "$status $(grep -c "listed/q: it was begun with '.*q.ini, sum .*', not " err)" "2 1"

# numbers as the program takes them; nonsense is one line, before anything starts, and leaves nothing behind
cp -r "$source_dir/run" "$source_dir/tests" . # were a script to begin all the same, then here
refused() { # refused SCRIPT "NAME=VALUE ..." WORD...
    local name="$1: $2 ${*:3}" script=$1 set=$2; shift 2
    rm -rf none
    # shellcheck disable=SC2086
    OUT=$scratch/none run env FRAMES=2000 $set "./$script" "$@"
    check "$name: status 2, one line, and nothing has begun" test "$status" = 2 -a "$(grep -c . err)" = 1 -a -z "$(grep -v '^#' out)" -a ! -e none
}
refused run/replay.sh FRAMES=1e-3 corridor
refused run/replay.sh EVALS=0 corridor
refused run/replay.sh "EVALS=30 FRAMES=20" corridor
refused run/replay.sh ACTORS=two corridor
refused run/replay.sh A=a corridor high
refused run/replay.sh A=a no-such-game
refused run/optimizers.sh FRAMES=4 corridor
refused run/optimizers.sh SEEDS=0 corridor
refused run/optimizers.sh LRS=x corridor
refused run/optimizers.sh A=a corridor no-such-algorithm
refused run/paper-table2.sh ACTORS=0 corridor
refused run/paper-table2.sh FRAMES=x corridor
refused run/paper-table2.sh EVERY=1.5 corridor
refused run/paper-table2.sh A=a corridor 0.9 --no-such-word
refused run/paper-figure1.sh ACTORS=0 corridor
refused run/paper-figure1.sh EVERY=often corridor
refused run/paper-figure1.sh ALGOS=none corridor
refused run/sweep.sbatch "SLURM_ARRAY_TASK_ID=0 TRAIN=run/train.sbatch SEEDS=0"
refused run/train.sbatch "SLURM_JOB_ID=1 PATIENCE=x"
for words in "actors 4" "jobs 0" "masters x" "long 0.5" "deterministic 0" "learning x" "rows 1.5" "mutate -1"; do
    read -r part size <<<"$words"
    refused "tests/soak/$part.sh" A=a "$size"
done
for lanes in 0 two; do refused tests/run.sh TEST_LANES=$lanes build tests/list; done
check "nothing is left of what was refused" none_left
OPTIMIZERS=adam LRS=1e-2 SEEDS=1e0 FRAMES=2e3 run "$source_dir/run/optimizers.sh" corridor a3c --out "$scratch/elsewhere"
check "optimizers.sh: 2e3 frames: a row" test "$status" = 0 -a "$(grep -c '^| 1e-2 | [-0-9.]* (' out)" = 1
ACTORS=1e0 SEEDS=1 FRAMES=2e3 EVERY=1e3 run "$source_dir/run/paper-table2.sh" corridor 0.9
check "paper-table2.sh: 2e3 frames: a row for each algorithm" test "$status" = 0 -a "$(grep -c '^| a3c | >\?2k |$' out)" = 1

# a fault in the middle ends what was begun
mkdir -p faulted/a3c-1-actors.times # where a file is to be
OUT=$scratch/faulted EVALS=2 FRAMES=2000 run "$source_dir/run/replay.sh" corridor
for i in $(seq 20); do none_left && break; sleep 0.1; done # a last sleep of half a second
check "replay.sh, a fault of its own: it begins" grep -q "times: Is a directory" err
check "replay.sh, a fault of its own: not 0, and nothing is left" test "$status" != 0 -a -z "$(processes)"

# ended NAME RUN STATUS SIGNAL WHOM COMMAND...: once RUN goes on, SIGNAL to the script itself, or to a process of its training
ended() {
    local name=$1 trained=$2 wanted=$3 signal=$4 whom=$5 script i; shift 5
    "$@" >out 2>err </dev/null &
    script=$!
    for i in $(seq 300); do [ ! -s "$trained/status" ] || break; sleep 0.1; done
    if [ "$whom" = script ]; then kill -s "$signal" $script; else kill -s "$signal" "$(processes "$trained" | sed -n 2p)"; fi
    wait $script; check "$name: status $wanted" is $? "$wanted"
    check "$name: nothing of it goes on" none_left "$trained"
    check "$name: it counts as no result" [ ! -e "$trained.done" -a ! -e "$trained/cost" ]
}
export MINUTES=0.5 FRAMES=1000000000
OUT=$scratch/f ALGOS="a3c n-step-q" ended "paper-figure1.sh, ended" "$scratch/f/a3c" 143 TERM script \
    "$source_dir/run/paper-figure1.sh" corridor --frames $FRAMES --eval-every 0
OUT=$scratch/g ALGOS="a3c n-step-q" ended "paper-figure1.sh, its training is stopped" "$scratch/g/a3c" 1 TERM training \
    "$source_dir/run/paper-figure1.sh" corridor --frames $FRAMES --eval-every 0
OUT=$scratch/r ended "replay.sh, ended" "$scratch/r/a3c-1-actors" 143 TERM script "$source_dir/run/replay.sh" corridor
finish
