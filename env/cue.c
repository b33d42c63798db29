/* cue.c -- walk a corridor and turn the way a cue said at its entrance: cannot be solved without memory.
 *
 * After the T-maze of Bakker 2001, "Reinforcement learning with long short-term memory", without its noise and without
 * the way back: every step leads one cell on, whatever the action. Actions 0 left, 1 right. Observation: cue left, cue
 * right, junction, each 0 or 1: (1,0,0) or (0,1,0) with equal chance at the entrance and never again, (0,0,0) in every
 * cell of the corridor, (0,0,1) at the junction. The action at the junction ends the episode, with reward +1 where it
 * is the cue's side and -1 where it is not; all other rewards are 0.
 *
 * State: the side of the cue and the cell, 0 the entrance, then LENGTH cells of corridor, then the junction. An episode
 * has LENGTH + 2 steps; LENGTH is 5, or N with --env cue:N. Optimal return: 1 with a memory of the cue; without one the
 * junction looks the same whatever the cue was, and every policy returns 0 on average.
 *
 * The gradient of an LSTM is cut at every update, so t-max must hold an episode: the default does
 * up to cue:18. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "draw.h"
#include "dunlin/env.h"
#include "plain.h"

enum { LENGTH = 5, LENGTH_MAX = 1000, OBS = 3, CELL = 24, DRAWN_MAX = 40 };

struct cue {
    int right;  /* the cue's side: 0 left, 1 right */
    int cell;   /* 0 .. length + 1, or length + 2 after the junction */
    int length; /* of the corridor */
    int chosen; /* the side taken at the junction */
};

static const struct env_default defaults[] = {
    {NULL, "net", "mlp:32"},
    {"a3c", "lstm", "32"},
    {"n-step-q", "lstm", "32"},
    {NULL, "lr", "0.003"},
    {NULL, "rms-eps", "0.01"},
    {NULL, "t-max", "20"},
    {NULL, "frames", "300000"},
    {NULL, "eps-frames", "50000"},
    {NULL, "eps-final", "0.1"},
    {NULL, "target-every", "500"},
    {NULL, "eval-every", "30000"},
    {NULL, "eval-episodes", "100"},
    {NULL, "checkpoint-every", "100000"},
    {NULL, NULL, NULL},
};

/* The N of cue:N, LENGTH without one, -1 where it is no length. */
static int length_of(const struct env_args *args)
{
    if (!args->arg || !args->arg[0]) return LENGTH;
    char *end;
    const long n = strtol(args->arg, &end, 10);
    return *end || n < 0 || n > LENGTH_MAX ? -1 : (int)n;
}

static int cue_open(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size)
{
    const int length = length_of(args);
    if (length < 0) {
        snprintf(err, err_size, "found \":%s\"; cue:N takes the corridor's length, 0 to %d", args->arg, LENGTH_MAX);
        return -1;
    }
    *spec = (struct env_spec){
        .obs_kind = ENV_OBS_FLOATS,
        .obs_dim = OBS,
        .stack = 1,
        .num_actions = 2,
        .action_repeat = 1,
        .max_steps = length + 2,
        .state_size = sizeof(struct cue),
        .save_size = sizeof(struct cue),
        .render_height = 3 * CELL,
        .render_width = ((length < DRAWN_MAX ? length : DRAWN_MAX) + 2) * CELL,
    };
    return 0;
}

static int cue_init(void *state, const struct env_args *args, char *err, size_t err_size)
{
    (void)err, (void)err_size;
    ((struct cue *)state)->length = length_of(args);
    return 0;
}

static void observe(const struct cue *c, float *obs)
{
    obs[0] = c->cell == 0 && !c->right;
    obs[1] = c->cell == 0 && c->right;
    obs[2] = c->cell == c->length + 1;
}

static void cue_reset(void *state, struct rng *rng, void *obs)
{
    struct cue *c = state;
    *c = (struct cue){.right = rng_below(rng, 2), .length = c->length};
    observe(c, obs);
}

static struct env_step cue_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    (void)rng;
    struct cue *c = state;
    assert(action.index == 0 || action.index == 1);
    assert(c->cell <= c->length + 1);
    const bool over = c->cell++ == c->length + 1;
    c->chosen = action.index;
    observe(c, obs);
    if (!over) return (struct env_step){0};
    return (struct env_step){.reward = action.index == c->right ? 1 : -1, .terminated = true};
}

/* The cue's side is drawn as long as it is seen; a corridor longer than the picture is drawn shortened. */
static void cue_render(const void *state, uint8_t *rgb)
{
    const struct cue *c = state;
    const int drawn = c->length < DRAWN_MAX ? c->length : DRAWN_MAX, junction = drawn + 1;
    struct picture picture = {rgb, 3 * CELL, (drawn + 2) * CELL};
    draw_fill(&picture, 0x101828);
    draw_rect(&picture, 0, CELL, (junction + 1) * CELL, 2 * CELL, 0xFFFFFF);
    draw_rect(&picture, junction * CELL, 0, (junction + 1) * CELL, 3 * CELL, 0xFFFFFF);
    if (c->cell == 0)
        draw_rect(&picture, 2, c->right ? 2 * CELL + 2 : 2, CELL - 2, c->right ? 3 * CELL - 2 : CELL - 2, 0xF79009);
    int cell = c->cell <= drawn ? c->cell : drawn;
    double y = 1.5;
    if (c->cell > c->length) cell = junction;
    if (c->cell > c->length + 1) {
        const double goal = c->right ? 2 * CELL : 0;
        draw_rect(&picture, junction * CELL, goal, (junction + 1) * CELL, goal + CELL, 0x12B76A);
        y = c->chosen ? 2.5 : 0.5;
    }
    draw_line(&picture, (cell + 0.5) * CELL, y * CELL, (cell + 0.5) * CELL, y * CELL, CELL / 2.0, 0x2E90FA);
}

static bool valid(const struct cue *s, const struct cue *own)
{
    return (s->right == 0 || s->right == 1) && (s->chosen == 0 || s->chosen == 1) && s->length == own->length &&
           s->cell >= 0 && s->cell <= s->length + 2;
}
ENV_PLAIN(cue, valid)

const struct env_ops env_cue = {
    .api = DUNLIN_ENV_API,
    .name = "cue",
    .help = "turn where a cue at the start said, after a corridor (cue:N: of N cells): needs an LSTM; return -1 or 1",
    .defaults = defaults,
    .plain_state = true,
    .open = cue_open,
    .init = cue_init,
    .reset = cue_reset,
    .step = cue_step,
    .save = plain_save,
    .load = plain_load,
    .render = cue_render,
    .not_learned_by = "one-step-q, one-step-sarsa, dqn",
};
