/* catch.c -- a ball falls, a paddle catches it: the smallest task whose observations are pictures.
 *
 * After Mnih et al. 2014, "Recurrent models of visual attention", in the variant of DeepMind's bsuite
 * ("catch/0"): the ball falls straight down, one cell a step, from a random column of the top row; the paddle, one cell
 * wide, starts in the middle of the bottom row. Actions 0 left, 1 stay, 2 right; reward +1 or -1 with the last step,
 * else 0. We differ in size, so that the networks for Atari fit: 12 x 12 cells of 7 x 7 pixels, 84 x 84 in all.
 *
 * The paddle moves before the ball does. 11 steps separate the top row from the bottom row and no column is further
 * than 6 from the middle, so every ball can be caught, with 5 steps to spare.
 *
 * From the middle a random policy catches a ball of the outermost column once in some 600 episodes, and a policy
 * that settles before that never learns of it. In training, and there alone, an episode therefore starts anywhere
 * (Sutton and Barto 2018, section 5.3, "exploring starts"): with the ball at any height, and the paddle in any
 * column from which the ball can still be caught. Where few steps are left, chance alone shows each column's reward,
 * whatever the policy prefers; with starts in the top row only, one run in six still lost a column. Evaluation, and
 * the training of catch:plain, start on top and in the middle.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "draw.h"
#include "dunlin/env.h"
#include "plain.h"

enum { CELLS = 12, CELL = 7, SIDE = CELLS * CELL, STEPS = CELLS - 1, DRAWN = 21 };

struct cells {
    int ball_row, ball_column, paddle;
};
struct catch
{
    struct cells at; /* first, and all that is saved */
    bool anywhere;   /* episodes start anywhere */
};

/* With the paper's initial weights and rms-eps 0.1, far above the mean square of these gradients, learning begins late
 * or, where chance is against it, not within the run. Four environments make a gradient less one-sided. dqn: the
 * reward comes at the end of up to eleven steps, and goes back by one with each target network. */
static const struct env_default defaults[] = {
    {NULL, "net", "small"},
    {NULL, "init", "he"},
    {NULL, "lr", "0.001"},
    {NULL, "rms-eps", "0.001"},
    {NULL, "envs-per-actor", "4"},
    {NULL, "frames", "200000"},
    {NULL, "eps-frames", "100000"},
    {NULL, "eps-final", "0.1"},
    {NULL, "target-every", "1000"},
    {NULL, "checkpoint-every", "100000"},
    {NULL, "eval-every", "50000"},
    {NULL, "eval-episodes", "50"},
    {"dqn", "optimizer", "adam"},
    {"dqn", "lr-anneal", "false"},
    {"dqn", "clip", "0"},
    {"dqn", "envs-per-actor", "1"},
    {"dqn", "t-max", "2"},
    {"dqn", "batch", "16"},
    {"dqn", "memory", "10000"},
    {"dqn", "replay-start", "500"},
    {"dqn", "eps-frames", "1500"},
    {"dqn", "target-every", "100"},
    {"dqn", "frames", "10000"},
    {"dqn", "eval-every", "1000"},
    {NULL, NULL, NULL},
};

/* catch:plain trains from the top and the middle, too. */
static bool is_plain(const struct env_args *args)
{
    return args->arg && !strcmp(args->arg, "plain");
}

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
        .save_size = sizeof(struct cells),
        .render_height = CELLS * DRAWN,
        .render_width = CELLS * DRAWN,
    };
    if (!args->arg || !args->arg[0] || is_plain(args)) return 0;
    snprintf(err, err_size, "found \":%s\"; allowed: catch, or catch:plain", args->arg);
    return -1;
}

static int catch_init(void *state, const struct env_args *args, char *err, size_t err_size)
{
    (void)err, (void)err_size;
    ((struct catch *)state)->anywhere = args->training && !is_plain(args);
    return 0;
}

static void fill_cell(uint8_t *plane, int row, int column)
{
    for (int y = 0; y < CELL; y++) memset(plane + (row * CELL + y) * SIDE + column * CELL, 255, CELL);
}

static void observe(const struct cells *c, uint8_t *plane)
{
    memset(plane, 0, SIDE * SIDE);
    fill_cell(plane, c->ball_row, c->ball_column);
    fill_cell(plane, CELLS - 1, c->paddle);
}

static void catch_reset(void *state, struct rng *rng, void *obs)
{
    struct catch *c = state;
    c->at = (struct cells){.ball_row = 0, .ball_column = rng_below(rng, CELLS), .paddle = CELLS / 2};
    if (c->anywhere) {
        c->at.ball_row = rng_below(rng, STEPS);
        const int left = STEPS - c->at.ball_row; /* steps, and columns within reach */
        const int first = c->at.ball_column > left ? c->at.ball_column - left : 0;
        const int last = c->at.ball_column + left < CELLS ? c->at.ball_column + left : CELLS - 1;
        c->at.paddle = first + rng_below(rng, last - first + 1);
    }
    observe(&c->at, obs);
}

static struct env_step catch_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    (void)rng;
    struct cells *c = &((struct catch *)state)->at;
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
    const struct cells *c = state;
    struct picture picture = {rgb, CELLS * DRAWN, CELLS * DRAWN};
    draw_fill(&picture, 0x101828);
    const double y = (CELLS - 1) * DRAWN, x = c->paddle * DRAWN;
    draw_rect(&picture, x, y, x + DRAWN, y + DRAWN, 0xE8EEF4);
    draw_line(&picture, (c->ball_column + 0.5) * DRAWN, (c->ball_row + 0.5) * DRAWN, (c->ball_column + 0.5) * DRAWN,
              (c->ball_row + 0.5) * DRAWN, DRAWN - 5, 0xF79009);
}

static bool valid(const struct cells *s, const struct cells *own)
{
    (void)own;
    return s->ball_row >= 0 && s->ball_row < CELLS && s->ball_column >= 0 && s->ball_column < CELLS && s->paddle >= 0 &&
           s->paddle < CELLS;
}
ENV_PLAIN(cells, valid)

const struct env_ops env_catch = {
    .api = DUNLIN_ENV_API,
    .name = "catch",
    .help = "catch a falling ball, 84x84 pictures; return -1 or 1, 11 steps",
    .defaults = defaults,
    .plain_state = true,
    .open = catch_open,
    .init = catch_init,
    .reset = catch_reset,
    .step = catch_step,
    .save = plain_save,
    .load = plain_load,
    .render = catch_render,
};
