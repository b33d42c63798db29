/* cartpole.c -- balance a pole on a cart (Barto, Sutton and Anderson 1983, "Neuronlike adaptive elements that can solve
 * difficult learning control problems"), with the constants, the Euler step and the ends of Gymnasium's CartPole-v1.
 *
 * Actions 0 push left, 1 push right; observation x, x_dot, theta, theta_dot; reward 1 a step, the last one included;
 * terminated where |x| > 2.4 or |theta| > 12 degrees, truncated after 500 steps.
 */
#include <assert.h>
#include <math.h>

#include "arg.h"
#include "classic.h"
#include "draw.h"
#include "dunlin/env.h"
#include "plain.h"

enum { STEPS = 500, HEIGHT = 300, WIDTH = 400 };

#define GRAVITY 9.8
#define MASS_CART 1.0
#define MASS_POLE 0.1
#define MASS (MASS_CART + MASS_POLE)
#define LENGTH 0.5 /* half the pole: to its centre of mass */
#define FORCE 10.0
#define TAU 0.02 /* seconds of a step */
#define X_LIMIT 2.4
#define THETA_LIMIT (12 * 2 * 3.14159265358979323846 / 360)

/* Rewards of 1 a step sum to a discounted value near 100, far from where the value head starts: scaled, it is near 5.
 * Single games pull the weights about, and late in a run they forget what they knew: four environments an actor. The Q
 * methods need longer, a smaller lr, and one epsilon that stays large: of the paper's, 0.01 to 0.5, chance may give all
 * few environments small ones, and a pole that hardly sways teaches nothing: with 0.1 alone 3 runs of 15 failed. dqn:
 * the same, and a memory that holds what the newest policies met; with one of 50,000 steps, gamma 0.98 or RMSProp runs
 * end at 200 to 400. */
static const struct env_default defaults[] = {
    {NULL, "net", "mlp:64,64"},
    {NULL, "lr", "0.001"},
    {"a3c", "lr", "0.003"},
    {NULL, "rms-eps", "0.01"},
    {NULL, "reward-scale", "0.05"},
    {NULL, "envs-per-actor", "4"},
    {NULL, "frames", "2000000"},
    {"a3c", "frames", "1000000"},
    {NULL, "eps-final", "0.2"},
    {NULL, "eps-frames", "200000"},
    {NULL, "target-every", "1000"},
    {NULL, "checkpoint-every", "100000"},
    {NULL, "eval-every", "50000"},
    {NULL, "eval-episodes", "20"},
    {"dqn", "optimizer", "adam"},
    {"dqn", "lr", "0.00025"},
    {"dqn", "clip", "0"},
    {"dqn", "td-clip", "1"},
    {"dqn", "envs-per-actor", "1"},
    {"dqn", "t-max", "10"},
    {"dqn", "batch", "128"},
    {"dqn", "memory", "20000"},
    {"dqn", "replay-start", "5000"},
    {"dqn", "target-every", "500"},
    {"dqn", "eps-final", "0.3"},
    {"dqn", "eps-frames", "15000"},
    {"dqn", "frames", "300000"},
    {NULL, NULL, NULL},
};

static int cartpole_open(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size)
{
    *spec = (struct env_spec){
        .obs_kind = ENV_OBS_FLOATS,
        .obs_dim = 4,
        .stack = 1,
        .num_actions = 2,
        .action_repeat = 1,
        .max_steps = STEPS,
        .state_size = sizeof(struct cartpole),
        .save_size = sizeof(struct cartpole),
        .render_height = HEIGHT,
        .render_width = WIDTH,
    };
    return arg_refuse(args, err, err_size);
}

static void observe(const struct cartpole *c, float *obs)
{
    obs[0] = (float)c->x, obs[1] = (float)c->x_dot;
    obs[2] = (float)c->theta, obs[3] = (float)c->theta_dot;
}

static void cartpole_reset(void *state, struct rng *rng, void *obs)
{
    struct cartpole *c = state;
    double start[4];
    for (int i = 0; i < 4; i++) start[i] = 0.1 * rng_uniform(rng) - 0.05;
    *c = (struct cartpole){.x = start[0], .x_dot = start[1], .theta = start[2], .theta_dot = start[3]};
    observe(c, obs);
}

static struct env_step cartpole_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    (void)rng;
    struct cartpole *c = state;
    assert(action.index == 0 || action.index == 1);
    const double force = action.index == 1 ? FORCE : -FORCE, cosine = cos(c->theta), sine = sin(c->theta);
    /* equations of Florian 2007, "Correct equations for the dynamics of the cart-pole system", without friction */
    const double push = (force + MASS_POLE * LENGTH * c->theta_dot * c->theta_dot * sine) / MASS;
    const double theta_acc =
        (GRAVITY * sine - cosine * push) / (LENGTH * (4.0 / 3.0 - MASS_POLE * cosine * cosine / MASS));
    const double x_acc = push - MASS_POLE * LENGTH * theta_acc * cosine / MASS;
    /* explicit Euler: positions move by the old speeds */
    c->x += TAU * c->x_dot;
    c->x_dot += TAU * x_acc;
    c->theta += TAU * c->theta_dot;
    c->theta_dot += TAU * theta_acc;
    c->t++;
    observe(c, obs);
    const bool fallen = fabs(c->x) > X_LIMIT || fabs(c->theta) > THETA_LIMIT;
    return (struct env_step){.reward = 1, .terminated = fallen, .truncated = !fallen && c->t >= STEPS};
}

static void cartpole_render(const void *state, uint8_t *rgb)
{
    const struct cartpole *c = state;
    struct picture picture = {rgb, HEIGHT, WIDTH};
    const double scale = WIDTH / (2 * X_LIMIT), x = WIDTH / 2.0 + scale * c->x, y = 220;
    draw_fill(&picture, 0xFFFFFF);
    draw_rect(&picture, 0, y + 14, WIDTH, y + 16, 0x98A2B3);
    draw_rect(&picture, x - 25, y - 14, x + 25, y + 14, 0x344054);
    draw_line(&picture, x, y - 10, x + 2 * LENGTH * scale * sin(c->theta), y - 10 - 2 * LENGTH * scale * cos(c->theta),
              9, 0xD98E4A);
    draw_line(&picture, x, y - 10, x, y - 10, 7, 0x8098C0);
}

static bool valid(const struct cartpole *s, const struct cartpole *own)
{
    (void)own;
    /* far behind the ends, where nobody comes in a step */
    return fabs(s->x) <= 10 * X_LIMIT && fabs(s->x_dot) <= 1e3 && fabs(s->theta) <= 10 && fabs(s->theta_dot) <= 1e3 &&
           s->t >= 0 && s->t <= STEPS;
}
ENV_PLAIN(cartpole, valid)

const struct env_ops env_cartpole = {
    .api = DUNLIN_ENV_API,
    .name = "cartpole",
    .help = "balance a pole on a cart, as Gymnasium's CartPole-v1; return up to 500",
    .defaults = defaults,
    .plain_state = true,
    .open = cartpole_open,
    .reset = cartpole_reset,
    .step = cartpole_step,
    .save = plain_save,
    .load = plain_load,
    .render = cartpole_render,
};
