# numbers.sh -- sourced: numbers that users give to scripts, as the program takes them: 2e6 is 2000000.
# shellcheck shell=bash

# whole NAME VALUE LEAST: prints VALUE in plain digits, which $((...)) takes; else one line and status 2, which ends a script under
# set -e
whole() {
    awk -v v="$2" -v least="$3" 'BEGIN {
        if (v !~ /^[0-9]+\.?[0-9]*([eE]\+?[0-9]+)?$/ || v + 0 < least || v + 0 > 1e15 || v + 0 != int(v + 0)) exit 1
        printf "%.0f\n", v }' && return
    echo "$1 is '$2'; allowed: a whole number, $3 or more, such as 2000000 or 2e6" >&2
    return 2
}

# wholes NAME VALUES LEAST: of a list with blanks between, one at least
wholes() {
    local v list=()
    for v in $2; do v=$(whole "$1" "$v" "$3") || return; list+=("$v"); done
    [ ${#list[@]} -gt 0 ] || whole "$1" "$2" "$3" || return
    echo "${list[*]}"
}

# real NAME VALUE [ABOVE]: is VALUE a number, and above ABOVE? Else one line and status 2
real() {
    awk -v v="$2" -v above="${3:-}" 'BEGIN {
        exit !(v ~ /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$/ && (above == "" || v + 0 > above + 0)) }' && return
    echo "$1 is '$2'; allowed: a number${3:+ above $3}" >&2
    return 2
}
