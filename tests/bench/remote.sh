#!/usr/bin/env bash
# remote.sh [ROUNDS [REMOTE]] -- do remote actors slow those on rank 0's node? Two nodes on this machine (tests/cluster/nodes.sh; needs
# root): runs with two local actors alone and runs with REMOTE (4) more on the other node alternate ROUNDS (3) times. A step of every
# actor sleeps 2 ms, so that the cores that all share here are no matter, and pushes a gradient of 93 thousand floats each 5 steps.
#   remote value V frames/s limit V frames/s ratio R        of one local actor, with remote ones over without; medians
. "$(dirname "$0")/../tap.sh"
. "$source_dir/run/numbers.sh"
rounds=$(whole ROUNDS "${1:-3}" 1) && remote=$(whole REMOTE "${2:-4}" 1) || exit 2
nodes=$source_dir/tests/cluster/nodes.sh
dir=$("$nodes" up 2 "$((remote > 2 ? remote + 1 : 3))") || exit 1
tap_cleanup() { "$nodes" down "$dir"; }
"${CC:-cc}" -O2 -shared -fPIC -I "$source_dir/include" "$source_dir/tests/metered_env.c" -o metered.so || exit 1
here=$("$nodes" host "$dir" 1):3 there=$("$nodes" host "$dir" 2):$remote
# frames/s of a local actor in a run on HOSTS with N ranks
rate() {
    rm -rf run
    "$nodes" run "$dir" env DUNLIN_METER=2000 timeout 120 mpirun --host "$1" -n "$2" "$dunlin" train --env "lib:$PWD/metered.so" --net mlp:300,300 \
        --frames $((($2 - 1) * 5000)) --eval-every 0 --log-every 1 --out "$PWD/run" >out 2>err </dev/null || { cat err >&2; exit 1; }
    "$dunlin" info run --csv actors >actors
    "$dunlin" info run --csv train >train
    awk -F, 'NR == FNR { if (FNR == 1) for (i = 1; i <= NF; i++) c[$i] = i; else s = $c["seconds"]; next }
        FNR == 1 { for (i = 1; i <= NF; i++) d[$i] = i; next } $d["rank"] == 1 || $d["rank"] == 2 { f += $d["frames"] } END { print f / 2 / s }' train actors
}
for _ in $(seq "$rounds"); do
    rate "$here" 3 >>alone || exit 1
    rate "$here,$there" $((3 + remote)) >>together || exit 1
done
median() { sort -g "$1" | awk '{ x[NR] = $1 } END { print (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2 }'; }
awk -v a="$(median alone)" -v t="$(median together)" 'BEGIN { printf "remote value %.4g frames/s limit %.4g frames/s ratio %.3g\n", t, a, t / a }'
