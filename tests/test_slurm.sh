#!/usr/bin/env bash
# test_slurm.sh -- under a real Slurm on loopback: run/train.sbatch over its time limit, a requeue, a drained node and what may not go
# back into the queue, run/sweep.sbatch, and the ways of srun, also of other families of MPI where tests/mpi/run.sh has built them.
. "$(dirname "$0")/tap.sh"

# which folder a job takes for RUN, here seen by the list of starts that it keeps there: what the program takes for `out`
printf '#!/bin/sh\n' >nothing && chmod +x nothing
out_lines=('out = try#1' 'out: colon' 'out = "q#1; # 2"  # said' "out='single'" 'out = hash # said' $'\tout=semi\t; said' 'out = semi;1'
    $'\xef\xbb\xbfout = marked\r' 'out = a=b:c' 'out =;odd' 'out = ~/of-home' '# out = no' 'outer = no')
for line in "${out_lines[@]}"; do
    printf '%s\n[train]\nframes = 10\n' "$line" >named.ini
    said=$(HOME=$PWD "$dunlin" train named.ini --help 2>/dev/null | tr -s ' \n' ' ' | sed -n 's/.*default runs\/ENV-ALGO-TIME \(([^()]*)\)\? *--\[no-\]or-resume.*/\1/p')
    said=${said#(} said=${said%)}
    mkdir -p "${said:=runs/named-7}"
    HOME=$PWD DUNLIN=$PWD/nothing SLURM_JOB_ID=7 SLURM_RESTART_COUNT=1 run bash "$source_dir/run/train.sbatch" named.ini
    check "train.sbatch, '$line' in FILE.ini: RUN is $said" [ -s "$said/starts" ]
    rm -rf "$said"
done

[ "$(id -u)" = 0 ] || { skip "Slurm" "needs root"; finish; }
. "$source_dir/tests/slurm/cluster.sh"
. "$source_dir/tests/slurm/family.sh"
for tool in slurmctld slurmd sbatch munged; do
    command -v $tool >/dev/null || { skip "Slurm" "$tool is not installed"; finish; }
done
again=
tap_cleanup() { kill $again 2>/dev/null; cluster_down; umount "$scratch/small" 2>/dev/null; }
mkdir small # a disk that is soon full
mount -t tmpfs -o size=600k small small 2>/dev/null && small=yes || small=no
chmod a+rx "$scratch"
cluster_up "$scratch/cluster" || { check "a Slurm of two nodes is up" false; finish; }
check "a Slurm of two nodes is up" true
# one-sided windows across the nodes go over TCP, and loopback is all there is
export OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo
export DUNLIN=$dunlin TRAIN=$source_dir/run/train.sbatch
submit() { sbatch --parsable "$@" 2>err; }
log_of() { cat "dunlin-$1.log" 2>/dev/null; }
newest() { local f; f=$(ls "$1"/checkpoint-0*.h5 2>/dev/null | tail -n 1); f=${f##*-0}; f=${f%.h5}; echo $((10#${f:-0})); }
ini() { printf 'env = corridor\nframes = %s\neval-every = 0\nlog-every = 0.5\n' "$2" >"$1.ini"; }
moving() { grep -q "^frames [1-9]" "$1/status" 2>/dev/null; }
saved() { [ "$(newest "$1")" -gt 0 ]; }
restarts() { is "$(job_field "$1" Restarts)" "$2"; }
running_again() { job_soon "$1"; is "$(job_field "$1" JobState):$(job_field "$1" Restarts)" "RUNNING:$2"; }
first_start() { restarts "$1" 1 && is "$(job_field "$1" JobState)" PENDING; }
with() { [ $cluster_nodes = 1 ] || echo "$@"; } # where jobs can span nodes

# What takes its time first; the time limit is one minute and the signal comes at the first look after 10 s
ini limit 1e9
# shellcheck disable=SC2046
limit=$(submit $(with -N2) -n 2 --time=1 --signal=B:USR1@50 "$TRAIN" limit.ini --out limit)
# all actors die in their first step, at every start
cat >dies.c <<END
#include <stdlib.h>
#include "dunlin/env.h"
static int start(struct env_spec *spec, const struct env_args *args, char *err, size_t n)
{ (void)args, (void)err, (void)n; *spec = (struct env_spec){.obs_dim = 1, .stack = 1, .num_actions = 2, .action_repeat = 1, .state_size = 1}; return 0; }
static void reset(void *s, struct rng *r, void *obs) { (void)s, (void)r; *(float *)obs = 0; }
static struct env_step step(void *s, struct rng *r, struct env_action a, void *obs) { (void)s, (void)r, (void)a, (void)obs; _Exit(1); }
const struct env_ops dunlin_env = {.api = DUNLIN_ENV_API, .name = "dies", .help = "", .open = start, .reset = reset, .step = step};
END
cc -shared -fPIC -I"$source_dir/include" dies.c -o dies.so
export PATIENCE=1 # starts without progress
dies=$(submit -n 1 "$TRAIN" --env lib:./dies.so --net mlp --out dies)
wrong=$(submit -n 1 "$TRAIN" --evn corridor)
failed=$(submit -n 1 "$TRAIN" --env corridor --frames 1e9 --checkpoint-every 1000 --checkpoint-keep 1000 --eval-every 0 --out small/failed)
# that one again and again, without the long wait; the one that was stopped by its time limit waits until we come to it
(while sleep 1; do job_soon "$dies"; first_start "$limit" && scontrol update JobId="$limit" StartTime=now+3600; done) >/dev/null 2>&1 &
again=$!
ini drain 1e9
drain=$(submit -n 1 "$TRAIN" drain.ini --out drain --force)

# a node is drained while a job runs there, and the job requeued: it goes on elsewhere
within 40 moving drain
node=$(job_field "$drain" BatchHost)
scontrol update NodeName="$node" State=DRAIN Reason=test
scontrol requeue "$drain"
within 30 first_start "$drain"
within 30 grep -q "^state stopped" drain/status
check "scontrol requeue: the run stopped with a checkpoint" grep -q "^state stopped" drain/status
at=$(newest drain)
ini drain $((at + 20000))
within 30 running_again "$drain" 1
within 60 job_over "$drain"
grep -v "frames/s" "dunlin-$drain.log" | tail -n 5 >err
check "node drained, job requeued: it completes" is "$(job_field "$drain" JobState)" COMPLETED
check "on the other node" test "$(job_field "$drain" BatchHost)" != "$node"
check "it went on from there, whatever --force said at the first start" \
    grep -q "resuming drain at $at frames" "dunlin-$drain.log"
check "the frames are done" grep -q "^state done" drain/status
run "$dunlin" info drain
check "in two sessions" is "$(value sessions)" 2
scontrol update NodeName="$node" State=RESUME

# one actor per task and its CPUs, or for every CPU
cpus=$(submit -n 1 --cpus-per-task=2 --wrap "exec $dunlin train --env corridor --frames 3000 --out cpus")
all=$(submit -N $cluster_nodes --mincpus=2 --wrap "exec $dunlin train --env corridor --frames 3000 --out all")

# tasks of one step
slurm_family here "$dunlin"
for family in openmpi5 mpich4 mpich intel; do
    other=$source_dir/build/mpi/$family-whole/dunlin
    if [ -x "$other" ]; then slurm_family $family "$other"; else skip "srun with $family" "tests/mpi/run.sh $family makes build/mpi/$family-whole"; fi
done
# shellcheck disable=SC2046
timeout 300 srun --mpi=pmix $(with -N2) -n 4 "$dunlin" doctor --env corridor --out doctored >out 2>err
check "srun --mpi=pmix, doctor: status 0" is $? 0
check "srun --mpi=pmix, doctor: a line for each node's way to rank 0" is "$(grep -cE '^[a-z]+ link: .* to rank 0' out)" $cluster_nodes
: >err # or the old one is read until the program begins
timeout 300 srun --mpi=pmix --job-name=stopped -n 2 "$dunlin" train --env corridor --frames 1e9 --log-every 0.5 --out stopped >out 2>err &
pid=$!
within 30 moving stopped
scancel --signal=USR1 --name=stopped
wait $pid
check "srun --mpi=pmix, USR1: status 143" is $? 143
check "srun --mpi=pmix, USR1: stopped with a checkpoint" test "$(sed -n 's/^state //p' stopped/status)" = stopped -a "$(newest stopped)" -gt 0

# an actor dies: Slurm's PMIx ends the step, whatever srun was told; what was saved goes on
: >err # or the old one is read until the program begins
srun --mpi=pmix --kill-on-bad-exit=0 --no-kill -n 3 "$dunlin" train --env corridor --frames 1e9 --checkpoint-every 2000 --log-every 0.5 \
    --eval-every 0 --out killed >out 2>err &
pid=$!
within 30 saved killed
kill -KILL "$(rank killed 2)"
timeout 300 tail --pid=$pid -f /dev/null
check "srun --mpi=pmix, an actor killed: the step ends" is "$(kill -0 $pid 2>&1 | grep -c 'No such')" 1
at=$(newest killed)
timeout 300 srun --mpi=pmix -n 3 "$dunlin" resume killed --frames $((at + 20000)) >out 2>err
check "and what was saved goes on to its end" test $? = 0 -a "$(sed -n 's/^state //p' killed/status)" = done -a "$at" -gt 0

# scancel
cancel=$(submit -n 1 "$TRAIN" --env corridor --frames 1e9 --log-every 0.5 --eval-every 0 --out cancel)
within 40 moving cancel
scancel "$cancel"
within 30 job_over "$cancel"
within 30 grep -q "^state stopped" cancel/status
check "scancel: a checkpoint, and not requeued" test "$(newest cancel)" -gt 0 -a "$(job_field "$cancel" JobState)" = CANCELLED
grep -v "frames/s" "dunlin-$cancel.log" | tail -n 5 >err
check "scancel: the run stopped" grep -q "^state stopped" cancel/status

# a sweep
sweep=$(GAMES="cartpole corridor" LR_LOW=1e-3 LR_HIGH=1e-1 submit -n 1 --array=0-3 "$source_dir/run/sweep.sbatch" --frames 3000)
nobody_left() { [ -z "$(squeue -h -j "$sweep" 2>/dev/null)" ]; }
within 60 nobody_left
check "sweep: four runs are done" is "$(cat runs/sweep-"$sweep"/*/status | grep -c '^state done')" 4
check "sweep: two games" test "$(ls -d runs/sweep-"$sweep"/cartpole-* | wc -l)" = 2 -a "$(ls -d runs/sweep-"$sweep"/corridor-* | wc -l)" = 2
ls runs/sweep-"$sweep" | sed 's/.*-lr\(.*\)-seed1/\1/' | sort -g | uniq -c >rates
check "sweep: two rates in the range, the same for both games" \
    awk '$1 != 2 || $2 < 1e-3 || $2 > 1e-1 { bad = 1 } END { exit bad || NR != 2 }' rates
run "$dunlin" plot runs/sweep-"$sweep"/* --x lr --out sweep.svg
check "sweep: a figure" test "$status" = 0 -a -s sweep.svg
check "sweep: a panel for each game" test "$(grep -cE '>(cartpole|corridor)<' sweep.svg)" = 2

within 60 job_over "$cpus"
check "one task of two CPUs: two actors" grep -q ": 2 actors, 3000 frames" "slurm-$cpus.out"
within 60 job_over "$all"
check "no tasks asked for: an actor for every CPU" grep -q ": $(scontrol -o show job "$all" | tr ' ' '\n' | sed -n 's/^NumCPUs=//p') actors, 3000 frames" "slurm-$all.out"

# what must not go round for ever
within 20 job_over "$wrong"
check "wrong words: exit 2, not requeued" is "$(job_field "$wrong" ExitCode):$(job_field "$wrong" Restarts)" 2:0:0
if [ $small = yes ]; then
    within 30 grep -q "No space left" "dunlin-$failed.log"
    scancel --signal=USR1 --batch "$failed"
    within 30 job_over "$failed"
    grep -v "frames/s" "dunlin-$failed.log" | tail -n 5 >err
    check "a run that failed, its disk full: not requeued" is "$(job_field "$failed" ExitCode):$(job_field "$failed" Restarts)" 1:0:0
    check "a run that failed: its status says so" grep -q "^state failed" small/failed/status
else
    skip "a run that failed is not requeued" "no mount here"
fi
within 60 job_over "$dies"
check "no frames in several starts: the job fails" is "$(job_field "$dies" JobState):$(job_field "$dies" ExitCode)" FAILED:1:0
check "no frames in several starts: after PATIENCE + 1 of them" is "$(job_field "$dies" Restarts)" 2
check "no frames in several starts: the log says so" grep -q "got no further than 0 frames in 1 starts or more" "dunlin-$dies.log"

# the time limit
kill $again
within 60 first_start "$limit"
check "time limit: USR1 stopped the run with a checkpoint" grep -q "^reason SIGUSR1" limit/status
check "time limit: the job is back in the queue" restarts "$limit" 1
at=$(newest limit)
check "time limit: frames were trained" test "$at" -gt 0
ini limit $((at + 20000))
scontrol update JobId="$limit" TimeLimit=10
within 20 running_again "$limit" 1
within 60 job_over "$limit"
grep -v "frames/s" "dunlin-$limit.log" | tail -n 5 >err
check "time limit: the job completes" is "$(job_field "$limit" JobState):$(job_field "$limit" ExitCode)" COMPLETED:0:0
check "time limit: it went on where it stopped" grep -q "resuming limit at $at frames" "dunlin-$limit.log"
check "time limit: the frames are done" grep -q "^state done" limit/status
run "$dunlin" info limit
check "time limit: in two sessions" is "$(value sessions)" 2
finish
