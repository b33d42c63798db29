#!/usr/bin/env bash
# test_h5py.sh -- users open runs with h5py: live, after kill -9, finished. Needs DUNLIN_BUILD (set by run.sh).
# h5py and numpy come from the virtual environment DUNLIN_VENV (build/venv), which is made where it is missing.
cd "$(dirname "$0")/.." || exit 1
build=${DUNLIN_BUILD:-build}
. tests/venv.sh
names=("h5py reads a live run" "h5py reads a killed run" "h5py reads a finished run" "h5dump reads a checkpoint")
n=0
skip() { for name in "${names[@]}"; do n=$((n + 1)); echo "ok $n - $name # SKIP $1"; done; exit 0; }
check() { n=$((n + 1)); if "$@"; then echo "ok $n - ${names[n - 1]}"; else echo "not ok $n - ${names[n - 1]}"; fi; }

venv_has h5py numpy h5py || skip "python3 with venv and pip cannot install numpy and h5py"
dir=$(mktemp -d) && trap 'rm -rf "$dir"; [ -z "${writer:-}" ] || kill -9 "$writer" 2>/dev/null' EXIT

# writer FOLDER: starts one, its standard input kept open on 9; returns when it has rows
start() {
    mkdir "$1" && mkfifo "$1/in" "$1/ready"
    "$build/tests/test_store" write "$1" <"$1/in" >"$1/ready" & writer=$!
    exec 9>"$1/in"
    head -1 "$1/ready" >/dev/null
}

start "$dir/a"
check "$python" tests/check_runfile.py live "$dir/a"
kill -9 $writer
wait $writer 2>/dev/null
check "$python" tests/check_runfile.py killed "$dir/a"
exec 9>&-
start "$dir/b"
exec 9>&-
wait $writer
check "$python" tests/check_runfile.py finished "$dir/b"
if command -v h5dump >/dev/null; then
    plain() { h5dump -d /params/conv0/bias -s 1 -c 1 "$dir/a/checkpoint-000000000077.h5" | grep -q '(1): 1$'; }
    check plain
else
    echo "ok 4 - ${names[3]} # SKIP there is no h5dump (Debian: apt install hdf5-tools)"
fi
