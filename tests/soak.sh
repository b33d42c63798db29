#!/usr/bin/env bash
# soak.sh [PART ...] -- `make soak`: every script of tests/soak, or those named, one after another. Each closes with a line of its
# own; a table of these lines closes the whole, and its status is 1 where one of them failed. Some five hours for all.
set -u
cd "$(dirname "$0")/.." || exit 1
export DUNLIN_SOURCE=$PWD OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
parts=("$@")
[ $# -gt 0 ] || for script in tests/soak/*.sh; do parts+=("$(basename "$script" .sh)"); done
for part in "${parts[@]}"; do
    [ -f "tests/soak/$part.sh" ] || { echo "soak: no part $part; there are: $(basename -s .sh tests/soak/*.sh | xargs)"; exit 2; }
done
log=$(mktemp) failed=0 table="| part | minutes | | in a line |"$'\n'"| --- | --- | --- | --- |"$'\n'
trap 'rm -f "$log"' EXIT
for part in "${parts[@]}"; do
    echo "# tests/soak/$part.sh"
    begun=$SECONDS
    bash "tests/soak/$part.sh" 2>&1 | tee "$log"
    if [ "${PIPESTATUS[0]}" = 0 ]; then word=ok; else word="not ok" failed=1; fi
    line=$(tail -1 "$log")
    table+="| $part | $(((SECONDS - begun + 30) / 60)) | $word | ${line#"$part": } |"$'\n'
done
printf '\n%s' "$table"
exit $failed
