#!/usr/bin/env bash
# fetch-atari.sh [DIR] -- puts the Arcade Learning Environment's C library and the games into DIR (build/atari unless given):
# DIR/libale_c.so and DIR/roms/*.bin, taken out of the Python packages multi-agent-ale-py and ale-py by pip. Nothing is
# installed, nothing outside DIR changes, and nothing is done where both are there. `dunlin` finds build/atari beside itself;
# for another DIR set DUNLIN_ATARI_DIR.
set -eu
say() { echo "dunlin: $*" >&2; }
case ${1:-} in -h | --help) sed -n '2,5s/^# //p' "$0"; exit 0 ;; esac
dir=${1:-$(cd "$(dirname "$0")/.." && pwd)/build/atari}
# md5.json is written last
if [ -f "$dir/libale_c.so" ] && [ -f "$dir/roms/md5.json" ]; then exit 0; fi

python=${PYTHON:-python3}
command -v "$python" >/dev/null || { say "fetch-atari.sh needs python3 with pip; install python3-pip, or load the module \"python\""; exit 1; }
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
if ! "$python" -m pip --version >/dev/null 2>&1; then
    # some systems ship python3 without pip, but with venv, which brings one
    { "$python" -m venv "$work/venv" && python=$work/venv/bin/python; } >/dev/null 2>&1 ||
        { say "fetch-atari.sh needs pip; install python3-pip or python3-venv, or load the module \"python\""; exit 1; }
fi

# download PACKAGE: its wheel into $work/PACKAGE. Only a library and data files are wanted, so the wheel of any Python will do
# where there is none for this one.
machine=$(uname -m)
download() {
    local to=$work/$1 version
    "$python" -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: -d "$to" "$1" >"$work/log" 2>&1 && return
    for version in 3.11 3.12 3.10 3.13 3.9; do
        "$python" -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: -d "$to" --implementation cp \
            --python-version "$version" --platform "manylinux_2_28_$machine" --platform "manylinux_2_27_$machine" \
            --platform "manylinux_2_24_$machine" --platform "manylinux_2_17_$machine" --platform "manylinux2014_$machine" \
            "$1" >>"$work/log" 2>&1 && return
    done
    say "$1 could not be downloaded ($(grep -v '^$' "$work/log" | tail -1 | cut -c1-200)); run this where there is a network," \
        "then copy the folder $dir"
    exit 1
}

say "fetching the Arcade Learning Environment and its games into $dir"
for package in multi-agent-ale-py ale-py; do
    download "$package"
    "$python" -m zipfile -e "$work/$package"/*.whl "$work/$package/out"
done
library=$(find "$work/multi-agent-ale-py/out" -name libale_c.so | head -1)
list=$(find "$work/ale-py/out" -path '*/roms/md5.json' | head -1)
if [ -z "$library" ] || [ -z "$list" ]; then
    say "the downloaded packages hold no libale_c.so or no games: $(cd "$work" && echo */*.whl)"
    exit 1
fi
mkdir -p "$dir/roms"
# copied aside and renamed: whoever looks meanwhile finds whole files or none
cp "$library" "$dir/.libale_c.so" && mv "$dir/.libale_c.so" "$dir/libale_c.so"
cp "$(dirname "$list")"/*.bin "$dir/roms/"
cp "$list" "$dir/roms/.md5.json" && mv "$dir/roms/.md5.json" "$dir/roms/md5.json"
say "$(find "$dir/roms" -name '*.bin' | wc -l) games; try: build/dunlin train run/pong.ini"
