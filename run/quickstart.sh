#!/usr/bin/env bash
# quickstart.sh [ENV] [--KEY VALUE ...] -- from a fresh machine to a learned agent: sets up, builds, trains on all cores, shows
# the curve and the score, and records a game; one of the best weights, and says so, where the last are below the mark. ENV is
# catch unless given; atari:GAME also fetches the emulator and the games into build/atari. What follows ENV goes to `dunlin train`
# as it is. Each call starts anew: what lies in its folder, runs/quickstart-ENV or that of --out, is thrown away.
set -eu
cd "$(dirname "$0")/.."
. run/setup.sh
. run/mark.sh
env=${1:-catch}
[ $# = 0 ] || shift
case $env in atari:*) need python3 ;; *) need ;; esac
make -s -j"$(nproc)" all
case $env in atari:*) bash run/fetch-atari.sh build/atari ;; esac
out=runs/quickstart-$(echo "$env" | tr -c 'A-Za-z0-9_.\n' '-')
previous=
for word in "$@"; do
    [ "$previous" != --out ] || out=$word
    previous=$word
done
preset=
for f in "run/${env#atari:}.ini"; do [ -f "$f" ] && preset=$f; done
# shellcheck disable=SC2086
build/dunlin train $preset --env "$env" --out "$out" --force "$@"
echo
build/dunlin plot "$out" --text
build/dunlin plot "$out" --out "$out/curve.png"
case $out in /*) ;; *) out=$PWD/$out ;; esac
echo "learning curve: $out/curve.png"
echo "evaluation of the learned agent over 100 episodes:"
episodes=100
case $env in atari:*) episodes=10 ;; esac
result=$(build/dunlin eval "$out" --episodes "$episodes")
echo "$result"
mean=$(echo "$result" | awk '{ print $4 }') mark=$(mark "$env") which=
if [ -n "$mark" ] && ! reaches "$mean" "$mark"; then
    shown=
    [ ! -f "$out/checkpoint-best.h5" ] || which=--best shown=", and the game shown is one of the best weights"
    echo "below its mark: the last weights reach $mean of $mark$shown; another --seed may do better"
fi
# shellcheck disable=SC2086
build/dunlin record "$out" --out "$out/agent.gif" $which
