#!/usr/bin/env bash
# run.sh [--seconds S] [--rounds R] [--cores LIST] [--game GAME | --gym ID | --mujoco TASK] [--check] -- how fast others train on the
# same game, cores and network: PFRL's A3C, Stable-Baselines3's A2C, and a synchronous A2C over EnvPool and PyTorch, alternating with
# Dunlin. With --gym ID: Stable-Baselines3's A2C alone, on that environment of Gymnasium, 8 of them, against as many an actor. With
# --mujoco TASK: its A2C and PPO, 8 environments, against as many an actor; A2C and we learn from a rollout once, PPO ten times, we
# as often as our defaults say.
# Prints one line for each: NAME frames_per_s V dunlin V ratio R, frames emulated, ratio = dunlin / NAME, medians over rounds.
#
# Installs them with pip into a virtual environment (PEERS_VENV, default build/peers beside the program): gigabytes, so no test
# calls this. Set TORCH_INDEX to the address of PyTorch's index of CPU builds to fetch less. --check installs and imports only.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
build=${DUNLIN_BUILD:-$root/build}
venv=${PEERS_VENV:-$build/peers}
seconds=30 rounds=3 cores=$(taskset -cp $$ | sed 's/.*: //') game=pong only_check=0 peers=(pfrl_a3c sb3_a2c a2c_envpool)
ours=()
while [ $# -gt 0 ]; do
    case $1 in
    --seconds) seconds=$2; shift 2 ;;
    --rounds) rounds=$2; shift 2 ;;
    --cores) cores=$2; shift 2 ;;
    --game) game=$2; shift 2 ;;
    --gym)
        game=$2 peers=(sb3_gym)
        ours=(--env "gym:$2" --python "$venv/bin/python" --net "mlp:64,64" --envs-per-actor 8)
        shift 2
        ;;
    --mujoco) game=$2 peers=("sb3_mujoco --algo a2c" "sb3_mujoco --algo ppo"); ours=(--env "mujoco:$2"); shift 2 ;;
    --check) only_check=1; shift ;;
    *) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
done

. "$root/run/numbers.sh"
rounds=$(whole --rounds "$rounds" 1)
real --seconds "$seconds" 0
if [ ! -f "$venv/complete" ]; then
    echo "installing PFRL, Stable-Baselines3 and EnvPool into $venv" >&2
    python3 -m venv "$venv"
    # PyTorch first and from its own index where one is given: the others then find it there
    "$venv/bin/pip" install -q ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch
    "$venv/bin/pip" install -q pfrl stable-baselines3 envpool ale-py gymnasium mujoco opencv-python-headless box2d pygame-ce
    touch "$venv/complete"
fi
for peer in "${peers[@]}"; do
    "$venv/bin/python" "$here/${peer%% *}.py" --check >&2 || { echo "${peer%% *}.py: what it needs cannot be imported" >&2; exit 1; }
done
if [ $only_check = 1 ]; then exit 0; fi
[ -x "$build/dunlin" ] || { echo "$build/dunlin is missing: make first" >&2; exit 1; }

[ ${#ours[@]} -gt 0 ] || ours=(--env "atari:$game" --net small)
count=$(taskset -c "$cores" nproc)
work=$(mktemp -d)
child=
cleanup() { if [ -n "$child" ]; then kill "$child" 2>/dev/null || true; wait "$child" 2>/dev/null || true; fi; rm -rf "$work"; }
trap cleanup EXIT
trap 'exit 1' INT TERM
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
unset OPENBLAS_CORETYPE
if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi

status() { awk -v k="$1" '$1 == k { print $2 }' "$work/run/status" 2>/dev/null; }

# dunlin PEER -- frames/s of `dunlin train`, one actor a core, from two lines of RUN/status: start-up is no part of it
dunlin() {
    local as
    case $1 in
    "sb3_mujoco --algo ppo") as=(--envs-per-actor 8) ;;
    "sb3_mujoco --algo a2c") as=(--envs-per-actor 8 --t-max 5 --epochs 1 --ppo-clip 0) ;;
    *) as=(--t-max 5) ;;
    esac
    rm -rf "$work/run"
    taskset -c "$cores" "$build/dunlin" train "${ours[@]}" "${as[@]}" --actors "$count" --frames 1e12 \
        --eval-every 0 --log-every 0.5 --out "$work/run" 2>"$work/dunlin.log" &
    child=$!
    until [ "$(status frames | cut -d. -f1)" -gt 20000 ] 2>/dev/null; do
        kill -0 "$child" 2>/dev/null || { tail -5 "$work/dunlin.log" >&2; exit 1; }
        sleep 0.2
    done
    local f0 s0 f1 s1
    read -r f0 s0 <<<"$(status frames) $(status seconds)"
    sleep "$seconds"
    read -r f1 s1 <<<"$(status frames) $(status seconds)"
    kill -TERM "$child"; wait "$child" || true
    child=
    awk -v f="$f1" -v g="$f0" -v s="$s1" -v t="$s0" 'BEGIN { printf "%.0f\n", (f - g) / (s - t) }' >>"$work/dunlin for $1"
}

# a peer prints "frames_per_s V"
peer() {
    local words
    read -ra words <<<"$1"
    taskset -c "$cores" "$venv/bin/python" "$here/${words[0]}.py" "${words[@]:1}" --game "$game" --cores "$count" --seconds "$seconds" \
        >"$work/out" 2>"$work/$1.log" &
    child=$!
    wait "$child" || { tail -20 "$work/$1.log" >&2; exit 1; }
    child=
    awk '$1 == "frames_per_s" { print $2 }' "$work/out" >>"$work/$1"
}

median() { sort -g "$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }

for round in $(seq "$rounds"); do
    for name in "${peers[@]}"; do
        echo "round $round: dunlin, then $name, $seconds s each on cores $cores" >&2
        dunlin "$name"
        peer "$name"
    done
done
for name in "${peers[@]}"; do
    awk -v n="${name/ --algo /_}" -v v="$(median "$work/$name")" -v o="$(median "$work/dunlin for $name")" \
        'BEGIN { printf "%s frames_per_s %.0f dunlin %.0f ratio %.2f\n", n, v, o, o / v }'
done
