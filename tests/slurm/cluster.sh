# cluster.sh -- sourced by tests: a Slurm cluster of two nodes, c0 and c1, on this machine: munged, slurmctld and two slurmd as our
# children, everything they keep in a folder of our own, all on loopback. Needs root.
# shellcheck shell=bash
#
# Each slurmd has a hostname and a /dev/shm of its own where this machine allows it (cluster_nodes is 2): Open MPI tells nodes apart by
# their names and finds shared memory by them. Where not, jobs must stay on one node (cluster_nodes is 1).

PATH=$PATH:/usr/sbin:/sbin
cluster_pids=() cluster_nodes=1

cluster_free_port() {
    local p
    while :; do
        p=$((20000 + RANDOM % 20000))
        (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { echo $p; return; }
    done
}

cluster_start() { # NAME COMMAND...
    local name=$1; shift
    "$@" >"$cluster/log/$name" 2>&1 </dev/null &
    cluster_pids+=($!)
    disown # bash need not tell of its end
}

# cluster_up DIR: DIR is made, in a folder that others may enter (munged insists); SLURM_CONF is exported. Fails, with the daemons'
# last words, where the nodes are not idle after half a minute.
cluster_up() {
    local n apart=() self
    cluster=$1 self=$(hostname -s)
    mkdir -p "$cluster"/{munge,state,log,spool-c0,spool-c1,tmp-c0,tmp-c1}
    chmod 755 "$cluster" "$cluster/munge"
    head -c 128 /dev/urandom >"$cluster/munge/key"
    chmod 600 "$cluster/munge/key"
    unshare --uts --mount true 2>/dev/null && cluster_nodes=2
    # cgroup/v1 is not used; slurmd must have one it can load
    echo "CgroupPlugin=cgroup/v1" >"$cluster/cgroup.conf"
    cat >"$cluster/slurm.conf" <<END
ClusterName=dunlin
SlurmctldHost=$self(127.0.0.1)
SlurmctldPort=$(cluster_free_port)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$cluster/munge/socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
KillWait=30
MinJobAge=600
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool-%n
SlurmctldPidFile=$cluster/log/slurmctld.pid
SlurmdPidFile=$cluster/log/slurmd-%n.pid
TmpFS=$cluster/tmp-%n
PartitionName=p Nodes=ALL Default=YES MaxTime=UNLIMITED State=UP
END
    for n in 0 1; do
        echo "NodeName=c$n $([ $cluster_nodes = 2 ] || echo "NodeHostname=$self") NodeAddr=127.0.0.1 Port=$(cluster_free_port) CPUs=8"
    done >>"$cluster/slurm.conf"
    export SLURM_CONF=$cluster/slurm.conf
    cluster_start munged munged --foreground --key-file="$cluster/munge/key" --socket="$cluster/munge/socket" --pid-file="$cluster/munge/pid" \
        --log-file="$cluster/munge/log" --seed-file="$cluster/munge/seed" --origin=127.0.0.1
    for _ in $(seq 100); do [ -S "$cluster/munge/socket" ] && break; sleep 0.1; done
    cluster_start slurmctld slurmctld -D -c
    for n in c0 c1; do
        [ $cluster_nodes = 1 ] || apart=(unshare --uts --mount bash -c "hostname $n; mount -t tmpfs shm /dev/shm; exec \"\$@\"" -)
        cluster_start slurmd-$n "${apart[@]}" slurmd -D -c -N $n
    done
    for _ in $(seq 60); do
        [ "$(timeout 5 sinfo -h -N -t idle -o %N 2>/dev/null | wc -l)" = 2 ] && return
        kill -0 "${cluster_pids[@]}" 2>/dev/null || break
        sleep 0.5
    done
    tail -n 5 "$cluster"/log/* | sed 's/^/# /'
    return 1
}

# All processes that have our SLURM_CONF in their environment: jobs, their steps, the daemons.
cluster_all() { env -u SLURM_CONF grep -lzxF "SLURM_CONF=$cluster/slurm.conf" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3; }

# Takes everything down again, whatever state it is in.
cluster_down() {
    local p
    [ -n "${cluster:-}" ] || return 0
    for p in "${cluster_pids[@]}"; do kill "$p" 2>/dev/null; done
    for _ in $(seq 20); do # what is starting just now is seen the next time
        [ -n "$(cluster_all)" ] || break
        for p in $(cluster_all); do kill -KILL "$p" 2>/dev/null; done
        sleep 0.1
    done
    cluster_pids=()
}

# job_field JOB KEY: of `scontrol show job`, such as JobState, Restarts, ExitCode, BatchHost, Reason
job_field() { scontrol -o show job "$1" 2>/dev/null | tr " " "\n" | sed -n "s/^$2=//p" | head -n 1; }
# A requeued job waits two minutes by itself: credentials count in whole seconds, and those made in the second in which the first
# start's were revoked are refused ("non-startable"). Three seconds do.
job_soon() {
    [ "$(job_field "$1" JobState)" = PENDING ] || return 0
    [ $(($(date -d "$(job_field "$1" StartTime)" +%s) - $(date +%s))) -le 10 ] || scontrol update JobId="$1" StartTime=now+3
} 2>/dev/null
job_over() { case $(job_field "$1" JobState) in COMPLETED | FAILED | CANCELLED | TIMEOUT | NODE_FAIL) return 0 ;; *) return 1 ;; esac; }
# within SECONDS CONDITION...: looks four times a second
within() {
    local i n=$(($1 * 4)); shift
    for ((i = 0; i < n; i++)); do "$@" && return; sleep 0.25; done
    return 1
}
