#!/usr/bin/env bash
# test_net.sh -- networks over pictures of other sizes than 84x84, from train to eval, and the line where one does not fit.
. "$(dirname "$0")/tap.sh"
"${CC:-cc}" -O2 -shared -fPIC -I "$source_dir/include" "$source_dir/tests/picture_env.c" -o picture.so || exit 1
env=lib:$scratch/picture.so

# plays SIZE NET FRAMES: a short run that ends well, and its weights play
plays() {
    local out="$2-$1"
    run "$dunlin" train --env "$env:$1" --net "$2" --frames "$3" --actors 1 --out "$out" --seed 2
    check "$2 on $1: trains" is "$status" 0
    run "$dunlin" info "$out"
    check "$2 on $1: all frames" at_least "$(value frames)" "$3"
    run "$dunlin" eval "$out" --env "$env:$1" --episodes 20 --greedy
    check "$2 on $1: plays" test "$status" = 0 -a "$(value episodes)" = 20
}
plays 32x34 mlp 8000
check "mlp on 32x34: has learned to go right" at_least "$(value mean)" 0.9
plays 42x42 small 3000
plays 42x46 nature 1500
plays 96x80 small 1500

run "$dunlin" train --env "$env:32x40" --net nature --frames 3000 --actors 1 --out refused
check "nature on 32x40: status 2" is "$status" 2
check "nature on 32x40: one line that names what fits" says 32x40 "--net mlp"
run "$dunlin" train --env "$env:5x5" --net mlp --frames 3000 --actors 1 --out refused
check "5x5: status 2" is "$status" 2
check "5x5: one line that says what to do" says 5x5 "at least 32" ENV_OBS_FLOATS
run "$dunlin" train --env cartpole --net small --frames 3000 --actors 1 --out refused
check "small on a vector: one line that names what fits" says "vector of 4 floats" "--net mlp"
finish
