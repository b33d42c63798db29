#!/usr/bin/env bash
# link.sh [ROUNDS [WORDS OF bench link ...]] -- push and fetch between two nodes against iperf3 on the same cable: two namespaces
# on this machine (tests/cluster/nodes.sh; needs root and iperf3), rank 0 on one, three actors on the other. iperf3 and `dunlin
# bench link` alternate ROUNDS (5) times; each figure is the median over the rounds:
#   NAME value V bytes/s limit V bytes/s ratio R        NAME: link-relay, link-direct over iperf3, ...-mpi over plain messages
set -u
here=$(cd "$(dirname "$0")/../.." && pwd)
nodes=$here/tests/cluster/nodes.sh dunlin=${DUNLIN_BUILD:-$here/build}/dunlin
. "$here/run/numbers.sh"
rounds=$(whole ROUNDS "${1:-5}" 1) || exit 2
[ $# = 0 ] || shift
command -v iperf3 >/dev/null || { echo "link.sh: no iperf3 here (Debian: iperf3)" >&2; exit 1; }
dir=$("$nodes" up 2 4) || exit 1
trap '"$nodes" down "$dir"' EXIT
hosts=$("$nodes" host "$dir" 1):1,$("$nodes" host "$dir" 2):3
for _ in $(seq "$rounds"); do
    "$nodes" on "$dir" 1 timeout 20 iperf3 -s -1 >/dev/null & server=$!
    sleep 0.5
    "$nodes" on "$dir" 2 iperf3 -c 10.99.7.1 -t 2 -f k | awk '/receiver/ { print "iperf3", $7 * 125 }' >>"$dir/figures"
    wait $server
    "$nodes" run "$dir" timeout 60 mpirun --host "$hosts" -n 4 "$dunlin" bench link --seconds 2 "$@" </dev/null 2>"$dir/err" >"$dir/out" ||
        { cat "$dir/err" >&2; exit 1; }
    awk '{ print $1, $3; print $1 "-plain", $6 }' "$dir/out" >>"$dir/figures"
done
median() { awk -v k="$1" '$1 == k { print $2 }' "$dir/figures" | sort -g | awk '{ x[NR] = $1 } END { print (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2 }'; }
line() { awk -v n="$1" -v v="$2" -v l="$3" 'BEGIN { printf "%s value %.4g bytes/s limit %.4g bytes/s ratio %.3g\n", n, v, l, v / l }'; }
for name in link-relay link-direct; do
    line $name "$(median $name)" "$(median iperf3)"
    line $name-mpi "$(median $name)" "$(median $name-plain)"
done
