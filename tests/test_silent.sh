#!/usr/bin/env bash
# test_silent.sh -- nothing fails in silence, and nothing passes for what it is not: a resume without work, a second start in the same
# folder, answers that nobody could read, an environment that ends the process.
. "$(dirname "$0")/tap.sh"
cat >own.c <<'END_C'
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dunlin/env.h"
struct state { int t; };
static void end(void)
{
    const char *how = getenv("OWN_ENDS");
    if (!how) exit(0);
    if (!strcmp(how, "_exit")) _exit(0);
    if (!strcmp(how, "quick_exit")) quick_exit(0);
    if (!strcmp(how, "abort")) abort();
    if (!strcmp(how, "hang")) for (;;) pause();
    if (!strcmp(how, "close")) for (int i = 0; i < 1024; i++) close(i);
}
static int open_env(struct env_spec *s, const struct env_args *a, char *err, size_t size)
{
    (void)a; (void)err; (void)size;
    *s = (struct env_spec){.obs_kind = ENV_OBS_FLOATS, .obs_dim = 1, .stack = 1, .num_actions = 2, .action_repeat = 1,
                           .max_steps = 10, .state_size = sizeof(struct state)};
    const char *rank = getenv("OMPI_COMM_WORLD_RANK"), *file = getenv("OWN_WAITS_FOR");
    if (getenv("OWN_ENDS_OPEN")) end();
    if (rank && file) close(creat("waiting", 0600));
    while (rank && file && access(file, F_OK)) usleep(10000);
    return 0;
}
static void reset(void *p, struct rng *r, void *obs)
{
    static int resets;
    const char *at = getenv("OWN_EXITS_AT");
    (void)r;
    if (at && ++resets >= atoi(at)) end();
    ((struct state *)p)->t = 0;
    ((float *)obs)[0] = 1;
}
static struct env_step step(void *p, struct rng *r, struct env_action a, void *obs)
{
    struct state *s = p;
    (void)r; (void)a;
    ((float *)obs)[0] = 1;
    return (struct env_step){.reward = 0.1, .truncated = ++s->t == 10};
}
static const struct env_default defaults[] = {{NULL, "net", "mlp:8"}, {NULL, "eval-episodes", "2"}, {NULL, NULL, NULL}};
const struct env_ops dunlin_env = {.api = DUNLIN_ENV_API, .name = "own", .help = "a test", .defaults = defaults, .plain_state = true,
                                   .open = open_env, .reset = reset, .step = step};
END_C
gcc -std=c11 -D_GNU_SOURCE -shared -fPIC -I"$source_dir/include" own.c -o own.so || exit 1
own="lib:./own.so"
train() { run "$dunlin" train --env "$own" --actors 2 "$@"; }

# a run that has all its frames: touched by nothing, whatever words there are
train --frames 3000 --out a
check "a run: status 0" is "$status" 0
(cd a && sha256sum -- *) >sums
over() { # over NAME COMMAND...
    local name=$1; shift
    run "$@"
    check "$name: status 0" is "$status" 0
    check "$name: it says so, and what trains on" grep -q "already at 30[0-9]* of 3000 frames; --frames M trains on" err
    check "$name: and no more" is "$(grep -c . err)" 1
    check "$name: nothing was touched" sh -c "(cd a && sha256sum -- *) | cmp -s sums -"
}
over "resume of what is done" "$dunlin" resume a --env "$own"
over "the same with another lr" "$dunlin" resume a --env "$own" --lr 0.5
over "the same by --or-resume" "$dunlin" train --env "$own" --actors 2 --frames 3000 --out a --or-resume
over "the same under mpirun" mpirun --oversubscribe -n 3 "$dunlin" resume a --env "$own"
over "--or-resume under mpirun" mpirun --oversubscribe -n 3 "$dunlin" train --env "$own" --frames 3000 --out a --or-resume
cp -r a killed && sed -i 's/^state done/state running/; /^reason/d' killed/status
run "$dunlin" resume killed --env "$own"
check "one that was killed in its last evaluation goes on: status 0" is "$status" 0
check "and is done" grep -q "^state done" killed/status
cp -r a hopeless && sed -i 's/^state done/state failed/; s/^reason .*/reason hopeless: nothing could be applied/' hopeless/status
run "$dunlin" resume hopeless --env "$own"
check "one that has failed for good does not become done: status 1" is "$status" 1
check "it says so" grep -q "already at 30[0-9]* of 3000 frames, and failed; --frames M trains on" err
check "its status stays" grep -q "^state failed" hopeless/status
run "$dunlin" resume a --env "$own" --frames 4000
check "resume with more frames: status 0" is "$status" 0
check "resume with more frames: they are trained" grep -q "^frames 40.* / 4000" a/status

# a second start passes the launcher's look at the folder, then finds another run going there
soon() { local i; for i in $(seq 400); do "$@" && return 0; sleep 0.05; done; return 1; }
OWN_WAITS_FOR=$PWD/go "$dunlin" train --env "$own" --actors 1 --frames 1e9 --out b >second.out 2>second.err </dev/null & second=$!
check "second: its rank 0 has looked at the folder, and opens the environment" soon test -e waiting
"$dunlin" train --env "$own" --actors 1 --frames 1e9 --out b >first.out 2>first.err </dev/null & first=$!
check "first: it runs" soon grep -qs "^state running" b/status
touch go; wait $second; status=$?; cp second.err err
check "second: status 2" is "$status" 2
check "second: its one line says why" says "a training that is still running writes there"
check "first: it runs still" sh -c "kill -0 $first && grep -q '^state running' b/status"
kill -TERM $first; wait $first
check "first: stopped, when it was told to" grep -q "^state stopped" b/status

# answers that nobody could read
unread() { # unread WORDS...
    timeout 300 "$dunlin" "$@" >/dev/full 2>err </dev/null; status=$?
    check "$1 into a full stdout: status 1" is "$status" 1
    check "$1 into a full stdout: one line" says "standard output"
}
"$dunlin" list >listed
unread list
unread info a
unread info a --csv train
unread eval a --env "$own" --episodes 2
unread top a --once
unread check cartpole
unread --help
unread train --help
unread --version
if command -v gnuplot >/dev/null; then unread plot a --text; else skip "plot --text" "gnuplot is not installed"; fi

# what whoever starts it may have left behind: standard streams that are closed, a SIGCHLD that nobody hears
closed() { # closed NAME REDIRECTIONS WORDS...: as if they were open, though nobody reads it
    local name=$1 streams=$2; shift 2
    rm -rf closed && eval "timeout --kill-after=5 300 \"\$dunlin\" \"\$@\" <empty >out 2>err $streams"; status=$?
}
: >empty
for streams in '<&-' '2>&-' '<&- 2>&-'; do
    closed list "$streams" list
    check "list $streams: status 0" is "$status" 0
    check "list $streams: all of it" cmp -s out listed
done
closed list '>&-' list
check "list >&-: status 1" is "$status" 1
check "list >&-: one line" says "standard output"
for streams in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
    closed train "$streams" train --env "$own" --actors 1 --frames 2000 --eval-every 1000 --out closed
    check "train $streams: status 0" is "$status" 0
    check "train $streams: done" grep -q "^state done" closed/status
done
closed eval '<&- 2>&-' eval a --env "$own" --episodes 2
check "eval <&- 2>&-: status 0" is "$status" 0
check "eval <&- 2>&-: its answer" grep -q mean out
run env --ignore-signal=CHLD "$dunlin" train --env "$own" --actors 1 --frames 2000 --out deaf
check "SIGCHLD ignored by who starts it: train: status 0" is "$status" 0
run env --ignore-signal=CHLD "$dunlin" eval deaf --env "$own" --episodes 2
check "SIGCHLD ignored by who starts it: eval: status 0" is "$status" 0

# a terminal that closes says so twice: its run ends as it should
"$dunlin" train --env "$own" --actors 1 --frames 1e9 --out hup >out 2>err </dev/null & pid=$!
check "SIGHUP: it runs" soon grep -qs "^state running" hup/status
kill -HUP $pid; sleep 0.02; kill -HUP $pid; wait $pid; status=$?
check "SIGHUP twice: status 143" is "$status" 143
check "SIGHUP twice: stopped" grep -q "^state stopped" hup/status
check "SIGHUP twice: its ranks were left to end by themselves" grep -q "^stopped: SIGTERM; .*; see hup" err

# an environment that ends the process
for words in "train --env $own --actors 2 --frames 3000 --out e" "resume a --env $own --frames 9000" "eval a --env $own"; do
    # shellcheck disable=SC2086
    OWN_EXITS_AT=1 run "$dunlin" $words
    check "exit(0) in reset, ${words%% *}: status 1" is "$status" 1
    check "exit(0) in reset, ${words%% *}: one line" says "exit(0)" environment
done
while read -r how word; do
    for words in "train --env $own --actors 2 --frames 3000 --out e" "eval a --env $own" "record a --env $own --out x.gif"; do
        # shellcheck disable=SC2086
        OWN_ENDS_OPEN=1 OWN_ENDS=$how run "$dunlin" $words
        check "$how in open, ${words%% *}: status 1" is "$status" 1
        check "$how in open, ${words%% *}: one line" says "$word" "the environment's if it is one"
    done
    OWN_EXITS_AT=3 OWN_ENDS=$how run "$dunlin" eval a --env "$own"
    check "$how in the third game of eval: status 1" is "$status" 1
    check "$how in the third game of eval: one line" says "$word" "the environment's if it is one"
done <<'ENDS'
_exit exit(0)
quick_exit exit(0)
abort signal (Aborted)
close closed descriptors that are not its own
ENDS
OWN_ENDS_OPEN=1 OWN_ENDS=_exit run "$dunlin" bench whole --env "$own"
check "_exit in open, bench: status 2" is "$status" 2
check "_exit in open, bench: one line" says "exit(0)" "the environment's if it is one"
check "nothing was begun" test ! -e e
OWN_EXITS_AT=3 OWN_ENDS=hang run "$dunlin" eval a --env "$own" --eval-seconds 0.01
check "a game that hangs: eval ends, status 1" is "$status" 1
check "a game that hangs: one line" says "has not come back within" "a call of the environment hangs"
OWN_EXITS_AT=3 OWN_ENDS=hang "$dunlin" eval a --env "$own" 2>err & hung=$!
check "a game hangs" soon pgrep -P $hung
child=$(pgrep -P $hung)
kill -TERM $hung; wait $hung; status=$?
check "a game hangs: SIGTERM ends it" is "$status" 143
check "a game hangs: and its child" soon test ! -e "/proc/$child"
for how in _exit close; do
    OWN_EXITS_AT=20 OWN_ENDS=$how train --frames 1e9 --out "f-$how"
    check "$how in the 20th reset of every actor: status 1" is "$status" 1
    check "$how in the 20th reset of every actor: not counted as done" grep -qE "^state (lost-actors|failed)" "f-$how/status"
done
OWN_EXITS_AT=20 train --frames 1e9 --out f
check "exit(0) in the 20th reset of every actor: status 1" is "$status" 1
check "exit(0) in the 20th reset of every actor: a line of each" is "$(grep -c "^dunlin: rank [12]: .*exit(0)" err)" 2
check "exit(0) in the 20th reset of every actor: no state but an end" grep -qE "^state (lost-actors|failed)" f/status
finish
