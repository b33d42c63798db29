#!/usr/bin/env bash
# test_terminal.sh -- a person at a terminal: lines that fit, short runs, what a run uses as a file, a score that ends it.
. "$(dirname "$0")/tap.sh"
tap_cleanup() { kill_all; }
column() { awk -F, -v k="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == k) c = i; next } { print $c }' out; }

# a run of a second, with an evaluation that takes longer than that
run "$dunlin" train cartpole --frames 600000 --actors 2 --eval-episodes 2000 --out a
check "a preset by its name: status 0" is "$status" 0
run "$dunlin" info a --csv train
check "a short run has more than one row in /train" test "$(column frames | grep -c .)" -gt 1
last=$(column seconds | tail -1)
run "$dunlin" info a --csv eval
check "the last row ends where training did, not the evaluation behind it" \
    awk -v train="$last" -v eval="$(column seconds | tail -1)" 'BEGIN { exit !(train < eval) }'

# what it uses, as a file
check "options.ini: every option but the folder's" is "$(grep -c ' = ' a/options.ini)" \
    "$(($("$dunlin" train --help all | grep -c '^  --') - 4))"
check "options.ini: the preset's, with their origin" grep -qE '^lr = 0.003 +# file$' a/options.ini
run "$dunlin" train a/options.ini --out b
check "train takes it: status 0" is "$status" 0
settings() { sed 's/ *#.*//' "$1/options.ini"; }
check "it is the same run" is "$(settings b)" "$(settings a)"
run "$dunlin" train b/options.ini --frames 4000 --eval-episodes 1 --out b --force
check "--force throws it away, too" test "$status" = 0 -a "$(grep -c '^frames = 4000 ' b/options.ini)" = 1
run "$dunlin" train --env cartpole --algo n-step-q --eps-share 0.5 --frames 500 --actors 1 --eval-every 0 --python "/no # such; python" --out c
run "$dunlin" train c/options.ini --actors 2 --out d
check "a value with # and ; comes back as it was" grep -q '^python = "/no # such; python"' d/options.ini

# of two options that say the same the word that is nearer to the user holds, at a start, in a batch job and on a resume
explores() { "$dunlin" info "$1" | awk '$1 == "eps-share" || $1 == "eps-frames" { printf "%s ", $2 }'; }
printf 'env = cartpole\nalgo = n-step-q\nactors = 1\neval-every = 0\neps-share = 0.5\n' >share.ini
check "a file's share" is "$(explores c | cut -d" " -f2)" 0.5
run "$dunlin" resume c --frames 900 --eps-frames 70
check "frames on a resume" is "$(explores c)" "70 0 "
run "$dunlin" train share.ini --eps-frames 70 --frames 500 --out f --or-resume
check "frames over a file's share" is "$(explores f)" "70 0 "
run "$dunlin" train share.ini --eps-frames 70 --frames 900 --out f --or-resume
check "and once more, where it goes on" is "$status $(explores f)" "0 70 0 "
run "$dunlin" resume f --eps-share 0.25 --frames 1300
check "a share on a resume" is "$(explores f)" "70 0.25 "

# a score ends it
run "$dunlin" train --env corridor --stop-at 0.5 --eval-every 2000 --frames 1e7 --actors 2 --out s
check "stop-at: done" test "$status" = 0 -a "$(grep -c '^reason stop-at 0.5: an evaluation had ' s/status)" = 1
check "stop-at: the last line says it" grep -q '^done: stop-at 0.5: an evaluation had ' <(tail -1 err)
check "stop-at: far from all frames" test "$("$dunlin" info s | awk '$1 == "frames" { print $2 }')" -lt 9000000
run "$dunlin" resume s
check "resume: there is nothing to do" test "$status" = 0 -a "$(grep -c 'stop-at 0.5 was reached; .* from [0-9]* frames' err)" = 1
LC_ALL=C COLUMNS=50 run "$dunlin" top s --once
check "top --once fits the terminal" is "$status $(awk 'length > 50' out | wc -l) $(grep -c 'state' out)" "0 0 1"
run "$dunlin" resume s --stop-at= --frames "$("$dunlin" info s | awk '$1 == "frames" { print $2 + 3000 }')"
check "another --stop-at goes on" test "$status" = 0 -a "$(grep -c '^reason frames reached' s/status)" = 1
for words in "x|a number" "nan|a number" "1 --eval-every 0|eval-every"; do
    # shellcheck disable=SC2086
    run "$dunlin" train --env corridor --out no --stop-at ${words%|*}
    check "stop-at ${words%|*}: status 2, one line" test "$status" = 2 -a "$(says "${words#*|}" && echo yes)" = yes
done

# the terminal's width
if command -v script >/dev/null; then
    script -qec "stty cols 80; '$dunlin' train --env catch --frames 20000 --actors 2 --log-every 0.05 --out w" typed >/dev/null 2>&1 </dev/null
    tr -d '\r' <typed | grep -v '^Script ' >seen
    check "80 columns: every line of a training fits" test -s seen -a -z "$(awk 'length > 80' seen)"
    check "80 columns: progress is one line each" test "$(grep -c '%.* frames/s .* return .* left$' seen)" -gt 1
    check "80 columns: the launching line can be typed" is \
        "$(awk '/^launching/ { on = 1 } on { gsub(/ \\$/, ""); gsub(/^ +/, " "); printf "%s", $0 } on && !/ --/ { exit }' seen | grep -c 'mpirun .* -n 3 .*')" 1
    script -qec "stty cols 50; '$dunlin' train --env chess --out w2" typed >/dev/null 2>&1 </dev/null
    check "50 columns: so do lines of what is wrong" is "$(tr -d '\r' <typed | grep -v '^Script ' | awk 'length > 50')" ""
fi
run "$dunlin" train --env catch --frames 700 --actors 1 --eval-every 0 --out v
check "no terminal: a line stays a line, with all its figures" grep -qE '^1.*%  frames .* steps .* updates/s .* lag .* left' err
finish
