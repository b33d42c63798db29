#!/usr/bin/env bash
# test_gym.sh -- environments written in Python (`gym:`): CartPole, pictures, spaces, what dies in a step, and bad input. Gymnasium
# comes from the virtual environment DUNLIN_VENV (build/venv), which is made where it is missing.
. "$(dirname "$0")/tap.sh"
. "$source_dir/tests/venv.sh"
venv_has "gymnasium, numpy" numpy gymnasium h5py >err 2>&1 || {
    if [ -n "${CI:-}" ] || [ "$(id -u)" = 0 ]; then check "gymnasium can be installed" false; else skip "all of it" "gymnasium cannot be installed"; fi
    finish
}
cp "$source_dir"/tests/gym_env.py .
train() { run nice "$dunlin" train --python "$python" --actors 1 --log-every 0.2 "$@"; }
ended() { grep -q "^state $1" "$2/status"; }

run "$python" "$source_dir/tests/gym_spaces.py" "$source_dir"
check "spaces become numbers, actions come back: $(head -1 out)" is "$status" 0

train --env gym:CartPole-v1 --net mlp:64,64 --reward-scale 0.05 --envs-per-actor 4 --frames 40000 --eval-every 40000 --eval-episodes 3 --out pole
check "CartPole trains: status 0" is "$status" 0
check "and learns" at_least "$(sed -n 's/.*last \([0-9.]*\);.*/\1/p' err)" 100
check "no Python is left" none_left
run "$dunlin" eval pole --python "$python" --episodes 3
check "eval: status 0" is "$status" 0
run "$dunlin" eval pole --python "$python" --episodes 1 --env "gym:CartPole-v1?sutton_barto_reward=true" --json
check "eval, other keyword arguments: it plays by them" grep -qE '"mean": (-1|0),' out
check "and says so" grep -qxF "plays gym:CartPole-v1?sutton_barto_reward=true; it was trained on gym:CartPole-v1" err
run "$dunlin" eval pole --episodes 1 --env lib:./mine.so
check "eval, a library in place of Python: status 2" is "$status" 2
check "and what to do" says "of another kind" "name the one"
run "$dunlin" resume pole --python "$python" --frames 40500
check "resume: status 0" is "$status" 0
run "$dunlin" bench actor --env gym:CartPole-v1 --python "$python" --seconds 0.2
check "bench actor: status 0" is "$status" 0
check "bench actor: what the bridge costs" grep -qE "^actor-bridge value [0-9.]+ us limit [0-9.]+ us" out
run "$dunlin" bench actor --env "gym:gym_env.py:Faulty?busy=0.0002" --net mlp:8 --envs-per-actor 500 --t-max 1 --python "$python" --seconds 0.2
check "bench actor: more environments than steps, each counted once" awk '$1 == "actor-bridge" { n++; ok = $9 > 0.6 && $9 < 1.5 } END { exit !(n == 1 && ok) }' out

# every command that opens an environment takes --python
run "$dunlin" check gym:gym_env.py:Pictures --python "$python" --seconds 0.2 --frame-skip 2
check "check: status 0" is "$status" 0
check "check: opened as asked" grep -q "^ok *ends *[0-9]* terminated" out
check "check: drawn as record does" grep -q "^ok *render *40x60 pixels" out
for frames in 2 4; do
    run "$dunlin" check "gym:gym_env.py:Stacked?frames=$frames" --python "$python" --seconds 0.1
    check "$frames frames in one: none is left out" grep -qE "^ok *observation *pictures of 84x84, planes $frames, stack 4" out
    check "$frames frames in one: the newest is seen" test "$status" = 0 -a -z "$(grep "observations never change" out)"
done
run "$dunlin" check "gym:gym_env.py:Faulty?leak=4000" --python "$python" --seconds 0.4
check "check: memory of its process" grep -qE "^(doubtful|wrong) *memory *.*bytes a step" out
run "$dunlin" check "gym:gym_env.py:Faulty?what=exception&always=true&at=3" --python "$python" --seconds 0.2
check "check: what dies is wrong" test "$status" = 1 -a -n "$(grep '^wrong *failure' out)"
run "$dunlin" doctor --env gym:CartPole-v1 --python "$python" --actors 1
check "doctor: plays it" grep -q "^ok scale: gym:CartPole-v1" out

# what is for drawing alone, and seeds, are given where they are taken: words that are passed on do not say whether
for what in plain mode base unseeded; do
    run "$dunlin" check "gym:gym_env.py:passed_on?what=$what" --python "$python" --seconds 0.1
    check "nothing to draw, $what: status 0, and no word of it" test "$status" = 0 -a -z "$(cat out err | grep -E "be drawn|Error|seeds?:")"
done
run "$dunlin" check "gym:gym_env.py:passed_on?pictures=true" --python "$python" --seconds 0.1
check "words that are passed on reach what draws" grep -q "^ok *render *40x60 pixels" out
train --env "gym:gym_env.py:passed_on" --net mlp:8 --frames 200 --eval-every 200 --eval-episodes 1 --out passed
run "$dunlin" eval passed --env gym:gym_env.py:passed_on --python "$python" --episodes 1
check "what trains is evaluated" is "$status" 0

# what dies costs a rollout
rm -f once-*
train --env "gym:gym_env.py:Faulty?what=exception+segfault+exit+kill+hang+shape+four" --env-timeout 1 --envs-per-actor 1 --net mlp:8 --frames 3000 --eval-every 0 --out faults
check "whatever dies: the run goes on to its end" ended done faults
for line in "the wheel came off (gym_env.py:" "signal 11 (Segmentation fault); it said last: Fatal Python error" \
    "status 3; it said last: leaving now" "signal 9" "gave no answer for 1 s" "shape (4,)" "five are needed"; do
    check "named: $line" grep -qF "$line" err
done
run "$dunlin" info faults --csv events
check "each is counted" at_least "$(grep -c ',environment,' out)" 7
train --env "gym:gym_env.py:Faulty?what=exit&always=true&at=3" --envs-per-actor 1 --net mlp:8 --frames 100000 --eval-every 0 --out always
check "rollout after rollout: the actor ends" grep -q "5 rollouts in a row: this actor ends" err
check "rollout after rollout: failed" is "$status" 1
check "and no Python is left" none_left

run "$dunlin" check "gym:gym_env.py:Faulty?late=1000" --python "$python" --env-timeout 0.5 --seconds 0.2
check "a reset that hangs: its time is up" test "$status" = 1 -a -n "$(tr -s ' \n' ' ' <out | grep "wrong failure .*gave no answer for 0.5 s")"

# each environment has its own stream of seeds, and none is played twice: not by a resume, nor by actors that come new to it
seeds() { train --env "gym:$PWD/gym_env.py:Faulty?seeds=$PWD/$1" --net mlp:8 --envs-per-actor 2 --eval-every 0 "${@:2}"; }
seeds one --frames 300 --out once
seeds two --frames 300 --out again
check "the same run plays the same seeds" is "$(head -8 one | sort)" "$(head -8 two | sort)"
run nice "$dunlin" resume once --env "gym:$PWD/gym_env.py:Faulty?seeds=$PWD/one" --python "$python" --frames 600
check "resumed: status 0" is "$status" 0
check "no seed is played twice: $(wc -l <one) episodes" is "$(sort one | uniq -d)" ""
check "many were" at_least "$(wc -l <one)" 40

# a batch is given a step's time for each of its environments: together they take longer than one may
train --env "gym:gym_env.py:Faulty?slow=1.2" --env-timeout 4 --envs-per-actor 4 --t-max 1 --net mlp:8 --frames 4 --eval-every 0 --out batch
check "four slow ones together: status 0" is "$status" 0
check "four slow ones together: none has died" is "$("$dunlin" info batch --csv events | grep -c ',environment,')" 0

# and to come into being as long as a start, the second and later ones too
train --env "gym:gym_env.py:Faulty?born=4.5" --env-timeout 4 --envs-per-actor 2 --net mlp:8 --frames 40 --eval-every 0 --out born
check "two that come into being slowly: status 0" is "$status" 0
check "two that come into being slowly: none has died" is "$("$dunlin" info born --csv events | grep -c ',environment,')" 0

# what lies in the folder that it is started in is nobody's module
mkdir bait
for module in gymnasium numpy random tempfile struct; do echo 'raise RuntimeError("taken from the folder")' >bait/$module.py; done
(cd bait && PATH=$(dirname "$python"):$PATH run "$dunlin" check gym:CartPole-v1 --seconds 0.1 && mv out err .. && exit "$status"); status=$?
check "modules of this folder are not taken: status 0" is "$status" 0
check "check gym: nothing wrong" is "$(grep -c '^wrong' out)" 0
check "check gym: it would train" grep -qE "^ok +verdict" out

# an actor that is killed takes its Python with it
: >err # or the old one is read until the program begins
nice "$dunlin" train --python "$python" --actors 1 --env "gym:gym_env.py:Faulty" --net mlp:8 --frames 1000000000 --eval-every 0 --out killed >out 2>err </dev/null &
for _ in $(seq 1200); do grep -q '^ *[0-9.]*%' err && break; sleep 0.1; done
child=$(pgrep -P "$(rank train 1)" | head -1)
check "the actor has a child" test -n "$child"
kill -KILL "$(rank train 1)"
for _ in $(seq 50); do [ -d "/proc/${child:-1}" ] && ! grep -q "^State:.Z" "/proc/$child/status" || break; sleep 0.1; done
check "killed with its actor" test ! -d "/proc/${child:-1}" -o -n "$(grep "^State:.Z" "/proc/$child/status" 2>/dev/null)"
wait
check "no process is left" none_left

# pictures, of a Dict, in grey and colour
train --env gym:gym_env.py:Pictures --net small --frames 3000 --eval-every 3000 --eval-episodes 3 --out seen
check "pictures: status 0" is "$status" 0
check "pictures: what is left out is told" grep -q "left out: lives" err
run "$dunlin" record seen --env gym:gym_env.py:Pictures --python "$python" --out seen.gif
check "record: status 0" is "$status" 0
check "record: a picture of its size" is "$("$python" -c "import struct; print(struct.unpack('<HH', open('seen.gif', 'rb').read()[6:10])[0] >= 60)")" True
train --env gym:gym_env.py:Pictures --net small --grey=false --frame-skip 2 --frames 500 --eval-every 0 --out colour
check "colour, each action twice: status 0" is "$status" 0
train --env gym:gym_env.py:Many --net mlp:8 --frames 1000 --eval-every 0 --out many
check "several actions at once: status 0" is "$status" 0

# whose code runs says the command line
run "$dunlin" eval seen --python "$python" --episodes 1
check "eval of a file that was not named: status 2" is "$status" 2
check "eval of a file that was not named" says "whose code would run here" "--env gym:$PWD/gym_env.py:Pictures"
run "$dunlin" resume seen --python "$python" --frames 6000
check "resume of a file that was not named: status 2" is "$status" 2
mkdir elsewhere && mv gym_env.py elsewhere
run "$dunlin" resume seen --python "$python" --env gym:elsewhere/gym_env.py:Pictures --frames 3500
check "resume from elsewhere: status 0" is "$status" 0
cd elsewhere || exit 1

# bad input: one line, before ranks start
refused() { # refused WORD ENV [OPTION...]
    local word=$1 env=$2; shift 2
    train --env "$env" --net mlp:8 --frames 1000 --out refused "$@"
    check "$env ${*: -1}: status 2" is "$status" 2
    check "$env ${*: -1}: its line says $word" says "$word"
}
refused "CartPoool" gym:CartPoool-v1
refused "no_such_module" gym:no_such_module:A-v1
refused "no function nothing" gym:gym_env.py:nothing
refused "no file" gym:none.py:make
refused "FUNCTION" gym:gym_env.py
refused "no step" gym:gym_env.py:Wrong
refused "Text space" "gym:gym_env.py:Many?action=text"
refused "finite" "gym:gym_env.py:Many?action=unbounded"
refused "Graph space" "gym:gym_env.py:Many?observation=graph"
refused "unexpected" "gym:gym_env.py:Many?wheels=4"
refused "key=value" "gym:CartPole-v1?wheels"
refused "no parts" "gym:CartPole-v1?obs=image"
refused "nowhere/python" gym:CartPole-v1 --python nowhere/python
refused "which one" gym:
run "$dunlin" check gym:CartPoool-v1 --python "$python"
check "check of no environment: status 2" is "$status" 2
check "check of no environment: its line" says "CartPoool"
run "$dunlin" doctor --env gym:CartPoool-v1 --python "$python" --actors 1
check "doctor of no environment" grep -q "^fail env: .*CartPoool" out
"$python" -m venv --without-pip bare
refused "no module" gym:CartPole-v1 --python bare/bin/python
check "no Python is left at the end" none_left
finish
