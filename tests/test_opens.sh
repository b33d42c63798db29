#!/usr/bin/env bash
# test_opens.sh -- a resume opens each checkpoint that it looks at once in each process that reads it, the launcher and rank 0,
# and the environment once: counted by a library put before the C library, and by the environment itself.
. "$(dirname "$0")/tap.sh"
"${CC:-cc}" -O2 -shared -fPIC -D_GNU_SOURCE "$source_dir/tests/counted_opens.c" -o counted.so -ldl || exit 1
"${CC:-cc}" -O2 -shared -fPIC -I "$source_dir/include" "$source_dir/tests/metered_env.c" -o metered.so || exit 1
export DUNLIN_METER=0
# counted COMMAND...: the lines "WHO NAME" of what it opens go to the file opens
counted() { : >opens; DUNLIN_OPENS=$PWD/opens LD_PRELOAD=$PWD/counted.so run "$@"; }
opens() { grep -cx -- "$1 $2" opens; } # WHO NAME: how often
newest() { ls a/checkpoint-0*.h5 | tail -n "${1:-1}" | head -1 | xargs basename; } # [Nth from the end]
flip() { printf '\125' | dd of="$1" bs=1 seek=5000 conv=notrunc 2>/dev/null; }

# each WHEN NAME: the opens of a checkpoint by launcher, rank 0 and rank 1
each() {
    local who
    for who in launcher 0; do check "$1: $who opens $2 once" is "$(opens $who "$2")" 1; done
    check "$1: rank 1 does not" is "$(opens 1 "$2")" 0
}

counted "$dunlin" train --env "lib:$PWD/metered.so" --net mlp:8 --actors 1 --frames 3000 --checkpoint-every 1000 --out a
check "train: status 0" is "$status" 0
for who in launcher 0; do check "train: $who opens the environment once" is "$(opens $who environment)" 1; done
check "train: no checkpoint is read" is "$(opens launcher '.*')" 1

last=$(newest)
counted "$dunlin" resume a --env "lib:$PWD/metered.so" --frames 6000
check "resume: status 0" is "$status" 0
each resume "$last"
for who in launcher 0; do check "resume: $who opens the environment once" is "$(opens $who environment)" 1; done
check "resume: the launcher reads nothing else" is "$(opens launcher '.*')" 2

last=$(newest)
for words in "info a" "info a/$last" "eval a --env lib:$PWD/metered.so --episodes 1" "record a --env lib:$PWD/metered.so --out a.gif"; do
    # shellcheck disable=SC2086
    counted "$dunlin" $words
    check "${words%% *}: $last is opened once" is "$(opens launcher "$last") $(opens launcher '.*h5')" "1 1"
done

last=$(newest) before=$(newest 2)
flip "a/$last"
counted "$dunlin" resume a --env "lib:$PWD/metered.so" --frames 9000
check "resume beside a damaged one: status 0" is "$status" 0
check "resume beside a damaged one: it is named, once" is \
    "$(grep -c "$last: damaged: .*; trying the one before it" err) $(grep -c "$last: damaged" err)" "1 1"
check "resume beside a damaged one: it goes on from the one before" \
    grep -q "resuming a at $((10#$(tr -dc 0-9 <<<"${before%.h5}"))) frames" err
each "damaged" "$last"
each "the one before" "$before"
for who in launcher 0; do check "damaged: $who opens the environment once" is "$(opens $who environment)" 1; done

# under our launcher rank 0 does not say again what that has said, and says what it alone finds
chosen=$(newest)
cp -r a meanwhile && flip "meanwhile/$chosen"
DUNLIN_LAUNCHED=1 DUNLIN_CHECKPOINT=$((10#$(tr -dc 0-9 <<<"${chosen%.h5}"))) \
    run mpirun --oversubscribe -n 2 "$dunlin" resume meanwhile --env "lib:$PWD/metered.so" --frames 9600
check "what was chosen is damaged meanwhile: rank 0 says so" grep -q "$chosen: damaged: .*; trying the one before it" err

# what is kept beside it counts where it can be gone on from: sealed again but no file of HDF5's, empty, another run's
before=$(newest 2) third=$(newest 3)
python3 - "a/$before" <<'END'
import hashlib, struct, sys
rest = b"rubbish"
digest = hashlib.sha256(rest)
text = f"\nDunlin checkpoint, an HDF5 file behind this block of 512 bytes\nformat 1\nlength {len(rest)}\nsha256 {digest.hexdigest()}\n"
block = b"DUNLINCK" + struct.pack("<IIQ", 1, 512, len(rest)) + digest.digest() + bytes(8) + text.encode()
open(sys.argv[1], "wb").write(block.ljust(512, b"\0") + rest)
END
run "$dunlin" train --env "lib:$PWD/metered.so" --net mlp:8 --actors 1 --t-max 7 --frames 8500 --out b
last=$(newest)
foreign=$(basename "$(ls b/checkpoint-0*.h5 | tail -1)") empty=checkpoint-000000008900.h5
cp "b/$foreign" a
: >a/$empty
counted "$dunlin" resume a --env "lib:$PWD/metered.so" --frames 9600 --checkpoint-every 1000000
check "resume beside those that cannot be opened: status 0" is "$status" 0
for name in "$before" "$foreign" "$empty"; do
    check "$name is said not to count" grep -q "$name: .*; it does not count as one that is kept" err
done
each "beside those that cannot be opened" "$last"
check "rank 0 opens an older one once" is "$(opens 0 "$third")" 1
check "the third that can be opened is kept" test -e "a/$third"
# none that run.h5 fits: a damaged one, and another run's, behind which there is none
mkdir c && cp a/run.h5 "b/$foreign" c
: >c/$empty
run "$dunlin" resume c --env "lib:$PWD/metered.so" --frames 9600
check "a run.h5 that fits none: status 0" is "$status" 0
check "a run.h5 that fits none: each is named once" is \
    "$(grep -c "$empty: .*; trying the one before it$" err) $(grep -c "$foreign: of another run: .*; there is none before it$" err) $(grep -c "trying them without" err) $(grep -c '^c/' err)" \
    "1 1 1 4" # and that run.h5 is set aside
rm -r b c "a/$before" "a/$foreign" "a/$empty"

last=$(newest)
counted "$dunlin" train --env "lib:$PWD/metered.so" --net mlp:8 --actors 1 --frames 12000 --out a --or-resume
check "or-resume: status 0" is "$status" 0
each or-resume "$last"

last=$(newest)
counted mpirun --oversubscribe -n 2 "$dunlin" resume a --env "lib:$PWD/metered.so" --frames 15000
check "under a typed mpirun: status 0" is "$status" 0
check "under a typed mpirun: rank 0 opens $last once" is "$(opens 0 "$last")" 1
check "under a typed mpirun: rank 1 does not" is "$(opens 1 "$last")" 0
finish
