#!/usr/bin/env bash
# export.sh -- what `dunlin export` writes, in the hands of PyTorch, Keras, ONNX's own checker and TensorBoard; back from
# both into Dunlin, bit for bit; and CartPole, Pong and Breakout in Gymnasium: the same mean return as in `dunlin eval`. Some
# minutes. The packages (PyTorch is large) are installed to DUNLIN_VENV, by default build/venv-export; KERAS_BACKEND is torch.
: "${DUNLIN_VENV:=${DUNLIN_BUILD:-$PWD/build}/venv-export}"
export DUNLIN_VENV KERAS_BACKEND=${KERAS_BACKEND:-torch} OMP_NUM_THREADS=1 # threads of so small networks wait for each other
. "$(dirname "$0")/../tap.sh"
. "$source_dir/tests/venv.sh"
export RUN_LIMIT=${RUN_LIMIT:-900}
check_export() { run "$python" "$source_dir/tests/check_export.py" "$1" .; sed 's/^/# /' out; [ "$status" = 0 ]; }

VENV_OPEN=1 venv_has "torch, keras, onnx, onnxruntime, safetensors, tensorboard, gymnasium, pandas, h5py" torch keras onnx onnxruntime safetensors \
    tensorboard gymnasium pandas h5py || { skip "the packages" "they cannot be installed"; finish; }
"${DUNLIN_BUILD:-$source_dir/build}/tests/test_export" write . >list
for name in $(cut -d' ' -f1 list); do
    for end in safetensors onnx weights.h5; do "$dunlin" export "$name.h5" --out "$name.$end"; done
    "$dunlin" export "$name.h5" --raw --out "$name.raw.onnx"
done
for what in safetensors onnx onnx_checker torch keras; do check "$what" check_export $what; done

run "$dunlin" train --env cartpole --frames 60000 --actors 1 --seed 3 --out a
check "a run" is "$status" 0
mkdir events
"$dunlin" export a --out events
"$dunlin" info a --csv eval >eval.csv
check "tensorboard reads its curves" check_export tensorboard
"$dunlin" export a --out a.csv
"$dunlin" export a --out a.weights.h5
cat >back.py <<'P'
import sys

sys.path.insert(0, sys.argv[1])
import dunlin

agent = dunlin.load("a")
dunlin.save(dunlin.from_torch(dunlin.torch_module(agent), agent), "torch.safetensors")
model = dunlin.keras_model(agent, "a.weights.h5")
dunlin.save(dunlin.from_keras(model, agent), "keras.safetensors")
tables = dunlin.read_run("a")
assert len(tables["eval"]) and list(tables["eval"]["frames"]) == sorted(tables["eval"]["frames"]), tables["eval"]
assert tables["events"]["kind"].map(type).eq(str).all() and tables["actors"]["host"].map(type).eq(str).all()
P
run "$python" back.py "$source_dir/run/python"
check "weights go back from PyTorch and Keras, tables into pandas" is "$status" 0
for from in torch keras; do
    run "$dunlin" train --env cartpole --frames 1 --actors 1 --eval-every 0 --seed 9 --out $from --init-from $from.safetensors
    run "$dunlin" export $from/checkpoint-000000000000.h5 --out $from.csv
    check "a run begins with those of $from, bit for bit" cmp -s $from.csv a.csv
done

cat >play.py <<'P'
import sys

sys.path.insert(0, sys.argv[1])
import dunlin

agent = dunlin.load(sys.argv[4])
if sys.argv[2] == "torch":
    policy = dunlin.torch_policy(dunlin.torch_module(agent))
else:
    policy = dunlin.keras_policy(dunlin.keras_model(agent), agent)
returns = dunlin.play(agent, policy, episodes=int(sys.argv[3]), seed=1)
print("episodes", len(returns), "mean", returns.mean(), "std", returns.std())
P
# plays RUN N "HOW M ...": `dunlin eval` over N games, and Gymnasium by PyTorch or Keras over M
plays() {
    local of=$1 games=$2 mean std which n; shift 2
    run "$dunlin" eval "$of" --episodes "$games"
    read -r mean std <<<"$(value mean) $(value std)"
    echo "# dunlin eval: mean $mean std $std over $games episodes"
    for trial in "$@"; do
        read -r which n <<<"$trial"
        run "$python" play.py "$source_dir/run/python" "$which" "$n" "$of"
        echo "# Gymnasium by $which: $(cat out)"
        check "$which plays $of in Gymnasium as Dunlin does" near "$mean" "$std" "$games" "$n"
    done
}
near() { awk -v a="$1" -v sa="$2" -v m="$3" -v n="$4" -v b="$(value mean)" -v sb="$(value std)" \
    'BEGIN { d = a - b; if (d < 0) d = -d; exit !(sb > 0 && d <= 3 * sqrt(sa * sa / m + sb * sb / n)) }'; }
plays a 1000 "torch 300" "keras 60"
if VENV_OPEN=1 venv_has ale_py ale-py && bash "$source_dir/run/fetch-atari.sh" "${DUNLIN_ATARI_DIR:=$source_dir/build/atari}"; then
    export DUNLIN_ATARI_DIR
    for game in pong breakout; do
        run "$dunlin" train --env atari:$game --net small --frames 20000 --actors 1 --eval-every 0 --seed 3 --sticky 0.1 --out $game
    done
    plays pong 40 "torch 10"
    plays breakout 200 "torch 40" "keras 10"
else skip "Atari in Gymnasium" "ale-py or the games cannot be had"; fi
echo "export: $tap_count checks, $([ $tap_failed = 0 ] && echo none || echo some) failed"
finish
