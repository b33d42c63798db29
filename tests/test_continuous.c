/* test_continuous.c -- pendulum and mountaincar-continuous against Gymnasium's trajectories
 * (tests/data/continuous.h5, groups env/), and the ends and bounds that those do not reach. */
#include "testing.h"

#include <math.h>

#include "../env/classic.h"
#include "dunlin/env.h"
#include "trajectory.h"

extern const struct env_ops env_pendulum, env_mountaincar_continuous;

/* The state structs open with their doubles; a step counter follows. */
union continuous {
    double s[2];
    struct pendulum pendulum;
    struct mountaincar_continuous car;
};

/* From the reference's episode starts on, the counter running. Only sin and cos may round otherwise in NumPy, which a
 * pendulum's later states feel; a car's are rounded to floats. */
static void check_parity(const struct env_ops *ops, const char *name, double tolerance)
{
    static struct trajectory t;
    trajectory_read("continuous.h5", name, 600, &t);
    struct env_spec spec;
    char err[64];
    const struct env_args args = {.arg = ""};
    EXPECT(ops->open(&spec, &args, err, sizeof err) == 0);
    EXPECT(t.state_dim == 2 && spec.obs_dim == t.obs_dim && spec.action_dim == 1 &&
           spec.state_size <= sizeof(union continuous));
    union continuous c;
    struct rng rng = rng_make(1, 0, RNG_TEST, 0);
    int ends = 0;
    for (int i = 0, fresh = 1; i < t.n; i++) {
        float obs[DIM_MAX];
        if (fresh) memset(&c, 0, sizeof c);
        if (fresh) memcpy(c.s, t.state + (size_t)i * 2, sizeof c.s);
        for (int k = 0; k < 2; k++) EXPECT_NEAR(c.s[k], t.state[i * 2 + k], tolerance);
        const struct env_step step = ops->step(&c, &rng, (struct env_action){.vector = &t.action[i]}, obs);
        for (int k = 0; k < t.obs_dim; k++)
            EXPECT_NEAR(obs[k], t.obs_next[i * t.obs_dim + k], tolerance > 0 ? 1e-6 : 0);
        EXPECT_NEAR(step.reward, t.reward[i], tolerance);
        EXPECT(step.terminated == t.terminated[i] && step.truncated == t.truncated[i]);
        fresh = step.terminated || step.truncated;
        ends += fresh;
    }
    EXPECT(ends >= 3);
}

static void pendulum_parity(void **state)
{
    (void)state, check_parity(&env_pendulum, "Pendulum-v1", 1e-9);
}
static void car_parity(void **state)
{
    (void)state, check_parity(&env_mountaincar_continuous, "MountainCarContinuous-v0", 0);
}

/* A torque or force beyond the bounds is the bound; limits of speed, walls, time. */
static void ends_and_bounds(void **state)
{
    (void)state;
    struct rng rng = rng_make(1, 0, RNG_TEST, 0);
    const float strong = 9, full = 2, one = 1, back = -1;
    float obs[3], other[3];
    struct pendulum p = {.theta = 1, .theta_dot = 7.9, .t = 198}, same = p;
    const struct env_step a = env_pendulum.step(&p, &rng, (struct env_action){.vector = &strong}, obs);
    const struct env_step b = env_pendulum.step(&same, &rng, (struct env_action){.vector = &full}, other);
    EXPECT(a.reward == b.reward && !memcmp(obs, other, sizeof obs) && obs[2] == 8 && !a.truncated);
    EXPECT_NEAR(a.reward, -(1 + 0.1 * 7.9 * 7.9 + 0.004), 1e-9);
    EXPECT(env_pendulum.step(&p, &rng, (struct env_action){.vector = &one}, obs).truncated);
    p = (struct pendulum){.theta = 2 * acos(-1.0) + 3};
    EXPECT_NEAR(env_pendulum.step(&p, &rng, (struct env_action){.vector = &one}, obs).reward, -9.001, 1e-6);

    struct mountaincar_continuous c = {.position = -1.19, .velocity = -0.05, .t = 997};
    struct env_step step = env_mountaincar_continuous.step(&c, &rng, (struct env_action){.vector = &back}, obs);
    EXPECT(obs[0] == -1.2f && obs[1] == 0 && !step.truncated && !step.terminated);
    EXPECT(step.reward == -0.1);
    EXPECT(env_mountaincar_continuous.step(&c, &rng, (struct env_action){.vector = &one}, obs).truncated);
    c = (struct mountaincar_continuous){.position = 0.44, .velocity = 0.07, .t = 998};
    step = env_mountaincar_continuous.step(&c, &rng, (struct env_action){.vector = &strong}, obs);
    EXPECT(step.terminated && !step.truncated && step.reward == 99.9 && obs[1] == 0.07f);
}

/* Where episodes start, in training and out of it. */
static void starts(void **state)
{
    (void)state;
    struct rng rng = rng_make(1, 0, RNG_TEST, 0);
    for (int k = 0; k < 3; k++) {
        const struct env_args args = {.arg = k == 2 ? "plain" : "", .training = k > 0};
        struct mountaincar_continuous c = {0};
        char err[64];
        float obs[3];
        double low = 0, high = -2;
        EXPECT(env_mountaincar_continuous.init(&c, &args, err, sizeof err) == 0);
        for (int i = 0; i < 300; i++) {
            env_mountaincar_continuous.reset(&c, &rng, obs);
            EXPECT(obs[0] == (float)c.position && (k == 1 || obs[1] == 0));
            low = fmin(low, c.position), high = fmax(high, c.position);
        }
        EXPECT(k == 1 ? low < -1.1 && high > 0.35 && high < 0.45 : low >= -0.6 && high <= -0.4 && high - low > 0.18);
    }
    struct pendulum p;
    float obs[3], least = 0;
    for (int i = 0; i < 300; i++) {
        env_pendulum.reset(&p, &rng, obs);
        EXPECT(fabs(p.theta_dot) <= 1 && fabs(p.theta) <= acos(-1.0));
        least = fminf(least, obs[0]);
    }
    EXPECT(least < -0.95f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pendulum_parity),
        cmocka_unit_test(car_parity),
        cmocka_unit_test(ends_and_bounds),
        cmocka_unit_test(starts),
    };
    return testing_main(tests);
}
