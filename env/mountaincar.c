/* mountaincar.c -- an engine too weak for the hill: swing back first (Moore 1990, "Efficient memory-based learning for
 * robot control"), with the constants and ends of Gymnasium's MountainCar-v0.
 *
 * Actions 0 push left, 1 nothing, 2 push right; observation position, velocity; reward -1 a step; terminated at
 * position 0.5, truncated after 200 steps.
 *
 * Random actions do not get there in 200 steps, so that without help no algorithm here ever sees the goal. In training,
 * and there alone, an episode therefore starts anywhere in the valley at any speed ("exploring starts" of Sutton and
 * Barto 2018, section 5.3), unless the environment is asked for as mountaincar:plain. Evaluation starts as Gymnasium
 * does: between -0.6 and -0.4, at rest. Returns while training are therefore higher than
 * those of evaluations. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "classic.h"
#include "dunlin/env.h"
#include "hill.h"
#include "plain.h"

enum { STEPS = 200 };

#define LEFT HILL_LEFT
#define RIGHT HILL_RIGHT
#define GOAL 0.5
#define SPEED 0.07
#define FORCE 0.001
#define GRAVITY 0.0025

static const struct env_default defaults[] = {
    {NULL, "net", "mlp:64,64"},
    {NULL, "lr", "0.001"},
    {NULL, "rms-eps", "0.01"},
    {NULL, "reward-scale", "0.2"},
    {NULL, "entropy", "0.02"},
    {NULL, "frames", "1000000"},
    {NULL, "eps-frames", "200000"},
    {NULL, "eps-final", "0.1"},
    {NULL, "target-every", "2000"},
    {NULL, "checkpoint-every", "200000"},
    {NULL, "eval-every", "100000"},
    {NULL, "eval-episodes", "20"},
    {NULL, NULL, NULL},
};

/* Under random actions position and velocity stay near these, with about these deviations. */
static const float obs_centre[] = {-0.5f, 0}, obs_scale[] = {1 / 0.1f, 1 / 0.01f};

/* mountaincar:plain trains from Gymnasium's starts, too. */
static bool is_plain(const struct env_args *args)
{
    return args->arg && !strcmp(args->arg, "plain");
}

static int mountaincar_open(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size)
{
    *spec = (struct env_spec){
        .obs_kind = ENV_OBS_FLOATS,
        .obs_dim = 2,
        .obs_centre = obs_centre,
        .obs_scale = obs_scale,
        .stack = 1,
        .num_actions = 3,
        .action_repeat = 1,
        .max_steps = STEPS,
        .state_size = sizeof(struct mountaincar),
        .save_size = sizeof(struct mountaincar),
        .render_height = HILL_HEIGHT,
        .render_width = HILL_WIDTH,
    };
    if (!args->arg || !args->arg[0] || is_plain(args)) return 0;
    snprintf(err, err_size, "found \":%s\"; allowed: mountaincar, or mountaincar:plain", args->arg);
    return -1;
}

static int mountaincar_init(void *state, const struct env_args *args, char *err, size_t err_size)
{
    (void)err, (void)err_size;
    ((struct mountaincar *)state)->anywhere = args->training && !is_plain(args);
    return 0;
}

static void observe(const struct mountaincar *c, float *obs)
{
    obs[0] = (float)c->position;
    obs[1] = (float)c->velocity;
}

static void mountaincar_reset(void *state, struct rng *rng, void *obs)
{
    struct mountaincar *c = state;
    *c = (struct mountaincar){.position = 0.2 * rng_uniform(rng) - 0.6, .anywhere = c->anywhere};
    if (c->anywhere) {
        c->position = LEFT + (GOAL - LEFT) * rng_uniform(rng);
        c->velocity = SPEED * (2 * rng_uniform(rng) - 1);
    }
    observe(c, obs);
}

static struct env_step mountaincar_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    (void)rng;
    struct mountaincar *c = state;
    assert(action.index >= 0 && action.index < 3);
    c->velocity += (action.index - 1) * FORCE - cos(3 * c->position) * GRAVITY;
    c->velocity = fmin(fmax(c->velocity, -SPEED), SPEED);
    c->position = fmin(fmax(c->position + c->velocity, LEFT), RIGHT);
    if (c->position <= LEFT && c->velocity < 0) c->velocity = 0; /* the left end is a wall */
    c->t++;
    observe(c, obs);
    const bool there = c->position >= GOAL && c->velocity >= 0;
    return (struct env_step){.reward = -1, .terminated = there, .truncated = !there && c->t >= STEPS};
}

static void mountaincar_render(const void *state, uint8_t *rgb)
{
    hill_draw(((const struct mountaincar *)state)->position, GOAL, rgb);
}

static bool valid(const struct mountaincar *s, const struct mountaincar *own)
{
    return s->position >= LEFT && s->position <= RIGHT && fabs(s->velocity) <= SPEED && s->t >= 0 && s->t <= STEPS &&
           memcmp(&s->anywhere, &own->anywhere, sizeof s->anywhere) == 0;
}
ENV_PLAIN(mountaincar, valid)

const struct env_ops env_mountaincar = {
    .api = DUNLIN_ENV_API,
    .name = "mountaincar",
    .help = "rock a weak car up a hill, as Gymnasium's MountainCar-v0; return -200 to about -100",
    .defaults = defaults,
    .plain_state = true,
    .open = mountaincar_open,
    .init = mountaincar_init,
    .reset = mountaincar_reset,
    .step = mountaincar_step,
    .save = plain_save,
    .load = plain_load,
    .render = mountaincar_render,
};
