#!/usr/bin/env bash
# test_compare.sh -- `dunlin compare` puts runs into a table, for people and programs; run/compare.sh makes such runs.
. "$(dirname "$0")/tap.sh"
maker=${DUNLIN_BUILD:-$source_dir/build}/tests/test_plot

refused() { # refused NAME STATUS "WORD|WORD" ARGS...
    local name=$1 wanted=$2 words=$3; shift 3
    run "$dunlin" compare "$@"
    IFS='|' read -ra w <<<"$words"
    check "$name: status $wanted" is "$status" "$wanted"
    check "$name: one line with $words" says "${w[@]}"
}
# in_json EXPRESSION: true of d, what python reads from the file out
in_json() {
    python3 -c 'import json, sys; d = json.load(open("out")); sys.exit(not eval("(" + sys.argv[1] + ")"))' "$1"
}

# last evaluations of made runs: 40 / (1 + exp(-10 + SHIFT / 100000)) - 19
mkdir -p sweep/games
for s in 1 2 3; do "$maker" make sweep/good-seed$s $(((s - 1) * 300000)) 0.001 1 $s; done
"$maker" make sweep/bad-seed1 950000 0.01 1 1; "$maker" make sweep/bad-seed2 900000 0.01 1 2
"$maker" make sweep/games/other 0 0.001 1 1 pendulum
"$maker" make 'odd, "name"' 0 0.002 0 1
mkdir empty

run "$dunlin" compare sweep/good* sweep/bad*; check "compare: status 0" is "$status" 0; cp out table
check "a row for each setting and its title, what differs alone" \
    is "$(awk 'NF && !/^last,/ { print $1, $2, $3 }' table | tr '\n' ';')" \
    "run lr n;good-seed* 0.001 3;bad-seed* 0.01 2;"
check "the best first, with mean and range" grep -q "^good-seed.* 20.75  20.28 to 21 " table
check "what the scores are is said" grep -q "last and of the best evaluation" table
run "$dunlin" compare sweep/good* sweep/bad* --each; check "each: five rows, the seed among what differs" \
    is "$(grep -c "^good-seed[123]\|^bad-seed[12]" out) $(grep -c "^run .*seed" out)" "5 1"
COLUMNS=70 run "$dunlin" compare sweep; check "a folder: status 0" is "$status" 0
check "a folder: all in it, by environment" is "$(grep -c "^good\|^bad\|^other" out)" 3
mkdir links; ln -s ../sweep/good-seed1 links/; ln -s .. links/up
run "$dunlin" compare links; check "a link in a folder is a run, and no way up" is "$status $(grep -c "^good" out)" "0 1"
check "no line is wider than the terminal" is "$(awk 'length > 70' out)" ""
run "$dunlin" compare sweep 'odd, "name"' --csv; check "CSV: status 0" is "$status" 0
check "CSV: it is read back" python3 -c '
import csv
rows = list(csv.DictReader(open("out")))
assert [r["run"] for r in rows] == ["odd, \"name\"", "good-seed*", "bad-seed*", "other"], rows
assert rows[1]["n"] == "3" and rows[1]["frames"] == "1500000" and float(rows[1]["last_min"]) < float(rows[1]["last"])
assert {r["score"] for r in rows} == {"episodes", "evaluation"} and rows[3]["score"] == "evaluation"'
run "$dunlin" compare sweep 'odd, "name"' --json; check "JSON: status 0" is "$status" 0
check "JSON: python3 -m json.tool takes it" python3 -m json.tool out /dev/null
check "JSON: rows, their settings with types, their runs" in_json \
    'd["rows"][1]["n"] == 3 and d["rows"][1]["settings"] == {"env": "catch", "algo": "a3c", "lr": 0.001} and
     sorted(r["seed"] for r in d["rows"][1]["runs"]) == [1, 2, 3] and d["rows"][3]["settings"]["env"] == "pendulum"'
run "$dunlin" compare sweep/good-seed1 'odd, "name"' --json
check "where a run has no evaluation, episodes count for all of its environment" in_json \
    'all(r["score"] == "episodes" for r in d["rows"])'
for s in 1 2; do
    run "$dunlin" train --env corridor --frames 1 --actors 1 --eval-every 0 --seed $s --tensorboard live$s --out live/seed$s
done
run "$dunlin" compare live; check "seeds with a folder of TensorBoard each are one row" is "$(grep -c "^live/seed\* *2 \|^seed\* *2 " out)" 1
run "$dunlin" compare sweep empty; check "what cannot be read is left out" is "$status" 0
check "and named" grep -q "left out: empty: no run.h5" err
refused "no run" 2 "compare needs runs"
refused "both forms" 2 "--csv|--json" sweep --csv --json
refused "unknown order" 2 "--by|first|last, best" sweep --by first
refused "unknown option" 2 "--sort" sweep --sort x
refused "nothing there" 2 "nowhere" nowhere
refused "an empty folder" 2 "empty|run.h5" empty
run "$dunlin" compare nowhere empty; check "nothing, twice: status 2, a line for each" is "$status $(grep -c 'left out: ' err)" "2 2"
mkdir damaged; head -c 3000 sweep/good-seed1/run.h5 >damaged/run.h5
refused "a damaged run" 1 "damaged/run.h5" damaged
mkdir junk; echo "this is no HDF5 file" >junk/run.h5
for words in compare "plot --text" "info --csv train" "export --out curves/"; do
    run "$dunlin" $words empty; check "$words of an empty folder: status 2" is "$status $(grep -c '^dunlin: .*empty.*run\.h5' err)" "2 1"
    run "$dunlin" $words junk; check "$words of no HDF5: status 2" is "$status $(grep -c '^dunlin: junk/run\.h5: is no HDF5 file' err)" "2 1"
done

# run/compare.sh: two settings, two seeds; what is there is gone on with
cat >settings.txt <<'END'
# two of them
slow --lr 0.0001
fast   --lr 0.003  --t-max 10   # a comment
END
compare() { # compare SEEDS FRAMES WORDS...
    DUNLIN=$dunlin ACTORS=1 FRAMES=$2 GAMES=corridor SEEDS=$1 run "$source_dir/run/compare.sh" "${@:3}"
}
compare 1 700 settings.txt made; check "compare.sh: status 0" is "$status" 0
rm made/corridor/slow-seed1/checkpoint* # as if cut before its first checkpoint
compare 2 700 settings.txt made; check "compare.sh, again with more seeds: status 0" is "$status" 0
check "a row for each name, of two seeds" \
    is "$(awk '/-seed/ { print $1, $4 }' out | sort | tr '\n' ';')" "fast-seed* 2;slow-seed* 2;"
check "a run that was done is not done again" grep -q "already at" made/corridor/fast-seed1.log

# runs of other budgets: the setting and what was done of it have a column each
"$dunlin" train --env corridor --actors 1 --lr 0.003 --t-max 10 --seed 1 --frames 500 --out shorter >/dev/null 2>&1
run "$dunlin" compare made/corridor/fast-seed1 shorter
check "budgets: a column each" is "$(head -n 1 out | grep -ow 'frames-budget\|frames' | tr '\n' ' ')" "frames-budget frames "
run "$dunlin" compare made/corridor/fast-seed1 shorter --csv
check "budgets: no field of CSV twice" is "$(head -n 1 out | tr , '\n' | grep '^frames\|^seconds' | tr '\n' ' ')" "frames-budget frames seconds "

# states: as the run says, but for one whose rank 0 was killed; of a file nothing says
cp -r shorter killed; sed -i 's/^state .*/state running/' killed/status # its process has ended
cp -r shorter stopped; sed -i 's/^state .*/state stopped/' stopped/status
states() { awk 'NF && !/^last,/ { print $1, $NF }' out | tr '\n' ';'; }
run "$dunlin" compare --each killed stopped made/corridor/slow-seed1 shorter/run.h5 made/corridor/fast-seed1
check "states: gone, stopped, done, none" is "$(states | sed 's/^run state;//' | tr ';' '\n' | sort | tr '\n' ';')" \
    "fast-seed1 done;killed gone;shorter -;slow-seed1 done;stopped stopped;"
run "$dunlin" compare killed made/corridor/fast-seed1/run.h5 --json
check "states: JSON has none" in_json 'sorted(str(r["runs"][0]["state"]) for r in d["rows"]) == ["None", "gone"]'
cp -r made/corridor/fast-seed2 made/corridor/fast-seed3; sed -i '/^state /d' made/corridor/fast-seed2/status
run "$dunlin" compare stopped made/corridor/fast-seed1 made/corridor/fast-seed2
check "states: how many are known to be done" grep -q "^fast-seed.* 1 done$" out
mv made/corridor/fast-seed3/status made/corridor/fast-seed2; rm -r made/corridor/fast-seed3

# JSON of the other commands, of a run that was made
json() { # json NAME EXPRESSION ARGS...
    run "$dunlin" "${@:3}"; check "$1 --json: status 0" is "$status" 0
    check "$1 --json: python3 -m json.tool takes it" python3 -m json.tool out /dev/null
    check "$1 --json: what it says" in_json "$2"
}
run_made=made/corridor/fast-seed1
json info 'd["checkpoint"]["ranks"] == 2 and d["settings"]["lr"] == 0.003 and d["settings"]["reward-clip"] is False
    and d["settings"]["env"] == "corridor" and d["provenance"]["sessions"] == 1 and d["resumes"] == []
    and "hns" not in d' \
    info $run_made --json
json "info of a checkpoint" 'd["settings"]["t-max"] == 10 and d["checkpoint"]["session"] == 0' \
    info "$(ls $run_made/checkpoint-*.h5 | tail -n 1)" --json
json eval 'd["episodes"] == 3 and d["policy"] == "sampled" and d["min"] <= d["mean"] <= d["max"]' \
    eval $run_made --episodes 3 --json
json list '{"name", "kind", "help"} == set(d[0]) and
    "a3c" in [i["name"] for i in d if i["kind"] == "algorithm"]' list --json
json bench 'd[0]["name"].startswith("net-mlp") and d[0]["unit"] == "us" and d[0]["value"] > 0' \
    bench net --net mlp --seconds 0.05 --json
run "$dunlin" info $run_made --json --csv eval; check "info: both forms: status 2" is "$status" 2
run "$dunlin" eval $run_made --hns; check "eval --hns of another environment: status 2" is "$status" 2
check "eval --hns of another environment: one line" says corridor atari:pong
run "$dunlin" train --env atari:pong --frames 400 --eval-every 0 --actors 1 --out pong
if [ "$status" = 0 ]; then
    run "$dunlin" eval pong --episodes 1 --eval-seconds 2 --hns
    check "eval --hns: the mean beside a person's" \
        awk '{ for (i = 1; i < NF; i += 2) v[$i] = $(i + 1) }
            END { d = v["hns"] - (v["mean"] + 20.7) / 35.3; exit !(d * d < 1e-6) }' out
    run "$dunlin" info pong; check "info: last the scores beside a person's" \
        is "$(tail -n 4 out | tr '\n' ' ')" "hns-last - hns-best - hns-random -20.7 hns-human 14.6 "
else
    skip "scores beside a person's" "no Atari here"
fi

printf 'slow --lr 0.5\n' >settings.txt
compare 2 700 settings.txt made; check "another setting of that name: status 1" is "$status" 1
check "another setting of that name: said" grep -q "slow-seed1 failed.*--lr 0.0001.*--lr 0.5" err
# stopped in the middle: the training too, which is then gone on with
cp "$source_dir/run/cartpole.ini" long.ini
printf 'long long.ini --lr 0.01 --log-every 0.1\n' >settings.txt
: >err # or the old one is read until the program begins
DUNLIN=$dunlin ACTORS=1 FRAMES=2e6 GAMES=corridor SEEDS=1 "$source_dir/run/compare.sh" settings.txt cut >out 2>err &
cut=$!
for i in $(seq 300); do ! grep -qs '^frames [1-9]' cut/corridor/long-seed1/status || break; sleep 0.1; done
kill -TERM $cut; wait $cut; check "compare.sh, stopped: status 143" is $? 143
check "compare.sh, stopped: nothing of it goes on" none_left cut/corridor/long-seed1
# lr would jump in the middle of what was begun with another
compare 1 1e5 settings.txt cut; check "compare.sh, other FRAMES: status 1" is "$status" 1
check "compare.sh, other FRAMES: said in a line" is "$(grep -c "long-seed1 failed: it was begun with 'FRAMES=2000000', not 'FRAMES=100000'; give" err)" 1
sed -i "s/3e-3/4e-3/" long.ini
compare 1 2e6 settings.txt cut; check "compare.sh, a file that has changed: status 1" is "$status" 1
check "compare.sh, a file that has changed: said in a line" is "$(grep -c "long-seed1 failed: it was begun with 'long.ini, sum .*', not 'long.ini, sum .*'; give" err)" 1
cp "$source_dir/run/cartpole.ini" long.ini
run "$dunlin" info cut/corridor/long-seed1 --json
check "compare.sh, after the stop: it was cut and neither went on" in_json '0 < d["checkpoint"]["frames"] < 2000000 and d["resumes"] == []'
compare 1 2e6 settings.txt cut; check "compare.sh, after the stop: status 0" is "$status" 0
check "compare.sh, after the stop: a row of it" grep -q "^long-seed1" out
run "$dunlin" info cut/corridor/long-seed1 --json
check "compare.sh, after the stop: it went on from its checkpoint, to its last frame" in_json 'd["checkpoint"]["frames"] >= 2000000 and len(d["resumes"]) == 1'

# words with blanks, in quotes, and a comment that has one
mkdir 'two words'; cp "$source_dir/run/cartpole.ini" 'two words/pole#1.ini'
printf 'quoted "two words/pole#1.ini" --t-max 7  # that isn'"'"'t one\n' >'two words/settings'
DUNLIN=$dunlin ACTORS=1 FRAMES=700 SEEDS=1 run "$source_dir/run/compare.sh" 'two words/settings' 'two words/runs'
check "compare.sh: words with blanks: status 0" is "$status" 0
check "compare.sh: words with blanks: are whole" \
    grep -q '^t-max = 7' 'two words/runs/quoted-seed1/options.ini'
printf 'first --lr 0.1\nlast --lr 0.2' >settings.txt # as some editors leave it
compare 1e0 7e2 settings.txt ended; check "compare.sh, a last line without its end: status 0" is "$status" 0
check "compare.sh, a last line without its end: both settings are run, for 7e2 frames" \
    is "$(grep -l '^frames = 700' ended/corridor/*-seed1/options.ini | wc -l)" 2
check "compare.sh, a last line without its end: a row of it" grep -q '^last-seed' out
compare 1 many settings.txt many; check "compare.sh, no frames: status 2, a line, nothing begun" \
    test "$status" = 2 -a "$(grep -c "^FRAMES is 'many'; allowed" err)" = 1 -a ! -e many
printf 'a --lr "0.1\n' >settings.txt
compare 1 700 settings.txt made; check "a quote that is not closed: status 2" is "$status" 2
check "a quote that is not closed: said" grep -q "quote is not closed" err

printf 'a --lr 0.1\nb --lrr 0.2\n' >settings.txt
compare 1 700 settings.txt unknown; check "a word that is none, in any line: status 2, nothing begun" test "$status" = 2 -a ! -e unknown
printf 'a --lr 0.1\na --lr 0.2\n' >settings.txt
compare 1 700 settings.txt made; check "a name twice: status 2" is "$status" 2
printf '../a --lr 0.1\n' >settings.txt
compare 1 700 settings.txt made; check "a name that leads elsewhere: status 2" is "$status" 2
compare x 700 settings.txt made; check "no seeds: status 2" is "$status" 2
for seeds in 0 " "; do compare "$seeds" 700 settings.txt made; check "seeds '$seeds': none at all: status 2" is "$status $(grep -c SEEDS err)" "2 1"; done

# the lists that are there
. "$source_dir/run/settings.sh"
for list in "$source_dir"/run/settings/*.txt; do
    settings "$list"
    for i in "${!names[@]}"; do
        split "${texts[i]}"
        (cd "$source_dir" && "$dunlin" train "${words[@]}" --help) >/dev/null 2>>refusals || echo "$list: ${names[i]}" >>refusals
    done
done 2>>refusals
check "the program takes each setting of run/settings" is "$(cat refusals)" ""
finish
