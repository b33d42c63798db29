/* drive.c -- a car on a winding road, seen from the driver's seat: the paper's TORCS task (section 5.2) in small.
 *
 * The reward of a step is the way made along the road's middle in its tenth of a second, in metres: speed, as in the
 * paper. The episode ends off the road and after three seconds at a standstill, and is cut after 100 s. Each has a road
 * of its own. Nine actions: 3 * pedal + wheel, pedal 0 the gas, 1 none, 2 the brake; wheel 0 left, 1 straight, 2 right.
 * The paper's four settings: `drive`, `drive:slow`, `drive:bots`, `drive:slow-bots`. The fast car must brake before
 * narrow bends, the slow one never.
 *
 * A point that moves along its heading, dt = 0.025 s, four times a step:
 *   omega = wheel min(1/8, 9/v^2) v                      how fast it turns; the tyres hold 9 m/s^2 aside
 *   s'    = v cos(psi) / (1 - d kappa(s))                along the middle of a road of curvature kappa
 *   d'    = v sin(psi),  psi' = omega - kappa(s) s'
 *   v'    = 6 (1 - v/top) gas | -0.3 - 0.02 v none | -9 brake
 * Other cars keep their lane and speed. Who runs into one drives on slower than it; the one behind the car waits.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "draw.h"
#include "drive_view.h"
#include "dunlin/env.h"
#include "plain.h"

enum { SIDE = 84, STEPS = 1000, FRAMES = 4, STILL = 30, DRAWN_HEIGHT = 288, DRAWN_WIDTH = 480 };

#define DT 0.025
#define TOP_FAST DRIVE_FASTEST
#define TOP_SLOW 14.0
#define SHOULDER 1.0 /* beside the road, still on it */
#define CAR_LENGTH 4.2
#define CAR_WIDTH 1.9

static const struct env_default defaults[] = {
    {NULL, "net", "small"},
    {NULL, "init", "he"},
    {NULL, "lr", "4e-4"},
    {NULL, "rms-eps", "1e-6"},
    {NULL, "rms-start", "1"},
    {NULL, "clip", "5"},
    {NULL, "envs-per-actor", "8"},
    {"a3c", "t-max", "20"},
    {"a3c", "gae", "0.95"},
    {"a3c", "value-coef", "0.25"},
    {"n-step-q", "t-max", "10"},
    {NULL, "reward-scale", "0.05"}, /* with more the policy settles on the first straight */
    {NULL, "frames", "20000000"},
    {NULL, "eval-every", "2000000"},
    {NULL, "eval-episodes", "10"},
    {NULL, "eps-frames", "2000000"},
    {NULL, "target-every", "40000"},
    {NULL, "checkpoint-every", "2000000"},
    {"n-step-q", "frames", "2000000"},
    {"n-step-q", "eps-frames", "800000"},
    {"n-step-q", "eval-every", "250000"},
    {NULL, NULL, NULL},
};

static const struct {
    const char *arg;
    int bots, slow;
} variants[] = {{"", 0, 0}, {"slow", 0, 1}, {"bots", DRIVE_BOTS, 0}, {"slow-bots", DRIVE_BOTS, 1}};

/* Its number, or -1. */
static int variant_of(const struct env_args *args)
{
    for (int i = 0; i < 4; i++)
        if (!strcmp(args->arg ? args->arg : "", variants[i].arg)) return i;
    return -1;
}

static int drive_open(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size)
{
    *spec = (struct env_spec){
        .obs_kind = ENV_OBS_PICTURE,
        .height = SIDE,
        .width = SIDE,
        .stack = 4,
        .num_actions = 9,
        .action_repeat = FRAMES,
        .max_steps = STEPS,
        .state_size = sizeof(struct drive),
        .save_size = sizeof(struct drive),
        .render_height = DRAWN_HEIGHT,
        .render_width = DRAWN_WIDTH,
    };
    if (variant_of(args) >= 0) return 0;
    snprintf(err, err_size, "found drive:%s; allowed: drive, drive:slow, drive:bots, drive:slow-bots", args->arg);
    return -1;
}

static int drive_init(void *state, const struct env_args *args, char *err, size_t err_size)
{
    (void)err, (void)err_size;
    struct drive *c = state;
    c->bots = variants[variant_of(args)].bots;
    c->slow = variants[variant_of(args)].slow;
    return 0;
}

/* A car `ahead` of ours, in one of the two lanes; those behind are faster than it, else they would never be seen. */
static struct drive_bot new_bot(const struct drive *c, double ahead, struct rng *rng)
{
    const double top = c->slow ? TOP_SLOW : TOP_FAST, part = ahead > 0 ? 0.3 : 0.7;
    const double d = rng_below(rng, 2) ? DRIVE_HALF_ROAD / 2 : -DRIVE_HALF_ROAD / 2;
    return (struct drive_bot){.s = fmax(0, c->s + ahead), .d = d, .speed = top * (part + 0.25 * rng_uniform(rng))};
}

static void drive_reset(void *state, struct rng *rng, void *obs)
{
    struct drive *c = state;
    *c = (struct drive){.bots = c->bots, .slow = c->slow, .road = rng_bits(rng), .s = 10, .speed = 5};
    c->d = 2 * rng_uniform(rng) - 1;
    for (int i = 0; i < c->bots; i++) c->bot[i] = new_bot(c, 25 + 30 * i, rng);
    drive_view(c, SIDE, SIDE, NULL, obs);
}

static double speed_after(const struct drive *c, int pedal)
{
    const double top = c->slow ? TOP_SLOW : TOP_FAST;
    const double a = pedal == 0 ? 6 * (1 - c->speed / top) : pedal == 1 ? -0.3 - 0.02 * c->speed : -9;
    return fmax(0, c->speed + DT * a);
}

/* One frame; returns the way along the road's middle. */
static double move(struct drive *c, int pedal, int wheel)
{
    const double v = c->speed, kappa = drive_curvature(c->road, c->s);
    const double omega = wheel * fmin(1.0 / 8, 9 / (v * v + 1e-9)) * v;
    const double way = DT * v * cos(c->psi) / fmax(0.2, 1 - c->d * kappa);
    c->d += DT * v * sin(c->psi);
    c->psi += DT * omega - kappa * way;
    c->bearing += DT * omega;
    c->s = fmax(0, c->s + way);
    c->speed = speed_after(c, pedal);
    return way;
}

static void move_bots(struct drive *c, struct rng *rng)
{
    for (int i = 0; i < c->bots; i++) {
        struct drive_bot *b = &c->bot[i];
        const double ahead = b->s - c->s, aside = b->d - c->d;
        const bool meets = fabs(ahead) < CAR_LENGTH && fabs(aside) < CAR_WIDTH;
        if (meets && ahead >= 0) c->speed = fmin(c->speed, 0.7 * b->speed);
        if (!(meets && ahead < 0 && b->speed > c->speed)) b->s += DT * b->speed;
        if (ahead < -60) *b = new_bot(c, 160 + 60 * rng_uniform(rng), rng);
        if (ahead > 240) *b = new_bot(c, c->s > 50 ? -30 : 160, rng);
    }
}

static struct env_step drive_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    struct drive *c = state;
    struct env_step step = {0};
    assert(action.index >= 0 && action.index < 9);
    for (int frame = 0; frame < FRAMES && !step.terminated; frame++) {
        step.reward += move(c, action.index / 3, action.index % 3 - 1);
        move_bots(c, rng);
        step.terminated = fabs(c->d) > DRIVE_HALF_ROAD + SHOULDER || fabs(c->psi) > 1.57;
    }
    c->still = c->speed < 1 ? c->still + 1 : 0;
    step.terminated = step.terminated || c->still == STILL;
    step.truncated = ++c->steps >= STEPS && !step.terminated;
    drive_view(c, SIDE, SIDE, NULL, obs);
    return step;
}

/* As the driver sees it, wider, with a bar of its speed. */
static void drive_render(const void *state, uint8_t *rgb)
{
    const struct drive *c = state;
    struct picture p = {rgb, DRAWN_HEIGHT, DRAWN_WIDTH};
    drive_view(c, DRAWN_HEIGHT, DRAWN_WIDTH, rgb, NULL);
    draw_rect(&p, 12, DRAWN_HEIGHT - 20, 12 + 150, DRAWN_HEIGHT - 12, 0x202830);
    draw_rect(&p, 12, DRAWN_HEIGHT - 20, 12 + 150 * c->speed / TOP_FAST, DRAWN_HEIGHT - 12, 0xF2C94C);
}

static bool within(double x, double low, double high)
{
    return x >= low && x <= high;
}

static bool valid(const struct drive *s, const struct drive *own)
{
    const double far = (STEPS + 1) * FRAMES * DT * TOP_FAST * 5 + 300;
    if (s->bots != own->bots || s->slow != own->slow) return false;
    if (s->steps < 0 || s->steps > STEPS || s->still < 0 || s->still > STILL) return false;
    if (!within(s->s, 0, far) || !within(s->d, -8, 8) || !within(s->psi, -4, 4)) return false;
    if (!within(s->bearing, -1e4, 1e4) || !within(s->speed, 0, TOP_FAST)) return false;
    for (int i = 0; i < s->bots; i++) {
        const struct drive_bot *b = &s->bot[i];
        if (!within(b->s, 0, far) || !within(b->d, -5, 5) || !within(b->speed, 0, TOP_FAST)) return false;
    }
    return true;
}
ENV_PLAIN(drive, valid)

const struct env_ops env_drive = {
    .api = DUNLIN_ENV_API,
    .name = "drive",
    .help = "drive a winding road, 84x84 pictures (drive:slow, drive:bots, drive:slow-bots); return: metres in 100 s",
    .defaults = defaults,
    .plain_state = true,
    .open = drive_open,
    .init = drive_init,
    .reset = drive_reset,
    .step = drive_step,
    .save = plain_save,
    .load = plain_load,
    .render = drive_render,
    .not_learned_by = "one-step-q, one-step-sarsa, dqn", /* not tried */
};
