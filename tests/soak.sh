#!/usr/bin/env bash
# soak.sh [--short] [PART[=ARGUMENT] ...] -- `make soak`: every script of tests/soak, or those named, one after another; ARGUMENT
# goes to the script, as in jobs=100. Each closes with a line of its own; a table of these lines closes the whole, and its status
# is 1 where one of them failed. An hour and a quarter for all on two quiet cores; --short, forty minutes, gives each what stands
# in its line `# short:`.
set -u
cd "$(dirname "$0")/.." || exit 1
export DUNLIN_SOURCE=$PWD OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
short=""
[ "${1:-}" != --short ] || { short=yes; shift; }
parts=("$@")
[ $# -gt 0 ] || for script in tests/soak/*.sh; do parts+=("$(basename "$script" .sh)"); done
for part in "${parts[@]}"; do
    part=${part%%=*}
    [ -f "tests/soak/$part.sh" ] || { echo "soak: no part $part; there are: $(basename -s .sh tests/soak/*.sh | xargs)"; exit 2; }
done
log=$(mktemp) failed=0 table="| part | minutes | | in a line |"$'\n'"| --- | --- | --- | --- |"$'\n'
trap 'rm -f "$log"' EXIT
for part in "${parts[@]}"; do
    words=""
    case $part in *=*) words=${part#*=} part=${part%%=*} ;; *) [ -z "$short" ] || words=$(sed -n 's/^# short: //p' "tests/soak/$part.sh") ;; esac
    echo "# tests/soak/$part.sh $words"
    begun=$SECONDS
    # shellcheck disable=SC2086
    bash "tests/soak/$part.sh" $words 2>&1 | tee "$log"
    if [ "${PIPESTATUS[0]}" = 0 ]; then word=ok; else word="not ok" failed=1; fi
    line=$(tail -1 "$log")
    table+="| $part | $(awk -v s=$((SECONDS - begun)) 'BEGIN { printf "%.1f", s / 60 }') | $word | ${line#"$part": } |"$'\n'
done
printf '\n%s' "$table"
exit $failed
