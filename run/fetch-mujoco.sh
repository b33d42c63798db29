#!/usr/bin/env bash
# fetch-mujoco.sh [DIR] -- puts MuJoCo into DIR (build/mujoco unless given): its library and headers, the models of Gymnasium's tasks
# (DIR/assets/*.xml), and DIR/mujoco.so, which is compiled here against those very headers. pip takes the first three out of the
# Python packages mujoco and gymnasium, each of one version and known by its SHA-256. Nothing is installed, nothing outside DIR
# changes, what lies there stays as it is, and nothing is done where all is there. `dunlin` finds build/mujoco beside itself; for
# another DIR set DUNLIN_MUJOCO_DIR.
set -eu
case ${1:-} in -h | --help) sed -n '2,6s/^# //p' "$0"; exit 0 ;; esac
here=$(cd "$(dirname "$0")" && pwd) top=${here%/*} own=${here%/*}/build/mujoco
. "$here/wheels.sh"
only_a_folder "$@"
case $here in */share/dunlin) top=$here/source own=${here%/share/dunlin}/lib/dunlin/mujoco ;; esac # installed
dir=${1:-$own}
cc=${CC:-cc} version=3.3.7

header_there() { [ -f "$dir/include/mujoco/mujoco.h" ]; }
library_there() { ls "$dir"/libmujoco.so.* >/dev/null 2>&1; }
# what lies in DIR of another MuJoCo, the site's own perhaps; nothing where there is none
another() {
    if [ -e "$dir/include/mujoco" ]; then
        grep -qsE "^#define mjVERSION_HEADER ${version//./}\b" "$dir/include/mujoco/mujoco.h" || { echo include/mujoco; return; }
    fi
    ls -d "$dir"/libmujoco.so.* 2>/dev/null | grep -vxF "$dir/libmujoco.so.$version" | head -1 | sed 's,.*/,,'
}

fetch() {
    local machine other what missing=''
    other=$(another)
    header_there || missing+=', include/mujoco/mujoco.h'
    library_there || missing+=', libmujoco.so.*'
    if [ -n "$other" ] && [ -n "$missing" ]; then
        say "$dir lacks ${missing#, }, and its $other is not of the MuJoCo $version that fetch-mujoco.sh brings;" \
            "put there what is missing, or name another folder: fetch-mujoco.sh DIR"
        exit 1
    fi
    room_for "$dir"
    find_pip
    machine=$(uname -m)
    case ${missing:+$machine} in '' | x86_64 | aarch64) ;; *) say "fetch-mujoco.sh: MuJoCo's package is for x86_64 and aarch64, this machine is $machine"; exit 1 ;; esac
    what="${missing:+MuJoCo and }the models of its tasks"
    say "fetching $what into $dir"
    {
        [ -z "$missing" ] || echo "mujoco==$version --hash=sha256:9371506f0df2d82152685fc8d38465843abcea8d371745ea7c125001e8f3f2d8 --hash=sha256:9381bf5364eb2da86f0b1388c98b57e706123c8370660f977004fb5f94ef900f"
        echo "gymnasium==1.4.0 --hash=sha256:1cb947c59e7c72d8eabb2c2274c00cd20948e69f8452a9ef4092223be24fdf0e"
    } >"$work/wanted"
    wheels "$what" "$dir" "manylinux_2_28_$machine" "manylinux_2_27_$machine" <"$work/wanted"
    mkdir -p "$dir/include"
    bring "$work/out/gymnasium/envs/mujoco/assets" "$dir/assets"
    [ -n "$missing" ] || return 0 # MuJoCo is there, the site's own perhaps, of whatever version: the models go with it
    bring "$work/out/mujoco/include/mujoco" "$dir/include/mujoco"
    # last: where the library lies, all else does
    bring "$work/out/mujoco/libmujoco.so.$version" "$dir/libmujoco.so.$version"
}

if [ ! -d "$dir/assets" ] || ! header_there || ! library_there; then fetch; fi

# a library of the site may stand in DIR, too: it is compiled for what lies there
if [ ! -f "$dir/mujoco.so" ] || [ -n "$(find "$top/env/mujoco" "$top"/env/{draw,mujoco_host}.h "$top/include" "$dir"/libmujoco.so.* -newer "$dir/mujoco.so" | head -1)" ]; then
    command -v "${cc%% *}" >/dev/null || { say "fetch-mujoco.sh needs a C compiler; install gcc, or name one in CC"; exit 1; }
    # no fused multiplications: rewards are to be those of other machines. The library is looked for beside mujoco.so
    # shellcheck disable=SC2016,SC2086
    if ! $cc -std=c11 -D_GNU_SOURCE -O2 -ffp-contract=off -fvisibility=hidden -shared -fPIC -I"$top/include" -I"$top/env" \
        -isystem "$dir/include" "$top"/env/mujoco/*.c "$dir"/libmujoco.so.* '-Wl,-rpath,$ORIGIN' -lm -ldl -o "$work/mujoco.so" 2>"$work/log"; then
        say "mujoco.so cannot be compiled against $dir/include: $(grep -m 1 -i error "$work/log" | cut -c1-200)"
        exit 1
    fi
    cp "$work/mujoco.so" "$dir/.fetched.$$" && mv "$dir/.fetched.$$" "$dir/mujoco.so"
    say "$dir is ready; $(try_it "$own" DUNLIN_MUJOCO_DIR "--env mujoco:hopper")"
fi
