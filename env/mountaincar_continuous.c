/* mountaincar_continuous.c -- the weak car with an engine that is pushed as hard as one likes, with the constants and
 * ends of Gymnasium's MountainCarContinuous-v0.
 *
 * The action is a force in -1 .. 1; observation position, velocity; reward 100 at the goal less a tenth of the force's
 * square each step; terminated at position 0.45, truncated after 999 steps. Position and velocity are floats
 * after each step, as in Gymnasium. Gymnasium charges a force beyond the bounds, too: here none arrives.
 *
 * To sit still costs nothing and scores 0, and noise alone does not reach the goal. In training, and there alone, an
 * episode therefore starts anywhere in the valley at any speed, as mountaincar's do, unless the environment is asked
 * for as mountaincar-continuous:plain. Evaluation starts as Gymnasium does. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "classic.h"
#include "dunlin/env.h"
#include "hill.h"
#include "plain.h"

enum { STEPS = 999 };

#define GOAL 0.45
#define SPEED 0.07
#define POWER 0.0015
#define GRAVITY 0.0025

static const struct env_default defaults[] = {
    {NULL, "net", "mlp:64,64"},
    {NULL, "critic", "separate"},
    {NULL, "init", "orthogonal"},
    {NULL, "optimizer", "adam"},
    {NULL, "lr", "7e-4"},
    {NULL, "clip", "0"},
    {NULL, "gae", "0.95"},
    {NULL, "entropy", "0"},
    {NULL, "envs-per-actor", "4"},
    {NULL, "t-max", "8"},
    {NULL, "reward-scale", "0.1"},
    {NULL, "frames", "600000"},
    {NULL, "eval-every", "100000"},
    {NULL, "eval-episodes", "20"},
    {NULL, "checkpoint-every", "200000"},
    {NULL, NULL, NULL},
};

/* Under random actions position and velocity stay near these, with about these deviations. */
static const float obs_centre[] = {-0.5f, 0}, obs_scale[] = {1 / 0.1f, 1 / 0.01f}, low[] = {-1}, high[] = {1};

static bool is_plain(const struct env_args *args)
{
    return args->arg && !strcmp(args->arg, "plain");
}

static int continuous_open(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size)
{
    *spec = (struct env_spec){
        .obs_kind = ENV_OBS_FLOATS,
        .obs_dim = 2,
        .obs_centre = obs_centre,
        .obs_scale = obs_scale,
        .action_dim = 1,
        .action_low = low,
        .action_high = high,
        .max_steps = STEPS,
        .state_size = sizeof(struct mountaincar_continuous),
        .save_size = sizeof(struct mountaincar_continuous),
        .render_height = HILL_HEIGHT,
        .render_width = HILL_WIDTH,
    };
    if (!args->arg || !args->arg[0] || is_plain(args)) return 0;
    snprintf(err, err_size, "found \":%s\"; allowed: mountaincar-continuous, or mountaincar-continuous:plain",
             args->arg);
    return -1;
}

static int continuous_init(void *state, const struct env_args *args, char *err, size_t err_size)
{
    (void)err, (void)err_size;
    ((struct mountaincar_continuous *)state)->anywhere = args->training && !is_plain(args);
    return 0;
}

static void observe(const struct mountaincar_continuous *c, float *obs)
{
    obs[0] = (float)c->position;
    obs[1] = (float)c->velocity;
}

static void continuous_reset(void *state, struct rng *rng, void *obs)
{
    struct mountaincar_continuous *c = state;
    *c = (struct mountaincar_continuous){.position = 0.2 * rng_uniform(rng) - 0.6, .anywhere = c->anywhere};
    if (c->anywhere) {
        c->position = HILL_LEFT + (GOAL - HILL_LEFT) * rng_uniform(rng);
        c->velocity = SPEED * (2 * rng_uniform(rng) - 1);
    }
    observe(c, obs);
}

/* What Gymnasium computes in float: all, but for the first step of an episode, which starts from doubles. */
static double rounded(const struct mountaincar_continuous *c, double x)
{
    return c->t ? (double)(float)x : x;
}

static struct env_step continuous_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    (void)rng;
    struct mountaincar_continuous *c = state;
    const float force = fminf(1, fmaxf(-1, action.vector[0])), push = force * (float)POWER;
    const float pull = (float)(GRAVITY * cos(rounded(c, 3 * c->position)));
    const double speed = rounded(c, SPEED), left = rounded(c, HILL_LEFT);
    c->velocity = fmin(fmax(rounded(c, c->velocity + (double)(push - pull)), -speed), speed);
    c->position = fmin(fmax(rounded(c, c->position + c->velocity), left), rounded(c, HILL_RIGHT));
    if (c->position <= left && c->velocity < 0) c->velocity = 0; /* the left end is a wall */
    const bool there = c->position >= rounded(c, GOAL) && c->velocity >= 0;
    c->position = (double)(float)c->position;
    c->velocity = (double)(float)c->velocity;
    c->t++;
    observe(c, obs);
    return (struct env_step){.reward = (there ? 100 : 0) - 0.1 * ((double)force * (double)force),
                             .terminated = there,
                             .truncated = !there && c->t >= STEPS};
}

static void continuous_render(const void *state, uint8_t *rgb)
{
    hill_draw(((const struct mountaincar_continuous *)state)->position, GOAL, rgb);
}

static bool valid(const struct mountaincar_continuous *s, const struct mountaincar_continuous *own)
{
    return fabs(s->position) <= -HILL_LEFT + 1e-6 && s->position <= HILL_RIGHT + 1e-6 &&
           fabs(s->velocity) <= SPEED + 1e-6 && s->t >= 0 && s->t <= STEPS &&
           memcmp(&s->anywhere, &own->anywhere, sizeof s->anywhere) == 0;
}
ENV_PLAIN(mountaincar_continuous, valid)

const struct env_ops env_mountaincar_continuous = {
    .api = DUNLIN_ENV_API,
    .name = "mountaincar-continuous",
    .help = "the weak car by any force, as Gymnasium's MountainCarContinuous-v0; return to about 94",
    .defaults = defaults,
    .not_learned_by = "n-step-q, one-step-q, one-step-sarsa, dqn",
    .plain_state = true,
    .open = continuous_open,
    .init = continuous_init,
    .reset = continuous_reset,
    .step = continuous_step,
    .save = plain_save,
    .load = plain_load,
    .render = continuous_render,
};
