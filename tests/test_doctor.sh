#!/usr/bin/env bash
# test_doctor.sh -- `dunlin doctor` where all is well, and where something is wrong that can be made so here: each is one line with
# what mends it, and the status says whether anything would fail.
. "$(dirname "$0")/tap.sh"
unset OPENBLAS_CORETYPE
nodes=$source_dir/tests/cluster/nodes.sh dir=
tap_cleanup() { [ -z "$dir" ] || "$nodes" down "$dir"; }

# out is findings and nothing else; the verdict stands last, and once
findings() {
    [ -s out ] && ! grep -qvE '^(ok|warn|fail) [a-z0-9]+: .+' out &&
        ! grep -E '^(warn|fail) ' out | grep -qv '; mend: .' && ! grep '^ok ' out | grep -q '; mend:' &&
        tail -1 out | grep -qE '^(ok|fail) verdict: ' && [ "$(grep -c ' verdict: ' out)" = 1 ]
}
has() { grep -qE "$1" out; } # has REGEX
# wrong NAME STATUS REGEX: what was run last ended so and has such a line
wrong() {
    check "$1: status $2" is "$status" "$2"
    check "$1: findings" findings
    check "$1: $3" has "$3"
}

run "$dunlin" doctor --env cartpole
wrong "alone" 0 '^ok verdict: nothing would fail'
for name in launch build cores blas kernels shm memory messages window link progress folder room rename locking hdf5 scale; do
    check "alone: $name" has "^(ok|warn) $name: "
done
check "alone: as many ranks as a training would have" has "^ok launch: $(($(env -u OMP_NUM_THREADS nproc) + 1)) ranks on 1 host"
check "alone: what happens to the others where a rank dies" has '^ok family: .*: where a rank dies .*(the others go on|dunlin resume RUN)'
check "alone: mpirun adds nothing" bash -c '! grep -q "non-zero exit" err'
check "alone: nothing is left in the folder" bash -c '! ls -A | grep -q doctor && ! ls -d runs 2>/dev/null'
run mpirun --oversubscribe -n 3 "$dunlin" doctor --env cartpole --out new/run
wrong "under mpirun" 0 '^ok link: .* to rank 0 by shared memory: fetch [0-9.]+ GB/s, push [0-9.]+ GB/s, latency [0-9.]+ us'
check "under mpirun: progress" has '^ok progress: shared memory: rank 0 takes no part'
check "under mpirun: the folder is not made" test ! -e new

# catch's network: 677,200 floats, a matrix of 2592 x 256, five steps of four environments
run mpirun --oversubscribe -n 2 "$dunlin" doctor --env catch
check "scale: the bytes of a push with factors" \
    has "^(ok|warn) scale: .*, its push $(((677200 - 2592 * 256 + 20 * (2592 + 256)) * 4)) bytes, "
run mpirun --oversubscribe -n 2 "$dunlin" doctor --env catch --combine sum
check "scale: the bytes of a whole one" has "^(ok|warn) scale: .*, its push $((677200 * 4)) bytes, "

# what training would refuse is named, in its figures, and not tried
run mpirun --oversubscribe -n 2 "$dunlin" doctor --env catch --envs-per-actor 1000 --t-max 10000
wrong "more than there is" 1 '^fail memory: .* MB are free, and 2 ranks take [0-9]+ at least, [0-9]+ of it for rollouts; mend: lower --t-max, '
check "more than there is: no trial of it" bash -c '! grep -q "^[a-z]* scale" out'
limited=(mpirun --oversubscribe -n 2 bash -c 'ulimit -v 4000000; exec "$@"' - "$dunlin")
large=(--env cartpole --envs-per-actor 1000 --t-max 10000)
run "${limited[@]}" train "${large[@]}" --out r
need=$(sed -n 's/^dunlin: too little memory: .* would need \([0-9.]* GiB\),.*/\1/p' err)
run "${limited[@]}" doctor "${large[@]}"
check "a limit of the process: what training says" has "^fail memory: .* would need ${need:-none}, .*ulimit -v"

core=Haswell; grep -qw avx2 /proc/cpuinfo || core=Nehalem
run env OPENBLAS_CORETYPE=$core DUNLIN_ISA=baseline "$dunlin" doctor --env cartpole
wrong "a forced core type" 0 "^warn blas: .*OPENBLAS_CORETYPE=$core.*; mend: unset OPENBLAS_CORETYPE"
check "forced kernels" has '^warn kernels: .*; mend: unset DUNLIN_ISA'
run env OMPI_MCA_osc=pt2pt OMPI_MCA_btl=tcp,self mpirun --oversubscribe -n 3 "$dunlin" doctor --env cartpole
wrong "no shared window" 0 '^warn window: .*window of all ranks; mend: '
check "no shared window: it works all the same" has '^ok progress: a fetch from .* (waits until rank 0 calls MPI|is served while)'
run env OMPI_MCA_osc=^sm,rdma,pt2pt,ucx mpirun --oversubscribe -n 2 "$dunlin" doctor --env cartpole
check "no window at all: it fails" test "$status" != 0
check "no window at all: findings" findings
check "no window at all: the line" has '^fail window: .*no one-sided window.*; mend: export OMPI_MCA_osc=\^ucx'

run env PATH=/nonexistent "$dunlin" doctor --env cartpole
wrong "no mpirun" 1 '^fail mpirun: not on the PATH; mend: .*openmpi-bin'
mkdir bin; printf '#!/bin/sh\nexit 3\n' >bin/mpirun; chmod +x bin/mpirun
run env PATH="$PWD/bin:$PATH" "$dunlin" doctor --env cartpole
wrong "an mpirun that fails" 1 '^fail mpirun: .*status 3 .*; mend: run `mpirun -n 2 hostname`'
run mpirun -n 1 "$dunlin" doctor --env cartpole
wrong "one rank" 1 '^fail launch: one rank cannot train.*; mend: mpirun -n 2'
PMI_SIZE=2 run "$dunlin" doctor --env cartpole
wrong "srun without PMIx" 1 '^fail launch: .*; mend: .*srun --mpi=pmix'
cp "$dunlin" other; echo x >>other
run mpirun --oversubscribe -n 1 "$dunlin" doctor --env cartpole : -n 2 ./other doctor --env cartpole
check "two builds: it fails" test "$status" != 0
check "two builds: the line" has '^fail build: rank 1 .*; mend: start one and the same file'
if [ "$(id -u)" = 0 ]; then
    run env -u OMPI_ALLOW_RUN_AS_ROOT "$dunlin" doctor --env cartpole
    wrong "root that mpirun refuses" 1 '^fail root: .*; mend: export OMPI_ALLOW_RUN_AS_ROOT=1'
else
    skip "root that mpirun refuses" "not root"
fi
run env TMPDIR=/nonexistent "$dunlin" doctor --env cartpole
wrong "no TMPDIR" 1 '^fail tmp: .*/nonexistent.*; mend: export TMPDIR='
echo file >file
run mpirun --oversubscribe -n 2 "$dunlin" doctor --env cartpole --out file/run
check "a file in the way: the line" has '^fail folder: file, where a run would go, is no folder; mend: '
check "a file in the way: it fails" test "$status" != 0
run "$dunlin" doctor --env cartpole --out /proc/run
wrong "a folder that takes nothing" 1 '^fail folder: /proc.*; mend: .*--out'
run env DUNLIN_ATARI_DIR=/nonexistent DUNLIN_ALE_LIB=/nonexistent.so "$dunlin" doctor --env atari:pong
wrong "no emulator" 1 '^fail ale: .*; mend: run/fetch-atari.sh'
check "no emulator: nor the environment" has '^fail env: '
run env DUNLIN_ATARI_DIR=/nonexistent DUNLIN_ALE_LIB=/nonexistent.so "$dunlin" doctor --env cartpole
wrong "no emulator where none is needed" 0 '^ok ale: not found'
atari=${DUNLIN_ATARI_DIR:-${DUNLIN_BUILD:-$source_dir/build}/atari}
if [ -e "$atari/roms/breakout.bin" ] && [ -e "$atari/libale_c.so" ]; then
    mkdir one && cp "$atari/roms/breakout.bin" one
    run env DUNLIN_ATARI_DIR="$atari" DUNLIN_ROMS="$PWD/one" mpirun --oversubscribe -n 2 "$dunlin" doctor --env atari:breakout
    wrong "one game, which is the one that is played" 0 '^ok ale: the emulator and 1 game$'
else
    skip "one game, which is the one that is played" "no games in $atari"
fi
run env DUNLIN_MUJOCO_DIR=/nonexistent mpirun --oversubscribe -n 2 "$dunlin" doctor --env mujoco:hopper
wrong "no MuJoCo" 1 '^fail mujoco: .*DUNLIN_MUJOCO_DIR is "/nonexistent".*; mend: run/fetch-mujoco.sh build/mujoco'

# the disk that a run wants is that of its files: `keep` checkpoints, the best one and one that is being written
enough() { # OPTION...: holds doctor's megabytes, but for 50 of tables, against a checkpoint that is really written
    rm -rf sized; run "$dunlin" train --env cartpole --net mlp:512,512 --actors 2 --frames 1 --eval-every 0 --out sized "$@"
    local bytes; bytes=$(stat -c %s sized/checkpoint-000000000000.h5) || return
    run "$dunlin" doctor --env cartpole --net mlp:512,512 --actors 2 --frames 1e6 --checkpoint-every 1e5 "$@"
    awk -v b="$bytes" -v keep="$keep" '/^(ok|warn) room: / { n++; sub(/.* wants? about /, ""); all = (keep + 2) * b / 1e6; d = $1 - 50 - all }
        END { exit !(n == 1 && d > -1 - 0.05 * all && d < 1 + 0.05 * all) }' out # and what HDF5 has for itself
}
keep=3; check "room: of the defaults" enough
keep=8; check "room: of what is kept for each actor, target, average, eight of them" enough --algo n-step-q --optimizer rmsprop --ema 0.99 --checkpoint-keep 8
keep=156; check "room: no more than are written, with one every ten minutes of a day" enough --optimizer adam --checkpoint-keep 1000

if [ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null; then
    mkdir full
    small() { unshare --mount bash -c "mount -t tmpfs -o size=2m tmpfs $PWD/full; exec \"\$@\"" - "$@"; }
    small timeout 300 "$dunlin" doctor --env cartpole --out full >out 2>err </dev/null; status=$?
    wrong "a full disk" 1 '^fail room: full: 2 MB are free.*\(tmpfs\); mend: '
    check "a disk in memory" has '^warn lasting: .*tmpfs'
else
    skip "a full disk" "no mount namespaces here"
fi

run "$dunlin" doctor --leaning-rate 1
check "unknown option: status 2" is "$status" 2
check "unknown option: one line" says --leaning-rate
check "unknown option: nothing on stdout" test ! -s out
run mpirun --oversubscribe -n 3 "$dunlin" doctor pang
check "a stray word under mpirun: status 2" is "$status" 2
check "a stray word under mpirun: one line" says pang
check "no process is left" none_left

if [ -x "$nodes" ] && dir=$("$nodes" up 2 2 2>why); then
    run "$nodes" run "$dir" mpirun --hostfile "$dir/hostfile" -n 4 "$dunlin" doctor --env cartpole
    wrong "two nodes" 0 '^ok launch: 4 ranks on 2 hosts'
    check "two nodes: a link for each" is "$(grep -c '^[a-z]* link: ' out)" 2
    check "two nodes: the other by the network" has "link: $("$nodes" host "$dir" 2) to rank 0 by the network: "
    check "two nodes: its relay" has "^ok relays: $("$nodes" host "$dir" 2) through its node's relay: "
    check "two nodes: progress" has "^ok progress: a fetch from $("$nodes" host "$dir" 2) "
    check "two nodes: their network" has '^ok network: 2 hosts share the network of .* eth0'
    run "$nodes" run "$dir" mpirun --hostfile "$dir/hostfile" -n 4 "$dunlin" doctor --env cartpole --wire bf16
    check "two nodes: 16 bits for each of 4,704 floats" has '^(ok|warn) scale: .*, its push 9408 bytes, '
    run "$nodes" run "$dir" bash -c "mount -o remount,size=9m /dev/shm; mpirun -n 2 --hostfile $dir/hostfile $dunlin doctor --env catch"
    check "a small /dev/shm: the line" has '^warn shm: .*9 MB free and the window of 1 actors takes 1[0-9]: .*; mend: '
else
    dir=
    skip "two nodes" "$(sed 's/nodes.sh: //' why 2>/dev/null || echo "no tests/cluster/nodes.sh")"
fi
finish
