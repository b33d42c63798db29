#!/usr/bin/env bash
# test_mujoco.sh -- `mujoco:TASK`: fetched and compiled, the same numbers as Gymnasium's (tests/mujoco_twin.py), a run with its
# provenance, pictures and resume, and what is said where something is missing or does not fit. MuJoCo comes into DUNLIN_MUJOCO_DIR
# (build/mujoco), Gymnasium into a Python environment of its own (build/venv-mujoco). Skipped where there is no network.
. "$(dirname "$0")/tap.sh"
build=${DUNLIN_BUILD:-$source_dir/build}
mujoco=${DUNLIN_MUJOCO_DIR:-$build/mujoco}
fetch() { run bash "$source_dir/run/fetch-mujoco.sh" "$@"; }
must() { [ -n "${CI:-}" ] || [ "$(id -u)" = 0 ]; } # where everything can be had

# what is missing, and what to do
DUNLIN_MUJOCO_DIR=$PWD/nowhere run "$dunlin" train --env mujoco:hopper
check "no MuJoCo in the folder that is named: status 2" is "$status" 2
check "its line, whatever lies elsewhere" says "DUNLIN_MUJOCO_DIR is" nowhere run/fetch-mujoco.sh
mkdir bare && cp "$dunlin" bare/dunlin
run env -u DUNLIN_MUJOCO_DIR bare/dunlin train --env mujoco:hopper
check "no MuJoCo anywhere: its line" says "$PWD/bare/mujoco" run/fetch-mujoco.sh build/mujoco
mkdir wrong && cp "$(type -P true)" wrong/mujoco.so
DUNLIN_MUJOCO_DIR=$PWD/wrong run "$dunlin" train --env mujoco:hopper
check "no library at all: its line" says wrong/mujoco.so "cannot be used" run/fetch-mujoco.sh
head -c 20000 "$dunlin" >wrong/libmujoco.so.1 # of any library's kind
DUNLIN_MUJOCO_DIR=$PWD/wrong run "$dunlin" train --env mujoco:hopper
check "MuJoCo's own library was cut: which one" says wrong/mujoco.so "libmujoco.so.1 beside it: it is cut" "has 20000"
check "which is a refusal" is "$status" 2

fetch "$mujoco"
if [ "$status" != 0 ]; then
    if must; then check "MuJoCo can be fetched" false; else skip "all else" "MuJoCo cannot be fetched: $(tail -1 err)"; fi
    finish
fi
export DUNLIN_MUJOCO_DIR=$mujoco
train() { run nice "$dunlin" train --actors 1 --eval-episodes 2 "$@"; }

run "$dunlin" train --env mujoco:
check "no task: its line" says "mujoco:hopper"
run "$dunlin" train --env mujoco:Hopper-v5
check "no such task: status 2" is "$status" 2
check "no such task: its line" says Hopper-v5 halfcheetah inverted-double-pendulum
for algo in n-step-q dqn; do
    run "$dunlin" train --env mujoco:hopper --algo $algo
    check "$algo: its line" says "algorithm $algo needs single discrete actions" "use a3c"
done
run "$dunlin" train --env mujoco:swimmer --help
check "a task's own defaults" grep -qF "(0.999)" out
run "$dunlin" train --env mujoco:hopper --help
check "which are no other's" grep -qF "(0.99)" out

# another folder: a model is missing; the headers are of another version; the model is broken
cp -r "$mujoco" other && rm other/assets/ant.xml
export DUNLIN_MUJOCO_DIR=$PWD/other
run "$dunlin" train --env mujoco:ant
check "a model's file is missing: status 2" is "$status" 2
check "its line" says other/assets/ant.xml "run/fetch-mujoco.sh brings the whole anew, once its folder is removed"
mkdir other/assets/ant.xml
run "$dunlin" train --env mujoco:ant
check "a folder in its place: one line" says other/assets/ant.xml "is no file"
sed -i 's/<joint/<joind/' other/assets/hopper.xml
run "$dunlin" train --env mujoco:hopper
check "a model that is none: its line" says other/assets/hopper.xml joind
cp other/assets/half_cheetah.xml other/assets/pusher_v5.xml
run "$dunlin" train --env mujoco:pusher
check "another task's model: status 2" is "$status" 2
check "another task's model: its line" says "pusher_v5.xml is no model of pusher" "9 positions" run/fetch-mujoco.sh
sed -i 's/name="fingertip"/name="finger"/' other/assets/reacher.xml
run "$dunlin" train --env mujoco:reacher
check "a body that is read by its name: its line" says reacher.xml 'no body "fingertip"' run/fetch-mujoco.sh
sed -i 's/\(#define mjVERSION_HEADER \).*/\11/' other/include/mujoco/mujoco.h && rm other/mujoco.so
fetch "$PWD/other"
check "compiled against other headers" is "$status" 0
run "$dunlin" train --env mujoco:ant
check "another MuJoCo than its headers: status 2" is "$status" 2
check "another MuJoCo than its headers: its line" says "headers of 1" run/fetch-mujoco.sh
export DUNLIN_MUJOCO_DIR=$mujoco

# a run, pictures, a resume
train --env mujoco:inverted-pendulum --lr 2e-3 --t-max 8 --epochs 1 --frames 30000 --eval-every 30000 --checkpoint-every 15000 --out pole
check "inverted-pendulum trains: status 0" is "$status" 0
check "and learns" at_least "$(sed -n 's/.*last \([0-9.e+]*\);.*/\1/p' err)" 100
run "$dunlin" info pole
check "provenance names MuJoCo" grep -qE "MuJoCo [0-9]+\.[0-9]+" out
run "$dunlin" record pole --out pole.gif --max-seconds 2
check "record: status 0" is "$status" 0
MUJOCO_GL=disable run "$dunlin" record pole --out plain.gif --max-seconds 2
check "record without EGL: status 0" is "$status" 0
check "and another picture, where EGL is" sh -c "ls /usr/lib/*/libEGL_mesa.so.* >/dev/null 2>&1 || exit 0; ! cmp -s pole.gif plain.gif"
MUJOCO_GL=osmesa run "$dunlin" record pole --out asked.gif --max-seconds 0.2
check "another way to draw: what is used instead is told" grep -q "MUJOCO_GL is 'osmesa'; known here: egl, disable" err
MUJOCO_GL=on run "$dunlin" record pole --out asked.gif --max-seconds 0.2
check "what asks for no other way is no fault" is "$(grep -c MUJOCO_GL err)" 0
run mpirun --oversubscribe -n 2 "$dunlin" doctor --env mujoco:hopper
check "doctor: which MuJoCo it is" grep -qE '^ok mujoco: MuJoCo [0-9.]+$' out
run "$dunlin" bench actor --env mujoco:hopper --seconds 0.2
check "bench actor: status 0" is "$status" 0
check "bench actor: frames of rollouts that are used again" grep -qE "^actor-train value [1-9]" out
run "$dunlin" check mujoco:reacher --episodes 3 --seconds 5
check "check finds nothing wrong" is "$status" 0

# stopped half way and resumed: the same weights as in one go
same=(--env mujoco:halfcheetah --deterministic --eval-every 0 --checkpoint-every 2048 --lr-anneal=false)
train "${same[@]}" --frames 4096 --out whole
train "${same[@]}" --frames 2048 --out half
run nice "$dunlin" resume half --frames 4096
check "resume: status 0" is "$status" 0
check "no file is left by the library" test -z "$(find . -name 'MUJOCO_LOG*')"

. "$source_dir/tests/venv.sh"
venv=$build/venv-mujoco python=$build/venv-mujoco/bin/python
if venv_has "gymnasium.envs.mujoco, mujoco, h5py" gymnasium mujoco imageio packaging h5py >err 2>&1; then
    run "$python" "$source_dir/tests/same_run.py" --params whole half
    check "and has the weights of a run in one go" is "$status" 0
    "$python" "$source_dir/tests/mujoco_twin.py" "$build/tests/test_mujoco" $((tap_count + 1)) || tap_failed=1
elif must; then
    check "Gymnasium and MuJoCo can be installed" false
else
    skip "the same numbers as Gymnasium's" "Gymnasium and MuJoCo cannot be installed"
fi
finish
