#!/usr/bin/env bash
# test_plot.sh -- `dunlin plot` draws whole figures of runs, and says in one line what it cannot.
. "$(dirname "$0")/tap.sh"
maker=${DUNLIN_BUILD:-$source_dir/build}/tests/test_plot

refused() { # refused NAME STATUS "WORD|WORD" ARGS...
    local name=$1 wanted=$2 words=$3; shift 3
    run "$dunlin" plot "$@"
    IFS='|' read -ra w <<<"$words"
    check "$name: status $wanted" is "$status" "$wanted"
    check "$name: one line with $words" says "${w[@]}"
}
magic() { [ "$(head -c "${#2}" "$1" | tail -c 3)" = "${2: -3}" ]; }
larger() { [ "$(stat -c %s "$1")" -gt "$2" ]; }

command -v gnuplot >/dev/null || { skip "figures" "gnuplot is not installed"; finish; }
run "$maker" make first; check "a run to draw" is "$status" 0
"$maker" make "it's <a> \$(touch hit) \`touch hit\`" 300000
mkdir -p other/first; cp first/run.h5 other/first/

run "$dunlin" plot first --out a.png; check "PNG: status 0" is "$status" 0
check "PNG: its magic" magic a.png "xPNG"
check "PNG: larger than 10 kB" larger a.png 10000
check "PNG: nothing on stdout" test ! -s out
check "PNG: nothing on stderr" test ! -s err
run "$dunlin" plot first --out a.svg; check "SVG: status 0" is "$status" 0
check "SVG: larger than 10 kB" larger a.svg 10000
check "SVG: axis titles" grep -q "emulated frames" a.svg
check "SVG: it ends below the title of its x axis" awk '/viewBox/ { gsub(/"/, ""); high = $4 }
    /translate/ { split($2, at, /[,)]/); y = at[2] }
    /emulated frames/ { found = y + 5 <= high } END { exit !found }' a.svg
check "SVG: axis titles with what is drawn" grep -q "episode return" a.svg
check "SVG: frames with suffixes" grep -q ">1.2M<" a.svg
check "SVG: how it is smoothed" grep -q "mean of 100 episodes" a.svg
check "SVG: evaluations" grep -q "evaluation" a.svg
run "$dunlin" plot first/run.h5 it*/ --x seconds --out=b.svg; check "two runs: status 0" is "$status" 0
check "two runs: a legend with folder names" grep -q ">first<" b.svg
check "two runs: any name is shown as it is" grep -qF "it's &lt;a> \$(touch hit) \`touch hit\`" b.svg
check "two runs: no name is run" test ! -e hit
check "seconds: minutes where they are many" grep -q "time (minutes)" b.svg
run "$dunlin" plot first other/first --x updates --out c.svg; check "updates: status 0" is "$status" 0
check "updates: axis title" grep -q "updates" c.svg
check "updates: a twentieth of the frames" grep -q ">70k<" c.svg
check "updates: not beyond" bash -c '! grep -q ">80k<" c.svg'
check "runs of one folder name: paths in the legend" grep -q ">other/first<" c.svg
run "$dunlin" plot first --text; check "text: status 0" is "$status" 0
check "text: no wider than 80" bash -c '! grep -qE ".{81}" out'
check "text: the curve and its axis" grep -q "emulated frames" out
check "text: no colour codes" bash -c "! grep -q \$'\\033' out"
(cd first && "$dunlin" plot . --out ../d.svg); check "in the run's folder" test -s d.svg
mkdir home; echo "system('touch hit.rc')" >home/.gnuplot
run env HOME="$PWD/home" "$dunlin" plot first --out f.svg
check "no settings of the user's are read" test -s f.svg -a ! -e hit.rc
run "$dunlin" plot first --out '|touch hit.png'; check "a name like a command is a name" test -s '|touch hit.png'
check "a name like a command is not run" test ! -e hit.png
run "$dunlin" plot first --out a.pdf --title "it's a title"; check "PDF: status 0" is "$status" 0
check "PDF: its magic" [ "$(head -c 4 a.pdf)" = %PDF ]
"$dunlin" plot first --out t.svg --title "it's a title" && "$dunlin" plot first --out u.svg
check "a title" bash -c 'grep -q "it.s a title" t.svg && ! grep -q "catch by a3c" t.svg && grep -q "catch by a3c" u.svg'
for y in policy_loss value_loss entropy grad_norm lr lag frames_per_s; do
    case $y in *loss) x=frames ;; lr) x=updates ;; *) x=seconds ;; esac
    "$dunlin" plot first --y $y --x $x --out y.svg || touch bad
    case $y in lr) title="learning rate" ;; frames_per_s) title=frames/s ;; *) title=${y:0:3} ;; esac
    grep -q "$title" y.svg || touch bad
done
check "y: each column of /train, its name at the axis" test ! -e bad
run "$dunlin" plot first --smooth 7 --out v.svg; check "a running mean of so many" grep -q "mean of 7 episodes" v.svg

# runs that differ in the seed alone; games in panels; returns of two values
for s in 1 2 3; do mkdir -p seeds/a-$s; "$maker" make seeds/a-$s $((s * 90000)) 0.001 1 $s; done
"$maker" make seeds/b 200000 0.002 1 1
mkdir -p games; for g in pendulum corridor; do "$maker" make games/$g 0 0.001 1 1 $g; done
run "$dunlin" plot seeds --out s.svg; check "seeds: status 0" is "$status" 0
check "seeds: one curve, by the setting that differs, with n" \
    bash -c 'grep -q ">lr 0.001 (n = 3)<" s.svg && grep -q ">lr 0.002<" s.svg && ! grep -q "a-1" s.svg'
check "seeds: what the interval is" grep -q "least to most of the runs" s.svg
run "$dunlin" plot seeds --interval ci95 --out s.svg
check "seeds: another interval" grep -q "95% interval of the mean" s.svg
run "$dunlin" plot seeds --each --out s.svg; check "seeds, each: a curve for every run" grep -q ">a-1<" s.svg
run "$dunlin" plot seeds/a-* --out s.svg; check "seeds alone: n" grep -q "mean of n = 3 runs" s.svg
run "$dunlin" plot games --out p.svg; check "games: status 0" is "$status" 0
check "games: a panel each" bash -c 'grep -q ">pendulum<" p.svg && grep -q ">corridor<" p.svg'
run "$dunlin" plot games/corridor --out o.svg
check "two values: no band" bash -c '! grep -q percentile o.svg'
for n in 80 120; do
    COLUMNS=$n "$dunlin" plot seeds games --text >text$n 2>&1
    widest=$(awk '{ gsub(/[\200-\277]/, ""); if (length($0) > most) most = length($0) } END { print most }' text$n)
    check "text: within $n columns, and as wide ($widest)" [ "$widest" -le $n -a "$widest" -gt $((n - 9)) ]
done
check "no half figures are left" bash -c '! ls -a | grep -q part'

# a point per run
"$maker" make s1 0 1e-4; "$maker" make s2 950000 1e-2; "$maker" make s3 0 1e-3 0; mkdir s4
points() { grep -c "href='#gpPt6'" "$1"; }
run "$dunlin" plot s1 s2 --x lr --out g.svg; check "lr: status 0" is "$status" 0
check "lr: the axis, what the score is, the series" \
    bash -c 'for w in "learning rate" "last evaluation" "a3c on catch" ">0.0003<" ">0.01<"; do grep -q "$w" g.svg || exit 1; done'
check "lr: one point per run, and one in the legend" is "$(points g.svg)" 3
run "$dunlin" plot s1 s2 s3 s4 --x lr --out h.svg; check "lr, one run without a run file: status 0" is "$status" 0
check "lr: what is left out is said" grep -q "left out: s4: no run.h5" err
check "lr: without an evaluation somewhere, episodes count everywhere" grep -q "last tenth of the episodes" h.svg
check "lr: three points, and one in the legend" is "$(points h.svg)" 4
run "$dunlin" plot s1 s2 s3 --x rank --text; check "rank: status 0" is "$status" 0
check "rank: its axis" grep -q "runs, best first" out
many=$(for i in $(seq 65); do echo s1; done)
refused "more curves than can be told apart" 1 "64|--x lr" $many --out m.svg
refused "lr: no run with a score" 2 "s4" s4 --x lr --out e.png
refused "another ending" 2 "a.eps|.png|.svg|.pdf" first --out a.eps
check "another ending: nothing written" test ! -e a.eps
refused "no ending" 2 ".png" first --out .png
refused "no run" 2 "RUN" --out a.png
refused "neither figure nor text" 2 "--out|--text" first
refused "both" 2 "--out|--text" first --text --out a.png
refused "no value" 2 "--out|missing" first --out
refused "unknown axis" 2 "steps|frames, seconds, updates, lr, rank" first --x steps --out a.png
refused "unknown option" 2 "--colour|--title" first --colour x --out a.png
refused "unknown y" 2 "reward|return, policy_loss" first --y reward --out a.png
refused "y of scores" 2 "--y|--x" first --x lr --y entropy --out a.png
refused "no window" 2 "--smooth 0|number from 1" first --smooth 0 --out a.png
refused "no title" 2 "--title|missing" first --out a.png --title
refused "a run that is not there" 2 "nowhere|No such file" nowhere --out e.png
mkdir empty
refused "a folder without a run" 2 "empty|run.h5" empty --out e.png
echo "this is no HDF5 file" >junk.h5
refused "a file that is no run" 2 "junk.h5|is no HDF5 file|run.h5" junk.h5 --out e.png
refused "a folder that is not there" 1 "no/where/e.png|give a folder that exists" first --out no/where/e.png
echo >file; refused "what is no folder" 1 "file/e.png|Not a directory" first --out file/e.png
check "what is no folder: there is one to give in no other case" bash -c '! grep -q "that exists" err'
long=$(printf 'x%.0s' {1..251})
run "$dunlin" plot first --out "$long.png"; check "a name as long as any" test "$status" = 0 -a -s "$long.png"
refused "a longer one" 1 "name is too long" first --out "x$long.png"

# what cannot be drawn, alone and among others
mkdir -p some/damaged; cp -r first some/good; head -c 3000 first/run.h5 >some/damaged/run.h5
run "$dunlin" plot some --out w.svg; check "a damaged run among others: status 0" test "$status" = 0 -a -s w.svg
check "a damaged run among others: is left out by a line" is "$(grep -c "^left out: some/damaged" err) $(wc -l <err)" "1 1"
run "$dunlin" plot some/damaged empty --out e.png
check "none of them: status 1" is "$status $(grep -c "left out: " err)" "1 2"
"$maker" make nan nan
refused "returns that are no numbers" 1 "nan: none of its 3000 returns is a number" nan --out e.png
"$dunlin" train --env pendulum --actors 1 --envs-per-actor 1 --frames 5 --eval-every 0 --out short >/dev/null 2>&1
refused "a run that ended without an episode" 1 "short: no finished episode" short --out e.png
check "a run that ended: does not go on" bash -c '! grep -q yet err'
sed -i 's/^state .*/state running/; /^process /d' short/status
refused "a run that goes on" 1 "short: no finished episode yet; plot again" short --out e.png
run env PATH=/nonexistent "$dunlin" plot first --out e.png; check "no gnuplot: status 1" is "$status" 1
check "no gnuplot: the package is named" says "gnuplot-nox" PATH
(ulimit -f 8; run "$dunlin" plot first --out e.png; echo "$status" >was)
check "a quota that is full: status 1, one line" is "$(cat was) $(grep -c '^dunlin: .*File too large' err)" "1 1"
# ended half-way, by a gnuplot that hangs
mkdir -p slow; printf '#!/bin/sh\necho $$ >slow/pid\nexec sleep 600\n' >slow/gnuplot; chmod +x slow/gnuplot
(trap '' HUP; PATH=$PWD/slow:$PATH exec "$dunlin" plot first --out e.png) 2>err &
pid=$!
for _ in $(seq 600); do [ ! -s slow/pid ] || break; sleep 0.1; done
kill -HUP $pid; sleep 0.3
check "a hang-up that is ignored stays so" kill -0 $pid
kill -TERM $pid; wait $pid; check "ended by a signal: its status" is "$?" 143
kill "$(cat slow/pid)"
check "failures write no figure" test ! -e e.png
check "failures leave no half figures" bash -c '! ls -a | grep -q part'
finish
