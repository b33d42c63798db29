#!/usr/bin/env bash
# install.sh install|uninstall BUILD ROOT -- what `make install` puts below ROOT (DESTDIR and PREFIX in one), and `make uninstall`
# takes away again: the program, the headers of environments, presets, fetch and batch scripts, a man page and the completions of bash
# and zsh, which the program makes from its own tables.
set -eu
verb=$1 build=$2 root=$3
top=$(cd "$(dirname "$0")/.." && pwd)

# each file as "source|place below ROOT|mode"; a source that begins with ! is what the program prints
files() {
    echo "$build/dunlin|bin/dunlin|755"
    for f in "$top"/include/dunlin/*.h; do echo "$f|include/dunlin/${f##*/}|644"; done
    for f in "$top"/run/*.ini "$top"/run/*.sbatch "$top"/run/wheels.sh; do echo "$f|share/dunlin/${f##*/}|644"; done
    for f in "$top"/run/fetch-*.sh; do echo "$f|share/dunlin/${f##*/}|755"; done
    (cd "$top" && for f in env/mujoco/*.c env/mujoco/*.h env/draw.h env/mujoco_host.h include/dunlin/*.h; do # what fetch-mujoco.sh compiles
        [ ! -f "$f" ] || echo "$top/$f|share/dunlin/source/$f|644"
    done)
    echo "!help --man|share/man/man1/dunlin.1|644"
    echo "!help --completion bash|share/bash-completion/completions/dunlin|644"
    echo "!help --completion zsh|share/zsh/site-functions/_dunlin|644"
}

made=$(mktemp) # which set -e sees fail
trap 'rm -f "$made"' EXIT
files | while IFS='|' read -r from place mode; do
    if [ "$verb" = uninstall ]; then rm -f "$root/$place"; continue; fi
    # shellcheck disable=SC2086
    case $from in !*) "$build/dunlin" ${from#!} >"$made"; from=$made ;; esac
    install -D -m "$mode" "$from" "$root/$place"
done
if [ "$verb" = uninstall ]; then
    [ ! -d "$root/share/dunlin" ] || find "$root/share/dunlin" -depth -type d -empty -delete
    rmdir "$root/include/dunlin" 2>/dev/null || true
fi
