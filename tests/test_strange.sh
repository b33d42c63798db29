#!/usr/bin/env bash
# test_strange.sh -- environments of a library that do what they must not: the trainer's numbers, folders and signals stay its own,
# what is written too far is named before it harms, what never ends is cut, and a library is found again from anywhere.
. "$(dirname "$0")/tap.sh"
"${CC:-cc}" -O1 -shared -fPIC -I "$source_dir/include" "$source_dir/tests/strange_env.c" -o strange.so || exit 1
mkdir locales
german=made
if localedef -i de_DE -f UTF-8 "$scratch/locales/de_DE.UTF-8" 2>/dev/null; then export LOCPATH=$scratch/locales; else german=none; fi
umask 027
train() { run "$dunlin" train --actors 1 --frames 3000 --log-every 0.1 "$@"; }

# what a library changes is put back: numbers with a dot, this folder, our handlers and umask
for where in open reset; do
    train --env "lib:./strange.so:spoil-$where" --out "run-$where"
    check "spoilt in $where: status 0" is "$status" 0
    check "spoilt in $where: the run is in this folder" test -f "run-$where/run.h5"
    check "spoilt in $where: with the user's umask" is "$(stat -c %a "run-$where/run.h5")" 640
    if [ "$german" = none ]; then
        skip "spoilt in $where: numbers with a dot" "no locale de_DE can be made here"
    else
        run "$dunlin" info "run-$where"
        check "spoilt in $where: numbers with a dot" grep -qx 'lr 0.0015' out
        check "spoilt in $where: none with a comma" test -z "$(grep -E '[0-9],[0-9]' "run-$where/status")"
    fi
    run "$dunlin" resume "run-$where" --env "lib:./strange.so:spoil-$where" --frames 6000
    check "spoilt in $where: it is resumed" is "$status" 0
    run "$dunlin" eval "run-$where" --episodes 2 --env "lib:./strange.so:spoil-$where"
    check "spoilt in $where: and plays" grep -q '^episodes 2 ' out
done
rm -rf /run-open /run-reset # where the folder was followed

: >err # or the old one is read until the program begins
timeout 300 "$dunlin" train --env lib:./strange.so:spoil-open --actors 1 --frames 1000000000 --out stops >out 2>err &
for ((tries = 0; tries < 300; tries++)); do
    grep -q '^state running' stops/status 2>/dev/null && break
    sleep 0.1
done
kill -TERM $! # timeout passes it on
wait $!
check "SIGTERM is not ignored with the library's handler" grep -q '^state stopped' stops/status

# what a library leaves running is ended with its rank, or behind one that died: nobody waits for it
for what in leaves dies; do
    train --env "lib:./strange.so:in-$what" --out "in-$what"
    check "a process is left, $what: the run has ended" is "$status" "$([ "$what" = leaves ]; echo $?)"
    check "a process is left, $what: and is not waited for" test ! -e slept
    cp err "in-$what.err"
done
check "a process is left: it is told" grep -qE "ended [0-9]+ process.* that a library has left running" in-leaves.err

run "$dunlin" eval in-leaves --env lib:./strange.so:in-leaves --episodes 3
check "a process is left by eval: it plays" grep -q "^episodes 3 " out
check "a process is left by eval: ended, and told" grep -qE "ended [12] process.* left running" err
run "$dunlin" record in-leaves --env lib:./strange.so:in-leaves --episodes 3 --out left.gif
check "a process is left by record: ended, and told" grep -qE "ended [12] process.* left running" err
run "$dunlin" check lib:./strange.so:in-leaves --seconds 0.1
check "a process is left by check: ended, and told" grep -qE "ended [12] process.* left running" err

# timers and limits: put back after the first reset; a later timer's signal is named, a hard limit refused before the start
train --env lib:./strange.so:in-alarm --out in-alarm
check "a timer runs out: the signal is named" grep -qF "rank 1: ended by SIGALRM" err
for what in alarm-first limit limit-third; do
    train --env "lib:./strange.so:in-$what" --out "in-$what"
    check "$what in a reset: status 0" is "$status" 0
done
bound=()
(ulimit -f 1000 && ulimit -f 2000) 2>/dev/null && bound=(setpriv --bounding-set=-sys_resource)
if "${bound[@]}" bash -c 'ulimit -f 1000 && ulimit -f 2000' 2>/dev/null || ! "${bound[@]}" true; then
    skip "a hard limit: refused" "this user may raise it again"
else
    run "${bound[@]}" "$dunlin" train --actors 1 --frames 3000 --env lib:./strange.so:in-limit-hard --out in-hard
    check "a hard limit: status 2" is "$status" 2
    check "a hard limit: one line" says "a library has lowered a limit of this process for good" "from" "to 0"
fi

# in a step, a save or a picture: modes and folder are put back, its words are none of an answer, its exit is not waited for
train --env lib:./strange.so:near --checkpoint-every 1000 --out near
check "spoilt in each call: status 0" is "$status" 0
check "more is saved than was tried at first: it says so" says "\`save\` writes more than the 8 bytes" "begins its episode anew"
run "$dunlin" eval near --env lib:./strange.so:near --episodes 2 --json
check "spoilt in each call: eval's answer is one line of JSON" is "$(head -c 1 out)$(grep -c . out)$(grep -c chatter out)" "{$(grep -c '' out)0"
run "$dunlin" record near --env lib:./strange.so:near --episodes 2 --out near.gif
check "spoilt in each call: the film is in this folder" test -s near.gif
run "$dunlin" doctor --env lib:./strange.so:loud --actors 1
check "a loud one: doctor comes to its verdict" grep -q "^ok verdict" out

# written too far: named before the start, or at the step
for what in observation state; do
    train --env "lib:./strange.so:$what" --out far
    check "too far, $what: status 2" is "$status" 2
    check "too far, $what: one line" says strange "behind its $what" 8
done
train --env lib:./strange.so:save --out far
check "too far, save: status 2" is "$status" 2
check "too far, save: one line" says strange "\`save\` writes more" 8
train --env lib:./strange.so:step --out step
check "too far in a step: not 0" is "$status" 1
check "too far in a step: named" grep -q "strange: it has written behind its observation after step" err
train --env lib:./strange.so:far --out further
check "much too far in a step: named where the episode ends" grep -q "strange: it has written behind its observation after step" err

# without an end
train --env lib:./strange.so --eval-every 1000 --eval-episodes 5 --out endless
check "without an end: status 0" is "$status" 0
check "without an end: evaluations return, and say it" grep -q "no end within 100000 steps.*after 1 of 5 episodes" err
run "$dunlin" eval endless --episodes 3 --env lib:./strange.so
check "without an end: eval returns" is "$status" 0
check "without an end: its line tells one episode" grep -q "^episodes 1 .* frames 100000 " out
check "without an end: it says so" grep -q "no end within 100000 steps.*after 1 of 3 episodes" err
train --env lib:./strange.so:limit --out limit
check "a limit that is not kept: status 0" is "$status" 0
check "a limit that is not kept: named once" is "$(grep -c 'declares max_steps 7' err)" 1
run "$dunlin" info limit --csv episodes
check "a limit that is not kept: episodes of seven steps" grep -qE '(^|,)7(,|$)' out
late="the evaluation was cut after 0.02 s (eval-seconds) and counts"
train --env lib:./strange.so:vast --eval-every 1000 --eval-episodes 5 --eval-seconds 0.02 --out vast
check "a vast limit: status 0" is "$status" 0
check "a vast limit: evaluations end by time, and say it" grep -qF "strange: $late 1 of 5 episodes, which had no end yet" err
check "a vast limit: so does the last one, of rank 0" is "$(grep -c "evaluated at .* over 1 episodes" err)" "$(grep -c "evaluated at" err)"
run "$dunlin" eval vast --env lib:./strange.so:vast --episodes 3 --eval-seconds 0.02
check "a vast limit: eval ends by time" grep -q "^episodes 1 " out
check "a vast limit: eval says it" says "$late 1 of 3 episodes, which had no end yet"
run "$dunlin" eval limit --env lib:./strange.so:limit --episodes 1000000 --eval-seconds 0.02
check "out of time between episodes: those that ended count" grep -qE "^episodes [1-9][0-9]* mean [0-9.]+ " out
check "out of time between episodes: it says how many" grep -qF "$late $(value episodes) of 1000000 episodes" err
run "$dunlin" eval limit --episodes 3 --env lib:./strange.so:limit
check "a limit that is not kept: eval returns" grep -q "^episodes 3 .* frames 21 " out

# the library from another folder, and from where it lies now
mkdir elsewhere other
here=$(pwd -P)
run "$dunlin" info limit
check "the whole path is stored" grep -qF "lib:$here/strange.so:limit" out
cd elsewhere || exit 1
run "$dunlin" resume ../limit --env "lib:../strange.so:limit" --frames 4000
check "resumed from another folder: status 0" is "$status" 0
cd ..

# a folder's own word runs no code: the library is named by whoever starts
export STRANGE_MARK=$PWD/mark
for words in "resume limit --frames 5000" "train --out limit --or-resume --frames 5000" \
    "train --env catch --out limit --or-resume --frames 5000" "eval limit --episodes 1" "record limit --out x.gif"; do
    # shellcheck disable=SC2086
    run "$dunlin" $words
    check "$words, without the library's name: refused" test "$status" = 2 -o "$status" = 1
    check "$words: the line says what to add" says "environment is a library" "--env lib:$here/strange.so:limit"
    check "$words: none of its code has run" test ! -e mark
done
run mpirun --oversubscribe -n 2 "$dunlin" resume limit --frames 5000
check "resume under a typed mpirun, without its name: refused" grep -qF -- "add --env lib:$here/strange.so:limit" err
check "resume under a typed mpirun: none of its code has run" test ! -e mark
unset STRANGE_MARK
train --env lib:./strange.so:dies --eval-every 1000 --eval-episodes 1 --out "it's dead"
check "rank 0 dies: status 1" is "$status" 1
sed -n 's/.*goes on with: dunlin //p' err >words
check "rank 0 dies: what goes on is said with the library" grep -qF -- "--env lib:$here/strange.so:dies" words
eval "run \"\$dunlin\" $(cat words) --eval-every 0"
check "it can be typed as it stands" grep -q "^state done" "it's dead/status"
run "$dunlin" train --env lib:./strange.so:dies --out "it's dead"
check "what else is advised can be typed, too" grep -qF "\`dunlin resume 'it'\\''s dead' --env lib:$here/strange.so:dies\`" err

mv strange.so elsewhere
run "$dunlin" resume limit --env lib:strange.so:limit --frames 5000
check "the library is gone: not 0" is "$status" 2
check "the line says what to add" says "cannot be loaded" "--env lib:FOLDER/strange.so:limit"
check "and gives no advice that throws the run away" test -z "$(grep -e --force err)"
run "$dunlin" resume limit --frames 5000 --env lib:elsewhere/strange.so:limit
check "where it lies now: status 0" is "$status" 0
check "it goes on" grep -q "resuming limit at 4" err
run "$dunlin" info limit
check "that is remembered" grep -qF "lib:$here/elsewhere/strange.so:limit" out
run "$dunlin" train --env lib:elsewhere/strange.so:limit --actors 1 --frames 7000 --out limit --or-resume
check "and so for --or-resume" is "$status" 0
cp elsewhere/strange.so other/another.so
run "$dunlin" resume limit --frames 8000 --env lib:other/another.so:limit
check "another name: status 2" is "$status" 2
check "another name: the line names both" says another.so strange.so "may not change"

# a download that broke off: within the segments, and within the table of them; one byte more is whole
whole=0
while read -r kind at _ _ size _; do
    [ "$kind" = LOAD ] && [ $((at + size)) -gt $whole ] && whole=$((at + size))
done < <(LC_ALL=C readelf -lW elsewhere/strange.so)
for bytes in $((whole - 1)) 100; do
    head -c "$bytes" elsewhere/strange.so >cut.so
    run "$dunlin" train --env lib:./cut.so --frames 1000 --out cut
    check "a library of $bytes bytes is refused: status 2" is "$status" 2
    check "with what it lacks" says "it is cut" "has $bytes"
done
head -c "$whole" elsewhere/strange.so >cut.so
run "$dunlin" train --env lib:./cut.so --frames 300 --actors 1 --eval-every 0 --out whole
check "without what the loader does not read it is played" is "$status" 0

# no advice that throws a good run away
for f in limit/checkpoint-0*.h5; do printf '\125' | dd of="$f" bs=1 seek=5000 conv=notrunc 2>/dev/null; done
for words in "resume limit --env lib:elsewhere/strange.so:limit" "train --env lib:elsewhere/strange.so:limit --out limit --or-resume"; do
    # shellcheck disable=SC2086
    run "$dunlin" $words
    check "all damaged, ${words%% *}: status 2" is "$status" 2
    check "all damaged, ${words%% *}: it says so" grep -q "holds no whole checkpoint" err
    check "all damaged, ${words%% *}: and gives no advice to throw it away" test -z "$(grep -e --force err)"
done
finish
