#!/usr/bin/env bash
# test_quickstart.sh -- the first command of the README: from the tree to a learned catch player, its curve as text and picture.
. "$(dirname "$0")/tap.sh"
# In rounds, so that the same machine sees the same run.
RUN_LIMIT=280
run bash "$source_dir/run/quickstart.sh" catch --out "$scratch/q" --seed 7 --deterministic
check "quickstart: status 0" is "$status" 0
check "its score over 100 episodes is shown" grep -qE '^episodes 100 mean [-0-9.]+ ' out
check "the curve stands in the terminal" grep -q "emulated frames" out
png=$(sed -n 's/^learning curve: //p' out)
check "the path of the picture is printed" test -s "$png"
# a hundred games of an agent that misses one in a hundred can fall below 0.95 by chance; a thousand tell
run "$dunlin" eval q --episodes 1000
check "catch is solved: mean $(value mean) of at least 0.95 over 1000 episodes" at_least "$(value mean)" 0.95
run bash "$source_dir/run/quickstart.sh" no-such-game --out "$scratch/q2"
check "an unknown environment: not 0, one line" test "$status" != 0 -a "$(grep -c '^dunlin: ' err)" = 1
finish
