#!/usr/bin/env bash
# soak.sh -- `make soak`: every script of tests/soak, one after another, and the last line of each at the end. Two hours or three.
set -u
cd "$(dirname "$0")/.." || exit 1
export DUNLIN_SOURCE=$PWD OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
failed=0 summary=""
for script in tests/soak/*.sh; do
    echo "# $script"
    out=$(bash "$script" 2>&1) && word=ok || { word="not ok" failed=1; }
    echo "$out"
    summary+="$word - $(tail -1 <<<"$out")"$'\n'
done
printf '%s' "$summary"
exit $failed
