#!/usr/bin/env bash
# test_quickstart.sh -- the first command of the README: from the tree to a learned catch player, its curve as text and picture.
. "$(dirname "$0")/tap.sh"
# In rounds, so that the same machine sees the same run.
run bash "$source_dir/run/quickstart.sh" catch --out "$scratch/q" --actors 2 --seed 7 --deterministic --frames 120000
check "quickstart: status 0" is "$status" 0
check "its score over 100 episodes is shown" grep -qE '^episodes 100 mean [-0-9.]+ ' out
check "the curve stands in the terminal" grep -q "emulated frames" out
png=$(sed -n 's/^learning curve: //p' out)
check "the path of the picture is printed" test -s "$png"
# on another processor the trajectory is another one, but all seeds end near 1; who misses one column of the twelve has 0.83
run "$dunlin" eval q --episodes 200
check "catch is solved: mean $(value mean) of at least 0.95 over 200 episodes" at_least "$(value mean)" 0.95

# cartpole at a rate at which it forgets what it has learned: the best weights are not the last
small=(--actors 2 --envs-per-actor 1 --deterministic --seed 2)
run bash "$source_dir/run/quickstart.sh" cartpole --out "$scratch/c" "${small[@]}" --frames 8000 --lr 0.1 --no-lr-anneal \
    --eval-every 1000 --eval-episodes 10
check "below the mark: status 0" is "$status" 0
check "below the mark: one line says so" is "$(grep -c '^below its mark: the last weights reach [-0-9.]* of 475, and the game shown is one of the best weights;' out)" 1
"$dunlin" record c --best --out best.gif >/dev/null 2>&1
"$dunlin" record c --out last.gif >/dev/null 2>&1
check "below the mark: the best weights are others than the last" bash -c '! cmp -s best.gif last.gif'
check "below the mark: their game is shown" cmp -s c/agent.gif best.gif
run bash "$source_dir/run/quickstart.sh" corridor --out "$scratch/d" "${small[@]}"
check "at the mark: status 0" is "$status" 0
check "at the mark: nothing is said" bash -c '! grep -q "below its mark" out'
"$dunlin" record d --out last.gif >/dev/null 2>&1
check "at the mark: the game is that of the last weights" cmp -s d/agent.gif last.gif

# words as the program takes them; an environment of one's own is named to eval and record, too
run bash "$source_dir/run/quickstart.sh" --help
check "--help: what it does, and nothing is done" test "$status" = 0 -a "$(grep -c '^quickstart.sh \[ENV\]' out)" = 1 -a "$(wc -l <out)" -lt 6
run bash "$source_dir/run/quickstart.sh" cartpole --out
check "--out without a folder: status 2, one line" test "$status" = 2 -a "$(grep -c '^dunlin: --out: ' err)" = 1
run bash "$source_dir/run/quickstart.sh" --env=corridor --out="$scratch/e" "${small[@]}" --frames 700 --eval-every 0
check "--out=DIR, no ENV: status 0" is "$status" 0
check "--out=DIR, no ENV: all lies there" test -s e/curve.png -a -s e/agent.gif -a "$(grep -c '^env = corridor' e/options.ini)" = 1
run bash "$source_dir/run/quickstart.sh" --seed 3 --out "$scratch/f" --frames 200 --eval-every 0 --actors 1
check "options alone: it is catch" test "$status" = 0 -a "$(grep -c '^env = catch\|^seed = 3' f/options.ini)" = 2
"${CC:-cc}" -O2 -shared -fPIC -I "$source_dir/include" "$source_dir/tests/metered_env.c" -o own.so
run bash "$source_dir/run/quickstart.sh" "lib:$PWD/own.so" --net mlp:8 --out "$scratch/l" "${small[@]}" --frames 700 --eval-every 0
check "lib: status 0, and its score" test "$status" = 0 -a "$(grep -c '^episodes 100 mean' out)" = 1
. "$source_dir/tests/venv.sh"
if venv_has "gymnasium, numpy" numpy gymnasium h5py >err 2>&1; then
    run bash "$source_dir/run/quickstart.sh" gym:CartPole-v1 --python "$python" --out "$scratch/g" --actors 1 --frames 700 --eval-every 0
    check "gym: by another Python: status 0, and its score" test "$status" = 0 -a "$(grep -c '^episodes 100 mean' out)" = 1
else
    skip "gym: by another Python" "gymnasium cannot be installed"
fi

run bash "$source_dir/run/quickstart.sh" no-such-game --out "$scratch/q2"
check "an unknown environment: not 0, one line" test "$status" != 0 -a "$(grep -c '^dunlin: ' err)" = 1
finish
