#!/usr/bin/env bash
# test_safety.sh -- no shell sees what users type, files get the user's umask, libraries come from paths the user named, and nothing
# of ours listens on the network.
. "$(dirname "$0")/tap.sh"
not() { ! "$@"; }
nm -D --undefined-only "$dunlin" >symbols
check "no function that starts a shell is linked" test -z "$(grep -wE 'system|popen|wordexp|execl|execlp' symbols)"
check "none that opens a socket" test -z "$(grep -wE 'socket|bind|listen|accept|accept4' symbols)"
check "none that copies without a bound" test -z "$(grep -wE 'gets|sprintf|vsprintf' symbols)"

# names that a shell would take for commands
name='a b;touch pwned;$(touch pwned)`touch pwned`"&|'"'"
umask 027
run "$dunlin" train --env corridor --frames 3000 --actors 1 --eval-every 1000 --eval-episodes 2 --log-every 0.1 --out "$name"
check "a folder with such a name: status 0" is "$status" 0
check "RUN/status is there" grep -q "^state done" "$name/status"
check "the folder has the user's umask" is "$(stat -c %a "$name")" 750
check "and so has every file" is "$(find "$name" -type f -printf '%m\n' | sort -u)" 640
run "$dunlin" plot "$name" --out "$name.svg"
check "plot of it: status 0" is "$status" 0
run "$dunlin" info "$name"
check "info of it: status 0" is "$status" 0
printf 'env = corridor\nnet = $(touch pwned)\n' >in.ini
run "$dunlin" train in.ini
check "a value like a command: status 2" is "$status" 2
check "no command was run" is "$(find . -name 'pwned*')" ""

# what is fetched is what was looked at when it was named
if python3 -m pip --version >/dev/null 2>&1 && [ "$(uname -m)" = x86_64 ]; then
    python3 - <<'PYTHON'
import zipfile
for name, version, files in (("multi_agent_ale_py", "0.1.12", ["libale_c.so"]), ("ale_py", "0.12.1", ["roms/md5.json", "roms/pong.bin"])):
    with zipfile.ZipFile(f"{name}-{version}-cp311-cp311-manylinux_2_28_x86_64.whl", "w") as z:
        for f in files: z.writestr(f"{name}/{f}", "another's")
        for f, text in (("METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"), ("WHEEL", "Wheel-Version: 1.0\n"),
                        ("RECORD", "")): z.writestr(f"{name}-{version}.dist-info/{f}", text)
PYTHON
    PIP_CONFIG_FILE=/dev/null PIP_NO_INDEX=1 PIP_FIND_LINKS=$PWD run bash "$source_dir/run/fetch-atari.sh" fetched
    check "fetch-atari.sh, another's packages: status 1" is "$status" 1
    check "fetch-atari.sh, another's packages: it says so" grep -q "not what this script names by hash" err
    check "fetch-atari.sh, another's packages: nothing is taken" test ! -e fetched
else skip "fetch-atari.sh takes nothing else" "no pip, or another processor"; fi

for script in atari mujoco; do
    touch file
    run bash "$source_dir/run/fetch-$script.sh" file/below
    check "fetch-$script.sh, a file is in the way: status 1" is "$status" 1
    check "fetch-$script.sh, a file is in the way: one line, before anything is fetched" is "$(cat err)" \
        "dunlin: fetch-$script.sh cannot write to file/below: $PWD/file is no folder; name another: fetch-$script.sh DIR"
    for words in "--dir" "one two"; do
        # shellcheck disable=SC2086
        run bash "$source_dir/run/fetch-$script.sh" $words
        check "fetch-$script.sh $words: status 2, and a line" test "$status" = 2 -a "$(cat err)" = \
            "dunlin: fetch-$script.sh: found '$words'; allowed: one folder, or --help"
    done
done

# a folder that holds a part already, perhaps the site's own: what lies there stays. pip and the compiler are made up
mkdir -p packed/mujoco/include/mujoco packed/gymnasium/envs/mujoco/assets packed/ale/roms
echo '#define mjVERSION_HEADER 337' >packed/mujoco/include/mujoco/mujoco.h
for f in mujoco/libmujoco.so.3.3.7 gymnasium/envs/mujoco/assets/ant.xml ale/libale_c.so ale/roms/pong.bin ale/roms/md5.json; do echo fetched >packed/$f; done
cat >pip <<END
#!/bin/bash
case "\$*" in *download*) cp "\${!#}" "$PWD/asked"; while [ "\$1" != -d ]; do shift; done; touch "\$2/a.whl" ;; *zipfile*) cp -r "$PWD/packed" "\${!#}" ;; esac
END
printf '#!/bin/bash\ntouch "${!#}"\n' >compiler; chmod +x pip compiler
uname() { echo x86_64; }
export -f uname
part() { # part atari|mujoco FILE...: the script on a folder of these files, each the site's own
    local script=$1 f; shift
    rm -rf site; mkdir site
    for f in "$@"; do mkdir -p "$(dirname "site/$f")"; echo "${own-own}" >"site/$f"; done
    PYTHON=$PWD/pip CC=$PWD/compiler run bash "$source_dir/run/fetch-$script.sh" site
}
is_own() { local f; for f in "$@"; do [ "$(cat "site/$f")" = "${own-own}" ] || return; done; }
part mujoco
check "fetch-mujoco.sh, an empty folder: all is brought" test "$status" = 0 -a -f site/assets/ant.xml -a -f site/libmujoco.so.3.3.7 -a -f site/mujoco.so
rm -r site/assets
PYTHON=$PWD/pip CC=$PWD/compiler run bash "$source_dir/run/fetch-mujoco.sh" site
check "fetch-mujoco.sh, its models were removed: they are brought again" test "$status" = 0 -a -f site/assets/ant.xml
sites=(include/mujoco/mujoco.h include/other.h libmujoco.so.3.2.0)
part mujoco "${sites[@]}"
check "fetch-mujoco.sh, the site's own, without models: they are brought, and said to be" test "$status" = 0 -a -f site/assets/ant.xml -a "$(head -1 err)" = \
    "dunlin: fetching the models of its tasks into site"
check "fetch-mujoco.sh, the site's own, without models: MuJoCo's package is not asked for" is "$(sed 's/==.*//' asked)" gymnasium
check "fetch-mujoco.sh, the site's own, without models: the rest stays" is "$(is_own "${sites[@]}" && find site -type f | wc -l)" 5
part mujoco include/mujoco/mujoco.h
check "fetch-mujoco.sh, the site's own headers alone: status 1, one line, and nothing changed" \
    test "$status" = 1 -a "$(grep -c . err)" = 1 -a "$(find site -type f | wc -l)" = 1
check "fetch-mujoco.sh, the site's own headers alone: its line" says "site lacks libmujoco.so" "include/mujoco is not of the MuJoCo 3.3.7" "put there what is missing"
part mujoco assets/ant.xml libmujoco.so.3.2.0
check "fetch-mujoco.sh, the site's own library: no headers" says "site lacks include/mujoco/mujoco.h, and its libmujoco.so.3.2.0"
part mujoco include/mujoco/mujoco.h assets/ant.xml
check "fetch-mujoco.sh, the site's own headers: no library" says "site lacks libmujoco.so.*"
check "fetch-mujoco.sh, the site's own headers: stay" is_own include/mujoco/mujoco.h assets/ant.xml
part mujoco include/other.h assets/ant.xml
check "fetch-mujoco.sh, strange headers and own models: both stay" is_own include/other.h assets/ant.xml
check "fetch-mujoco.sh, strange headers and own models: the rest is brought" test "$status" = 0 -a -f site/libmujoco.so.3.3.7
own='#define mjVERSION_HEADER 337' part mujoco include/mujoco/mujoco.h libmujoco.so.3.3.7 mujoco.so
check "fetch-mujoco.sh, the site's own of the same version: the models are brought" test "$status" = 0 -a -f site/assets/ant.xml
check "fetch-mujoco.sh, the site's own of the same version: the rest stays" grep -q mjVERSION site/libmujoco.so.3.3.7
part atari libale_c.so roms/pong.bin
check "fetch-atari.sh, the site's own library and game: both stay" test "$status" = 0 -a -f site/roms/md5.json
check "fetch-atari.sh, the site's own: both stay" is_own libale_c.so roms/pong.bin
unset -f uname

# what keeps services asleep while apt installs goes with the script that put it there. apt, systemctl and root are made up
asleep() { # asleep SIGNAL|none COMMANDS: with run/setup.sh sourced; SIGNAL to all of it once a command is at work
    rm -f at-work seen
    setsid env --default-signal=INT bash -c ". '$source_dir/run/setup.sh'"'; policy=$PWD/policy; as_root() { "$@"; }; systemctl() { :; }
        missing_pieces() { :; }; work() { cp $policy seen; touch at-work; sleep 5; }; '"$2" >out 2>err </dev/null &
    local pid=$! i
    if [ "$1" != none ]; then
        for i in $(seq 100); do [ ! -e at-work ] || break; sleep 0.05; done
        kill -s "$1" -- "-$pid"
    fi
    wait $pid 2>/dev/null
    status=$?
    for i in $(seq 100); do kill -0 -- "-$pid" 2>/dev/null || break; sleep 0.05; done
}
asleep none 'trap "echo mine" EXIT; trap "echo no" TERM; asleep cp $policy seen; trap -p TERM'
check "asleep: no service may start meanwhile" is "$(tail -1 seen)" "exit 101"
check "asleep: then they may" test ! -e policy
check "asleep: the caller's traps stay" is "$(tr '\n' ';' <out)" "trap -- 'echo no' SIGTERM;mine;"
asleep none 'asleep false || echo "failed"'
check "asleep: what fails, fails" is "$(cat out)" failed
for signal in INT TERM HUP; do
    asleep $signal 'asleep work; echo on'
    check "asleep, SIG$signal: nothing is left, and it does not go on" test "$status" -gt 128 -a -e seen -a ! -e policy -a ! -s out
done
asleep KILL 'asleep work'
check "asleep, SIGKILL: it is left" [ -e policy ]
asleep none 'need'
check "asleep, SIGKILL: the next setup takes it away" [ ! -e policy ]
echo "exit 0" >policy
asleep none 'asleep true; need'
check "asleep: another's policy stays" is "$(cat policy)" "exit 0"
unset -f asleep

# links that somebody else put where a run writes or reads
echo mine >victim
mkdir planted
for f in .dunlin-probe status.new run.h5.new checkpoint-000000000000.h5.new checkpoint-best.h5.new; do ln -s ../victim "planted/$f"; done
run "$dunlin" train --env corridor --frames 3000 --actors 1 --eval-every 1000 --eval-episodes 2 --out planted
check "a run in a folder of planted links: status 0" is "$status" 0
check "what they lead to is as it was" is "$(cat victim)" mine
ln -s "$name" linked
run "$dunlin" eval linked --episodes 2
check "RUN may be a link" is "$status" 0
cp -r "$name" led
for f in led/*; do mv "$f" "aside-${f#led/}"; ln -s "../aside-${f#led/}" "$f"; done
for words in "top --once" "info" "info --csv train" "eval" "resume"; do
    run "$dunlin" $words led
    check "$words: no link in RUN is followed" test "$status" != 0
    check "$words: the line says so" grep -q "is a link, and none is followed" err
done
newest=$(cd led && ls checkpoint-0*.h5 | tail -1)
ln -s "aside-$newest" by-link.h5
run "$dunlin" eval by-link.h5 --episodes 2
check "a checkpoint that is named may be a link" is "$status" 0

# names and texts that a terminal would take for commands
escape=$(printf '\033]0;owned\007\n\302\233m')
visible='\x1b]0;owned\x07\x0a\xc2\x9bm'
raw() { LC_ALL=C grep -qP '\x1b\]|\x07|\xc2\x9b' out err; }
cp -r "$name" "$escape"
sed -i "s/^reason .*/reason $(printf '\033]0;owned\007')/" "$escape/status"
for words in info "info --csv events" "top --once" "plot --text"; do
    run "$dunlin" $words "$escape"
    check "$words: status 0" is "$status" 0
    check "$words: nothing for the terminal" not raw
done
run "$dunlin" info "$escape"
check "info: the name can be read" grep -qF "checkpoint $visible/" out
run "$dunlin" top --once "$escape"
check "top: the name can be read" grep -qF "$visible: ended" out
for words in eval info resume "info --csv train" "top --once" "plot --text" "train --env corridor --frames 10 --out"; do
    run "$dunlin" $words "$escape/none/$escape/"$'\033]'
    check "$words of no such folder: nothing for the terminal" not raw
done
rm -r "$escape"

# bounds: long names and values are refused in one line
long=$(head -c 5000 /dev/zero | tr '\0' x)
for key in out env net algo seed; do
    run "$dunlin" train --env corridor --$key "$long"
    check "--$key of 5,000 bytes: status 2" is "$status" 2
    check "--$key of 5,000 bytes: one line" is "$(grep -c . err)" 1
done
run "$dunlin" eval "$long"
check "eval of a name of 5,000 bytes: one line, not 0" test "$status" != 0 -a "$(grep -c . err)" = 1

# a library by its bare name is looked for here, not in the system's folders
mkdir libs && "${CC:-cc}" -O2 -shared -fPIC -I "$source_dir/include" "$source_dir/tests/metered_env.c" -o libs/metered.so
LD_LIBRARY_PATH=$PWD/libs run "$dunlin" train --env lib:metered.so --frames 100
check "a bare name is not looked for in LD_LIBRARY_PATH: status 2" is "$status" 2
check "its line names the path tried" grep -qF "lib:./metered.so" err

# and a checkpoint does not choose it
run "$dunlin" train --env "lib:$PWD/libs/metered.so" --net mlp:8 --actors 1 --frames 500 --out own
check "a run of an own library: status 0" is "$status" 0
run "$dunlin" eval own --episodes 2
check "eval without its name: status 2" is "$status" 2
check "its line says which library and what to add" grep -qF -- "add --env lib:$PWD/libs/metered.so" err
mv libs elsewhere
run "$dunlin" eval own --episodes 2 --env "lib:elsewhere/metered.so"
check "eval with a path of this command line: status 0" is "$status" 0
check "its games" grep -q "^episodes 2 " out
run "$dunlin" eval own --episodes 2 --env corridor
check "eval with another environment: status 2" is "$status" 2
run "$dunlin" eval "$name" --episodes 2 --env lib:elsewhere/metered.so
check "a library for a run that has none: status 2" is "$status" 2
finish
