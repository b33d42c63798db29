#!/usr/bin/env bash
# quickstart.sh [ENV] [--KEY VALUE ...] -- from a fresh machine to a learned agent: sets up, builds, trains on all cores, shows
# the curve and the score, and records a game; one of the best weights, and says so, where the last are below the mark. ENV is
# catch unless given; atari:GAME also fetches the emulator and the games into build/atari. What follows goes to `dunlin train`.
# Each call starts anew: what lies in its folder, runs/quickstart-ENV or that of --out, is thrown away.
set -eu
cd "$(dirname "$0")/.."
case $(pwd -P) in *[[:space:]]*) exec make -s help ;; esac # which says that it cannot, before anything is installed
. run/setup.sh
. run/mark.sh
# at_home PATH: as the program reads it behind --out=, where no shell has: ~ and ~NAME are folders of users
at_home() {
    local name=${1%%/*} home=${HOME:-}
    case $name in '~') ;; '~'*) home=$(getent passwd "${name#?}" | cut -d: -f6) ;; *) home='' ;; esac
    echo "${home:-$name}${1#"$name"}"
}

env=catch out='' python='' previous='' words=()
case ${1:-} in '' | -*) ;; *) env=$1; shift ;; esac
# the words of training but for these three, which others than train want to know, too
for word in "$@"; do
    case $previous in
    --env | --out | --python) printf -v "${previous#--}" %s "$word"; previous=''; continue ;;
    esac
    previous=$word
    case $word in
    -h | --help) sed -n '2,6s/^# //p' run/quickstart.sh; exit 0 ;;
    --env=* | --out=* | --python=*) word=${word#--}; printf -v "${word%%=*}" %s "${word#*=}" ;;
    --env | --out | --python) ;;
    *) words+=("$word") ;;
    esac
done
case $previous in --env | --out | --python) say "$previous: its value is missing; see run/quickstart.sh --help"; exit 2 ;; esac
case $env in atari:*) need python3 ;; *) need ;; esac
make -s -j"$(nproc)" all
case $env in atari:*) bash run/fetch-atari.sh build/atari ;; esac
out=$(at_home "$out")
[ -n "$out" ] || out=runs/quickstart-$(echo "$env" | tr -c 'A-Za-z0-9_.\n' '-')
own=() # a checkpoint does not choose code
case $env in lib:* | gym:*) own=("--env=$env" ${python:+"--python=$python"}) ;; esac
preset=
for f in "run/${env#atari:}.ini"; do [ -f "$f" ] && preset=$f; done
# shellcheck disable=SC2086
build/dunlin train $preset --env "$env" --out "$out" --force ${python:+"--python=$python"} ${words[@]+"${words[@]}"}
echo
build/dunlin plot "$out" --text
build/dunlin plot "$out" --out "$out/curve.png"
case $out in /*) ;; *) out=$PWD/$out ;; esac
echo "learning curve: $out/curve.png"
echo "evaluation of the learned agent over 100 episodes:"
episodes=100
case $env in atari:*) episodes=10 ;; esac
result=$(build/dunlin eval "$out" --episodes "$episodes" ${own[@]+"${own[@]}"})
echo "$result"
mean=$(echo "$result" | awk '{ print $4 }') mark=$(mark "$env") which=
if [ -n "$mark" ] && ! reaches "$mean" "$mark"; then
    shown=
    [ ! -f "$out/checkpoint-best.h5" ] || which=--best shown=", and the game shown is one of the best weights"
    echo "below its mark: the last weights reach $mean of $mark$shown; another --seed may do better"
fi
# shellcheck disable=SC2086
build/dunlin record "$out" --out "$out/agent.gif" $which ${own[@]+"${own[@]}"}
