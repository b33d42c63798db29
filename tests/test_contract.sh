#!/usr/bin/env bash
# test_contract.sh -- the contract of include/dunlin/env.h as a library in C++ meets it: built by each compiler that is there, trained
# with the network that suits its observations, played, gone on with; a table that is not exported; environments that fail.
. "$(dirname "$0")/tap.sh"
cxx=${CXX:-g++}
command -v "$cxx" >/dev/null || { skip "the contract from C++" "no $cxx"; finish; }
built() { "$1" -std=c++17 -O1 -Wall -Wextra -Wpedantic -Werror -fvisibility=hidden -shared -fPIC -I "$source_dir/include" "${@:3}" \
    "$source_dir/tests/contract_env.cpp" -o "$2"; }
check "a library in C++17, without a warning" built "$cxx" mine.so
if ! command -v clang++ >/dev/null; then skip "by clang++ too" "no clang++"
else
    check "by clang++ too" built clang++ clang.so
    check "exported by clang++" bash -c "nm -D clang.so | grep -q ' dunlin_env$'"
fi
train() { run "$dunlin" train --actors 1 --seed 3 --log-every 60 "$@"; }
option() { "$dunlin" info "$1" --csv options 2>/dev/null | awk -F, -v k="$2" '$1 == k { print $2 }'; }

# the network that suits
train --env lib:./mine.so:floats --frames 40000 --envs-per-actor 4 --out floats
check "stacked floats, two indices: status 0" is "$status" 0
check "floats get mlp" grep -q "net mlp (" err
run "$dunlin" eval floats --env lib:./mine.so:floats --episodes 20 --greedy
check "stacked floats, two indices: learned" at_least "$(value mean)" 18
mkdir moved && cp mine.so moved/ && cp mine.so theirs.so
run "$dunlin" eval floats --env lib:moved/mine.so:floats --episodes 1
check "in another folder: no word" test "$status" = 0 -a ! -s err
run "$dunlin" eval floats --env lib:./theirs.so:floats --episodes 1
check "another library: a line says so" grep -qxF "plays lib:$PWD/theirs.so:floats; it was trained on lib:$PWD/mine.so:floats" err
train --env lib:./mine.so:colour --frames 1500 --out colour
check "colour: status 0" is "$status" 0
check "pictures get small" grep -q "net small (" err
run "$dunlin" resume colour --env lib:./mine.so:colour --net auto --frames 2000
check "the same on a resume, asked for again" test "$status" = 0 -a "$(grep -c "net small (" err)" = 1
run "$dunlin" resume colour --env lib:./mine.so:colour --net nature --frames 3000
check "another is refused there" test "$status" = 2 -a -n "$(grep -F "has small" err)"
run "$dunlin" train --env lib:./mine.so:floats --algo n-step-q --frames 1000 --out q
check "several indices by Q: status 2" is "$status" 2
check "several indices by Q: one line with who can" says "several at once" "a3c"

# what is not exported: under another name, and in a namespace
built "$cxx" other.so -Ddunlin_env=other
echo '#include "dunlin/env.h"
namespace mine { extern const env_ops dunlin_env; const env_ops dunlin_env = {}; }
' >spaced.cpp && "$cxx" -shared -fPIC -I "$source_dir/include" spaced.cpp -o spaced.so
for how in other spaced; do
    train --env lib:./$how.so --frames 100 --out hidden
    check "$how: status 2" is "$status" 2
    check "$how: one line with how it was looked for" says dunlin_env dlsym 'nm -D' namespace
done

# what fails
train --env lib:./mine.so:fails --frames 2000 --out fails
check "now and then a failure: status 0" is "$status" 0
check "now and then a failure: said why" grep -q "its game has ended by itself; this rollout does not count" err
run "$dunlin" info fails --csv events
check "now and then a failure: events" grep -q ",1,environment,.*failed" out
train --env lib:./mine.so:dead --frames 2000 --out dead
check "failures alone: no run" test "$status" != 0
check "failures alone: said why" grep -q "its game has ended by itself" err
train --env lib:./mine.so:post --frames 2000 --envs-per-actor 2 --out post
check "posts: status 0" is "$status" 0
run "$dunlin" info post --csv episodes
check "posts: before the first step, and of the same action" test "$(awk -F, 'NR > 1 { print $4 }' out | sort -u)" = 10
finish
