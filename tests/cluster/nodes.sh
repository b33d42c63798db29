#!/usr/bin/env bash
# nodes.sh -- a cluster on one machine: N nodes, each a network namespace with a hostname of its own, joined by veth pairs through
# a switch (a bridge in one more namespace). Needs root. Nothing is left behind after `down`.
#
#   nodes.sh up N [SLOTS]          makes N nodes of SLOTS slots (default 2); prints DIR, the folder that all other words take
#   nodes.sh run DIR COMMAND...    runs COMMAND on the first node; mpirun started there reaches all nodes by itself
#   nodes.sh on DIR I COMMAND...   runs COMMAND on node I = 1 .. N
#   nodes.sh host DIR I            the name of node I
#   nodes.sh hostfile DIR          the path of a host file with all nodes; DIR/machinefile is one for MPICH and Intel MPI
#   nodes.sh pids DIR I            the processes of node I, one number a line, those of mpirun's daemon included
#   nodes.sh bytes DIR I           what the cable of node I has carried so far: "received N sent N"
#   nodes.sh cut DIR I             takes the cable of node I out;  nodes.sh mend DIR I  puts it in again
#   nodes.sh down DIR              ends what runs on the nodes and removes them
#
# Example:  dir=$(tests/cluster/nodes.sh up 2 2)
#           tests/cluster/nodes.sh run $dir mpirun --hostfile $dir/hostfile -n 4 build/dunlin train run/cartpole.ini --out /tmp/run
#           tests/cluster/nodes.sh down $dir
#
# COMMAND sees its node's hostname, a hosts file with all nodes, /dev/shm and System V memory of its own: two nodes share the cores,
# the files and nothing else, so what passes between them passes through the cable, and `bytes` tells how much that was. Of the
# caller's settings of Open MPI none is kept (stock settings are what is tested; give others in COMMAND: env OMPI_MCA_x=y mpirun
# ...), and two are made: how to start a daemon on a node, and that nothing is bound, since every node would bind its first rank to
# the same core of this machine. Pids are the machine's: kill works from outside.
# Exit status 77 with one line: this machine cannot do it (no root, no namespaces).
set -u
die() { echo "nodes.sh: $*" >&2; exit 1; }
cannot() { echo "nodes.sh: $*" >&2; exit 77; }

up() {
    local n=$1 slots=$2 tag i host tool
    [ "$(id -u)" = 0 ] || cannot "needs root"
    for tool in ip unshare mpirun; do command -v $tool >/dev/null || cannot "no $tool here (Debian: iproute2, util-linux, openmpi-bin)"; done
    dir=$(mktemp -d "${TMPDIR:-/tmp}/dunlin-nodes.XXXXXX") || exit 1
    tag=dunlin-$(basename "$dir" | sed 's/.*\.//' | tr '[:upper:]' '[:lower:]')$$ # a hostname knows no case
    echo "$tag" >"$dir/tag"
    echo "127.0.0.1 localhost" >"$dir/hosts"
    trap 'down "$dir"' EXIT
    ip netns add "$tag-switch" 2>/dev/null || cannot "no network namespaces here"
    ip -n "$tag-switch" link add br0 type bridge 2>/dev/null || cannot "no network bridges here"
    ip -n "$tag-switch" link set br0 up
    for i in $(seq "$n"); do
        host=$tag-$i
        ip netns add "$host" || cannot "no namespace for node $i"
        ip link add eth0 netns "$host" type veth peer name "port$i" netns "$tag-switch" 2>/dev/null || cannot "no veth pairs here"
        ip -n "$tag-switch" link set "port$i" master br0 up
        ip -n "$host" addr add "10.99.7.$i/24" dev eth0
        ip -n "$host" link set lo up
        ip -n "$host" link set eth0 up
        echo "10.99.7.$i $host" >>"$dir/hosts"
        echo "$host slots=$slots" >>"$dir/hostfile"
        echo "$host:$slots" >>"$dir/machinefile" # MPICH's and Intel's way to write it
    done
    cat >"$dir/enter" <<END
#!/bin/bash
# enter HOST COMMAND...
host=\$1; shift
unset \${!OMPI_MCA_@}
unset \${!PRTE_MCA_@}
export OMPI_MCA_plm_rsh_agent=$dir/agent OMPI_MCA_hwloc_base_binding_policy=none # Open MPI 4
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export PRTE_MCA_plm_ssh_agent=$dir/agent PRTE_MCA_hwloc_default_binding_policy=none # Open MPI 5
export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
export HYDRA_LAUNCHER=ssh HYDRA_LAUNCHER_EXEC=$dir/agent HYDRA_IFACE=eth0 # MPICH
export I_MPI_HYDRA_BOOTSTRAP=ssh I_MPI_HYDRA_BOOTSTRAP_EXEC=$dir/agent I_MPI_HYDRA_IFACE=eth0 FI_TCP_IFACE=eth0 # Intel MPI
exec ip netns exec "\$host" unshare --uts --mount --ipc bash -c '
    hostname "\$0"; mount --bind $dir/hosts /etc/hosts; mount -t tmpfs tmpfs /dev/shm; exec "\$@"' "\$host" "\$@"
END
    cat >"$dir/agent" <<END
#!/bin/bash
# agent HOST WORDS...: what mpirun takes for ssh; WORDS are for a shell
while [ "\${1#-}" != "\$1" ]; do shift; done # ssh's own options
host=\$1; shift
exec $dir/enter "\$host" bash -c "\$*"
END
    chmod +x "$dir/enter" "$dir/agent"
    trap - EXIT
    echo "$dir"
}

down() {
    local tag ns pid
    tag=$(cat "$dir/tag")
    for ns in $(ip netns list | awk '{ print $1 }' | grep "^$tag-"); do
        for pid in $(ip netns pids "$ns" 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
        ip netns del "$ns"
    done
    rm -rf "$dir"
}

host() { sed -n "${1}s/ .*//p" "$dir/hostfile"; }

[ $# -ge 2 ] || die "what, and where? See the head of $0"
word=$1 dir=$2
[ "$word" = up ] || [ -s "$dir/tag" ] || die "$dir is no folder of \`nodes.sh up\`"
case $word in
up) up "$2" "${3:-2}" ;;
down) down ;;
run) shift 2; exec "$dir/enter" "$(host 1)" "$@" ;;
on) node=$(host "$3"); shift 3; exec "$dir/enter" "$node" "$@" ;;
host) host "$3" ;;
hostfile) echo "$dir/hostfile" ;;
pids) ip netns pids "$(host "$3")" ;;
bytes) ip -s -n "$(host "$3")" link show eth0 |
    awk '/RX:/ { getline; rx = $1 } /TX:/ { getline; print "received", rx, "sent", $1 }' ;;
cut) ip -n "$(host "$3")" link set eth0 down ;;
mend) ip -n "$(host "$3")" link set eth0 up ;;
*) die "unknown word $word; see the head of $0" ;;
esac
