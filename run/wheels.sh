# wheels.sh -- sourced by the fetch scripts: takes the Python packages that they name apart, without installing anything.
# shellcheck shell=bash
say() { echo "dunlin: $*" >&2; }
work=$(mktemp -d) # which set -e sees fail, where TMPDIR is no folder; before && it would not
dir= # the folder that is filled: the script's to set
trap 'rm -rf "$work" ${dir:+"$dir/.fetched.$$"}' EXIT

# WORDS...: at most one folder, or the script ends
only_a_folder() {
    if [ $# -gt 1 ] || [[ ${1:-} == -* ]]; then say "${0##*/}: found '$*'; allowed: one folder, or --help"; exit 2; fi
}

# $python becomes one with pip; ends the script where there is none
find_pip() {
    local script=${0##*/}
    python=${PYTHON:-python3}
    command -v "$python" >/dev/null || { say "$script needs python3 with pip; install python3-pip, or load the module \"python\""; exit 1; }
    "$python" -m pip --version >/dev/null 2>&1 && return
    # some systems ship python3 without pip, but with venv, which brings one
    { "$python" -m venv "$work/venv" && python=$work/venv/bin/python; } >/dev/null 2>&1 ||
        { say "$script needs pip; install python3-pip or python3-venv, or load the module \"python\""; exit 1; }
}

# DIR: what is fetched will be put there; ends the script where that cannot be written
room_for() {
    local script=${0##*/} at=$1
    case $at in /*) ;; *) at=$PWD/$at ;; esac
    until [ -e "$at" ]; do at=$(dirname "$at"); done
    if [ -d "$at" ] && [ -w "$at" ] && [ -x "$at" ]; then return; fi
    say "$script cannot write to $1: $at is $([ -d "$at" ] && echo 'not yours to write' || echo 'no folder'); name another: $script DIR"
    exit 1
}

# bring FILE PLACE: where nothing lies at PLACE, in $dir. Copied aside and renamed: whoever looks meanwhile finds a whole one or none
bring() {
    [ ! -e "$2" ] || return 0
    rm -rf "$dir/.fetched.$$"
    cp -r "$1" "$dir/.fetched.$$" && { mv -T "$dir/.fetched.$$" "$2" || [ -e "$2" ]; } # another fetch may have been first
}

# try_it OWN VARIABLE WORDS: how what lies in $dir is tried; VARIABLE names the folder where it is not OWN, which is found unnamed
try_it() {
    local there="$2=$dir " dunlin=build/dunlin
    [ ! "$dir" -ef "$1" ] || there=''
    case $here in */share/dunlin) dunlin=dunlin ;; esac
    echo "try: $there$dunlin train $3"
}

# wheels WHAT DIR PLATFORM...: the packages on stdin, "NAME==VERSION --hash=sha256:..." a line, unpacked below $work/out; WHAT is what
# they bring, "the emulator and the games", for the lines of failure, and DIR is where it is wanted. Only libraries and data files are, so the wheels for one
# Python do for all; pip takes them by these hashes alone
wheels() {
    local what=$1 dir=$2 wheel platforms=(); shift 2
    for wheel in "$@"; do platforms+=(--platform "$wheel"); done
    cat >"$work/pinned"
    if ! "$python" -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes -d "$work" \
        --implementation cp --python-version 3.11 "${platforms[@]}" -r "$work/pinned" >"$work/log" 2>&1; then
        if grep -q 'DO NOT MATCH THE HASHES' "$work/log"; then
            say "what was offered as ${what/ and / or } is not what this script names by hash; nothing was taken"
        else
            say "$what could not be downloaded ($(grep -v '^$' "$work/log" | tail -1 | cut -c1-200)); run this where" \
                "there is a network, then copy the folder $dir"
        fi
        exit 1
    fi
    for wheel in "$work"/*.whl; do "$python" -m zipfile -e "$wheel" "$work/out"; done
}
