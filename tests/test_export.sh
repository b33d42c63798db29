#!/usr/bin/env bash
# test_export.sh -- `dunlin export` and `train --init-from` from the outside: every form of networks of every kind, whose
# environments are not there, read by the packages that people have; the curves of a run; and weights in again, bit for
# bit. What needs PyTorch or Keras: tests/soak/export.sh.
. "$(dirname "$0")/tap.sh"
. "$source_dir/tests/venv.sh"
check_export() { run "$python" "$source_dir/tests/check_export.py" "$1" . ${2:+"$2"}; [ "$status" = 0 ]; }

"${DUNLIN_BUILD:-$source_dir/build}/tests/test_export" write . >list
fine=1
for name in $(cut -d' ' -f1 list); do
    for end in safetensors onnx weights.h5; do run "$dunlin" export "$name.h5" --out "$name.$end"; [ "$status" = 0 ] || { fine=; cat err; }; done
    run "$dunlin" export "$name.h5" --raw --out "$name.raw.onnx"; [ "$status" = 0 ] || { fine=; cat err; }
done
check "eight networks in every form, without their environments" test -n "$fine" -a -s gaussian.weights.h5
if venv_has "numpy, h5py, safetensors" numpy h5py safetensors 2>/dev/null; then
    check "safetensors reads names, shapes and numbers, and what they are of" check_export safetensors
    check "dunlin.py sees pictures and numbers as the network does" check_export seeing
    check "FILE.weights.h5 has what Keras looks for" check_export keras_file
    check "and weights come back from a model whole" check_export keras_back
    check "dunlin.py reads arguments of gym:NAME as Dunlin does" check_export words
    check "dunlin.py seeds what takes a seed, and that alone" check_export takes_seed
else
    skip "safetensors reads what was written" "safetensors cannot be installed"
    skip "FILE.weights.h5 has what Keras looks for" "h5py cannot be installed"
fi
if venv_has "numpy, h5py, onnxruntime" numpy h5py onnxruntime 2>/dev/null; then
    check "onnxruntime answers what Dunlin does, raw inputs too" check_export onnx
else
    skip "onnxruntime answers what Dunlin does" "onnxruntime cannot be installed"
fi

# pictures of a Python environment: in colour, a part of what is observed, made smaller, stacked, an action played twice
if venv_has "numpy, h5py, onnxruntime, gymnasium" numpy h5py onnxruntime gymnasium 2>/dev/null; then
    cp "$source_dir/tests/gym_env.py" .
    run "$dunlin" train --env "gym:gym_env.py:Noted?n=5" --python "$python" --no-grey --frame-skip 2 --init orthogonal --actors 1 --frames 1 --eval-every 0 --out noted
    start=noted/checkpoint-000000000000.h5
    for end in safetensors onnx; do "$dunlin" export $start --out noted.$end; done
    GYM_NOTES=$PWD/games run "$dunlin" eval $start --env "gym:gym_env.py:Noted?n=5" --python "$python" --episodes 3 --greedy
    GYM_NOTES=$PWD/again check "dunlin.py plays pictures of Gymnasium as dunlin eval does, action by action" check_export noted
else
    skip "dunlin.py plays pictures of Gymnasium as dunlin eval does" "onnxruntime or gymnasium cannot be installed"
fi

run "$dunlin" export old.h5 --out old.csv
check "an old checkpoint: its built-in environment is asked" is "$status $(head -2 old.csv | cut -d, -f1-3 | tr '\n' ' ')" "0 tensor,i,j fc0.weight,0,0 "
run "$dunlin" export old-library.h5 --out o.csv
check "an old one of a library is refused by a line" test "$status" = 1 -a ! -e o.csv
check "which says why" says old-library.h5 /nowhere/at_all.so resume

# refused NAME STATUS "WORDS|..." WORD...
refused() {
    local name=$1 wanted=$2 words; IFS='|' read -ra words <<<"$3"; shift 3
    run "$dunlin" "$@"
    [ "$status" = "$wanted" ] && says "${words[@]}"; check "$name" test $? = 0
}
refused "no --out" 2 "--out is missing|FILE.onnx" export small.h5
refused "another form" 2 "small.pt|FILE.safetensors" export small.h5 --out small.pt
refused "--raw of what is no graph" 2 "--raw|onnx" export small.h5 --raw --out s.csv
refused "no such run" 2 "nowhere" export nowhere --out s.csv
mkdir in-the-way.csv.new
refused "what cannot be written is named as it was given" 1 "./in-the-way.csv: cannot write" export small.h5 --out ./in-the-way.csv
rmdir in-the-way.csv.new
refused "curves of a checkpoint" 2 "small.h5|run.h5" export small.h5 --out curves/
refused "a folder that is not there" 1 "none/s.csv: cannot be written: No such file|give a folder that exists" export small.h5 --out none/s.csv
for words in "export --out s.csv" eval "record --out r.gif" "train --env cartpole --algo n-step-q --net mlp:8 --out f --init-from"; do
    refused "weights that are no numbers: $words" 2 "none.h5: NaN or Inf in 1 of its|the first in fc0.bias; give" $words none.h5
done
cp old.h5 cut.h5; truncate -s -9 cut.h5
refused "a damaged checkpoint" 2 "cut.h5|damaged" export cut.h5 --out s.csv

run "$dunlin" train --env cartpole --frames 3000 --actors 1 --log-every 0.2 --eval-every 1000 --eval-episodes 2 --out a --tensorboard a/live
check "a run" is "$status" 0
run "$dunlin" export a --out a.safetensors
run "$dunlin" export a --out a.csv
long=$(printf 'x%.0s' {1..251}); run "$dunlin" export a --out "$long.csv"
check "a name as long as any" cmp -s a.csv "$long.csv"
deep=$(printf 'x%.0s' {1..200}); mkdir -p "$deep/$deep/$deep" deeper; cp -r a "$deep/$deep/$deep"
run "$dunlin" export "$deep/$deep/$deep/a" --out deeper/
check "its curves from folders as deep as any" is "$status $(find deeper -name 'events*' | wc -l)" "0 1"
rm -r "$deep"
mkdir events
run "$dunlin" export a --out events
check "its curves as events" is "$status $(ls events | wc -l)" "0 1"
for t in train eval; do "$dunlin" info a --csv $t >$t.csv; done
if venv_has "numpy, h5py" numpy h5py 2>/dev/null; then
    check "they are the run's, checksums right" check_export events
    check "and so are those that were written while it went on" check_export events a/live
else skip "they are the run's" "numpy cannot be installed"; fi

again() { run "$dunlin" train --env cartpole --frames 1 --actors 1 --eval-every 0 --seed 9 --out "$@"; }
begins() { run "$dunlin" export "$1/checkpoint-000000000000.h5" --out "$1.csv"; cmp -s "$1.csv" a.csv; }
again b --init-from a.safetensors
check "a run begins with the weights of a file" is "$status" 0
check "bit for bit" begins b
run "$dunlin" resume b --frames 400; run "$dunlin" info b
check "a resumed run still says which" is "$status $(value init-from) $(sed -n 's/^init-from = \([^ ]*\) .*/\1/p' b/options.ini)" \
    "0 a.safetensors a.safetensors"
run "$dunlin" train --env cartpole --frames 800 --actors 1 --eval-every 0 --out b --or-resume --init-from a; run "$dunlin" info b
check "whatever a later start names" is "$(value init-from)" a.safetensors
run "$dunlin" train --env cartpole --frames 800 --actors 1 --eval-every 0 --out g; run "$dunlin" compare b g
check "and is not another seed of one that began from nothing" is "$(grep -c '^[bg] ' out)" 2
again c --init-from a
check "or of another run" begins c
cp -r a d; again d --force --init-from d
check "or of the one that it throws away" begins d
again e
check "and else with its own" test "$status" = 0 -a -s e/run.h5
check "which are others" bash -c "! cmp -s $(begins e; echo e.csv) a.csv"
run "$dunlin" train --env pendulum --log-sigma -1.5 --frames 1 --actors 1 --eval-every 0 --out sigma
run "$dunlin" export sigma/checkpoint-000000000000.h5 --out sigma.csv
check "log sigma begins where it is told" is "$(sed -n 's/^pi.log_sigma,//p' sigma.csv)" "0,,,,-1.5"
for bias in 0 1; do
    run "$dunlin" train --env cue --algo a3c --lstm 2 --forget-bias $bias --frames 1 --actors 1 --eval-every 0 --out forget
    run "$dunlin" export forget/checkpoint-000000000000.h5 --out forget$bias.csv
    rm -r forget
done
check "forget gates begin where they are told" is "$(paste -d, forget0.csv forget1.csv |
    awk -F, '$1 == "lstm.bias" { printf("%.4g ", $NF - $6) }')" "0 0 1 1 0 0 0 0 "
refused "a network that it does not fit, tensor by tensor" 2 "fc0.weight is 64 x 4 there, and 8 x 4 here|fc1.weight is not of this network|v.weight" \
    train --env cartpole --net mlp:8 --init-from a.safetensors --out f
for word in sigma=scalar obs-norm=true reward-norm=true algo=n-step-q; do # each alone makes another network
    case $word in sigma*) it=(--env pendulum --init-from sigma) ;; *) it=(--env cartpole --init-from a) ;; esac
    refused "nor one of another $word" 2 "does not fit this network|--${word%=*}" train "${it[@]}" --"$word" --out f
done
refused "a file that is none" 2 "--init-from|a.csv" train --env cartpole --init-from a.csv --out f
(ulimit -f 8; run "$dunlin" export a --out quota.csv; echo "$status" >was)
check "a quota that is full: status 1, one line, no half file" \
    is "$(cat was) $(grep -c '^dunlin: .*File too large' err) $(echo quota*)" "1 1 quota*"
refused "curves to where no folder can be" 2 "--tensorboard|a.csv" train --env cartpole --tensorboard a.csv --out f
refused "a resume has its own" 2 "--init-from" resume a --init-from a.safetensors
check "nothing was begun" test ! -e f

# best weights are those of an evaluation, or none
cp -r a gone; rm gone/checkpoint-best.h5
for what in "eval" "record --out x.gif" "export --out x.csv"; do
    refused "$what --best of a run that was not evaluated" 2 "e: no evaluation has been made|leave --best out" $what e --best
done
refused "best weights that are gone" 2 "gone: was evaluated|checkpoint-best.h5 is gone|leave --best out" export gone --best --out x.csv
refused "the best of one file" 2 "checkpoint-000000000000.h5: is one checkpoint|--best" export e/checkpoint-000000000000.h5 --best --out x.csv
check "nor is anything written" test "$(ls x.* 2>/dev/null)" = ""
ln -s a/checkpoint-best.h5 link; i=0
for what in a a/checkpoint-best.h5 link; do run "$dunlin" export $what --best --out "best$((++i)).csv"; done
check "of a run that has them, and of their file" bash -c 'cmp best1.csv best2.csv && cmp best1.csv best3.csv'
if venv_has "numpy, h5py" numpy h5py 2>/dev/null; then check "dunlin.py: the same" check_export best; fi
finish
