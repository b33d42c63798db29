#!/usr/bin/env bash
# test_nan.sh -- numbers that are none never reach theta: environments (plug-ins) whose rewards overflow the gradient, or that
# answer NaN or Inf as a reward or an observation, now and then or always; with --on-nan drop and stop.
. "$(dirname "$0")/tap.sh"
plugin() { # plugin NAME REWARD OBSERVATION WHEN: at steps WHEN the environment answers these (0.1 and 1 else)
    cat >"$1.c" <<END
#include <math.h>
#include <stdio.h>
#include "dunlin/env.h"
struct state { int t, n; };
static int open_env(struct env_spec *s, const struct env_args *a, char *err, size_t size)
{
    (void)a; (void)err; (void)size;
    *s = (struct env_spec){.obs_kind = ENV_OBS_FLOATS, .obs_dim = 2, .stack = 1, .num_actions = 2, .action_repeat = 1,
                           .max_steps = 10, .state_size = sizeof(struct state)};
    return 0;
}
static void reset(void *p, struct rng *r, void *obs)
{
    (void)r;
    ((struct state *)p)->t = 0;
    ((float *)obs)[0] = 1; ((float *)obs)[1] = 0;
}
static struct env_step step(void *p, struct rng *r, struct env_action a, void *obs)
{
    struct state *s = p;
    (void)r; (void)a;
    s->t++; s->n++;
    const int now = $4;
    ((float *)obs)[0] = 0; ((float *)obs)[1] = now ? $3 : 1;
    return (struct env_step){.reward = now ? $2 : 0.1, .truncated = s->t == 10};
}
static const struct env_default defaults[] = {{NULL, "net", "mlp:8"}, {NULL, "lr", "0.01"}, {NULL, "eval-every", "0"}, {NULL, NULL, NULL}};
const struct env_ops dunlin_env = {.api = DUNLIN_ENV_API, .name = "$1", .help = "a test", .defaults = defaults, .plain_state = true,
                                   .open = open_env, .reset = reset, .step = step};
END
    gcc -std=c11 -shared -fPIC -I"$source_dir/include" "$1.c" -o "$1.so" -lm || exit 1
}
train() { run "$dunlin" train --actors 2 --log-every 0.1 "$@"; }
dropped_in_train() { # RUN COUNT: the column sums to COUNT at least
    "$dunlin" info "$1" --csv train | awk -F, -v least="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "dropped") d = i; next }
        { s += $d } END { exit !(s >= least) }'
}
finite() { # RUN: is its newest theta
    h5dump -g /params "$(ls "$1"/checkpoint-0*.h5 | tail -1)" >dump && grep -q DATA dump && ! grep -qiE "[^a-z](nan|inf)[^a-z]" dump
}
plugin huge 1e30 1 's->n % 20 == 0'
plugin reward NAN 1 's->n % 20 == 0'
plugin observation 0.1 -INFINITY 's->n % 20 == 0'
plugin hopeless NAN 1 1

# now and then: that rollout is dropped and counted, the run goes on
bad() { # ENV ALGO EVENT: with --on-nan drop, the default
    local name="$1, $2"
    train --env "lib:./$1.so" --algo "$2" --frames 3000 --out "d-$1-$2" --seed 7 --log-every 60
    tail -1 err >last; grep '^1[0-9]*\.[0-9]%' err | tail -1 >line
    check "$name: status 0" is "$status" 0
    run "$dunlin" info "d-$1-$2" --csv events
    check "$name: the events name rank, what and seed" grep -qE ",[12],bad-number,.*NaN or Inf in an? $3.*seed 7" out
    run "$dunlin" info "d-$1-$2"
    check "$name: they are counted" at_least "$(value bad_gradients)" 20
    check "$name: the other gradients were applied" at_least "$(value updates)" 100
    check "$name: dropped is in /train" dropped_in_train "d-$1-$2" 20
    check "$name: theta is finite" finite "d-$1-$2"
    local named="dropped [0-9]+ of [0-9]+ rollouts: NaN or Inf in [0-9]+ ${3}s"
    check "$name: the last line names them" grep -qE "$named" last
    check "$name: so do the last progress line and RUN/status" sh -c "grep -qE '% .*$named' line && grep -qE 'frames reached; $named' 'd-$1-$2/status'"
}
bad huge a3c gradient
bad reward a3c reward
bad reward one-step-sarsa reward
bad observation a3c observation
bad observation n-step-q observation

# dunlin eval: such a game is left out, every second one here; where all are, there is no score
"$dunlin" train --actors 1 --env lib:./hopeless.so --frames 200 --out none >/dev/null 2>&1
run "$dunlin" eval d-reward-a3c --env lib:./reward.so --episodes 30
check "eval: the other games count" is "$status $(grep -c '^episodes 15 mean 1 .* min 1 max 1 ' out)" "0 1"
check "eval: how many do not is said, and why" grep -q "^15 of 30 games count; 15 ended .*: environment reward: the reward is nan at step 10" err
run "$dunlin" eval d-observation-n-step-q --env lib:./observation.so --episodes 4 --json
check "eval: observations, and JSON" grep -q '"left_out": 2' out
run "$dunlin" eval none/checkpoint-000000000000.h5 --env lib:./hopeless.so
check "eval: no game counts: status 1" is "$status" 1
check "eval: no game counts: one line" says "the reward is nan at step 1"

# --on-nan stop: a checkpoint, status 1, and a line that says which and where
stopped() { # ENV ALGO WHAT WORDS...
    local name="$1, $2, on-nan stop${4:+, $4}" env=$1 algo=$2 what=$3 dir="s-$1-$2"; shift 3
    train --env "lib:./$env.so" --algo "$algo" --frames 1e9 --out "$dir" --seed 9 --on-nan stop "$@"
    check "$name: status 1" is "$status" 1
    check "$name: the line names rank, seed and what" grep -qE "^dunlin: on-nan stop: rank [12] .*seed 9.*NaN or Inf in an? $what" err
    check "$name: so does RUN/status" sh -c "grep -q '^state failed' $dir/status && grep -q '$what' $dir/status"
    check "$name: there is a checkpoint beyond frame 0" sh -c "ls $dir/checkpoint-0*.h5 | grep -qv checkpoint-000000000000"
    check "$name: theta is finite" finite "$dir"
}
stopped huge one-step-q gradient
stopped reward a3c reward
stopped observation n-step-q observation --deterministic
run "$dunlin" resume s-reward-a3c --env lib:./reward.so --on-nan drop --frames 3000
check "after the stop it goes on with --on-nan drop" is "$status" 0

# while it happens, too
"$dunlin" train --actors 2 --log-every 0.1 --env lib:./huge.so --algo a3c --frames 1e9 --out w >out 2>err </dev/null & job=$!
named="dropped [0-9]* of [0-9]* rollouts: NaN or Inf in [0-9]* gradients"
for _ in $(seq 600); do grep -qs "^reason $named" w/status && grep -q "% .* left  $named" err && break; sleep 0.05; done
check "RUN/status names them while it runs" sh -c "grep -q '^state running' w/status && grep -q '^reason $named' w/status"
check "the progress line names them while it runs" grep -q "% .* left  $named" err
kill -TERM $job; wait $job

# always: the actors give up, whatever it is that is bad, and without actors the run has failed
plugin vast 1e30 1 1
plugin far 0.1 3e38f 1
hopeless() { # OUT KIND WHY WORDS...: status 1, state failed, and both names in the last line and RUN/status
    local dir=$1 name="nothing good, $1" kind=$2 why=$3 where; shift 3
    train --frames 60000 --out "$dir" "$@"
    check "$name: status 1" is "$status" 1
    check "$name: state failed" grep -q "^state failed" "$dir/status"
    tail -1 err >last
    for where in last "$dir/status"; do
        check "$name: $where names why and what" grep -qE "hopeless: $why; dropped [0-9]+ of [0-9]+ rollouts: NaN or Inf in [0-9]+ $kind" "$where"
    done
    check "$name: not a line for each" at_least 160 "$(wc -l <err)"
    check "$name: there is a last checkpoint" sh -c "ls $dir/checkpoint-0*.h5 | grep -qv checkpoint-000000000000"
}
gives_up="no actor goes on"
hopeless rewards-nan rewards "$gives_up" --env lib:./hopeless.so --algo a3c
check "nothing but NaN: the line names environment and reward" grep -q "nan.*reward\|reward is.*nan" err
hopeless rewards-vast gradients "$gives_up" --env lib:./vast.so --algo a3c
hopeless observations-far "(gradients|observations)" "$gives_up" --env lib:./far.so --algo a3c
hopeless lr gradients "$gives_up" --env cartpole --lr 1000 --no-lr-anneal
hopeless short gradients "nothing could be applied" --env lib:./vast.so --algo a3c --frames 100
hopeless short-lr gradients "nothing could be applied any more" --env cartpole --lr 1000 --no-lr-anneal --frames 300 --deterministic
train --env lib:./vast.so --algo a3c --frames 60000 --out rounds --deterministic
check "nothing good, in rounds: status 1" is "$status" 1
check "nothing good, in rounds: failed, with why" sh -c "grep -q '^state failed' rounds/status && grep -q '^reason hopeless: .*gradients' rounds/status"
finish
