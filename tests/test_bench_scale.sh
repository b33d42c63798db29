#!/usr/bin/env bash
# test_bench_scale.sh -- `dunlin bench scale`: its figures, table and picture; from costs that are given, where the answers can be
# worked out by hand, and from measured ones, held against sleeping actors on the real window. No figure in time is asked for.
. "$(dirname "$0")/tap.sh"
export TMPDIR=$PWD

well_formed() {
    [ -s out ] && awk '
        function good(x) { return x ~ /^[0-9.]+(e[-+]?[0-9]+)?$/ && x + 0 > 0 }
        NF != 9 || $2 != "value" || $5 != "limit" || $8 != "ratio" || $4 != $7 { exit 1 }
        !good($3) || !good($6) || !good($9) { exit 1 }' out
}
figure() { awk -v n="$1" '$1 == n { print $3 }' out; } # figure NAME: its value
# frames WAY COMBINE T_MAX ACTORS: frames/s of a row of the CSV
frames() { awk -F, -v w="$1" -v c="$2" -v t="$3" -v a="$4" '$2 == w && $3 == c && $4 == t && $5 == a { print $7 }' s.csv; }
refused() { # refused NAME "WORD|WORD" ARGS...
    local name=$1 words=$2; shift 2
    run "$dunlin" bench scale "$@"
    IFS='|' read -ra w <<<"$words"
    check "$name: status 2" is "$status" 2
    check "$name: one line with $words" says "${w[@]}"
}

# a rollout takes 5 * 300 us and copies 200 us: rank 0, 350 us for each gradient, is asked for more than it can do by 5 actors;
# 20 steps take 6,000 us and want 18
costs=(--env catch --envs-per-actor 2 --step 300 --fetch 100 --push 100 --apply 350 --latency 100)
run "$dunlin" bench scale "${costs[@]}" --most 256 --per-node 8 --link 0.5 --csv s.csv --out s.png
check "given costs: status 0" is "$status" 0
check "given costs: lines" well_formed
check "given costs: a line for each way and t-max" is "$(grep -c '^scale-.*-t[0-9]* value .* actors limit .* actors ratio' out)" 34
check "given costs: nothing else" is "$(wc -l <out)" 34
check "rank 0 is too slow for 5 actors, by hand" is "$(awk '$1 == "scale-float32-t5" { print $6 }' out)" 5
check "and by simulation" bash -c "awk '\$1 == \"scale-float32-t5\" { exit !(\$3 >= 4 && \$3 <= 7) }' out"
check "it is said" grep -q "float32 .*t-max  5: from [4-7] actors on the limit is rank 0" err
check "table: a row for each size" is "$(wc -l <s.csv)" $((1 + 34 * 9))
one=$(frames float32 none 5 1) # by hand 5 / 1.7 ms
check "table: one actor, by hand" bash -c "awk 'BEGIN { exit !($one > 2850 && $one < 3030) }'"
# catch's network has 677,200 floats with a matrix of 2592 x 256, and its actors here two environments
rest=$((677200 - 2592 * 256)) row=$((2592 + 256))
check "bytes of a push, t-max 5" grep -q "^a push of t-max 5: $(((rest + 10 * row) * 4)) bytes, with factors of 10 rows" err
check "bytes of a push, t-max 20" grep -q "^a push of t-max 20: $(((rest + 40 * row) * 4)) bytes, with factors of 40 rows" err
check "bytes of a push, whole" grep -q "^a push for a sum or another wire: $((677200 * 4)) bytes, whole" err
for t in 5 20; do
    check "t-max $t: no more than rank 0 can do" at_least $((t * 2858)) "$(frames float32 none $t 256 | cut -d. -f1)"
done
# 8 actors of rank 0's node take 6.2 ms a rollout: 1,290/s; 0.5 Gbit/s carry 122 pushes of those factors a second, or 23 whole
factored=$(frames float32 none 20 256)
check "t-max 20: the link carries factors, by hand" \
    bash -c "awk 'BEGIN { by_hand = 20 * (1290 + 122); exit !($factored > 0.97 * by_hand && $factored < 1.03 * by_hand) }'"
in_busy=$(awk -F, '$2 == "float32" && $3 == "sum" && $4 == 20 && $5 == 32 { print 100 * $12 }' s.csv)
check "sums are whole: they fill the link" at_least "${in_busy%.*}" 40
check "picture: a PNG" is "$(head -c 4 s.png | tail -c 3)" PNG
run "$dunlin" bench scale "${costs[@]}" --most 256 --per-node 8 --link 0.5 --csv s.csv --optimizer momentum-sgd
check "whole gradients: their bytes" grep -q "^a push: $((677200 * 4)) bytes, whole" err
check "whole gradients: no factors" bash -c '! grep -q factors err'
whole=$(frames float32 none 20 256)
check "whole gradients: the link carries fewer, by hand" \
    bash -c "awk 'BEGIN { by_hand = 20 * (1290 + 23); exit !($whole > 0.97 * by_hand && $whole < 1.03 * by_hand) }'"
half=$(frames bf16 none 20 256) # twice as many a second
check "whole gradients: bf16 carries more, by hand" \
    bash -c "awk 'BEGIN { more = ($half - 20 * 1290) / ($whole - 20 * 1290); exit !(more > 1.5 && more < 2.5) }'"
for t in 5 20; do
    check "t-max $t: sums carry more over a slow link" at_least "$(frames float32 sum $t 256)" "$(frames float32 none $t 256)"
done
run "$dunlin" bench scale "${costs[@]}" --most 2 --out s.svg --envs-per-actor 4 --combine sum
check "one rollout short enough: its bytes, whatever is given" \
    grep -q "^a push of t-max 5: $(((rest + 20 * row) * 4)) bytes, with factors of 20 rows" err
check "the other too long" bash -c '! grep -q "push of t-max 20" err'
check "picture: an SVG" grep -q "<svg" s.svg
for i in 1 2; do run "$dunlin" bench scale "${costs[@]}" --most 4 --csv s$i.csv; mv out out$i; mv err err$i; done
check "given costs: the same figures again, as nothing is measured" cmp out1 out2
check "given costs: the same table again" cmp s1.csv s2.csv
check "given costs: what is assumed is said" grep -q "^rank 0: of an update 0.05 stay .*, 0.11 of one by whole .*(assumed)" err1
# rank 0 is too slow for 64 actors that push one by one, and has threads
run "$dunlin" bench scale "${costs[@]}" --most 64 --csv s1.csv
run "$dunlin" bench scale "${costs[@]}" --most 64 --csv s.csv --master-threads 4
check "threads: status 0" is "$status" 0
for c in none sum most; do
    check "threads: told of $c" is "$(awk -F, -v c=$c '$2 == "float32" && $3 == c && $4 == 5 && $5 == 64 { print $16 }' s.csv)" 4
    check "threads: $c is faster" bash -c "awk -F, -v c=$c '\$2 == \"float32\" && \$3 == c && \$4 == 5 && \$5 == 64 { f[FILENAME] = \$7 }
        END { exit !(f[\"s.csv\"] > 1.1 * f[\"s1.csv\"]) }' s1.csv s.csv"
done
run "$dunlin" bench scale "${costs[@]}" --most 2 --out nowhere/s.png
check "picture into no folder: status 1" is "$status" 1
check "picture into no folder: one line" says nowhere/s.png

# measured, with actors that sleep 10 or 40 ms
run "$dunlin" bench scale --env cartpole --step 2000 --seconds 3 --csv s.csv
check "measured: status 0" is "$status" 0
check "measured: lines" well_formed
for a in 1 2 4 8 16 32; do check "measured: $a actors" grep -q "^scale-check-t20-a$a value" out; done
for a in 1 2 4 8; do check "measured over TCP: $a actors" grep -q "^scale-check-far-t20-a$a value" out; done
for way in t far-t; do
    one=$(figure scale-check-${way}20-a1)
    check "$way: shorter rollouts, more updates" at_least "$(figure scale-check-${way}5-a1)" "$one"
    check "$way: more actors, more updates" at_least "$(figure scale-check-${way}20-a4)" "$one"
    check "$way: one actor is no faster than it sleeps" at_least 34 "$one" # 40 ms less a quarter of spread, 1 / 0.03 s
done
check "the lag rises with actors" at_least "$(figure scale-lag-t20-a16)" "$(figure scale-lag-t20-a2)"
check "measured rows" is "$(grep -c '^measured,' s.csv)" $((2 * 6 + 2 * 4))
check "nothing is left in TMPDIR" bash -c '! ls | grep -q dunlin-scale'

# its ranks by hand
run mpirun --oversubscribe -n 3 "$dunlin" bench scale --step 500,400 --params 1600 --seconds 0.5
check "under mpirun: status 0" is "$status" 0
check "under mpirun: lines" well_formed
check "under mpirun: names" is "$(awk '{ print $1 }' out | tr '\n' ' ')" \
    "scale-idle-t5-a1 scale-idle-t5-a2 scale-idle-t20-a1 scale-idle-t20-a2 "
run mpirun --oversubscribe -n 3 "$dunlin" bench scale --step 500,400 --params 1600 --factors 16,32,32,5,8 --seconds 0.5
check "under mpirun with factors: status 0" is "$status" 0
check "under mpirun with factors: lines" well_formed
run mpirun --oversubscribe -n 2 "$dunlin" bench scale
check "under mpirun without costs: status 2" is "$status" 2
check "under mpirun without costs: one line" says --step --params

refused "a step that is no number" "--step|fast" --step fast
refused "two steps, one wrong" "--step|5,x" --step 5,x
refused "link below 0" "--link|-3" --link -3
refused "more actors than sleep" "--check|257|1 to 256" --check 8,257
refused "no number of them" "--check|8," --check 8,
refused "more actors than are simulated" "--most|9999" --most 9999
refused "a picture of unknown kind" "s.jpeg|.png" --out s.jpeg
refused "a missing value" "--csv" --csv
refused "a bound that is not in the model" "--combine-age|allowed: 0" --combine sum --combine-most 4 --combine-age 9
refused "unknown option" "--speed" --speed 3
finish
