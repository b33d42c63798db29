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
    train --env "lib:./$1.so" --algo "$2" --frames 3000 --out "d-$1-$2" --seed 7
    check "$name: status 0" is "$status" 0
    run "$dunlin" info "d-$1-$2" --csv events
    check "$name: the events name rank, what and seed" grep -qE ",[12],bad-number,.*NaN or Inf in an? $3.*seed 7" out
    run "$dunlin" info "d-$1-$2"
    check "$name: they are counted" at_least "$(value bad_gradients)" 20
    check "$name: the other gradients were applied" at_least "$(value updates)" 100
    check "$name: dropped is in /train" dropped_in_train "d-$1-$2" 20
    check "$name: theta is finite" finite "d-$1-$2"
}
bad huge a3c gradient
bad reward a3c reward
bad reward one-step-sarsa reward
bad observation a3c observation
bad observation n-step-q observation

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
run "$dunlin" resume s-reward-a3c --on-nan drop --frames 3000
check "after the stop it goes on with --on-nan drop" is "$status" 0

# always: the actor gives up, and without actors the run does
train --env lib:./hopeless.so --algo a3c --frames 100000 --out n
check "nothing but NaN: the run ends with status 1" is "$status" 1
check "nothing but NaN: the line names environment and reward" grep -q "nan.*reward\|reward is.*nan" err
check "nothing but NaN: the state says that the actors are gone" grep -q "^state lost-actors" n/status
check "nothing but NaN: not a line for each" at_least 160 "$(wc -l <err)"
finish
