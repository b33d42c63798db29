#!/usr/bin/env bash
# test_win_model.sh -- windows of the separate memory model, in which loads need not see what was put, are refused
# before training starts, wherever there is one: a library put before MPI's says that they are. Those that are used are synced.
. "$(dirname "$0")/tap.sh"
OMPI_CC="${CC:-cc}" "${MPICC:-mpicc}" -O2 -shared -fPIC "$source_dir/tests/separate_model.c" -o separate.so || exit 1
# ranks FLAVOR COMMAND...: on three ranks
ranks() {
    local flavor=$1; shift
    run mpirun --oversubscribe -n 3 -x SEPARATE_FLAVOR="$flavor" -x LD_PRELOAD="$PWD/separate.so" "$@"
}
train=("$dunlin" train --env cartpole --net mlp:8 --frames 1000)
export DUNLIN_NODES

DUNLIN_NODES=1 ranks shared "${train[@]}" --out a
check "on a node: the run ends" test "$status" != 0
check "on a node: one line names it" says "on a node is of the separate memory model" MPI_WIN_MODEL "OMPI_MCA_osc=^sm"
check "on a node: nothing was trained" bash -c '! ls a/checkpoint-* 2>/dev/null'
DUNLIN_NODES=2 ranks create "${train[@]}" --out b
check "between nodes: the run ends" test "$status" != 0
check "between nodes: one line names it" \
    says "between nodes is of the separate memory model" MPI_WIN_MODEL "on one node"
DUNLIN_NODES=1 ranks create "${train[@]}" --out c
check "where there is none between nodes it is not asked for" test "$status" = 0
DUNLIN_NODES=2 ranks none "${train[@]}" --out d
check "MPI_Win_sync before and behind a barrier: the window of each node" grep -q '^window shared synced' err
check "MPI_Win_sync before and behind a barrier: the one between nodes" grep -q '^window create synced' err
check "MPI_Win_sync: none without it" test -z "$(grep '^window .* not synced' err)"
DUNLIN_NODES=1 ranks shared "$dunlin" doctor --env cartpole
check "doctor finds it" grep -Eq '^fail window: .*separate memory model.*; mend: .*OMPI_MCA_osc' out
finish
