/* tasks.c -- the eleven tasks: observation, reward and end as in Gymnasium's MuJoCo environments, version 5 (Towers et
 * al. 2024, "Gymnasium: a standard interface for reinforcement learning environments"; the tasks are of Todorov et al.
 * 2012, Tassa et al. 2012, Schulman et al. 2016 and others).
 *
 * To the last bit: the costs of an action are sums of floats, because the action is of floats there; sums go in the
 * order of NumPy's pairwise summation; a square of a single number is its pow().
 */
#include <math.h>

#include "physics.h"

/* NumPy's sum of n (at most 128) squares: eight sums side by side, or one where there are fewer numbers. */
#define SUM_OF_SQUARES(name, type)                                                                                     \
    static type name(const type *x, int n)                                                                             \
    {                                                                                                                  \
        type sum[8] = {0}, all = 0;                                                                                    \
        int i = 0;                                                                                                     \
        for (; n >= 8 && i < n - n % 8; i++) sum[i % 8] += x[i] * x[i];                                                \
        if (n >= 8) all = ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));           \
        for (; i < n; i++) all += x[i] * x[i];                                                                         \
        return all;                                                                                                    \
    }
SUM_OF_SQUARES(squares_of_floats, float)
SUM_OF_SQUARES(squares, double)

/* A compiler makes x * x of pow(x, 2), which may differ in the last bit. */
static double squared(double x)
{
    static const volatile double two = 2;
    return pow(x, two);
}

static double clipped(double x, double limit)
{
    return x < -limit ? -limit : x > limit ? limit : x;
}

/* Appends n numbers, each within +-limit; returns how many. */
static int put(float *to, const mjtNum *from, int n, double limit)
{
    for (int i = 0; i < n; i++) to[i] = (float)clipped(from[i], limit);
    return n;
}

static bool within(const mjtNum *x, int n, double limit)
{
    bool all = true;
    for (int i = 0; i < n; i++) all &= x[i] > -limit && x[i] < limit;
    return all;
}

static const mjtNum *body(const mjModel *m, const mjData *d, const char *name)
{
    return d->xpos + 3 * mj_name2id(m, mjOBJ_BODY, name);
}

static double distance(const mjtNum *a, const mjtNum *b)
{
    const double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
    return sqrt((x * x + y * y) + z * z);
}

static double root_x(const mjModel *m, const mjData *d)
{
    (void)m;
    return d->qpos[0];
}

/* All of position but the first `left_out`, and all of velocity within +-limit. */
static int positions(const mjModel *m, const mjData *d, float *obs, int left_out, double limit)
{
    int n = put(obs, d->qpos + left_out, (int)m->nq - left_out, INFINITY);
    n += put(obs + n, d->qvel, (int)m->nv, limit);
    return n;
}

static int observe_hopper(const mjModel *m, const mjData *d, float *obs)
{
    return positions(m, d, obs, 1, 10);
}

static struct env_step walks(const mjModel *m, double speed, const float *u, bool healthy)
{
    const float cost = 1e-3f * squares_of_floats(u, (int)m->nu);
    return (struct env_step){.reward = speed + (healthy ? 1 : 0) - (double)cost, .terminated = !healthy};
}

static struct env_step judge_hopper(const mjModel *m, const mjData *d, double speed, const float *u)
{
    const bool sound = within(d->qpos + 2, (int)m->nq - 2, 100) && within(d->qvel, (int)m->nv, 100);
    return walks(m, speed, u, sound && d->qpos[1] > 0.7 && d->qpos[1] < INFINITY && within(d->qpos + 2, 1, 0.2));
}

static struct env_step judge_walker(const mjModel *m, const mjData *d, double speed, const float *u)
{
    return walks(m, speed, u, d->qpos[1] > 0.8 && d->qpos[1] < 2 && within(d->qpos + 2, 1, 1));
}

static int observe_cheetah(const mjModel *m, const mjData *d, float *obs)
{
    return positions(m, d, obs, 1, INFINITY);
}

static struct env_step judge_cheetah(const mjModel *m, const mjData *d, double speed, const float *u)
{
    (void)d;
    return (struct env_step){.reward = speed - (double)(0.1f * squares_of_floats(u, (int)m->nu))};
}

static double ant_x(const mjModel *m, const mjData *d)
{
    (void)m;
    return d->xpos[3];
}

static int observe_ant(const mjModel *m, const mjData *d, float *obs)
{
    const int n = positions(m, d, obs, 2, INFINITY);
    return n + put(obs + n, d->cfrc_ext + 6, 6 * ((int)m->nbody - 1), 1);
}

static struct env_step judge_ant(const mjModel *m, const mjData *d, double speed, const float *u)
{
    double force[128];
    const int n = 6 * (int)m->nbody < 128 ? 6 * (int)m->nbody : 128;
    for (int i = 0; i < n; i++) force[i] = clipped(d->cfrc_ext[i], 1);
    const bool healthy = within(d->qpos, (int)m->nq, INFINITY) && within(d->qvel, (int)m->nv, INFINITY) &&
                         d->qpos[2] >= 0.2 && d->qpos[2] <= 1;
    const double cost = (double)(0.5f * squares_of_floats(u, (int)m->nu)) + 5e-4 * squares(force, n);
    return (struct env_step){.reward = speed + (healthy ? 1 : 0) - cost, .terminated = !healthy};
}

/* The mass centre's. */
static double humanoid_x(const mjModel *m, const mjData *d)
{
    double weighted = 0, sum[8] = {0}, all;
    const int n = (int)m->nbody, whole = n - n % 8;
    for (int i = 0; i < n; i++) weighted += m->body_mass[i] * d->xipos[3 * i];
    for (int i = 0; i < whole; i++) sum[i % 8] += m->body_mass[i];
    all = ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
    for (int i = whole; i < n; i++) all += m->body_mass[i];
    return weighted / all;
}

static int observe_humanoid(const mjModel *m, const mjData *d, float *obs)
{
    const int bodies = (int)m->nbody - 1;
    int n = positions(m, d, obs, 2, INFINITY);
    n += put(obs + n, d->cinert + 10, 10 * bodies, INFINITY);
    n += put(obs + n, d->cvel + 6, 6 * bodies, INFINITY);
    n += put(obs + n, d->qfrc_actuator + 6, (int)m->nv - 6, INFINITY);
    return n + put(obs + n, d->cfrc_ext + 6, 6 * bodies, INFINITY);
}

static double impact(const mjModel *m, const mjData *d)
{
    return fmin(5e-7 * squares(d->cfrc_ext, 6 * (int)m->nbody), 10);
}

static struct env_step judge_humanoid(const mjModel *m, const mjData *d, double speed, const float *u)
{
    (void)u;
    const bool healthy = d->qpos[2] > 1 && d->qpos[2] < 2;
    const double cost = 0.1 * squares(d->ctrl, (int)m->nu) + impact(m, d);
    return (struct env_step){.reward = 1.25 * speed + (healthy ? 5 : 0) - cost, .terminated = !healthy};
}

static struct env_step judge_standup(const mjModel *m, const mjData *d, double speed, const float *u)
{
    (void)speed, (void)u;
    const double height = d->qpos[2] / m->opt.timestep;
    return (struct env_step){.reward = height - 0.1 * squares(d->ctrl, (int)m->nu) - impact(m, d) + 1};
}

static int observe_swimmer(const mjModel *m, const mjData *d, float *obs)
{
    return positions(m, d, obs, 2, INFINITY);
}

static struct env_step judge_swimmer(const mjModel *m, const mjData *d, double speed, const float *u)
{
    (void)d;
    return (struct env_step){.reward = speed - (double)(1e-4f * squares_of_floats(u, (int)m->nu))};
}

static int observe_pole(const mjModel *m, const mjData *d, float *obs)
{
    return positions(m, d, obs, 0, INFINITY);
}

static struct env_step judge_pole(const mjModel *m, const mjData *d, double speed, const float *u)
{
    (void)speed, (void)u;
    const bool sound = within(d->qpos, (int)m->nq, INFINITY) && within(d->qvel, (int)m->nv, INFINITY);
    const bool ends = !sound || fabs(d->qpos[1]) > 0.2;
    return (struct env_step){.reward = ends ? 0 : 1, .terminated = ends};
}

static int observe_poles(const mjModel *m, const mjData *d, float *obs)
{
    obs[0] = (float)d->qpos[0];
    for (int i = 0; i < 2; i++) obs[1 + i] = (float)sin(d->qpos[1 + i]);
    for (int i = 0; i < 2; i++) obs[3 + i] = (float)cos(d->qpos[1 + i]);
    const int n = 5 + put(obs + 5, d->qvel, (int)m->nv, 10);
    return n + put(obs + n, d->qfrc_constraint, 1, 10);
}

static struct env_step judge_poles(const mjModel *m, const mjData *d, double speed, const float *u)
{
    (void)m, (void)speed, (void)u;
    const double x = d->site_xpos[0], y = d->site_xpos[2];
    const double away = 0.01 * squared(x) + squared(y - 2);
    const double moving = 1e-3 * squared(d->qvel[1]) + 5e-3 * squared(d->qvel[2]);
    const bool ends = y <= 1;
    return (struct env_step){.reward = (ends ? 0 : 10) - away - moving, .terminated = ends};
}

static double between(struct rng *rng, double low, double high)
{
    return low + (high - low) * rng_uniform(rng);
}

/* A goal within the arm's reach. */
static void start_reacher(const mjModel *m, mjData *d, struct rng *rng)
{
    mjtNum *goal = d->qpos + m->nq - 2, *speed = d->qvel + m->nv - 2;
    do {
        goal[0] = between(rng, -0.2, 0.2), goal[1] = between(rng, -0.2, 0.2);
    } while (sqrt(goal[0] * goal[0] + goal[1] * goal[1]) >= 0.2);
    speed[0] = speed[1] = 0;
}

static int observe_reacher(const mjModel *m, const mjData *d, float *obs)
{
    const mjtNum *tip = body(m, d, "fingertip"), *target = body(m, d, "target");
    for (int i = 0; i < 2; i++) obs[i] = (float)cos(d->qpos[i]), obs[2 + i] = (float)sin(d->qpos[i]);
    int n = 4 + put(obs + 4, d->qpos + 2, (int)m->nq - 2, INFINITY);
    n += put(obs + n, d->qvel, 2, INFINITY);
    for (int i = 0; i < 2; i++) obs[n++] = (float)(tip[i] - target[i]);
    return n;
}

static struct env_step judge_reacher(const mjModel *m, const mjData *d, double speed, const float *u)
{
    (void)speed;
    const double away = distance(body(m, d, "fingertip"), body(m, d, "target"));
    return (struct env_step){.reward = -away + (double)-squares_of_floats(u, (int)m->nu)};
}

/* An object not too near to its goal. */
static void start_pusher(const mjModel *m, mjData *d, struct rng *rng)
{
    mjtNum *object = d->qpos + m->nq - 4, *speed = d->qvel + m->nv - 4;
    do {
        object[0] = between(rng, -0.3, 0), object[1] = between(rng, -0.2, 0.2);
    } while (sqrt(object[0] * object[0] + object[1] * object[1]) <= 0.17);
    object[2] = object[3] = 0;
    for (int i = 0; i < 4; i++) speed[i] = 0;
}

static int observe_pusher(const mjModel *m, const mjData *d, float *obs)
{
    static const char *const seen[] = {"tips_arm", "object", "goal"};
    int n = put(obs, d->qpos, 7, INFINITY);
    n += put(obs + n, d->qvel, 7, INFINITY);
    for (int i = 0; i < 3; i++) n += put(obs + n, body(m, d, seen[i]), 3, INFINITY);
    return n;
}

static struct env_step judge_pusher(const mjModel *m, const mjData *d, double speed, const float *u)
{
    (void)speed;
    const mjtNum *object = body(m, d, "object");
    const double near = distance(object, body(m, d, "tips_arm")), away = distance(object, body(m, d, "goal"));
    const float effort = squares_of_floats(u, (int)m->nu) * 0.1f;
    return (struct env_step){.reward = -away + (double)-effort + -near * 0.5};
}

/* How its picture looks at it: from the side and somewhat from above, or from high above. */
#define FROM_SIDE(height, span)                                                                                        \
    {                                                                                                                  \
        0.26, height, 0, span                                                                                          \
    }
#define FROM_ABOVE(tilt, depth, span)                                                                                  \
    {                                                                                                                  \
        tilt, 0, depth, span                                                                                           \
    }

/* Positions, speeds, actuators and bodies of a model, its sites, and the bodies that are read by name. */
#define MODEL(...)                                                                                                     \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

const struct task tasks[] = {
    {"hopper", "hopper.xml", MODEL(6, 6, 3, 5), 4, 1000, 5e-3, 5e-3, false, NULL, root_x, observe_hopper, judge_hopper,
     FROM_SIDE(0.8, 3)},
    {"walker2d", "walker2d_v5.xml", MODEL(9, 9, 6, 8), 4, 1000, 5e-3, 5e-3, false, NULL, root_x, observe_hopper,
     judge_walker, FROM_SIDE(0.8, 3)},
    {"halfcheetah", "half_cheetah.xml", MODEL(9, 9, 6, 8), 5, 1000, 0.1, 0.1, true, NULL, root_x, observe_cheetah,
     judge_cheetah, FROM_SIDE(0.5, 3)},
    {"ant", "ant.xml", MODEL(15, 14, 8, 14), 5, 1000, 0.1, 0.1, true, NULL, ant_x, observe_ant, judge_ant,
     FROM_ABOVE(0.7, 0, 4)},
    {"humanoid", "humanoid.xml", MODEL(24, 23, 17, 14), 5, 1000, 0.01, 0.01, false, NULL, humanoid_x, observe_humanoid,
     judge_humanoid, FROM_SIDE(1, 4)},
    {"humanoid-standup", "humanoidstandup.xml", MODEL(24, 23, 17, 14), 5, 1000, 0.01, 0.01, false, NULL, NULL,
     observe_humanoid, judge_standup, FROM_SIDE(0.8, 4)},
    {"swimmer", "swimmer.xml", MODEL(5, 5, 2, 4), 4, 1000, 0.1, 0.1, false, NULL, root_x, observe_swimmer,
     judge_swimmer, FROM_ABOVE(1.57, 0, 5)},
    {"inverted-pendulum", "inverted_pendulum.xml", MODEL(2, 2, 1, 3), 2, 1000, 0.01, 0.01, false, NULL, NULL,
     observe_pole, judge_pole, FROM_SIDE(0.2, 2.4)},
    {"inverted-double-pendulum", "inverted_double_pendulum.xml", MODEL(3, 3, 1, 4, 1), 5, 1000, 0.1, 0.1, true, NULL,
     NULL, observe_poles, judge_poles, FROM_SIDE(0.5, 3.2)},
    {"reacher", "reacher.xml", MODEL(4, 4, 2, 5, 0, {"fingertip", "target"}), 2, 50, 0.1, 5e-3, false, start_reacher,
     NULL, observe_reacher, judge_reacher, FROM_ABOVE(1.57, 0, 0.7)},
    {"pusher", "pusher_v5.xml", MODEL(11, 11, 7, 13, 0, {"tips_arm", "object", "goal"}), 5, 100, 0, 5e-3, false,
     start_pusher, NULL, observe_pusher, judge_pusher, FROM_ABOVE(1, -0.2, 2)},
};
const int tasks_count = sizeof tasks / sizeof tasks[0];
