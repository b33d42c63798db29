#!/usr/bin/env bash
# test_blas.sh -- an OpenBLAS that is older than the processor is told a better kind of core, and what the user asks for stands.
. "$(dirname "$0")/tap.sh"
unset OPENBLAS_CORETYPE
"${CC:-cc}" -O2 -shared -fPIC "$source_dir/tests/old_blas.c" -o old.so || exit 1
grep -qw avx2 /proc/cpuinfo || { skip "a better core" "this processor has no AVX2"; finish; }
old() { LD_PRELOAD=$PWD/old.so run "$@"; }
core() { "$dunlin" info "$1" | sed -n 's/.*OpenBLAS.* core \([A-Za-z0-9]*\).*/\1/p' | tail -1; }
train="--env corridor --frames 2000 --actors 2 --seed 1 --deterministic"

# shellcheck disable=SC2086
{
    old "$dunlin" train $train --out a
    check "train: status 0" is "$status" 0
    better=$(core a)
    check "train: a better core is in the provenance ($better)" grep -qx -e SkylakeX -e Haswell -e Zen <<<"$better"
    check "train: one line says so" is "$(grep -c 'note: OpenBLAS, older than this processor, chose Prescott' err)" 1
    check "train: the user forced nothing" bash -c '! grep -q "OPENBLAS_CORETYPE=" err'
    check "train: no rank differs" bash -c '! grep -q "last digits differ" err'
    old "$dunlin" resume a --frames 4000
    check "resume: the same core again" is "$status $(core a)" "0 $better"
    old env OPENBLAS_CORETYPE=Core2 "$dunlin" resume a --frames 6000
    check "resume with another core: it is said" grep -q "warning: this run was on .* core $better, .* before" err
    old env DUNLIN_LOADS="$PWD/loads" mpirun --oversubscribe -n 3 "$dunlin" train $train --out b
    check "under a typed mpirun: the same core" is "$status $(core b)" "0 $better"
    for r in 0 1 2; do check "rank $r: twice loaded, not more" is "$(grep -c "^$r " loads)" 2; done

    old env OPENBLAS_CORETYPE=Core2 "$dunlin" train $train --out c
    check "asked for by the user: it stands" is "$status $(core c)" "0 Core2"
    check "asked for by the user: it is said" grep -q 'note: OPENBLAS_CORETYPE=Core2 is set' err
    old env DUNLIN_DEAF=1 "$dunlin" train $train --out d
    check "where it does not listen: it ends, as it is" is "$status $(core d)" "0 Prescott"
    check "where it does not listen: nothing is claimed" bash -c '! grep -q "older than this processor" err'
    old mpirun --oversubscribe -n 1 "$dunlin" train $train --out e : -n 1 -x OPENBLAS_CORETYPE=Core2 "$dunlin" train $train --out e
    check "ranks that differ: one line" is "$status $(grep -c 'note: rank 1 on .* core Core2, rank 0 on .* last digits differ' err)" "0 1"
}
old "$dunlin" doctor --env corridor
check "doctor names it" grep -qE "^ok blas: .* core $better, .*older than this processor, had chosen Prescott" out

# little memory: OpenBLAS would ask for more for ever
little() { RUN_LIMIT=20 run bash -c 'ulimit -v "$0"; exec "$@"' "$@"; }
little 150000 "$dunlin" list
check "150 MB: what needs no matrices works" is "$status" 0
little 150000 "$dunlin" train --env cartpole --out little
check "150 MB: a run is refused" is "$status" 2
check "150 MB: one line names what is too little" says "too little memory" "160 MB" "ulimit -v"
check "150 MB: nothing was begun" test ! -e little
little 400000 "$dunlin" train --env cartpole --actors 1 --frames 2000 --eval-every 0 --out little
check "400 MB: it trains or ends with a line" grep -qE "too little memory|^done: " err
finish
