# children.sh -- sourced: what a script starts ends with it, also where a signal or a fault ends the script.
# shellcheck shell=bash

at_end() { :; } # scripts may redefine it

# a stop is first the training's, which writes a checkpoint, and then ours: none goes on alone
end_children() {
    local status=$? all
    trap '' INT TERM HUP
    all=$(jobs -p)
    # shellcheck disable=SC2086
    [ -z "$all" ] || { kill -TERM $all 2>/dev/null || true; wait || true; }
    at_end
    exit "$status"
}
trap end_children EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# attended COMMAND...: its status. In the foreground a signal would reach the script only behind its end, and timeout, which has a
# group of its own, would hear no Ctrl-C.
attended() {
    local rc=0
    "$@" </dev/null &
    wait $! || rc=$?
    return $rc
}

# for_minutes MINUTES COMMAND...: attended, and told by SIGUSR1 when they are over; its status, 124 where they were
for_minutes() {
    attended timeout -s USR1 "$(awk "BEGIN { print 60 * $1 }")" "${@:2}"
}
