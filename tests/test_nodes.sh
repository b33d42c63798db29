#!/usr/bin/env bash
# test_nodes.sh -- the tests of src/share, and a training, on two nodes: two network namespaces with hostnames of their own, joined by a cable
# (a veth pair). Rank 0 shares its node with one actor; the others come over TCP. Nothing about one-sided windows is set by
# hand: the program itself must find what this library needs.
set -u
build=${DUNLIN_BUILD:?} failed=0
a=dunlin-a$$ b=dunlin-b$$
tests=("test_share" "test_share_weights" "a training")
skip() {
    for i in "${!tests[@]}"; do echo "ok $((i + 1)) - ${tests[i]} on two nodes # SKIP $1"; done
    exit 0
}
echo "1..${#tests[@]}"
[ "$(id -u)" = 0 ] || skip "needs root"
command -v ip >/dev/null && command -v unshare >/dev/null || skip "no ip or unshare here"
dir=$(mktemp -d)
cleanup() {
    for ns in $a $b; do
        for pid in $(ip netns pids $ns 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
        ip netns del $ns 2>/dev/null
    done
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
ip netns add $a 2>/dev/null && ip netns add $b 2>/dev/null || skip "no network namespaces here"
ip link add v0 netns $a type veth peer name v1 netns $b 2>/dev/null || skip "no veth pairs here"
ip -n $a addr add 10.99.7.1/24 dev v0 && ip -n $b addr add 10.99.7.2/24 dev v1
for ns in $a $b; do ip -n $ns link set lo up; done
ip -n $a link set v0 up && ip -n $b link set v1 up

# each "node" sees its own hostname and a hosts file with both, in a mount namespace of its own
printf '127.0.0.1 localhost\n10.99.7.1 %s\n10.99.7.2 %s\n' $a $b >"$dir/hosts"
printf '%s slots=2\n%s slots=2\n' $a $b >"$dir/hostfile"
cat >"$dir/on" <<END
#!/bin/bash
host=\$1; shift
exec ip netns exec "\$host" unshare --uts --mount bash -c "hostname \$host; mount --bind $dir/hosts /etc/hosts; \$*"
END
chmod +x "$dir/on"

options="--hostfile $dir/hostfile --bind-to none --mca plm_rsh_agent $dir/on -n 4"
allow="export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"
for i in 0 1; do
    line="$allow; timeout --kill-after=5 140 mpirun $options $build/tests/${tests[i]}"
    if out=$("$dir/on" $a "$line" 2>&1 </dev/null) &&
        { [ "${tests[i]}" != test_share ] || grep -aq 'component: shared memory + window of all ranks' <<<"$out"; }; then
        echo "ok $((i + 1)) - ${tests[i]} on two nodes"
    else
        printf '%s\n' "$out" | grep -av '^ok ' | sed 's/^not ok/# not ok/'
        echo "not ok $((i + 1)) - ${tests[i]} on two nodes"
        failed=1
    fi
done

# every actor of both nodes must have played, and the run must end as one on a single node does
line="$allow; timeout --kill-after=5 140 mpirun $options $build/dunlin train --env cartpole --frames 40000 --out $dir/run"
out=$("$dir/on" $a "$line" 2>&1 </dev/null)
status=$?
played=$(grep -cE "^actor [123] host dunlin-[ab]$$ frames [1-9]" "$dir/run/status" 2>/dev/null)
if [ $status = 0 ] && grep -q "^state done" "$dir/run/status" && [ "$played" = 3 ] && grep -q "host $b " "$dir/run/status"; then
    echo "ok 3 - a training on two nodes"
else
    printf '%s\n' "$out" | tail -20 | sed 's/^/# /'
    echo "not ok 3 - a training on two nodes"
    failed=1
fi
exit $failed
