#!/usr/bin/env bash
# test_nan.sh -- numbers that are none never reach theta: an environment (a plug-in) whose rewards overflow the gradient, and one
# that answers NaN.
. "$(dirname "$0")/tap.sh"
plugin() { # plugin NAME REWARD: every 20th step has that reward
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
    ((float *)obs)[0] = 0; ((float *)obs)[1] = 1;
    s->t++; s->n++;
    return (struct env_step){.reward = s->n % 20 == 0 ? $2 : 0.1, .truncated = s->t == 10};
}
static const struct env_default defaults[] = {{NULL, "net", "mlp:8"}, {NULL, "lr", "0.01"}, {NULL, "eval-every", "0"}, {NULL, NULL, NULL}};
const struct env_ops dunlin_env = {.api = DUNLIN_ENV_API, .name = "$1", .help = "a test", .defaults = defaults, .plain_state = true,
                                   .open = open_env, .reset = reset, .step = step};
END
    gcc -std=c11 -shared -fPIC -I"$source_dir/include" "$1.c" -o "$1.so" -lm || exit 1
}
plugin huge 1e30
run "$dunlin" train --env lib:./huge.so --algo a3c --actors 2 --frames 3000 --out h --log-every 0.1
check "overflowing gradients: status 0" is "$status" 0
run "$dunlin" info h --csv events
check "overflowing gradients: the events say so, with the rank and the seed" grep -qE ',[12],bad-number,.*NaN or Inf.*seed 1' out
run "$dunlin" info h
check "overflowing gradients: they are counted" at_least "$(value bad_gradients)" 20
check "the others were applied" at_least "$(value updates)" 100
run "$dunlin" info h --csv train
check "dropped is in /train" awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "dropped") d = i; next } { s += $d } END { exit !(s >= 20) }' out
run h5dump -d /params/v/weight "$(ls h/checkpoint-0*.h5 | tail -1)"
check "theta is finite" sh -c 'grep -q "DATA" out && ! grep -qiE "[^a-z](nan|inf)[^a-z]" out'
plugin nan NAN
run "$dunlin" train --env lib:./nan.so --algo a3c --actors 2 --frames 100000 --out n --log-every 0.1
check "NaN rewards: the run ends with status 1" is "$status" 1
check "NaN rewards: the line names environment and reward" grep -q "nan.*reward" err
check "NaN rewards: the state says that the actors are gone" grep -q "^state lost-actors" n/status
finish
