#!/usr/bin/env bash
# mutate.sh [N=2000] -- N mutations of checkpoints and run files; see tests/test_mutate.c.
# short: 500
. "$(dirname "$0")/../tap.sh"
. "$source_dir/run/numbers.sh"
n=$(whole N "${1:-2000}" 1) || exit 2
"$(dirname "$dunlin")/tests/test_mutate" "$n" >out 2>err
status=$?
cat err >&2
grep -v '^1\.\.' out
awk '/mutations,/ { n += $(NF - 6); r += $(NF - 4) } END { print "mutate: " n " mutations, " r " refused by name, " n - r " without effect or not to be told; no crash, no hang, no wrong load" }' out |
    if [ $status = 0 ]; then cat; else echo "mutate: a fault, see above"; fi
exit $status
