/* pendulum.c -- swing up and hold a pendulum by a torque too weak to lift it, with the constants of Gymnasium's
 * Pendulum-v1.
 *
 * The action is a torque in -2 .. 2 (N m); observation cos theta, sin theta and the angular velocity; reward of a step
 * -(theta^2 + 0.1 theta_dot^2 + 0.001 torque^2) of the state before it, theta between -pi and pi from upright. Never
 * terminated, truncated after 200 steps: random actions score about -1,200, an agent that holds it about -150. */
#include <math.h>

#include "arg.h"
#include "classic.h"
#include "draw.h"
#include "dunlin/env.h"
#include "plain.h"

enum { STEPS = 200, SIDE = 240 };

#define PI 3.14159265358979323846
#define DT 0.05
#define GRAVITY 10.0
#define SPEED 8.0
#define TORQUE 2.0f

static const struct env_default defaults[] = {
    {NULL, "net", "mlp:64,64"},
    {NULL, "critic", "separate"},
    {NULL, "init", "orthogonal"},
    {NULL, "optimizer", "adam"},
    {NULL, "lr", "5e-4"},
    {NULL, "clip", "0"},
    {NULL, "gamma", "0.95"},
    {NULL, "gae", "0.95"},
    {NULL, "value-coef", "1"},
    {NULL, "entropy", "0"},
    {NULL, "envs-per-actor", "4"},
    {NULL, "t-max", "8"},
    {NULL, "reward-scale", "0.1"},
    {NULL, "frames", "1000000"},
    {NULL, "eval-every", "100000"},
    {NULL, "eval-episodes", "20"},
    {NULL, "checkpoint-every", "200000"},
    {NULL, NULL, NULL},
};

static const float low[] = {-TORQUE}, high[] = {TORQUE}, obs_scale[] = {1, 1, 1 / 4.0f};

static int pendulum_open(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size)
{
    *spec = (struct env_spec){
        .obs_kind = ENV_OBS_FLOATS,
        .obs_dim = 3,
        .obs_scale = obs_scale,
        .action_dim = 1,
        .action_low = low,
        .action_high = high,
        .max_steps = STEPS,
        .state_size = sizeof(struct pendulum),
        .save_size = sizeof(struct pendulum),
        .render_height = SIDE,
        .render_width = SIDE,
    };
    return arg_refuse(args, err, err_size);
}

static void observe(const struct pendulum *p, float *obs)
{
    obs[0] = (float)cos(p->theta);
    obs[1] = (float)sin(p->theta);
    obs[2] = (float)p->theta_dot;
}

static void pendulum_reset(void *state, struct rng *rng, void *obs)
{
    struct pendulum *p = state;
    *p = (struct pendulum){.theta = PI * (2 * rng_uniform(rng) - 1)};
    p->theta_dot = 2 * rng_uniform(rng) - 1;
    observe(p, obs);
}

/* Between -pi and pi. */
static double wrapped(double angle)
{
    const double turned = fmod(angle + PI, 2 * PI);
    return (turned < 0 ? turned + 2 * PI : turned) - PI;
}

static struct env_step pendulum_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    (void)rng;
    struct pendulum *p = state;
    const float u = fminf(TORQUE, fmaxf(-TORQUE, action.vector[0])); /* its products are floats in Gymnasium, too */
    const double theta = wrapped(p->theta), effort = (double)(0.001f * (u * u));
    const double cost = theta * theta + 0.1 * (p->theta_dot * p->theta_dot) + effort;
    p->theta_dot += (1.5 * GRAVITY * sin(p->theta) + (double)(3 * u)) * DT; /* of unit mass and length */
    p->theta_dot = fmin(SPEED, fmax(-SPEED, p->theta_dot));
    p->theta += p->theta_dot * DT;
    p->torque = (double)u;
    p->t++;
    observe(p, obs);
    return (struct env_step){.reward = -cost, .truncated = p->t >= STEPS};
}

static void pendulum_render(const void *state, uint8_t *rgb)
{
    const struct pendulum *p = state;
    struct picture picture = {rgb, SIDE, SIDE};
    const double centre = SIDE / 2.0, length = 0.38 * SIDE, x = centre + length * sin(p->theta),
                 y = centre - length * cos(p->theta), push = 0.16 * SIDE * p->torque / (double)TORQUE;
    draw_fill(&picture, 0xFFFFFF);
    draw_line(&picture, centre, centre, x, y, 18, 0xD92D20);
    draw_line(&picture, centre, centre, centre, centre, 12, 0x344054);
    draw_line(&picture, centre, SIDE - 16, centre + push, SIDE - 16, 5, 0xF79009);
}

static bool valid(const struct pendulum *s, const struct pendulum *own)
{
    (void)own;
    return fabs(s->theta) <= PI + SPEED * DT * STEPS && fabs(s->theta_dot) <= SPEED && s->t >= 0 && s->t <= STEPS &&
           fabs(s->torque) <= (double)TORQUE;
}
ENV_PLAIN(pendulum, valid)

const struct env_ops env_pendulum = {
    .api = DUNLIN_ENV_API,
    .name = "pendulum",
    .help = "swing up and hold a pendulum, as Gymnasium's Pendulum-v1; return -1,200 to about -150",
    .defaults = defaults,
    .not_learned_by = "n-step-q, one-step-q, one-step-sarsa, dqn",
    .plain_state = true,
    .open = pendulum_open,
    .reset = pendulum_reset,
    .step = pendulum_step,
    .save = plain_save,
    .load = plain_load,
    .render = pendulum_render,
};
