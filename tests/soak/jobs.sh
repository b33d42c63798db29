#!/usr/bin/env bash
# jobs.sh [N=20] -- a whole job is killed at N random moments, also while a checkpoint or the log is written, and resumed.
# short: 4
. "$(dirname "$0")/../tap.sh"
. "$source_dir/tests/kill.sh"
. "$source_dir/run/numbers.sh"
n=$(whole N "${1:-20}" 1) || exit 2
metered
kill_jobs "$n"
cat wrong
echo "jobs: $(wc -l <lost) of $n kills resumed, $(wc -l <wrong) faults; frames lost: median $(median lost), at most $(largest lost), with a checkpoint each 1000 frames (0.5 s)"
[ ! -s wrong ]
