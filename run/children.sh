# children.sh -- sourced: what a script starts ends with it, also where a signal ends the script.
# shellcheck shell=bash

# stop STATUS: a stop is first the training's, which writes a checkpoint, and then ours: none goes on alone
stop() {
    local all
    trap '' INT TERM HUP
    all=$(jobs -p)
    # shellcheck disable=SC2086
    [ -z "$all" ] || { kill -TERM $all 2>/dev/null || true; wait || true; }
    exit "$1"
}
trap 'stop 129' HUP
trap 'stop 130' INT
trap 'stop 143' TERM

# attended COMMAND...: its status. In the foreground a signal would reach the script only behind its end, and timeout, which has a
# group of its own, would hear no Ctrl-C.
attended() {
    local rc=0
    "$@" </dev/null &
    wait $! || rc=$?
    return $rc
}

# minutes_known MINUTES: a number above 0; timeout takes 0 for no limit
minutes_known() {
    awk -v m="$1" 'BEGIN { exit !(m ~ /^[0-9]*\.?[0-9]+$/ && m + 0 > 0) }' && return
    echo "MINUTES is '$1'; allowed: a number above 0" >&2
    exit 2
}

# for_minutes MINUTES COMMAND...: attended, and told by SIGUSR1 when they are over; its status, 124 where they were
for_minutes() {
    attended timeout -s USR1 "$(awk "BEGIN { print 60 * $1 }")" "${@:2}"
}
