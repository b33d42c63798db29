#!/usr/bin/env bash
# test_nodes.sh -- several nodes on this machine (tests/cluster/nodes.sh), with Debian's own settings: the tests of src/share on two
# nodes of two ranks, trainings there and on four nodes of three ranks. Rank 0 shares its node with actors; the others come over
# TCP. Nothing about one-sided windows is set by hand: the program itself must find what this library needs. That it was TCP, and
# how often weights and gradients crossed, is read from the cables.
. "$(dirname "$0")/tap.sh"
build=$(dirname "$dunlin") nodes=$source_dir/tests/cluster/nodes.sh dir=
tap_cleanup() { [ -z "$dir" ] || "$nodes" down "$dir"; }

up() { # up N SLOTS: a new cluster, the old one goes
    tap_cleanup
    dir=$("$nodes" up "$1" "$2" 2>why) && return
    dir=
    skip "several nodes" "$(sed 's/nodes.sh: //' why)"
    finish
}
mpi() { local n=$1; shift; run "$nodes" run "$dir" mpirun --hostfile "$dir/hostfile" -n "$n" "$@"; }

# cabled COMMAND...: run it; $in and $out become what the cable of rank 0's node received and sent
cabled() {
    local before after
    before=$("$nodes" bytes "$dir" 1)
    run "$@"
    after=$("$nodes" bytes "$dir" 1)
    read -r in out < <(echo "$before $after" | awk '{ print $6 - $2, $8 - $4 }')
}
# train N FRAMES ARGS...: N ranks into $scratch/run, until every actor has played
train() {
    local n=$1 frames=$2; shift 2
    all_play "$scratch/run" $((n - 1)) "$frames" \
        cabled "$nodes" run "$dir" mpirun --hostfile "$dir/hostfile" -n "$n" "$dunlin" train "$@"
}
# ended ACTORS NODES: as a run on a single node does, with so many that have played on so many
ended() {
    [ $status = 0 ] && grep -q "^state done" run/status &&
        [ "$(grep -cE "^actor [1-9][0-9]* host dunlin-[a-z0-9]+-[1-4] frames [1-9]" run/status)" = "$1" ] &&
        [ "$(grep -oE "^actor [1-9][0-9]* host [^ ]+" run/status | cut -d' ' -f4 | sort -u | wc -l)" = "$2" ]
}
# crossed NAME: from "over the network: weights W times, B bytes (N in vain); gradients G, B bytes; relays R"
crossed() {
    grep -o 'over the network: .*' err | tr -d ',;()' | awk -v k="$1" '{ f["weights"] = $5; f["weight_bytes"] = $7; f["vain"] = $9
        f["gradients"] = $13; f["gradient_bytes"] = $14; f["relays"] = $NF; print f[k] }'
}
within() { awk -v x="$1" -v a="$2" -v b="$3" 'BEGIN { exit !(x >= a && x <= b) }'; } # A <= X <= B
# what the cables carried is what the relays say they sent, and a tenth and 4 MB at most for headers, questions and the start
cables_agree() {
    local gradients weights
    gradients=$(crossed gradient_bytes) weights=$(($(crossed weight_bytes) + $(crossed vain) * bytes))
    within "$in" "$gradients" $((gradients * 11 / 10 + 4000000)) && within "$out" "$weights" $((weights * 11 / 10 + 4000000))
}
remote_updates() { awk '/^actor [1-9]/ && $4 !~ /-1$/ { n += $8 } END { print n + 0 }' run/status; }
total_updates() { awk '/^actor [1-9]/ { n += $8 } END { print n + 0 }' run/status; }

up 2 2
sharing() { [ $status = 0 ] && { [ "$1" != test_share ] || grep -q 'component: shared memory + window of all ranks + a relay a node' out; }; }
for program in test_share test_share_relay test_share_weights test_share_sleep test_share_borrow; do
    mpi 4 "$build/tests/$program"
    check "$program on two nodes" sharing $program
done

net="--env cartpole --net mlp:256,256 --t-max 20 --eval-every 0"
bytes=$((67872 * 4)) # of a gradient
# shellcheck disable=SC2086
train 4 16000 $net
check "a training on two nodes" ended 3 2
check "a relay for the other node" is "$(crossed relays)" 1
check "its gradients cross once each" is "$(crossed gradients) $(crossed gradient_bytes)" "$(remote_updates) $(($(remote_updates) * bytes))"
check "weights cross once per version at most" within "$(crossed weights)" 1 "$(($(total_updates) + 1))"
check "over the cable, by TCP" cables_agree

# shellcheck disable=SC2086
train 4 16000 $net --relay off
check "without relays: a training on two nodes" ended 3 2
check "without relays: nothing is said of them" bash -c '! grep -q "over the network" err'

# shellcheck disable=SC2086
train 4 16000 $net --combine sum --wire bf16
check "sums in 16 bits: a training on two nodes" ended 3 2
check "sums in 16 bits: half of the bytes" is "$(crossed gradient_bytes)" "$(($(crossed gradients) * bytes / 2))"
check "sums in 16 bits: stored" bash -c "'$dunlin' info run | grep -q 'wire bf16'"

# shellcheck disable=SC2086
train 4 16000 $net --combine sum --combine-most 8
check "sums that nobody waits for: a training on two nodes" ended 3 2
check "sums that nobody waits for: each is an update" is "$(crossed gradients)" "$(remote_updates)"
check "sums that nobody waits for: no frame without its actor" \
    is "$(awk '$1 == "frames" { print $2 }' run/status)" "$(awk '/^actor [1-9]/ { n += $6 } END { print n }' run/status)"

# a killed relay: the other actor of its node ends by itself, rank 0 and its own actor go on, and end on a signal
rank_pid() { # rank_pid NODE RANK; rank 0's guard, a session of its own, is none
    local p
    for p in $("$nodes" pids "$dir" "$1"); do
        [ "$(cut -d' ' -f6 "/proc/$p/stat" 2>/dev/null)" != "$p" ] || continue
        tr '\0' '\n' <"/proc/$p/environ" 2>/dev/null | grep -q "^OMPI_COMM_WORLD_RANK=$2\$" && echo "$p"
    done
}
frames() { awk '/^frames / { print $2 }' run/status; }
# Now and then Open MPI 4.1 ends rank 0, too: where the relay dies with a question half answered, the library aborts. Three tries.
for _ in 1 2 3; do
    rm -rf run
    "$nodes" run "$dir" timeout --kill-after=5 100 mpirun --enable-recovery --hostfile "$dir/hostfile" -n 4 "$dunlin" train \
        --env cartpole --frames 1e9 --eval-every 0 --log-every 0.2 --out "$scratch/run" >killed 2>&1 </dev/null &
    for _ in $(seq 300); do grep -qsE "^actor 3 host [^ ]+ frames [1-9]" run/status && break; sleep 0.1; done
    host=$(rank_pid 2 2) mate=$(rank_pid 2 3)
    kill -9 "$host"
    for _ in $(seq 400); do [ -e "/proc/$mate" ] || break; sleep 0.1; done
    before=$(frames)
    for _ in $(seq 100); do [ "$(frames)" -gt "$((before + 1000))" ] && break 2; sleep 0.1; done
    for p in $("$nodes" pids "$dir" 1) $("$nodes" pids "$dir" 2); do kill -9 "$p" 2>/dev/null; done
    wait 2>/dev/null
done
check "killed relay: its other actor ends by itself" test ! -e "/proc/$mate"
check "killed relay: it says why" grep -q "rank 3: the relay of this node is gone" killed
check "killed relay: rank 0 goes on" test "$(frames)" -gt "$((before + 1000))"
kill -USR1 "$(rank_pid 1 0)"
for _ in $(seq 300); do grep -q "^state stopped" run/status && break; sleep 0.1; done
check "killed relay: a stop is a stop" grep -q "^state stopped" run/status
for p in $("$nodes" pids "$dir" 1) $("$nodes" pids "$dir" 2); do kill -9 "$p" 2>/dev/null; done # a launcher may not end by itself then
wait 2>/dev/null

run "$nodes" run "$dir" mpirun --host "$("$nodes" host "$dir" 1):1,$("$nodes" host "$dir" 2):2" -n 3 "$dunlin" bench link --seconds 0.1 --params 20000
check "bench link: its lines" is "$(sed -E 's/ (value|limit|ratio) [0-9.e+]+/ \1/g' out)" "link-relay value bytes/s limit bytes/s ratio
link-direct value bytes/s limit bytes/s ratio"

mpi 4 env OMPI_MCA_osc=^ucx,pt2pt "$dunlin" train --env cartpole --frames 1000 --out "$scratch/none"
check "no window: not done" test $status != 0
check "no window: the setting to change" says "OMPI_MCA_osc=^ucx"

up 4 3
# shellcheck disable=SC2086
train 12 24000 "$source_dir/run/cartpole.ini" $net
check "a training on four nodes" ended 11 4
check "relays for the three other nodes" is "$(crossed relays)" 3
check "four nodes: gradients cross once each" is "$(crossed gradients) $(crossed gradient_bytes)" "$(remote_updates) $(($(remote_updates) * bytes))"
check "four nodes: weights once per node and version at most" within "$(crossed weights)" 3 "$((($(total_updates) + 1) * 3))"
check "four nodes: over the cable, by TCP" cables_agree

# sums that nobody waits for: an actor dies with a part in its node's, and a relay with all parts of another node's
of() { awk -v k="$2" -v a="$1" '$1 == "actor" && $2 == a { for (i = 3; i < NF; i++) if ($i == k) print $(i + 1) }' run/status; }
all_have() { local a; for a in $2; do [[ $(of "$a" "$1") =~ $3 ]] || return 1; done; }
dead="4 6 7 8" alive="1 2 3 5 9 10 11"
go_on() { # each of those alive has played on since
    local a had=()
    for a in $alive; do had[a]=$(of "$a" frames); done
    for _ in $(seq 300); do
        for a in $alive; do [ "$(of "$a" frames)" -gt "${had[a]}" ] || { sleep 0.1; continue 2; }; done
        return
    done
    return 1
}
for _ in 1 2 3; do # as above
    rm -rf run
    "$nodes" run "$dir" timeout --kill-after=5 140 mpirun --enable-recovery --hostfile "$dir/hostfile" -n 12 "$dunlin" train \
        --env cartpole --envs-per-actor 1 --combine sum --combine-most 4 --patience 8 --frames 1e9 --eval-every 0 --log-every 0.2 \
        --out "$scratch/run" >killed 2>&1 </dev/null &
    for _ in $(seq 400); do [ -e run/status ] && all_have frames "$dead $alive" '^[1-9]' && break; sleep 0.1; done
    mates="$(rank_pid 3 7) $(rank_pid 3 8)"
    kill -9 "$(rank_pid 2 4)" "$(rank_pid 3 6)"
    sleep 1
    went_on=no
    go_on && went_on=yes && break
    for k in 1 2 3 4; do for p in $("$nodes" pids "$dir" $k); do kill -9 "$p" 2>/dev/null; done; done
    wait 2>/dev/null
done
check "killed with sums: the others go on, those of the dead actor's node too" is $went_on yes
for _ in $(seq 400); do all_have state "$dead" '^(silent|dead)$' && break; sleep 0.1; done # dead: ten times the longest silence
check "killed with sums: the dead are named" all_have state "$dead" '^(silent|dead)$'
for p in $mates; do for _ in $(seq 100); do [ -e "/proc/$p" ] || break; sleep 0.1; done; done
check "killed with sums: the actors of the dead relay end" bash -c "! ls -d $(printf '/proc/%s ' $mates) 2>/dev/null | grep -q ."
check "killed with sums: and still the others go on" go_on
kill -USR1 "$(rank_pid 1 0)"
for _ in $(seq 300); do grep -q "^state stopped" run/status && break; sleep 0.1; done
check "killed with sums: a stop is a stop" grep -q "^state stopped" run/status
# An actor tells of its episodes by another way than of its frames: the two agree but for the episode under way (500 steps at most),
# what either way has lost with the dead, and episodes that a crowded rank 0 came too late for.
apart() {
    "$dunlin" info run --csv episodes | awk -F'[ ,]' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
        FNR == NR { n[$c["actor"]] += $c["length"]; next }
        /^actor [1-9]/ { d = $6 - n[$2]; if (d < -200 || d > 700 + $6 / 10) print $2, $6, n[$2] }' - run/status
}
check "killed with sums: the frames of each actor are those of its episodes (not: $(apart | xargs))" test -z "$(apart)"
sums() { awk '/^actor [1-9]/ { f += $6; u += $8 } END { print f, u }' run/status; }
check "killed with sums: no frame and no update without its actor" is "$(awk '/^(frames|updates) / { print $2 }' run/status | xargs)" "$(sums)"
check "killed with sums: each update has a lag" \
    is "$("$dunlin" info run --csv lag | awk -F, 'NR > 1 { s += $2 } END { print s }')" "$(awk '/^updates / { print $2 }' run/status)"
for k in 1 2 3 4; do for p in $("$nodes" pids "$dir" $k); do kill -9 "$p" 2>/dev/null; done; done
wait 2>/dev/null
finish
