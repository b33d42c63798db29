#!/usr/bin/env bash
# test_deterministic.sh -- `--deterministic`: the same seed gives the same bits, another seed or number of ranks others; what it
# cannot be combined with is refused; one actor's death ends all. test_deterministic_*.sh: over nodes, and killed and resumed.
. "$(dirname "$0")/deterministic.sh"

# the same seed, another seed, another number of ranks
# shellcheck disable=SC2086
{
check "a deterministic run ends with status 0" train one 3 $short
check "its twin, too" train two 3 $short --log-every 0.05
check "the same seed: the same bits" same one two
train three 3 $short --seed 2
check "another seed: other weights" different --params one three
train four 4 $short
check "another number of ranks: other weights" different --params one four
}
run "$dunlin" resume one --actors 3 --frames 30000
check "resumed with other ranks: status 2" is "$status" 2
check "resumed with other ranks: one line" says "--deterministic" "3 ranks" "--actors 2"
run "$dunlin" train --env cartpole --deterministic --consistency hogwild --out h
check "with hogwild: status 2" is "$status" 2
check "with hogwild: one line" says deterministic hogwild versioned
run "$dunlin" resume one --deterministic false
check "resumed as asynchronous: status 2" is "$status" 2
"$dunlin" info one --csv train >out
check "rows of /train fall on multiples of log-frames" awk -F, 'NR > 1 { if (int($2 / 1000) <= last) exit 1; last = int($2 / 1000) }
    END { exit !(NR == 21) }' out

# one actor dies: the others must not go on without it
: >err # or the old one is read until the program begins
"$dunlin" train --deterministic --env corridor --actors 2 --frames 1e9 --eval-every 0 --out "$scratch/alone" --log-every 0.1 >out 2>err </dev/null &
pid=$!
for _ in $(seq 600); do grep -q "frames/s" err && break; sleep 0.1; done
kill -KILL "$(rank "$scratch/alone" 2)"
wait $pid
check "the death of one actor: status 1" is $? 1
check "the death of one actor: state lost-actors" grep -q "^state lost-actors" alone/status
check "the death of one actor: the line says why" grep -q "rank 2 is gone, and a deterministic run goes on with all or none" err
finish
