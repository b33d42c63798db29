#!/usr/bin/env bash
# test_check.sh -- `dunlin check`: of an environment that is as it should be nothing is said; of each that is not, one finding, and
# the status says whether it would train.
. "$(dirname "$0")/tap.sh"
"${CC:-cc}" -O1 -shared -fPIC -I "$source_dir/include" "$source_dir/tests/bad_env.c" -o bad.so || exit 1
"${CC:-cc}" -O1 -shared -fPIC -DKEY='"leaning-rate"' -I "$source_dir/include" "$source_dir/tests/bad_env.c" -o key.so || exit 1

narrow() { [ "$(awk '{ if (length > n) n = length } END { print n + 0 }' out)" -le 80 ]; }
findings() { [ -s out ] && ! grep -qvE '^(ok|doubtful|wrong) +[a-z]|^ {23}[^ ]' out && tail -1 out | grep -qE '^(ok|wrong) +verdict '; }
# found LEVEL NAME WORDS: one such finding, its lines put together
found() { sed -z 's/\n                       / /g' out >whole; [ "$(grep -E "^$1 +$2 " whole | grep -c -- "$3")" = 1 ]; }
count() { grep -cE "^$1 " out; }
# bad ARG LEVEL NAME WORDS [OPTIONS]: that finding, and the status that goes with its level
bad() {
    local arg=$1 level=$2 name=$3 words=$4; shift 4
    run "$dunlin" check "lib:./bad.so:$arg" --seconds 0.1 "$@"
    check "$arg: $level $name: $words" found "$level" "$name" "$words"
    if [ "$level" = wrong ]; then check "$arg: status 1" is "$status" 1
    else check "$arg: status 0" is "$status" 0; fi
    check "$arg: 80 columns" narrow
}

run "$dunlin" check lib:./bad.so:fine --episodes 30
check "fine: status 0" is "$status" 0
check "fine: findings" findings
check "fine: all ok" is "$(count doubtful) $(count wrong)" "0 0"
for name in observation actions training bounds numbers written episodes max_steps ends rewards scale speed memory "same seed" instances \
    "save, load" render; do
    check "fine: $name" grep -qE "^ok +$name  " out
done
check "fine: 80 columns" narrow
check "fine: as many episodes as asked for" at_least "$(value episodes)" 30
check "fine: nothing on stderr" test ! -s err
run "$dunlin" check catch --seconds 0.3
check "a built-in one: status 0" is "$status" 0
check "a built-in one: nothing wrong" findings

bad state wrong bounds "behind its state"
bad observation wrong bounds "behind its observation"
bad save wrong bounds "save_size"
bad nan wrong numbers "the reward is nan"
bad infinite wrong numbers "observation 1 of 3 is inf"
bad unwritten wrong written "does not write its observation"
bad unwritten-last wrong written "the last .step."
bad part wrong written "1 of 3 numbers .* the first at 1"
bad picture-part wrong written "100 of 3072 numbers .* the first at 0"
bad failure wrong failure "the game is gone"
bad endless wrong episodes "none has ended within 100000 steps" --seconds 20
bad limit doubtful max_steps "says 4, "
bad both doubtful ends "terminated and truncated at once"
bad at-limit doubtful ends "all are terminated at max_steps"
bad rich doubtful rewards "-300 to 500.*--reward-scale 0.001"
bad poor doubtful rewards "all are 0"
bad wide doubtful scale "number 2 is .*obs_centre 4e+03"
for norm in "rich --reward-norm=true rewards" "wide --obs-norm=true scale"; do # what the options make of them is no matter of doubt
    read -r arg option name <<<"$norm"
    run "$dunlin" check "lib:./bad.so:$arg" --seconds 0.1 "$option"
    check "$arg $option: ok" test "$status" = 0 -a -n "$(found ok "$name" normalised && echo yes)"
done
bad infinite-first wrong numbers "observation 0 of 3 is inf after reset, step 0"
check "infinite-first: no speed of no step" is "$(grep -cE "^[a-z]* *(speed|memory) " out)" 0
bad still doubtful scale "never change"
bad picture-dark doubtful scale "0 to 255"
bad slow doubtful speed "steps/s"
bad leak "(wrong|doubtful)" memory "bytes a step" --seconds 2
bad rand doubtful "same seed" "chance comes from elsewhere"
bad outside wrong instances "two disturb each other"
bad load wrong "save, load" "plays another episode"
bad refuse wrong "save, load" "does not take its saved state back"
bad pointer wrong "save, load" "plays another episode"
bad render wrong render "more than the 192 bytes"
bad crash wrong crash "signal 11 .* in .step."
bad exit wrong crash "status 3 in .init. or .reset."
bad hang wrong hang ".step. has not returned" --patience 0.5
bad init wrong training "no emulator here"
for arg in huge huge-stack; do
    run timeout 100 "$dunlin" check "lib:./bad.so:$arg"
    check "$arg: does not open" is "$status" 2
    check "$arg: one line" says "the observation is too large" "100 million"
done
bad sizes wrong evaluation "other sizes"
run "$dunlin" check "lib:./key.so:fine" --seconds 0.1
check "a default of no option: wrong" test "$status" = 1 -a -n "$(grep '^wrong.*training' out)"

# what cannot be opened, and words
refused() { # refused WORDS ARGS...
    local words=$1; shift
    run "$dunlin" check "$@"
    check "check $*: status 2" is "$status" 2
    check "check $*: one line with $words" says "$words"
}
refused "at least 32" lib:./bad.so:picture-small
refused chess chess
refused "which environment"
refused "--episodes" cartpole --episodes 0
refused "allowed: one of them" cartpole catch
refused "one environment at a time" cartpole --env catch
refused "nearest is 'python'" cartpole --pithon python3
run "$dunlin" check --help; check "help: status 0, 80 columns" test "$status" = 0 -a -n "$(narrow && echo yes)"
finish
