#!/usr/bin/env bash
# test_atari_twin.sh -- Atari preprocessing against Gymnasium's (tests/atari_twin.py says what is compared, and how closely).
# Fetches the emulator and the games where they are missing, and numpy, OpenCV and Gymnasium into a Python environment of
# its own (DUNLIN_VENV, or build/venv). Without a network it is skipped, but not where everything can be had (CI, root).
set -u
cd "${DUNLIN_SOURCE:-$(dirname "$0")/..}" || exit 1
program=${DUNLIN_BUILD:-$PWD/build}/tests/test_atari
. tests/venv.sh
log=$(mktemp) && trap 'rm -f "$log"' EXIT

without() { # without REASON: ends the test
    local name="1 - atari preprocessing as Gymnasium's"
    if [ -n "${CI:-}" ] || [ "$(id -u)" = 0 ]; then echo "not ok $name: $1"; tail -5 "$log" | sed 's/^/#   /'; exit 1; fi
    echo "ok $name # SKIP $1"
    exit 0
}

bash run/fetch-atari.sh "${DUNLIN_ATARI_DIR:-build/atari}" >"$log" 2>&1 || without "the emulator or the games cannot be fetched"
export DUNLIN_ATARI_DIR=${DUNLIN_ATARI_DIR:-$PWD/build/atari}
venv_has "cv2, gymnasium, numpy" numpy opencv-python-headless gymnasium h5py >"$log" 2>&1 ||
    without "numpy, opencv-python-headless or gymnasium cannot be installed"
exec "$python" tests/atari_twin.py "$program"
