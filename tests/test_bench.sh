#!/usr/bin/env bash
# test_bench.sh -- `dunlin bench` prints its figures in the form that scripts read, all of them numbers. How fast anything is,
# is no matter of a test.
. "$(dirname "$0")/tap.sh"

# every line of out: NAME value V UNIT limit V UNIT ratio R, numbers finite and above 0, R their quotient
well_formed() {
    [ -s out ] && awk '
        function good(x) { return x ~ /^[0-9.]+(e[-+]?[0-9]+)?$/ && x + 0 > 0 }
        NF != 9 || $2 != "value" || $5 != "limit" || $8 != "ratio" || $4 != $7 { exit 1 }
        !good($3) || !good($6) || !good($9) { exit 1 }
        { d = $3 / $6 / $9; if (d < 0.99 || d > 1.01) exit 1 }' out
}
names() { awk '{ print $1 }' out | tr '\n' ' ' | sed 's/ $//'; }
refused() { # refused NAME "WORD|WORD" ARGS...
    local name=$1 words=$2; shift 2
    run "$dunlin" bench "$@"
    IFS='|' read -ra w <<<"$words"
    check "$name: status 2" is "$status" 2
    check "$name: one line with $words" says "${w[@]}"
    check "$name: nothing on stdout" test ! -s out
}

run "$dunlin" bench net --seconds 0.1
check "net: status 0" is "$status" 0
check "net: lines" well_formed
for n in {small,nature,mlp}{,-norm}; do
    for s in 5-1 20-1 5-8; do
        check "net: $n $s" grep -q "^net-$n-act-$s value .* us limit" out
        check "net: $n $s, learning" grep -q "^net-$n-learn-$s value .* us limit" out
    done
done
run env DUNLIN_ISA=baseline "$dunlin" bench net --net small --norm layer --lstm 32 --seconds 0.1
check "net, one of them, another build of the kernels: lines" well_formed
check "net, one of them: its name" is "$(names)" "net-small-norm-lstm32-act-5-1 net-small-norm-lstm32-learn-5-1 \
net-small-norm-lstm32-act-20-1 net-small-norm-lstm32-learn-20-1 net-small-norm-lstm32-act-5-8 net-small-norm-lstm32-learn-5-8"

run "$dunlin" bench server --seconds 0.5 --params 20000
check "server: status 0" is "$status" 0
check "server: lines" well_formed
check "server: names" is "$(names)" "server-apply-k1 server-apply-k2 server-apply-k4 server-apply-k8 server-apply-k16 \
server-push server-fetch server-wakeup server-idle"
check "server: parameters in whole lines" grep -q "^20000 parameters" err
run "$dunlin" bench server --seconds 0.5
check "server, a network: status 0" is "$status" 0
check "server, a network: lines" well_formed
check "server, a network: names" is "$(names)" "server-apply-k1 server-apply-k2 server-apply-k4 server-apply-k8 \
server-apply-k16 server-factors-k1 server-factors-k2 server-factors-k4 server-factors-k8 server-factors-k16 server-push \
server-fetch server-wakeup server-idle"
# all but the wide matrix, and five rows of its inputs and outputs
check "server, a network: bytes of factors" grep -q "^with factors of 5 rows a gradient has $(((677968 - 2592 * 256 + 5 * (2592 + 256)) * 4)) bytes; .*ratio may exceed 1" err
run "$dunlin" bench server --seconds 0.3 --net mlp
check "server, no convolutions: lines" well_formed
check "server, no convolutions: no factors" bash -c '! grep -q factors out err'
parameters() { sed -n 's/^\([0-9]*\) parameters.*/\1/p' err; }
plain=$(parameters)
run "$dunlin" bench server --seconds 0.3 --net mlp --lstm 64
check "server, an LSTM: more parameters" test "$(parameters)" -gt "$plain"
run "$dunlin" bench server --seconds 0.3 --params 20000 --factors 0,64,64,5
check "server, factors as typed" grep -q "^with factors of 5 rows a gradient has " err
run mpirun --oversubscribe -n 3 "$dunlin" bench server --seconds 0.3 --params 16
check "server under mpirun: lines" well_formed
check "server under mpirun: no more waiting than there are actors" is "$(grep -c apply out)" 2

run "$dunlin" bench actor --seconds 0.5 --algo n-step-q --envs-per-actor 2
check "actor: status 0" is "$status" 0
check "actor: lines" well_formed
check "actor: names" is "$(names)" "actor-raw actor-env actor-train"
run "$dunlin" bench actor --seconds 0.3 --env pendulum --t-max 0 --envs-per-actor 1
check "actor: rollouts that are episodes are called so" grep -q "whole episodes in 1 environments" err

export TMPDIR=$PWD
run "$dunlin" bench whole --seconds 0.1 --env cartpole --actors 4
check "whole: status 0" is "$status" 0
check "whole: lines" well_formed
check "whole: names" grep -q "^whole value" out
for r in 2 4; do check "whole: $r actors" grep -q "^whole-r$r value" out; done
check "whole: its folders are gone" bash -c '! ls | grep -q dunlin-bench'
check "whole: its processes are gone" none_left

# a stop in the middle leaves nothing behind
"$dunlin" bench whole --env cartpole >out 2>err </dev/null & pid=$!
for _ in $(seq 100); do ls dunlin-bench-*/1/status >/dev/null 2>&1 && break; sleep 0.1; done
kill -TERM $pid; wait $pid; status=$?
check "whole, stopped: status 1" is "$status" 1
check "whole, stopped: one line" says interrupted
check "whole, stopped: its folders are gone" bash -c '! ls | grep -q dunlin-bench'
check "whole, stopped: its processes are gone" none_left

refused "unknown WHAT" "sever|server" sever
refused "unknown option of net" "--parms" net --parms 3
refused "option of training where none trains" "--env" server --env catch
refused "wrong value" "t-max|five" actor --t-max five
refused "wrong seconds" "--seconds|soon" net --seconds soon
refused "unknown net" "huge" net --net huge
refused "unknown normalisation" "--norm|batch|layer" net --norm batch
refused "normalised layers where no network is measured" "--norm" server --norm layer
refused "unknown net of server" "huge" server --net huge
refused "parameters where a network is measured" "--params|--net" net --params 3000
refused "parameters where actors train" "--params" actor --params 3000
refused "threads where none applies alone" "--threads" whole --threads 1,2
refused "factors beyond the parameters" "--factors|64,16,16,5" server --params 256 --factors 64,16,16,5
refused "factors of too high a rank" "--factors" server --params 100000 --factors 0,256,256,129
refused "factors cut off" "--factors" server --params 100000 --factors 0,256,256
refused "net without a value" "--net" server --net
refused "unknown environment" "chess" whole --env chess
refused "a stray word" "pong" actor --env catch pong
run mpirun --oversubscribe -n 2 "$dunlin" bench net
check "net under mpirun: status 2" is "$status" 2
check "net under mpirun: nothing on stdout" test ! -s out
run mpirun --oversubscribe -n 2 "$dunlin" bench server --trheads 2
check "unknown option under mpirun: status 2" is "$status" 2
check "unknown option under mpirun: its line" grep -q "^dunlin: bench server: unknown word --trheads" err
check "help: link is not among all" grep -q "without WHAT all but link" <("$dunlin" help bench | tr -s '\n ' ' ')
finish
