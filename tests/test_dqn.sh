#!/usr/bin/env bash
# test_dqn.sh -- the replay baseline through the whole program: the last weights have learned cartpole and catch, what the memory
# costs is said before it is paid, and a resume fills it anew and says so. In rounds (--deterministic), so that the same machine sees
# the same run.
. "$(dirname "$0")/tap.sh"

learn() { # ENV MEAN OPTIONS...
    local env=$1 mean=$2; shift 2
    run "$dunlin" train --env "$env" --algo dqn --actors 1 --deterministic --out "$env" "$@"
    check "$env by dqn: trained" is "$status" 0
    cp err "$env.err"
    run "$dunlin" eval "$env" --episodes 100
    check "$env by dqn: mean of 100 episodes $(value mean), at least $mean" at_least "$(value mean)" "$mean"
}

# random: 22; seeds 1 to 11 have 494 or more
learn cartpole 475
check "the memory is named" grep -q "memory: 20000 steps, .* MB when full; the first gradient after 5000 steps" cartpole.err
check "what a resume of it is, too" grep -q "no checkpoint has the memory" cartpole.err
run "$dunlin" resume cartpole --frames 307000
check "resumed: status 0" is "$status" 0
check "resumed: the memory is filled anew" grep -q "not restored: .*the memory: 5000 steps are played before the next gradient" err
updates() { "$dunlin" info cartpole --csv train | awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "updates") u = i; next }
    { n = $u } END { print n }'; }
check "resumed: with updates for what was played beyond ($(updates))" is "$(updates)" "$((295000 / 10 + 1 + 2000 / 10 + 1))"
# a first draw needs some steps of each environment
run "$dunlin" train --env catch --algo dqn --actors 2 --envs-per-actor 3 --memory 200 --replay-start 7 --batch 4 --frames 100 --eval-every 0 --out few
check "few steps at first: as many as are needed are named" grep -q "the first gradient after 30 steps" err
run "$dunlin" resume few --frames 200
check "few steps at first, resumed: the same" grep -q "the memory: 30 steps are played before the next gradient" err
check "few steps at first, resumed: enough are left" is "$(grep -c "frames are left" err)" 0
run "$dunlin" resume few --frames 220
check "fewer are left than fill the memory: it says so" grep -q "note: .* frames are left, and until the memory is filled no gradient comes" err
# random: -0.83, and 0.83 with one of twelve columns missed; 1 with seeds 7 to 11, and with two actors and seeds 1 to 6
learn catch 0.9 --eval-every 5000 --eval-episodes 20
finish
