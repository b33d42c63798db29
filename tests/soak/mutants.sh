#!/usr/bin/env bash
# mutants.sh [WORDS ...] -- does the suite notice? Mutations of tests/mutants, in another order each time, as many as eight minutes
# allow, and what earlier ones judged; tests/mutants/run.py says how, and takes WORDS: its rooms, `--minutes 0` for all (two to three
# hours on two cores).
# short: --minutes 1 nn optim
cd "$(dirname "$0")/../.." && exec python3 tests/mutants/run.py --minutes 8 "$@"
