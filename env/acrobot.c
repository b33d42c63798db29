/* acrobot.c -- swing two links up by a torque at the joint between them (Sutton 1996, "Generalization in reinforcement
 * learning: successful examples using sparse coarse coding"), with the constants and ends of Gymnasium's Acrobot-v1:
 * the "book" equations of Sutton and Barto 1998, one Runge-Kutta step of order 4 for 0.2 s.
 *
 * Actions 0, 1, 2: torque -1, 0, 1; observation cos and sin of theta1, of theta2, then both speeds; reward -1 a step, 0
 * with the step that lifts the tip one link above the pivot (terminated); truncated
 * after 500 steps. */
#include <assert.h>
#include <math.h>

#include "arg.h"
#include "classic.h"
#include "draw.h"
#include "dunlin/env.h"
#include "plain.h"

enum { STEPS = 500, HEIGHT = 300, WIDTH = 400 };

#define PI 3.14159265358979323846
#define GRAVITY 9.8
#define DT 0.2
#define LENGTH 1.0  /* of the first link */
#define CENTRE 0.5  /* pivot to centre of mass, both links */
#define MASS 1.0    /* of either link */
#define INERTIA 1.0 /* of either link */
#define SPEED_1 (4 * PI)
#define SPEED_2 (9 * PI)

/* One-step Sarsa on two idle cores: with lr 0.003 and every epsilon at 0.05 in the end, one seed in three learned that
 * no action matters before it had met the goal, and never met it again. */
static const struct env_default defaults[] = {
    {NULL, "net", "mlp:64,64"},
    {NULL, "lr", "0.003"},
    {NULL, "rms-eps", "0.01"},
    {NULL, "reward-scale", "0.05"},
    {NULL, "frames", "600000"},
    {NULL, "eps-frames", "200000"},
    {NULL, "eps-final", "0.05"},
    {NULL, "target-every", "1000"},
    {NULL, "checkpoint-every", "200000"},
    {NULL, "eval-every", "50000"},
    {NULL, "eval-episodes", "20"},
    {"one-step-sarsa", "lr", "0.001"},
    {"one-step-sarsa", "frames", "800000"},
    {"one-step-sarsa", "eps-final", "0.05:0.7,0.5:0.3"},
    {NULL, NULL, NULL},
};

static int acrobot_open(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size)
{
    *spec = (struct env_spec){
        .obs_kind = ENV_OBS_FLOATS,
        .obs_dim = 6,
        .stack = 1,
        .num_actions = 3,
        .action_repeat = 1,
        .max_steps = STEPS,
        .state_size = sizeof(struct acrobot),
        .save_size = sizeof(struct acrobot),
        .render_height = HEIGHT,
        .render_width = WIDTH,
    };
    return arg_refuse(args, err, err_size);
}

static void observe(const double s[4], float *obs)
{
    obs[0] = (float)cos(s[0]), obs[1] = (float)sin(s[0]);
    obs[2] = (float)cos(s[1]), obs[3] = (float)sin(s[1]);
    obs[4] = (float)s[2], obs[5] = (float)s[3];
}

static void acrobot_reset(void *state, struct rng *rng, void *obs)
{
    struct acrobot *a = state;
    for (int i = 0; i < 4; i++) a->s[i] = 0.2 * rng_uniform(rng) - 0.1;
    a->t = 0;
    observe(a->s, obs);
}

/* ds = d(s)/dt under the torque; names as in the book. */
static void derive(const double s[4], double torque, double ds[4])
{
    const double c2 = cos(s[1]), s2 = sin(s[1]), w1 = s[2], w2 = s[3];
    const double d1 = MASS * CENTRE * CENTRE + MASS * (LENGTH * LENGTH + CENTRE * CENTRE + 2 * LENGTH * CENTRE * c2) +
                      INERTIA + INERTIA;
    const double d2 = MASS * (CENTRE * CENTRE + LENGTH * CENTRE * c2) + INERTIA;
    const double phi2 = MASS * CENTRE * GRAVITY * cos(s[0] + s[1] - PI / 2);
    const double phi1 = -MASS * LENGTH * CENTRE * w2 * w2 * s2 - 2 * MASS * LENGTH * CENTRE * w2 * w1 * s2 +
                        (MASS * CENTRE + MASS * LENGTH) * GRAVITY * cos(s[0] - PI / 2) + phi2;
    const double acc2 = (torque + d2 / d1 * phi1 - MASS * LENGTH * CENTRE * w1 * w1 * s2 - phi2) /
                        (MASS * CENTRE * CENTRE + INERTIA - d2 * d2 / d1);
    ds[0] = w1;
    ds[1] = w2;
    ds[2] = -(d2 * acc2 + phi1) / d1;
    ds[3] = acc2;
}

static void runge_kutta(double s[4], double torque)
{
    double k1[4], k2[4], k3[4], k4[4], y[4];
    derive(s, torque, k1);
    for (int i = 0; i < 4; i++) y[i] = s[i] + DT / 2 * k1[i];
    derive(y, torque, k2);
    for (int i = 0; i < 4; i++) y[i] = s[i] + DT / 2 * k2[i];
    derive(y, torque, k3);
    for (int i = 0; i < 4; i++) y[i] = s[i] + DT * k3[i];
    derive(y, torque, k4);
    for (int i = 0; i < 4; i++) s[i] += DT / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
}

static double wrap(double angle)
{
    while (angle > PI) angle -= 2 * PI;
    while (angle < -PI) angle += 2 * PI;
    return angle;
}

static struct env_step acrobot_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    (void)rng;
    struct acrobot *a = state;
    assert(action.index >= 0 && action.index < 3);
    runge_kutta(a->s, action.index - 1);
    a->s[0] = wrap(a->s[0]);
    a->s[1] = wrap(a->s[1]);
    a->s[2] = fmin(fmax(a->s[2], -SPEED_1), SPEED_1);
    a->s[3] = fmin(fmax(a->s[3], -SPEED_2), SPEED_2);
    a->t++;
    observe(a->s, obs);
    const bool up = -cos(a->s[0]) - cos(a->s[0] + a->s[1]) > 1;
    return (struct env_step){.reward = up ? 0 : -1, .terminated = up, .truncated = !up && a->t >= STEPS};
}

static void acrobot_render(const void *state, uint8_t *rgb)
{
    const struct acrobot *a = state;
    struct picture picture = {rgb, HEIGHT, WIDTH};
    const double scale = HEIGHT / 4.4, x = WIDTH / 2.0, y = HEIGHT / 2.0;
    const double x1 = x + scale * sin(a->s[0]), y1 = y + scale * cos(a->s[0]);
    const double x2 = x1 + scale * sin(a->s[0] + a->s[1]), y2 = y1 + scale * cos(a->s[0] + a->s[1]);
    draw_fill(&picture, 0xFFFFFF);
    draw_rect(&picture, 0, y - scale - 1, WIDTH, y - scale + 1, 0x98A2B3); /* the tip must rise above */
    draw_line(&picture, x, y, x1, y1, 12, 0x2E90FA);
    draw_line(&picture, x1, y1, x2, y2, 12, 0x12B76A);
    draw_line(&picture, x, y, x, y, 8, 0xFEC84B);
    draw_line(&picture, x1, y1, x1, y1, 8, 0xFEC84B);
}

static bool valid(const struct acrobot *s, const struct acrobot *own)
{
    (void)own;
    return fabs(s->s[0]) <= PI && fabs(s->s[1]) <= PI && fabs(s->s[2]) <= SPEED_1 && fabs(s->s[3]) <= SPEED_2 &&
           s->t >= 0 && s->t <= STEPS;
}
ENV_PLAIN(acrobot, valid)

const struct env_ops env_acrobot = {
    .api = DUNLIN_ENV_API,
    .name = "acrobot",
    .help = "swing two links up, as Gymnasium's Acrobot-v1; return -500 to about -70",
    .defaults = defaults,
    .plain_state = true,
    .open = acrobot_open,
    .reset = acrobot_reset,
    .step = acrobot_step,
    .save = plain_save,
    .load = plain_load,
    .render = acrobot_render,
};
