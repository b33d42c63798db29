#!/usr/bin/env bash
# test_cli.sh -- what a user can get wrong: each is one clear line, status 2, nothing started and nothing written over.
. "$(dirname "$0")/tap.sh"

refused() { # refused NAME "WORD|WORD" ARGS...: status 2 and one line with the words
    local name=$1 words=$2; shift 2
    run "$dunlin" "$@"
    IFS='|' read -ra w <<<"$words"
    check "$name: status 2" is "$status" 2
    check "$name: one line with $words" says "${w[@]}"
    check "$name: nothing on stdout" test ! -s out
}

run "$dunlin" --help; check "help: status 0" is "$status" 0
check "help names the commands" grep -q "dunlin train" out
for words in "" train "help train all" resume eval record top plot compare info bench doctor check list; do run "$dunlin" $words --help; cat out; done >helps
check "help: every line fits into 80 columns" is "$(awk 'length > 80' helps)" ""
check "help: it is of all commands" test "$(wc -l <helps)" -gt 200
run "$dunlin" train --help; cp out short
check "train --help: the usual options, by what they are about" is "$(grep -v '^ ' short | head -4 | tr '\n' '|')" \
    "dunlin train [FILE.ini|PRESET] [--KEY VALUE ...]||Task||"
check "train --help: fits a screen of 50 lines" test "$(wc -l <short)" -le 50
run "$dunlin" train --help all
check "train --help all: all of them, in five groups" is "$(grep -c '^[A-Z][a-z ]*$' out) $(grep -c '^  --wire' out) $(grep -c '^  --wire' short)" "5 1 0"
cp out whole; run "$dunlin" help train all
check "help train all: the same" cmp -s out whole
run "$dunlin" help eval; check "help COMMAND" grep -q '^dunlin eval ' out
run "$dunlin" version; cp out version; run "$dunlin" --version
check "version" test "$(cat version)" = "$(cat out)" -a -s version
run "$dunlin" list; cp out listed
check "list: one line each, where no terminal shows it" is "$(awk '{ print $2 }' listed | sort -u | tr '\n' ' ')" "algorithm environment network optimizer "
if command -v script >/dev/null; then
    script -qec "stty cols 80; '$dunlin' list" terminal >/dev/null 2>&1 </dev/null
    tr -d '\r' <terminal | grep -v '^Script ' >seen
    check "list: in a terminal as wide as that" is "$(awk 'length > 80' seen)" ""
    check "list: in a terminal all of it" is "$(tr -s ' \n' ' ' <seen)" "$(tr -s ' \n' ' ' <listed)"
fi
run "$dunlin" train --env cartpole --algo n-step-q --help; check "train --env --help: status 0" is "$status" 0
check "train --env --help: the defaults of that environment" grep -q "(2000000)" out
run "$dunlin" train --help --env cartpole; check "train --help --env: in any order; a3c has another default" grep -q "(1000000)" out
run "$dunlin" train --help all --env cartpole; check "train --help all --env: with ranges" grep -q "(1000000; 1 or more)" out
run "$dunlin" train --env nowhere --help; check "train --help for no environment: status 2" is "$status" 2
run "$dunlin" resume --help
check "resume --help: what may change, and nothing else" is "$(grep -c -- "--frames N" out) $(grep -c -- "--t-max\|--net " out)" "1 0"
run "$dunlin" list; check "list: status 0" is "$status" 0
check "list names catch" grep -q "^catch " out
readme=$source_dir/env/README.md
measured() { # ENV ALGO: a figure of the pair, in a table of pairs, or one of the environment alone (of a3c, or by rows)
    grep -q "^| \`$1\` | \`$2\` |" "$readme" || { [ "$2" = a3c ] && grep -q "^| \`$1\` | [0-9]" "$readme"; } ||
        awk -v head="| \`$1\`," -v row="| $2, " 'index($0, head) == 1 { at = 1 } !/^\|/ { at = 0 } at && index($0, row) == 1 { found = 1 } END { exit !found }' "$readme"
}
differ=
for env in $(awk '$2 == "environment" && $1 !~ /^(atari|mujoco|gym)$/ { print $1 }' listed); do
    without=" $(sed -n "s/^$env .*(not learned by: \(.*\))\$/\1/p" listed | tr -d ,) "
    for algo in $(awk '$2 == "algorithm" { print $1 }' listed); do
        case $without in *" $algo "*) ! measured "$env" "$algo" ;; *) measured "$env" "$algo" ;; esac || differ+=" $env:$algo"
    done
done
check "list: learned is what env/README.md has a figure of, and nothing else" is "$differ" ""
run "$dunlin"; check "no command: status 2" is "$status" 2
# completions: what is offered of a command its parser takes, and what it takes is offered
run "$dunlin" help --completion bash; cp out completion
offered() { sed -n "/case .{COMP_WORDS/,\$ s/^    $1) words=\"\(.*\) --help\" ;;\$/\1/p" completion | tr ' ' '\n' | grep -e -- | sort; }
of_line() { grep -oE -- '--[a-z][a-z-]*' | grep -vx -e --help -e --everything | sort -u; }
for c in eval record export top plot compare info list; do
    run "$dunlin" $c --everything
    check "completions of $c: those that its parser names" is "$(offered $c)" "$(of_line <err)"
done
run "$dunlin" resume --help all
check "resume: as before is what is kept, and --python is not" is "$(grep -c 'at the start (as before;\|else python3$' out)" 2
check "completions of resume: those of its help" is "$(offered resume | sed 's/^--no-\(reward-clip\|norm-adv\|lr-anneal\)$/--\1/' | sort -u)" "$(sed 's/--\[no-\]/--/' out | sed -n 's/^  \(--[a-z0-9-]*\).*/\1/p' | sort)"
check "completions of train and doctor: all options" is "$(offered train)" "$(offered doctor)"
check "completions of check: but for --env, beside its ENV" is "$(offered check)" "$( (offered train; echo --episodes; echo --seconds) | grep -vx -e --env | sort -u)"
check "completions of bench: all options, and its own" is "$(comm -23 <(offered train) <(offered bench))" ""
run "$dunlin" train --env cartpole --actors 1 --frames 1 --eval-every 0 --out whole-run
mkdir own; printf 'env = cartpole # mine\nactors = 1\nframes = 9\n' >own/options.ini
refused "a folder that holds a file of the user's options" "own|is not the folder of a run" train own/options.ini --out own
check "which stay as they were" grep -q mine own/options.ini
refused "the folder of a run in place of a file" "whole-run is the folder of a run|dunlin resume|whole-run/options.ini" train whole-run
differ=
for o in algo=n-step-q net=mlp:8 lstm=8 seed=9 t-max=7 deterministic=true out=x force or-resume init-from=whole-run; do
    run "$dunlin" resume whole-run "--$o" --frames 2
    [ "$status" = 2 ] && ! offered resume | grep -qxe "--${o%=*}" || differ+=" $o"
done
check "completions of resume: not what it refuses" is "$differ" ""
at_home() { sed -n '/^at_home() {/,/^}/p' "$source_dir/run/$1"; }
check "quickstart.sh and train.sbatch, which Slurm copies alone, read ~ alike" test "$(at_home quickstart.sh | wc -l) $(at_home quickstart.sh)" = "5 $(at_home train.sbatch)"
refused "unknown command" "fly" fly
refused "a command by its name elsewhere" "evaluate|'eval'" evaluate x
DUNLIN_ISA=base refused "kernels of no name" "DUNLIN_ISA|'base'|baseline" list
DUNLIN_ISA=base run mpirun --oversubscribe -n 3 "$dunlin" train --env corridor --frames 100 --out r
check "kernels of no name, three ranks: one line" says "'base'"
DUNLIN_ISA=avx512 run mpirun --oversubscribe -n 2 "$dunlin" train --env corridor --frames 100 --out isa
check "kernels that a node of a job may not have: the best that it has" is "$status" 0
refused "help of no command" "fly" help fly
refused "another tool's name of an option" "'lr'" train --learning-rate 1e-3 --out r
refused "an id of Gymnasium's" "here it is cartpole, or gym:CartPole-v1" train --env CartPole-v1 --out r
refused "no preset" "pnog|the nearest is 'pong'|FILE.ini" train pnog --out r
refused "the file of a preset" "pong.ini|without .ini" train pong.ini --out r
refused "a file and a preset" "bad.ini|pong" train pong bad.ini --out r
refused "unknown option" "--leaning-rate" train --env catch --leaning-rate 1 --out r
refused "value out of range" "gamma|1.5" train --gamma 1.5 --out r
refused "lambda above 1" "gae|1.2|0 to 1" train --env cartpole --gae 1.2 --out r
refused "no epoch" "epochs|0|1 to 100" train --env cartpole --epochs 0 --out r
refused "a clip above 1" "ppo-clip|1.5|0 to 1" train --env cartpole --ppo-clip 1.5 --out r
refused "an average that would stand still" "ema|0.99999999|0 to 0.9999999" train --env cartpole --ema 0.99999999 --out r
refused "a deviation of one number" "norm-adv|1|2 or more" train --env cartpole --norm-adv --t-max 1 --envs-per-actor 1 --out r
refused "a clip of probabilities where there are none" "ppo-clip|n-step-q|a3c" train --env cartpole --algo n-step-q --ppo-clip 0.2 --out r
refused "lambda of Q(lambda) above 1" "lambda|2|0 to 1" train --env cartpole --algo n-step-q --lambda 2 --out r
refused "lambda where returns have one step" "lambda|one-step-q|n-step-q" train --env cartpole --algo one-step-q --lambda 0.5 --out r
refused "a3c's lambda has another name" "lambda|a3c|gae" train --env cartpole --lambda 0.5 --out r
refused "Huber's loss where there is no Q" "td-clip|a3c" train --env cartpole --td-clip 1 --out r
refused "two ends of exploration" "eps-share|eps-frames" train --env cartpole --algo n-step-q --eps-share 0.1 --eps-frames 1000 --out r
refused "more than all frames" "eps-share|1.5|0 to 1" train --env cartpole --algo n-step-q --eps-share 1.5 --out r
refused "a memory without its target network" "target-every is 0 and algo is dqn" train --env cartpole --algo dqn --target-every 0 --out r
refused "epochs of what is drawn anew" "epochs is 2 and algo is dqn" train --env cartpole --algo dqn --epochs 2 --out r
refused "unknown measure of lag" "lag-scale|far|gap" train --env cartpole --lag-scale far --out r
refused "a lag that halves nothing" "lag-unit|0" train --env cartpole --lag-unit 0 --out r
refused "continuous actions by Q" "one-step-q|pendulum|continuous|a3c" train --env pendulum --algo one-step-q --out r
refused "a sigma where there is none" "log-sigma|-1|cartpole|discrete" train --env cartpole --log-sigma -1 --out r
refused "a bias of nothing" "forget-bias|11|-10 to 10" train --env cue --forget-bias 11 --out r
refused "a sigma of nothing" "log-sigma|-11|-10 to 3" train --env pendulum --log-sigma -11 --out r
refused "a critic where there is none" "critic|n-step-q|shared" train --env cartpole --algo n-step-q --critic separate --out r
refused "more to begin with than a memory keeps" "replay-start|50000|20000" train --env cartpole --algo dqn --memory 20000 --replay-start 50000 --out r
refused "a memory of normalised rewards" "reward-norm|dqn|reward-scale" train --env cartpole --algo dqn --reward-norm --out r
refused "a run that ends before it learns" "frames|40000|replay-start|50000" train --env cartpole --algo dqn --replay-start 5e4 --memory 1e5 --frames 40000 --out r
# the memory that a start needs: named before it is taken, by the launcher that lives with less
large=(train --env cartpole --t-max 10000 --envs-per-actor 1000 --out r)
refused "rollouts that no machine holds" "too little memory|rank 0 and 4096 actors|GiB of it for rollouts|--t-max|--envs-per-actor|--actors" \
    "${large[@]}" --actors 4096
refused "weights that no machine holds" "too little memory|weights, gradients|--net|--optimizer" \
    train --env cartpole --net mlp:8192,8192 --optimizer rmsprop --actors 20000 --out r
limited() { # limited KIND BYTES
    (ulimit "-$1" $(($2 / 1024)); run "$dunlin" "${large[@]}" --actors 1; exit "$status"); status=$?
    check "ulimit -$1: status 2" is "$status" 2
    check "ulimit -$1: one line" says "too little memory" "11.3 GiB" "ulimit -$1" "--t-max" "--envs-per-actor"
}
if [[ $dunlin == */asan/* ]]; then skip "ulimit" "the sanitizer itself reserves more"; else
    limited v 4000000000
    limited d 3000000000
    run mpirun --oversubscribe -n 2 bash -c 'ulimit -v 4000000; exec "$@"' - "$dunlin" "${large[@]}"
    check "a rank under ulimit -v: status 2" is "$status" 2
    check "a rank under ulimit -v: the same line" says "too little memory" "11.3 GiB" "ulimit -v"
fi
refused "a memory that no machine has" "memory|1000000000|GiB|would fit" train --env catch --algo dqn --memory 1e9 --out r
refused "a memory too small for its environments" "memory is 20|80 or more" train --env catch --algo dqn --envs-per-actor 8 --memory 20 --replay-start 5 --out r
refused "a minibatch of nothing" "batch|0|1 to 65536" train --env catch --algo dqn --batch 0 --out r
refused "a recurrent dqn" "dqn|lstm" train --env cartpole --algo dqn --lstm 8 --out r
refused "tanh behind convolutions" "small|tanh|relu" train --env catch --activation tanh --out r
refused "pictures entry by entry" "catch|pictures|obs-norm" train --env catch --obs-norm --out r
refused "unknown normalisation" "norm|batch|layer" train --env cartpole --norm batch --out r
refused "unknown start" "init|glorot|orthogonal" train --env cartpole --init glorot --out r
refused "not a number" "t-max|five" train --t-max five --out r
refused "missing value" "--lr" train --out r --lr
refused "unknown algorithm" "algo|a4c|n-step-q" train --algo a4c --out r
refused "unknown environment" "chess|catch" train --env chess --out r
refused "net that does not fit" "small|cartpole" train --env cartpole --net small --out r
refused "unknown net" "net|huge" train --env catch --net huge --out r
refused "one update per episode wants one environment" "t-max" train --env cartpole --t-max 0 --envs-per-actor 2 --out r
refused "unreadable INI" "none.ini" train none.ini --out r
printf 'env = catch\nthis is no pair\n' >bad.ini
refused "damaged INI" "bad.ini|2" train bad.ini --out r
printf 'env = catch\nlr = fast\n' >worse.ini
refused "bad value in an INI" "worse.ini|2|lr|fast" train worse.ini --out r
printf '[dqn]\nlr = 1\n' >other.ini
refused "a section of another program's" "other.ini:1|[dqn]|[learning]" train other.ini --out r
printf 'lr = 1e-3\nlr = 1e-4\n' >twice.ini
refused "a key twice" "twice.ini:2|lr|line 1" train twice.ini --out r
head -c 300 /dev/urandom >junk.ini
refused "junk as INI" "junk.ini" train junk.ini --out r
refused "resume of nothing" "nowhere" resume nowhere
mkdir -p all/old all/new; touch -d yesterday all/old/run.h5; touch all/new/run.h5
for c in resume eval info top; do
    refused "$c of the folder above" "all|in it are the runs all/new, all/old" "$c" all
done
mkdir -p above/sweep/one; touch above/sweep/one/run.h5; ln -s .. above/sweep/up
refused "resume of a folder further up" "in it is the run above/sweep/one;" resume above
refused "resume of a file of a run" "its run is all/new" resume all/new/run.h5
refused "eval of nothing" "nowhere" eval nowhere
refused "plot to an unknown kind of file" "c.jpeg" plot nowhere --out c.jpeg
check "no run folder was made" test ! -e r

mkdir full; echo precious >full/thesis.txt
refused "out that holds something else" "full" train --env catch --out full
refused "the same, forced" "full" train --env catch --out full --force
check "it was not touched" is "$(cat full/thesis.txt)" precious
echo file >file
refused "out that is a file" "file" train --env catch --out file

# under a launcher
run mpirun -n 1 "$dunlin" train --env catch --out r
check "one rank under mpirun: status 2" is "$status" 2
check "one rank: one line" says "mpirun -n 2"
OMPI_COMM_WORLD_SIZE=1 run "$dunlin" train --env catch --out r
check "OMPI_COMM_WORLD_SIZE 1: status 2" is "$status" 2
SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=2 run "$dunlin" train --env catch --out r
check "srun without PMIx: status 2" is "$status" 2
check "srun without PMIx: the line says what to use" says "srun --mpi=pmix"
PMI_SIZE=2 run "$dunlin" train --env catch --out r
check "PMI_SIZE without PMIx: status 2" is "$status" 2
cp "$dunlin" other; echo x >>other
run mpirun --oversubscribe -n 1 "$dunlin" train --env catch --out r : -n 2 ./other train --env catch --out r
check "two builds: status 2" is "$status" 2
check "two builds: one line" says "another build"
run mpirun --oversubscribe -n 3 "$dunlin" train --env catch --lr -1 --out r
check "wrong value under mpirun: status 2" is "$status" 2
check "wrong value under mpirun: one line" says "lr" "-1"
run mpirun --oversubscribe -n 3 "$dunlin" train --env catch --out file/r
check "folder below a file: status 2" is "$status" 2
check "folder below a file: one line" says "file/r"
check "still no run folder" test ! -e r
finish
