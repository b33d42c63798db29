#!/usr/bin/env bash
# test_readme.sh -- every command of every README, as it is written and in its order, in a copy of the tree. What needs more than this
# machine and a minute is marked in the README, "(on a cluster)", "(takes ...)", "(needs ...)", "(in a terminal)", and listed here
# as not run.
. "$(dirname "$0")/tap.sh"
marked='#.*\((on a cluster|takes |needs |in a terminal)'
build=$(dirname "$dunlin")
. "$source_dir/tests/venv.sh"
atari=${DUNLIN_ATARI_DIR:-$build/atari} mujoco=${DUNLIN_MUJOCO_DIR:-$build/mujoco}

mkdir tree && cd tree || exit 1
(cd "$source_dir" && { git ls-files -z 2>/dev/null || find . -name build -prune -o -name runs -prune -o -type f -print0; }) >../files
while IFS= read -r -d '' file; do
    [ ! -e "$source_dir/$file" ] || (cd "$source_dir" && cp -p --parents "$file" "$scratch/tree")
done <../files
mkdir build && cp -a "$build"/{dunlin,src,env,revision.h} build/
[ ! -d "$atari" ] || ln -s "$atari" build/atari
[ ! -d "$mujoco" ] || ln -s "$mujoco" build/mujoco
unset DUNLIN_BUILD DUNLIN_SOURCE

# a short stand-in for the half-hour run that later commands look at
if [ -f build/atari/libale_c.so ]; then
    run build/dunlin train run/pong.ini --envs-per-actor 1 --frames 24000 --eval-every 0 --out runs/pong
    check "a short run of Pong for the commands that look at one" is "$status" 0
fi

# FILE -> lines "KIND<tab>TEXT": sh a command, not one that is marked, python and c a line of such a block
commands() {
    awk -v marked="$marked" '
        /^```/ { kind = $0 == "```" || kind ? "" : substr($0, 4); if (kind == "") print "end\t"; next }
        kind == "sh" && /^# / { pending = $0 ~ marked; next }
        kind == "sh" && NF { print (pending || $0 ~ marked ? "not" : "sh") "\t" $0; pending = 0 }
        kind == "python" || kind == "c" { print kind "\t" $0 }' "$1"
}

not_run=()
one() { # README COMMAND
    case $2 in
    *runs/pong* | *atari*) if [ ! -d runs/pong ]; then skip "$1: $2" "Atari is not there"; return; fi ;;
    *mujoco*) if [ ! -d build/mujoco ]; then skip "$1: $2" "MuJoCo is not there"; return; fi ;;
    esac
    run bash -c "$2"
    check "$1: ${2%%  *#*}" is "$status" 0
}
python_block() { # README
    venv_has h5py numpy h5py >/dev/null 2>&1 || { skip "$1: the Python block" "h5py cannot be installed"; return; }
    run "$python" block.py
    check "$1: the Python block" test "$status" = 0 -a -s out
}

for readme in README.md $(tr '\0' '\n' <../files | grep 'README\.md$' | grep -vx README.md | sort); do
    commands "$readme" >../lines
    : >block.py; : >block.c; seen=0
    while IFS=$'\t' read -r kind text <&3; do
        case $kind in
        sh)
            seen=$((seen + 1))
            case ${text%%  *#*} in
            run/quickstart.sh) echo "# test_quickstart.sh runs: $text" ;;
            *) one "$readme" "$text" ;;
            esac ;;
        not) not_run+=("$readme: $text") ;;
        python) echo "$text" >>block.py ;;
        c) echo "$text" >>block.c ;;
        end)
            [ ! -s block.py ] || { python_block "$readme"; : >block.py; }
            [ ! -s block.c ] || { cp block.c my_env.c; : >block.c; } ;;
        esac
    done 3<../lines
    echo "# $readme: $seen commands run"
done
for line in "${not_run[@]}"; do echo "# not run: $line"; done
check "commands were found, and most of them run" test "$tap_count" -gt "${#not_run[@]}"

# links between files, and pictures
for readme in $(tr '\0' '\n' <../files | grep 'README\.md$'); do
    for to in $(grep -o '](\([^)#:]*\)[#)]' "$readme" | sed 's/^](//; s/[#)]$//' | sort -u); do
        [ -e "$(dirname "$readme")/$to" ] || { echo "# $readme: $to"; broken=1; }
    done
done
check "every file that a README links to is there" test -z "${broken:-}"
for readme in $(tr '\0' '\n' <../files | grep 'README\.md$'); do
    for file in $(grep -o '`[a-z_./-]*/[a-z_.-]*\.\(c\|h\|sh\|ini\|sbatch\|py\)`' "$readme" | tr -d '`' | sort -u); do
        [ -e "$file" ] || [ -e "src/$file" ] || [ -e "$(dirname "$readme")/$file" ] || { echo "# $readme: $file"; absent=1; }
    done
done
check "every file that a README names is there" test -z "${absent:-}"
check "README.md names every command" is "$(sed -n 's/^| commands | //p' README.md | tr -d '`,|' | xargs)" \
    "$("$dunlin" help | sed -n 's/^  dunlin \([a-z]*\).*/\1/p' | xargs)"
check "README.md has at most 150 lines of at most 120 characters" test "$(wc -l <README.md)" -le 150 -a -z "$(awk 'length($0) > 120' README.md)"
finish
