#!/usr/bin/env bash
# deterministic.sh [MINUTES=8] -- tests/test_deterministic_*.sh wide: every built-in environment with every algorithm that learns
# it (but dqn, whose memory is not kept), on 2, 3 and 7 ranks, and a death by three signals each; then games. In another order each
# time, and no case is begun after MINUTES: all take about half an hour. SEED=N in the environment repeats a run's moments.
# short: 1
. "$(dirname "$0")/../../run/numbers.sh"
minutes=$(whole MINUTES "${1:-8}" 1) || exit 2
. "$(dirname "$0")/../deterministic.sh"
"$dunlin" list >listed
algos=$(awk '$2 == "algorithm" && $1 != "dqn" { print $1 }' listed)
cases=()
for env in $(awk '$2 == "environment" { print $1 }' listed); do
    case $env in atari | mujoco | gym) continue ;; esac # files and packages from elsewhere: atari's below
    without=" $(sed -n "s/^$env .*(not learned by: \(.*\))\$/\1/p" listed | tr -d ,) "
    for algo in $algos; do
        [[ $without == *" $algo "* ]] || for ranks in 2 3 7; do cases+=("$env $algo $ranks"); done
    done
done
if atari; then
    for game in pong breakout seaquest; do cases+=("atari:$game a3c 3" "atari:$game n-step-q 3"); done
fi
one() { # ENV ALGO RANKS
    local env=$1 algo=$2 ranks=$3 frames=60000 each=1500 lstm=0 envs=$((1 + RANDOM % 3)) more="" optimizer
    case $env in
    catch) frames=6000 each=300 ;;
    drive | maze) frames=6000 each=600 more="--eval-episodes 1" ;;
    atari:*) each=5000 more="--sticky 0.25 --eval-episodes 1" ;;
    esac
    case $algo in a3c | n-step-q) lstm=$((RANDOM % 2 * 8)) ;; esac
    optimizer=$(awk '$2 == "optimizer" { print $1 }' listed | shuf -n 1 --random-source=<(yes $RANDOM))
    # shellcheck disable=SC2086
    case_of "$env $algo lstm $lstm $optimizer envs $envs" "$ranks" "KILL $(shuf -e -n 1 --random-source=<(yes $RANDOM) KILL TERM USR1 ACTOR) KILL" \
        --env "$env" --algo "$algo" --lstm $lstm --optimizer "$optimizer" --envs-per-actor $envs --frames $frames \
        --checkpoint-every $each --eval-every $((3 * each)) --target-every 700 --eps-frames $((frames / 2)) \
        --t-max $((1 + RANDOM % 12)) $more
}
mapfile -t order < <(printf '%s\n' "${cases[@]}" | shuf --random-source=<(yes "$SEED"))
ended=0 end=$((SECONDS + 60 * minutes))
for line in "${order[@]}"; do
    [ $SECONDS -lt $end ] || break
    # shellcheck disable=SC2086
    one $line
    ended=$((ended + 1))
done
check "cases were run" at_least $ended 1
check "the runs were interrupted (sessions: $sessions)" at_least $sessions $ended
echo "deterministic: $ended of ${#cases[@]} cases in $minutes minutes, $tap_count checks, $([ $tap_failed = 0 ] && echo none || echo some) failed; $sessions sessions cut off and resumed"
finish
