/* catch.c -- a ball falls, a paddle catches it: the smallest task whose observations are pictures.
 *
 * After Mnih et al. 2014, "Recurrent models of visual attention", in the variant of DeepMind's bsuite
 * ("catch/0"): the ball falls straight down, one cell a step, from a random column of the top row; the paddle, one cell
 * wide, starts in the middle of the bottom row. Actions 0 left, 1 stay, 2 right; reward +1 or -1 with the last step,
 * else 0. We differ in size, so that the networks for Atari fit: 12 x 12 cells of 7 x 7 pixels, 84 x 84 in all.
 *
 * The paddle moves before the ball does. 11 steps separate the top row from the bottom row and no column is further
 * than 6 from the middle, so every ball can be caught, with 5 steps to spare.
 */
#include <assert.h>
#include <string.h>

#include "arg.h"
#include "draw.h"
#include "dunlin/env.h"
#include "plain.h"

enum { CELLS = 12, CELL = 7, SIDE = CELLS * CELL, STEPS = CELLS - 1, DRAWN = 21 };

struct catch
{
    int ball_row, ball_column, paddle; /* cells */
};

/* a3c: of the paper's beta 0.01 and single environment, one run in ten or so kept to a policy that never reaches for
 * one or two of the twelve columns. The exact play needs no certainty but at the last steps, so a larger beta costs
 * nothing. */
static const struct env_default defaults[] = {
    {NULL, "net", "small"},         {NULL, "lr", "0.003"},          {"a3c", "lr", "0.004"},
    {"a3c", "envs-per-actor", "2"}, {"a3c", "entropy", "0.03"},     {NULL, "frames", "300000"},
    {NULL, "eps-frames", "300000"}, {NULL, "target-every", "1000"}, {NULL, "checkpoint-every", "100000"},
    {NULL, "eval-every", "50000"},  {NULL, "eval-episodes", "50"},  {NULL, NULL, NULL},
};

static int catch_open(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size)
{
    *spec = (struct env_spec){
        .obs_kind = ENV_OBS_PICTURE,
        .height = SIDE,
        .width = SIDE,
        .stack = 4,
        .num_actions = 3,
        .action_repeat = 1,
        .max_steps = STEPS,
        .state_size = sizeof(struct catch),
        .save_size = sizeof(struct catch),
        .render_height = CELLS * DRAWN,
        .render_width = CELLS * DRAWN,
    };
    return arg_refuse(args, err, err_size);
}

static void fill_cell(uint8_t *plane, int row, int column)
{
    for (int y = 0; y < CELL; y++) memset(plane + (row * CELL + y) * SIDE + column * CELL, 255, CELL);
}

static void observe(const struct catch *c, uint8_t *plane)
{
    memset(plane, 0, SIDE * SIDE);
    fill_cell(plane, c->ball_row, c->ball_column);
    fill_cell(plane, CELLS - 1, c->paddle);
}

static void catch_reset(void *state, struct rng *rng, void *obs)
{
    struct catch *c = state;
    *c = (struct catch){.ball_row = 0, .ball_column = rng_below(rng, CELLS), .paddle = CELLS / 2};
    observe(c, obs);
}

static struct env_step catch_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    (void)rng;
    struct catch *c = state;
    assert(action.index >= 0 && action.index < 3);
    assert(c->ball_row < CELLS - 1);
    const int paddle = c->paddle + action.index - 1;
    if (paddle >= 0 && paddle < CELLS) c->paddle = paddle;
    c->ball_row++;
    observe(c, obs);
    if (c->ball_row < CELLS - 1) return (struct env_step){0};
    return (struct env_step){.reward = c->paddle == c->ball_column ? 1 : -1, .terminated = true};
}

static void catch_render(const void *state, uint8_t *rgb)
{
    const struct catch *c = state;
    struct picture picture = {rgb, CELLS * DRAWN, CELLS * DRAWN};
    draw_fill(&picture, 0x101828);
    const double y = (CELLS - 1) * DRAWN, x = c->paddle * DRAWN;
    draw_rect(&picture, x, y, x + DRAWN, y + DRAWN, 0xE8EEF4);
    draw_line(&picture, (c->ball_column + 0.5) * DRAWN, (c->ball_row + 0.5) * DRAWN, (c->ball_column + 0.5) * DRAWN,
              (c->ball_row + 0.5) * DRAWN, DRAWN - 5, 0xF79009);
}

static bool valid(const struct catch *s, const struct catch *own)
{
    (void)own;
    return s->ball_row >= 0 && s->ball_row < CELLS && s->ball_column >= 0 && s->ball_column < CELLS && s->paddle >= 0 &&
           s->paddle < CELLS;
}
ENV_PLAIN(catch, valid)

const struct env_ops env_catch = {
    .api = DUNLIN_ENV_API,
    .name = "catch",
    .help = "catch a falling ball, 84x84 pictures; return -1 or 1, 11 steps",
    .defaults = defaults,
    .plain_state = true,
    .open = catch_open,
    .reset = catch_reset,
    .step = catch_step,
    .save = plain_save,
    .load = plain_load,
    .render = catch_render,
};
