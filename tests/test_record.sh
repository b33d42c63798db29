#!/usr/bin/env bash
# test_record.sh -- `dunlin record` and `dunlin top` on real runs, and what each says where it cannot.
. "$(dirname "$0")/tap.sh"

refused() { # refused NAME STATUS "WORD|WORD" ARGS...: one line with the words, nothing on stdout
    local name=$1 wanted=$2 words=$3; shift 3
    run "$dunlin" "$@"
    IFS='|' read -ra w <<<"$words"
    check "$name: status $wanted" is "$status" "$wanted"
    check "$name: one line with $words" says "${w[@]}"
    check "$name: nothing on stdout" test ! -s out
}
magic() { [ "$(head -c 6 "$1")" = GIF89a ]; }
larger() { [ "$(stat -c %s "$1")" -gt "$2" ]; }
# graphic control extensions: 21 f9 04, one before each picture (compressed data may hold a few more)
pictures() { od -An -v -tx1 "$1" | tr -d ' \n' | grep -o '21f90405' | wc -l; }

run "$dunlin" train --env catch --actors 1 --frames 4000 --eval-every 2000 --eval-episodes 2 --checkpoint-every 2000 --log-every 0.2 --out a
check "a run to show" is "$status" 0

# GIF
run "$dunlin" record a --out a.gif; check "GIF: status 0" is "$status" 0
check "GIF: its magic" magic a.gif
check "GIF: larger than 1 kB" larger a.gif 1000
check "GIF: a picture a step of the episode, and its start" is "$(pictures a.gif)" 12
check "GIF: nothing on stdout" test ! -s out
check "GIF: what was written" grep -qE "a.gif: 1.3 s of 252 x [0-9]+ pixels, .* score -?1$" err
"$dunlin" eval a --episodes 1 >score
check "GIF: the game is the one of eval" is "$(sed 's/.*score //' err)" "$(value mean score)"
cp a.gif again.gif; run "$dunlin" record a --out=a.gif
check "GIF: the same seed makes the same file" cmp -s a.gif again.gif
run "$dunlin" record a/checkpoint-best.h5 --out b.gif --episodes 4 --seed 3 --greedy --fps 50
check "GIF of a checkpoint, four episodes" test "$status" = 0 -a "$(pictures b.gif)" = 48
run "$dunlin" record a --best --out c.gif --episodes 100 --max-seconds 2
check "GIF cut by --max-seconds" test "$status" = 0 -a "$(pictures c.gif)" -lt 31
check "GIF cut: said" grep -q "cut after 2 s" err
long=$(printf 'x%.0s' {1..251}); run "$dunlin" record a --out "$long.gif"; check "GIF: a name as long as any" cmp -s a.gif "$long.gif"
check "no half files are left" bash -c '! ls -a | grep -q part'

# Q methods: --greedy is epsilon 0, where the run's is 1
"$dunlin" train --env catch --algo n-step-q --actors 1 --frames 2000 --eval-eps 1 --eval-every 0 --out q >/dev/null 2>&1
for how in "" "--eval-eps 0" --greedy; do
    run "$dunlin" eval q --episodes 50 $how; cp out "eval$how"; "$dunlin" record q --episodes 9 --out "q$how.gif" $how >/dev/null 2>&1
done
check "Q: a policy of chance" grep -q "policy epsilon-greedy$" eval
check "Q: --greedy is said" grep -q "policy greedy$" eval--greedy
games() { sed 's/ policy .*//' "$1"; }
check "Q: --greedy has no chance" test "$(games eval--greedy)" = "$(games 'eval--eval-eps 0')" -a "$(games eval--greedy)" != "$(games eval)"
check "Q: nor in a GIF" bash -c 'cmp -s q--greedy.gif "q--eval-eps 0.gif" && ! cmp -s q--greedy.gif q.gif'
for what in eval "record --out x.gif"; do refused "$what: --greedy with some chance" 2 "--greedy|--eval-eps 0.1" $what q --greedy --eval-eps 0.1; done
run "$dunlin" eval q --greedy --eval-eps 0; check "Q: two words for one thing" grep -q "policy greedy$" out
run "$dunlin" eval a --episodes 1 --eval-eps 0.1; check "a word that is not read is told" grep -q "^note: --eval-eps is of Q methods" err

# MP4: a program that stands for ffmpeg keeps what it is sent
mkdir bin
cat >bin/ffmpeg <<'FAKE'
#!/bin/sh
echo "$@" >ffmpeg-words
for last; do :; done
cat >"${last#file:}"
FAKE
chmod +x bin/ffmpeg
run env PATH="$PWD/bin:$PATH" "$dunlin" record a --out '-a b;touch hit.mp4'
check "MP4: status 0" is "$status" 0
read -r width height < <(sed -n 's/.* of \([0-9]*\) x \([0-9]*\) pixels.*/\1 \2/p' err)
check "MP4: ffmpeg is told the size" grep -q -- "-s ${width}x$height " ffmpeg-words
check "MP4: ffmpeg gets whole pictures, the last one longer" is "$(stat -c %s ./-a*.mp4)" $((3 * width * height * (11 + 9)))
check "MP4: a name is a name" test ! -e hit.mp4
printf '#!/bin/sh\necho "Unknown encoder" >&2\nexit 3\n' >bin/ffmpeg
run env PATH="$PWD/bin:$PATH" "$dunlin" record a --out a.mp4
check "MP4: ffmpeg fails: status 1" is "$status" 1
check "MP4: ffmpeg fails: what it says is passed on" says ffmpeg "Unknown encoder"
run env PATH=/nonexistent "$dunlin" record a --out a.mp4
check "MP4: no ffmpeg: status 1" is "$status" 1
check "MP4: no ffmpeg: one line with the package" says "install the package ffmpeg"
check "MP4: failures leave nothing" bash -c '! ls -a | grep -qE "part|^a.mp4"'

refused "another ending" 2 "a.avi|.gif|.mp4" record a --out a.avi
refused "no ending" 2 ".gif" record a --out gif
refused "no output" 2 "--out" record a
refused "its value is missing" 2 "--out|missing" record a --out
refused "no run" 2 "RUN" record --out a.gif
refused "a run that is not there" 2 "nowhere" record nowhere --out x.gif
refused "a folder that is not there" 1 "no/where/x.gif" record a --out no/where/x.gif
refused "an unknown option" 2 "--size|--max-seconds" record a --out x.gif --size 3
refused "a number that is none" 2 "--fps|fast" record a --out x.gif --fps fast
refused "more than players show" 2 "--fps|50" record a --out x.gif --fps 60
check "refusals write nothing" test ! -e x.gif

# a window
run env -u DISPLAY -u WAYLAND_DISPLAY -u SDL_VIDEODRIVER "$dunlin" eval a --render
check "window without a display: status 1" is "$status" 1
check "window without a display: one line" says display "dunlin record"
run env SDL_VIDEODRIVER=dummy "$dunlin" eval a --render --episodes 3 --fps 1000
if [ "$status" = 1 ]; then check "window without SDL: one line with the package" says libsdl2-2.0-0
else
    cp out first; run "$dunlin" eval a --episodes 3
    check "window: the same games" cmp -s first out
fi

# an environment that does not draw
cat >blind.c <<'BLIND'
#include <stdlib.h>
#include <unistd.h>
#include "dunlin/env.h"
static int blind_open(struct env_spec *spec, const struct env_args *args, char *err, size_t size)
{
    (void)args, (void)err, (void)size;
    *spec = (struct env_spec){.obs_kind = ENV_OBS_FLOATS, .obs_dim = 1, .stack = 1, .num_actions = 2, .action_repeat = 1,
                              .max_steps = 4, .state_size = sizeof(int)};
    return 0;
}
static void blind_reset(void *state, struct rng *rng, void *obs) { (void)rng, *(int *)state = 0, *(float *)obs = 0; }
static struct env_step blind_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    (void)rng, *(float *)obs = 1;
    if (getenv("BLIND_SLEEP")) usleep(300000);
    return (struct env_step){.reward = action.index, .terminated = ++*(int *)state == 4};
}
const struct env_ops dunlin_env = {.api = DUNLIN_ENV_API, .name = "blind", .help = "draws nothing", .plain_state = true,
                                   .open = blind_open, .reset = blind_reset, .step = blind_step};
BLIND
run "${CC:-cc}" -O1 -shared -fPIC -I "$source_dir/include" blind.c -o blind.so -lm
run "$dunlin" train --env "lib:$PWD/blind.so" --net mlp:8 --actors 1 --frames 500 --out blind
check "a run of an environment that draws nothing" is "$status" 0
run "$dunlin" record blind --env "lib:$PWD/blind.so" --out blind.gif
check "an environment that draws nothing: its observations, one a step and the start" test "$status" = 0 -a "$(pictures blind.gif)" = 5
check "an environment that draws nothing: bars" grep -qE "of 250 x [0-9]+ pixels" err
BLIND_SLEEP=1 run "$dunlin" record blind --env "lib:$PWD/blind.so" --episodes 3 --eval-seconds 2 --out slow.gif
check "cut by --eval-seconds: said" grep -q "counts 1 of 3 episodes" err
check "cut by --eval-seconds: the game that was cut is no part of the score" grep -qE "MB; score [0-9]+$" err

# top
run "$dunlin" top --once a; check "top: status 0" is "$status" 0
check "top: how it ended" grep -q "^a: ended, done: frames reached" out
check "top: frames" grep -qE "^frames 4,0[0-9]{2} / 4,000 .* 100" out
check "top: the master and its actor" is "$(grep -cE "^ *(master|1)  [^ ]+ +4,0[0-9]{2} " out)" 2
check "top: history" grep -qE "^return  .* to -?[0-9]" out
check "top: no escape codes" bash -c "! grep -q \$'\\033' out"
check "top: nothing on stderr" test ! -s err
run "$dunlin" top a; check "top into a file: one view" is "$(grep -c "^frames " out)" 1
if command -v script >/dev/null; then
    views() { grep -ao "a: ended" live 2>/dev/null | wc -l; }
    (for _ in {1..600}; do sleep 0.2; [ "$(views)" -gt 3 ] && break; done; printf q; sleep 1) |
        timeout 300 script -qefc "stty rows 24 cols 80; '$dunlin' top a --interval 0.2" live >/dev/null 2>&1; status=$?
    check "top live: q leaves with status 0" is "$status" 0
    check "top live: several views" test "$(views)" -gt 3
else skip "top live" "there is no script(1)"; fi
cp -r a running; sed -i 's/^state done/state running/' running/status; touch -d '-100 seconds' running/status
run "$dunlin" top --once running
check "top: a run whose master is gone" grep -q "^running: its master is gone; .*dunlin resume running" out
cp -r blind lone; sed -i 's/^state done/state running/' lone/status; run "$dunlin" top --once lone
check "top: the same of a library's" grep -qxF "lone: its master is gone; what was saved goes on with: dunlin resume lone --env lib:$PWD/blind.so" out
sed -i '/^process /d' running/status; touch -d '-100 seconds' running/status # one that cannot be looked up
run "$dunlin" top --once running
check "top: a silent run" grep -qE "^running: no news for 1m[45][0-9]s" out
rm running/run.h5; run "$dunlin" top --once running
check "top: without history" test "$status" = 0 -a -n "$(grep '^history: .*run.h5' out)"
cp -r a damaged; sed -i 's/^steps .*/steps many/' damaged/status
refused "top: damaged status" 1 "damaged/status|steps many" top --once damaged
head -c 60 a/status >damaged/status
refused "top: half a status" 1 "damaged/status" top --once damaged
head -c 600 /dev/urandom >damaged/status
refused "top: junk" 1 "damaged/status" top --once damaged
rm damaged/status; refused "top: no status" 2 "damaged|status" top --once damaged
refused "top: no run" 2 "nowhere" top nowhere
refused "top: a file" 2 "a.gif" top a.gif
refused "top: which" 2 "which run" top --once
refused "top: an unknown option" 2 "--fast|--interval" top a --fast
refused "top: an interval that is none" 2 "--interval|0" top a --interval 0
finish
