#!/usr/bin/env bash
# mutants.sh [ROOM ...] -- does the suite notice? Every mutation of tests/mutants, or those of some rooms: tests/mutants/run.py says
# how. An hour or two on two cores.
cd "$(dirname "$0")/../.." && exec python3 tests/mutants/run.py "$@"
