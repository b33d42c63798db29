#!/usr/bin/env bash
# fetch-atari.sh [DIR] -- puts the Arcade Learning Environment's C library and the games into DIR (build/atari unless given):
# DIR/libale_c.so and DIR/roms/*.bin, taken by pip out of the Python packages multi-agent-ale-py and ale-py, each of one version
# and known by its SHA-256. Nothing is installed, nothing outside DIR changes, what lies there stays as it is, and nothing is done
# where both are there. `dunlin` finds build/atari beside itself, and installed ../lib/dunlin (then the DIR unless given); for another
# DIR set DUNLIN_ATARI_DIR.
set -eu
case ${1:-} in -h | --help) sed -n '2,6s/^# //p' "$0"; exit 0 ;; esac
here=$(cd "$(dirname "$0")" && pwd)
. "$here/wheels.sh"
only_a_folder "$@"
case $here in */share/dunlin) own=${here%/share/dunlin}/lib/dunlin ;; *) own=${here%/*}/build/atari ;; esac # installed, or built
dir=${1:-$own}
# md5.json is written last
if [ -f "$dir/libale_c.so" ] && [ -f "$dir/roms/md5.json" ]; then exit 0; fi

room_for "$dir"
find_pip
machine=$(uname -m)
[ "$machine" = x86_64 ] || { say "fetch-atari.sh: the emulator's package is for x86_64 alone, this machine is $machine"; exit 1; }
say "fetching the Arcade Learning Environment and its games into $dir"
wheels "the emulator and the games" "$dir" manylinux_2_28_x86_64 manylinux_2_27_x86_64 manylinux_2_24_x86_64 <<'END'
multi-agent-ale-py==0.1.12 --hash=sha256:cad0c5afa4f9ab077556d6e39cc83de9002d3a3024ced806029dc4e17cae21c2
ale-py==0.12.1 --hash=sha256:ba7429074ba6ffc1555f9a41bf00bee5d427b5080253101a8fe00412ca481033
END
library=$(find "$work/out" -name libale_c.so | head -1)
list=$(find "$work/out" -path '*/roms/md5.json' | head -1)
if [ -z "$library" ] || [ -z "$list" ]; then
    say "the downloaded packages hold no libale_c.so or no games: $(cd "$work" && echo *.whl)"
    exit 1
fi
mkdir -p "$dir/roms"
bring "$library" "$dir/libale_c.so"
for game in "${list%/*}"/*.bin; do bring "$game" "$dir/roms/${game##*/}"; done
bring "$list" "$dir/roms/md5.json"
say "$(find "$dir/roms" -name '*.bin' | wc -l) games; $(try_it "$own" DUNLIN_ATARI_DIR pong)"
