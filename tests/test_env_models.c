/* test_env_models.c -- the built-in environments against references: the classic ones against Gymnasium's trajectories
 * (tests/data/parity.h5, groups env/), catch against its rules, corridor against values worked by hand. */
#include "testing.h"

#include <math.h>

#include "../env/classic.h"
#include "../env/corridor.h"
#include "dunlin/env.h"
#include "trajectory.h"

extern const struct env_ops env_catch, env_cartpole, env_acrobot, env_mountaincar, env_corridor;

/* The state structs open with their doubles; a step counter follows. */
union classic {
    double s[4];
    struct cartpole cartpole;
    struct acrobot acrobot;
    struct mountaincar mountaincar;
};

/* Each step from the reference's state; `chained` only from its episode starts, the counter running. */
static void check_parity(const struct env_ops *ops, const char *name, bool chained)
{
    static struct trajectory t;
    trajectory_read("parity.h5", name, 400, &t);
    struct env_spec spec;
    char err[64];
    const struct env_args args = {.arg = ""};
    EXPECT(ops->open(&spec, &args, err, sizeof err) == 0);
    EXPECT(spec.obs_dim == t.obs_dim && spec.state_size <= sizeof(union classic));
    union classic c = {{0}};
    struct rng rng = rng_make(1, 0, RNG_TEST, 0);
    bool fresh = true;
    int ends = 0;
    for (int i = 0; i < t.n; i++) {
        float obs[DIM_MAX];
        if (fresh || !chained) {
            memset(&c, 0, sizeof c);
            memcpy(c.s, t.state + i * t.state_dim, (size_t)t.state_dim * sizeof(double));
        }
        const struct env_step step = ops->step(&c, &rng, (struct env_action){.index = (int)t.action[i]}, obs);
        for (int k = 0; k < t.obs_dim; k++) EXPECT_NEAR(obs[k], t.obs_next[i * t.obs_dim + k], 1e-6);
        EXPECT(step.reward == t.reward[i] && step.terminated == (t.terminated[i] != 0));
        if (chained) EXPECT(step.truncated == (t.truncated[i] && !t.terminated[i]));
        fresh = t.terminated[i] || t.truncated[i];
        ends += fresh;
    }
    EXPECT(ends > 0);
}

static void test_cartpole_parity(void **s)
{
    (void)s, check_parity(&env_cartpole, "CartPole-v1", false);
}
static void test_acrobot_parity(void **s)
{
    (void)s, check_parity(&env_acrobot, "Acrobot-v1", false);
}
static void test_mountaincar_parity(void **s)
{
    (void)s, check_parity(&env_mountaincar, "MountainCar-v0", false);
}
static void test_cartpole_episodes(void **s)
{
    (void)s, check_parity(&env_cartpole, "CartPole-v1", true);
}
static void test_acrobot_episodes(void **s)
{
    (void)s, check_parity(&env_acrobot, "Acrobot-v1", true);
}
static void test_mountaincar_episodes(void **s)
{
    (void)s, check_parity(&env_mountaincar, "MountainCar-v0", true);
}

/* The limits and the ends that random trajectories do not reach. */
static void test_classic_ends(void **unused)
{
    (void)unused;
    struct rng rng = rng_make(1, 0, RNG_TEST, 0);
    float obs[DIM_MAX];
    struct cartpole pole = {.t = 499};
    struct env_step step = env_cartpole.step(&pole, &rng, (struct env_action){.index = 0}, obs);
    EXPECT(step.truncated && !step.terminated && step.reward == 1);
    pole = (struct cartpole){.x = 2.39, .x_dot = 1, .t = 499};
    step = env_cartpole.step(&pole, &rng, (struct env_action){.index = 0}, obs);
    EXPECT(step.terminated && !step.truncated); /* a terminal is one, also on the last step */
    struct acrobot links = {.s = {3.14159, 0, 0, 0}, .t = 3};
    step = env_acrobot.step(&links, &rng, (struct env_action){.index = 1}, obs);
    EXPECT(step.terminated && step.reward == 0); /* upright: height 2 */
    links = (struct acrobot){.t = 499};
    step = env_acrobot.step(&links, &rng, (struct env_action){.index = 1}, obs);
    EXPECT(step.truncated && step.reward == -1);
    links = (struct acrobot){.s = {0, 0, -60, 60}};
    env_acrobot.step(&links, &rng, (struct env_action){.index = 1}, obs);
    EXPECT_NEAR(fabs(links.s[2]), 4 * 3.14159265358979, 1e-9); /* speeds are bounded, angles wrapped */
    EXPECT_NEAR(fabs(links.s[3]), 9 * 3.14159265358979, 1e-9);
    EXPECT(fabs(links.s[0]) <= 3.1415927 && fabs(links.s[1]) <= 3.1415927);
    struct mountaincar car = {.position = 0.45, .velocity = 0.07};
    step = env_mountaincar.step(&car, &rng, (struct env_action){.index = 2}, obs);
    EXPECT(step.terminated && step.reward == -1);
    car = (struct mountaincar){.position = -1.19, .velocity = -0.05, .t = 199};
    step = env_mountaincar.step(&car, &rng, (struct env_action){.index = 0}, obs);
    EXPECT(step.truncated && car.position == -1.2 && car.velocity == 0); /* the wall stops it */
}

/* Where the whole 7 x 7 block of a cell is 255, else it must be 0: a bit per cell. Returns lit cells. */
static int lit_cells(const uint8_t *plane, int row[2], int column[2])
{
    int lit = 0;
    for (int r = 0; r < 12; r++)
        for (int c = 0; c < 12; c++) {
            const uint8_t value = plane[r * 7 * 84 + c * 7];
            EXPECT(value == 0 || value == 255);
            for (int p = 0; p < 49; p++) EXPECT(plane[(r * 7 + p / 7) * 84 + c * 7 + p % 7] == value);
            if (!value) continue;
            EXPECT(lit < 2);
            row[lit] = r, column[lit] = c, lit++;
        }
    return lit;
}

/* Plays by the pictures alone: towards the ball's column (aim 1) or never moving (aim 0). The reward must tell whether
 * the last picture shows the ball on the paddle. */
static double play_catch(struct rng *rng, int aim, bool seen[12])
{
    static uint8_t plane[84 * 84];
    uint64_t state[8] = {0};
    double ret = 0;
    env_catch.reset(state, rng, plane);
    for (int t = 1;; t++) {
        int row[2], column[2];
        EXPECT(lit_cells(plane, row, column) == 2);
        EXPECT(row[0] == t - 1 && row[1] == 11); /* the ball falls a cell a step */
        if (t == 1) EXPECT(column[1] == 6), seen[column[0]] = true;
        const int side = (column[0] > column[1]) - (column[0] < column[1]);
        const struct env_step step = env_catch.step(state, rng, (struct env_action){.index = 1 + aim * side}, plane);
        ret += step.reward;
        EXPECT(!step.truncated && step.terminated == (t == 11));
        if (!step.terminated) {
            EXPECT(step.reward == 0);
            continue;
        }
        EXPECT(step.reward == (lit_cells(plane, row, column) == 1 ? 1 : -1));
        return ret;
    }
}

/* Every column occurs, and the plain policy catches every ball. */
static void test_catch_can_be_solved(void **unused)
{
    (void)unused;
    struct rng rng = rng_make(4, 0, RNG_TEST, 0);
    bool seen[12] = {false};
    for (int i = 0; i < 300; i++) EXPECT(play_catch(&rng, 1, seen) == 1);
    for (int c = 0; c < 12; c++) EXPECT(seen[c]);
}

/* Standing still catches one column of twelve: mean 1/12 - 11/12. */
static void test_catch_standing_still(void **unused)
{
    (void)unused;
    struct rng rng = rng_make(5, 0, RNG_TEST, 0);
    bool seen[12] = {false};
    double sum = 0;
    const int n = 2000;
    for (int i = 0; i < n; i++) sum += play_catch(&rng, 0, seen);
    EXPECT_NEAR(sum / n, -10.0 / 12, 0.05); /* standard error 0.012 */
}

/* The walls hold: from the middle, 11 steps to a side end at the border cell. */
static void test_catch_walls(void **unused)
{
    (void)unused;
    static uint8_t plane[84 * 84];
    for (int side = 0; side <= 2; side += 2) {
        struct rng rng = rng_make(6, 0, RNG_TEST, side);
        uint64_t state[8] = {0};
        env_catch.reset(state, &rng, plane);
        for (int t = 0; t < 11; t++) env_catch.step(state, &rng, (struct env_action){.index = side}, plane);
        EXPECT(plane[83 * 84 + (side ? 83 : 0)] == 255);
    }
}

/* While training, the ball starts at any height and the paddle in every column, and no other, from which it can still
 * be caught; otherwise on top and in the middle. A saved state is the three cells alone. */
static void test_catch_starts(void **unused)
{
    (void)unused;
    static uint8_t plane[84 * 84];
    static const struct env_args cases[] = {
        {.arg = "", .training = true}, {.arg = "", .training = false}, {.arg = "plain", .training = true}};
    for (int k = 0; k < 3; k++) {
        struct rng rng = rng_make(7, 0, RNG_TEST, k);
        uint64_t state[8] = {0}, bytes[8];
        char err[200];
        bool seen[11][12][12] = {0};
        EXPECT(env_catch.init(state, &cases[k], err, sizeof err) == 0);
        for (int i = 0; i < (k ? 300 : 20000); i++) {
            int row[2], column[2];
            env_catch.reset(state, &rng, plane);
            EXPECT(lit_cells(plane, row, column) == 2 && row[0] < 11 && row[1] == 11);
            seen[row[0]][column[0]][column[1]] = true;
        }
        for (int r = 0; r < 11; r++)
            for (int b = 0; b < 12; b++)
                for (int p = 0; p < 12; p++)
                    EXPECT(seen[r][b][p] == (k == 0 ? abs(b - p) <= 11 - r : r == 0 && p == 6));
        EXPECT(env_catch.save(state, bytes) == 3 * sizeof(int));
    }
}

/* Q* by hand: right is gamma^(5-s); left is the exit in 0, gamma Q*(0, right) in 1, the abyss elsewhere. */
static void test_corridor_optimal_values(void **unused)
{
    (void)unused;
    const double gamma = 0.99;
    double q[CORRIDOR_CELLS][CORRIDOR_ACTIONS];
    corridor_values(gamma, 0, q);
    for (int s = 0; s < CORRIDOR_CELLS; s++) EXPECT_NEAR(q[s][1], pow(gamma, 5 - s), 1e-12);
    EXPECT_NEAR(q[0][0], 0.3, 0);
    EXPECT_NEAR(q[1][0], pow(gamma, 6), 1e-12);
    for (int s = 2; s < CORRIDOR_CELLS; s++) EXPECT_NEAR(q[s][0], -1, 0);
}

/* Values of acting epsilon-greedily: cells 5 and 4 by hand, agreement with the linear system, and the turn of the
 * greedy action that tells Sarsa from Q-learning. */
static void test_corridor_soft_values(void **unused)
{
    (void)unused;
    const double gamma = 0.99, eps[] = {0.1, 0.5};
    double q[CORRIDOR_CELLS][CORRIDOR_ACTIONS], pi[CORRIDOR_CELLS][CORRIDOR_ACTIONS];
    double solved[CORRIDOR_CELLS][CORRIDOR_ACTIONS];
    for (int e = 0; e < 2; e++) {
        corridor_values(gamma, eps[e], q);
        const double v5 = (1 - eps[e] / 2) - eps[e] / 2;
        EXPECT_NEAR(q[5][1], 1, 0);
        EXPECT_NEAR(q[4][1], gamma * v5, 1e-12);
        EXPECT_NEAR(q[3][1], gamma * ((1 - eps[e] / 2) * gamma * v5 - eps[e] / 2), 1e-12);
        EXPECT((q[1][1] > q[1][0]) == (e == 0));
        for (int s = 0; s < CORRIDOR_CELLS; s++)
            for (int a = 0; a < 2; a++) pi[s][a] = eps[e] / 2 + (q[s][a] > q[s][!a] ? 1 - eps[e] : 0);
        corridor_policy_values(gamma, pi, solved);
        for (int s = 0; s < CORRIDOR_CELLS; s++)
            for (int a = 0; a < 2; a++) EXPECT_NEAR(q[s][a], solved[s][a], 1e-12);
    }
}

/* The environment plays its model: Monte Carlo means of a fixed policy's discounted returns meet the linear system. */
static void test_corridor_plays_its_model(void **unused)
{
    (void)unused;
    const double gamma = 0.9;
    double q[CORRIDOR_CELLS][CORRIDOR_ACTIONS], pi[CORRIDOR_CELLS][CORRIDOR_ACTIONS];
    for (int s = 0; s < CORRIDOR_CELLS; s++) pi[s][0] = 0.2, pi[s][1] = 0.8;
    corridor_policy_values(gamma, pi, q);
    struct rng rng = rng_make(8, 0, RNG_TEST, 0);
    double sum[CORRIDOR_CELLS] = {0};
    int count[CORRIDOR_CELLS] = {0};
    for (int i = 0; i < 60000; i++) {
        uint64_t state[8] = {0};
        float obs[CORRIDOR_CELLS];
        env_corridor.reset(state, &rng, obs);
        int cell = 0;
        while (obs[cell] != 1) cell++;
        double ret = 0, discount = 1;
        struct env_step step;
        do {
            const int a = rng_uniform(&rng) < 0.8;
            step = env_corridor.step(state, &rng, (struct env_action){.index = a}, obs);
            ret += discount * step.reward, discount *= gamma;
        } while (!step.terminated && !step.truncated);
        sum[cell] += ret, count[cell]++;
    }
    for (int s = 0; s < CORRIDOR_CELLS; s++)
        EXPECT_NEAR(sum[s] / count[s], pi[s][0] * q[s][0] + pi[s][1] * q[s][1], 0.04); /* standard error below 0.009 */
}

/* Rocking between 0 and 1 is cut after 100 steps, with the cell still shown; an end shows none. */
static void test_corridor_ends(void **unused)
{
    (void)unused;
    struct rng rng = rng_make(9, 0, RNG_TEST, 0);
    uint64_t state[8];
    float obs[CORRIDOR_CELLS];
    do {
        memset(state, 0, sizeof state);
        env_corridor.reset(state, &rng, obs);
    } while (obs[0] != 1);
    struct env_step step = {0};
    for (int t = 1; t <= 100; t++) {
        EXPECT(!step.truncated && !step.terminated);
        step = env_corridor.step(state, &rng, (struct env_action){.index = t % 2}, obs);
        EXPECT(obs[t % 2] == 1 && step.reward == 0);
    }
    EXPECT(step.truncated && !step.terminated);
    do env_corridor.reset(state, &rng, obs);
    while (obs[4] != 1);
    step = env_corridor.step(state, &rng, (struct env_action){.index = 0}, obs);
    EXPECT(step.terminated && step.reward == -1);
    for (int s = 0; s < CORRIDOR_CELLS; s++) EXPECT(obs[s] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cartpole_parity),      cmocka_unit_test(test_acrobot_parity),
        cmocka_unit_test(test_mountaincar_parity),   cmocka_unit_test(test_cartpole_episodes),
        cmocka_unit_test(test_acrobot_episodes),     cmocka_unit_test(test_mountaincar_episodes),
        cmocka_unit_test(test_classic_ends),         cmocka_unit_test(test_catch_can_be_solved),
        cmocka_unit_test(test_catch_standing_still), cmocka_unit_test(test_catch_walls),
        cmocka_unit_test(test_catch_starts),         cmocka_unit_test(test_corridor_optimal_values),
        cmocka_unit_test(test_corridor_soft_values), cmocka_unit_test(test_corridor_plays_its_model),
        cmocka_unit_test(test_corridor_ends),
    };
    return testing_main(tests);
}
