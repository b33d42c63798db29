# settings.sh -- sourced: lists of named settings, a line NAME [FILE.ini] [--KEY VALUE ...] each, and what a run of one was begun with.
# shellcheck shell=bash

# split TEXT: its words, the comment left out, to `words`; blanks in a word stand in quotes. Status 1 where one is not closed
split() {
    local lines rest=" $1"
    lines=$(xargs -r printf '%s\n' <<<"${rest%%[[:blank:]]#*}" 2>/dev/null) || return
    words=()
    [ -z "$lines" ] || readarray -t words <<<"$lines"
}

# settings FILE: its names to `names`, the text behind each to `texts`; else one line and status 2
settings() {
    local name rest form="lines NAME [FILE.ini] [--KEY VALUE ...]"
    names=() texts=()
    [ -r "$1" ] || { echo "$1 cannot be read; wanted: $form" >&2; return 2; }
    while read -r name rest || [ -n "$name" ]; do
        case $name in "" | \#*) continue ;; esac
        case $name in *[!A-Za-z0-9._-]* | [.-]*) echo "$1: the name '$name'; allowed: letters, digits, . _ -" >&2; return 2 ;; esac
        case " ${names[*]-} " in *" $name "*) echo "$1: $name stands there twice" >&2; return 2 ;; esac
        split "$rest" || { echo "$1: a quote is not closed in '$rest'" >&2; return 2; }
        names+=("$name") texts+=("$rest")
    done <"$1"
    [ ${#names[@]} -gt 0 ] || { echo "$1: no settings; wanted: $form" >&2; return 2; }
}

# begun_with LINE...: the lines, and one for each file or preset among `words`, with the sum of what stands in it
begun_with() {
    local w file before=
    printf '%s\n' "$@"
    for w in ${words[@]+"${words[@]}"}; do
        file=$w
        case $before in --*) ;; *) [ -f "$file" ] || file=$(dirname "${BASH_SOURCE[0]}")/$w.ini ;; esac
        [ ! -f "$file" ] || echo "$w, sum $(cksum <"$file")"
        before=$w
    done
}

# as_begun FILE LINE...: has FILE what begun_with prints? Else the first line that differs, and status 1
as_begun() {
    local was=() line i=0
    [ ! -r "$1" ] || readarray -t was <"$1"
    while IFS= read -r line; do
        [ "${was[i]-}" = "$line" ] || { echo "it was begun with '${was[i]-}', not '$line'"; return 1; }
        i=$((i + 1))
    done < <(begun_with "${@:2}")
}
