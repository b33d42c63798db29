#!/usr/bin/env bash
# rows.sh [N=100000000] -- a run of N episodes: the memory that plot and info --csv take, at most 500 MB.
# short: 2000000
. "$(dirname "$0")/../tap.sh"
. "$source_dir/run/numbers.sh"
n=$(whole N "${1:-100000000}" 1) || exit 2
most=500000
bytes=$("$(dirname "$dunlin")/tests/test_rows" make . "$n") || exit 1

# kilobytes COMMAND ...: the most that a process of it had
kilobytes() { python3 -c 'import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if done == 0 else 10**9)' "$@"; }

worst=0
for words in "plot . --out plot.svg" "plot . --text --x rank" "info . --csv episodes"; do
    # shellcheck disable=SC2086
    kb=$(kilobytes "$dunlin" $words)
    ((kb > worst)) && worst=$kb
    check "dunlin $words stays below $most kB: $kb" test "$kb" -lt "$most"
done
echo "rows: $n episodes in $bytes bytes; read by plot and info in $worst kB at most"
finish
