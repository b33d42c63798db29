#!/usr/bin/env bash
# compare.sh SETTINGS OUT -- trains each of a list of named settings on games and seeds for the same count of frames, and prints
# the table of `dunlin compare`: mean and range over seeds of the last evaluation, the best settings first. Cut at any moment, the
# same command goes on: what is done is kept, what was cut is resumed, and refused with other words, FRAMES or another FILE.ini than
# it was begun with. SETTINGS is a file with a line for each (settings/ has some):
#
#     NAME [FILE.ini] [--KEY VALUE ...]          # and comments; blanks in a word stand in quotes
#
# From the environment: GAMES ("atari:pong atari:breakout"; none: what the settings say), SEEDS (3: seeds 1, 2, 3; or a list, "4 7"),
# FRAMES (100000), ACTORS (one for each core), TABLE (--csv, --json or --by best), DUNLIN (build/dunlin). Progress goes to stderr.
# Runs lie in OUT/GAME/NAME-seedN, for plot and compare. Status 1 where a run failed; the others are in the table.
set -eu
. "$(dirname "$0")/children.sh"
. "$(dirname "$0")/numbers.sh"
. "$(dirname "$0")/settings.sh"
say() { echo "compare.sh: $*" >&2; }
[ $# = 2 ] || { say "two words are wanted: a file of settings, and the folder of the runs (see the top of $0)"; exit 2; }
settings=$1 out=$2
dunlin=${DUNLIN:-$(dirname "$0")/../build/dunlin} seeds=${SEEDS:-3} frames=${FRAMES:-100000}
[ -x "$dunlin" ] || { say "$dunlin is missing; run make first"; exit 2; }
case $seeds in *\ *) listed=$(wholes SEEDS "$seeds" 0 2>/dev/null) ;; *) listed=$(seq "$(whole SEEDS "$seeds" 1 2>/dev/null)" 2>/dev/null) ;; esac ||
    { say "SEEDS is '$seeds'; allowed: how many, 1 or more, or a list such as \"4 7\""; exit 2; }
frames=$(whole FRAMES "$frames" 1)
[ -z "${ACTORS:-}" ] || ACTORS=$(whole ACTORS "$ACTORS" 1)
read -ra games <<<"${GAMES:-}"
[ ${#games[@]} -gt 0 ] || games=("")
if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi

settings "$settings"
for i in "${!names[@]}"; do # what is wrong with any of them, before the first run
    split "${texts[i]}"
    for game in "${games[@]}"; do
        "$dunlin" train ${words[@]+"${words[@]}"} ${game:+--env "$game"} --help >/dev/null || { say "$settings: ${names[i]} is refused"; exit 2; }
    done
done

status=0
for seed in $listed; do # seed by seed: a table that is cut compares settings all the same
    for game in "${games[@]}"; do
        for i in "${!names[@]}"; do
            split "${texts[i]}"
            run=$out/${game:+${game//[^A-Za-z0-9._]/-}/}${names[i]}-seed$seed
            mkdir -p "$(dirname "$run")"
            say "$run"
            # another lr, or lr over other frames, would jump where it is resumed
            with=("${words[*]-} ${ACTORS:+--actors $ACTORS}" "FRAMES=$frames")
            [ -e "$run/run.h5" ] && [ -e "$run.words" ] || begun_with "${with[@]}" >"$run.words"
            if ! differs=$(as_begun "$run.words" "${with[@]}"); then
                say "$run failed: $differs; give the setting another name, or the runs another folder"
                status=1
                continue
            fi
            # cut before its first checkpoint: there is nothing to go on from
            begin=--or-resume
            [ ! -e "$run/run.h5" ] || ls "$run"/checkpoint*.h5 >/dev/null 2>&1 || begin=--force
            attended "$dunlin" train ${words[@]+"${words[@]}"} ${game:+--env "$game"} --seed "$seed" --frames "$frames" ${ACTORS:+--actors "$ACTORS"} \
                --out "$run" $begin >"$run.log" 2>&1 && rc=0 || rc=$?
            [ "$rc" -lt 128 ] || exit "$rc" # stopped by itself: the same command goes on
            [ "$rc" = 0 ] || { say "$run failed: $(tail -n 1 "$run.log")"; status=1; }
        done
    done
done
# shellcheck disable=SC2086
"$dunlin" compare "$out" ${TABLE:-} || status=1
exit $status
