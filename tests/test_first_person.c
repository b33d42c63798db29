/* test_first_person.c -- drive and maze against numbers worked by hand, and by playing them: a scripted driver, a walk
 * through a known maze, and the mazes that are held out. */
#include "testing.h"

#include <math.h>
#include <stdlib.h>

#include "../env/drive_view.h"
#include "../env/maze_view.h"
#include "dunlin/env.h"

extern const struct env_ops env_drive, env_maze;

enum { GAS = 0, COAST = 1, BRAKE = 2, LEFT = 0, STRAIGHT = 1, RIGHT = 2 };

static uint8_t drive_obs[84 * 84], maze_obs[84 * 84 * 3];

static void start(const struct env_ops *ops, void *state, const char *arg, bool training)
{
    char err[200];
    const struct env_args args = {.arg = arg, .training = training};
    struct env_spec spec = {0};
    EXPECT(ops->open(&spec, &args, err, sizeof err) == 0);
    EXPECT(ops->init(state, &args, err, sizeof err) == 0);
}

static struct env_step drive_on(struct drive *c, struct rng *rng, int pedal, int wheel)
{
    return env_drive.step(c, rng, (struct env_action){.index = 3 * pedal + wheel}, drive_obs);
}

/* On the first 40 m the road is straight: speeds and ways can be summed by hand. */
static void test_drive_by_hand(void **unused)
{
    struct drive c = {0};
    struct rng rng = rng_make(1, 0, RNG_TEST, 0);
    (void)unused;
    start(&env_drive, &c, "", true);
    env_drive.reset(&c, &rng, drive_obs);
    EXPECT(c.speed == 5 && c.s == 10 && fabs(c.d) <= 1 && c.psi == 0);
    const double d = c.d;
    double v = 5, way = 0;
    struct env_step step = drive_on(&c, &rng, GAS, STRAIGHT);
    for (int i = 0; i < 4; i++) way += 0.025 * v, v += 0.025 * 6 * (1 - v / 30);
    EXPECT_NEAR(step.reward, way, 1e-12);
    EXPECT_NEAR(c.speed, v, 1e-12);
    EXPECT_NEAR(c.s, 10 + way, 1e-12);
    EXPECT(c.d == d && !step.terminated && !step.truncated);
    drive_on(&c, &rng, BRAKE, STRAIGHT);
    EXPECT_NEAR(c.speed, v - 0.9, 1e-12);
    v = c.speed;
    drive_on(&c, &rng, COAST, STRAIGHT);
    for (int i = 0; i < 4; i++) v -= 0.025 * (0.3 + 0.02 * v);
    EXPECT_NEAR(c.speed, v, 1e-12);
    /* at 5 m/s the wheel turns the car by v / 8 a second, to the right for a positive angle and a growing d */
    drive_on(&c, &rng, COAST, RIGHT);
    EXPECT(c.psi > 0.09 * v / 8 && c.psi < 0.11 * v / 8 && c.d > d);
    EXPECT(c.bearing == c.psi);
}

static void test_drive_ends(void **unused)
{
    struct drive c = {0};
    struct rng rng = rng_make(2, 0, RNG_TEST, 0);
    struct env_step step = {0};
    (void)unused;
    start(&env_drive, &c, "", true);
    env_drive.reset(&c, &rng, drive_obs);
    int n = 0;
    for (; !step.terminated && n < 200; n++) step = drive_on(&c, &rng, BRAKE, STRAIGHT);
    EXPECT(n == 30 + 4); /* 0.9 m/s a step: below 1 m/s with the fifth step */
    env_drive.reset(&c, &rng, drive_obs);
    for (step = (struct env_step){0}, n = 0; !step.terminated && n < 200; n++) step = drive_on(&c, &rng, GAS, LEFT);
    EXPECT(step.terminated && n < 60 && c.d < -5);
}

/* The reward of an episode is the way along the road's middle. */
static void test_drive_reward_is_way(void **unused)
{
    struct drive c = {0};
    struct rng rng = rng_make(3, 0, RNG_TEST, 0);
    (void)unused;
    start(&env_drive, &c, "slow", true);
    for (int episode = 0; episode < 20; episode++) {
        env_drive.reset(&c, &rng, drive_obs);
        struct env_step step = {0};
        double sum = 0;
        const double s = c.s;
        while (!step.terminated && !step.truncated) {
            step = drive_on(&c, &rng, rng_below(&rng, 2), rng_below(&rng, 3));
            sum += step.reward;
        }
        EXPECT_NEAR(sum, c.s - s, 1e-9 * (1 + fabs(sum)));
    }
}

static void test_drive_roads(void **unused)
{
    double least = 0, most = 0;
    (void)unused;
    for (uint64_t road = 1; road < 50; road++)
        for (double s = 0; s < 2000; s += 1) {
            const double k = drive_curvature(road, s), next = drive_curvature(road, s + 1);
            if (s < 40) EXPECT(k == 0);
            EXPECT(fabs(next - k) < 2.1 / 25 / 40);
            least = fmin(least, k), most = fmax(most, k);
        }
    EXPECT(least < -0.035 && least >= -0.04 && most > 0.035 && most <= 0.04);
    EXPECT(drive_curvature(1, 100) != drive_curvature(2, 100));
}

/* Knows the road, which the agent must see: holds the middle, and a speed that the narrowest bend ahead allows. */
static struct env_step drive_by_script(struct drive *c, struct rng *rng)
{
    double narrow = 0;
    for (double ahead = 0; ahead < 60; ahead += 5) narrow = fmax(narrow, fabs(drive_curvature(c->road, c->s + ahead)));
    const double v = c->speed, wanted = fmin(28, sqrt(7 / (narrow + 1e-6)));
    double turn = v * drive_curvature(c->road, c->s + 0.2 * v) - 1.2 * c->psi - 0.25 * c->d;
    const double strongest = fmin(1.0 / 8, 9 / (v * v + 1e-9)) * v;
    const int wheel = turn > 0.5 * strongest ? RIGHT : turn < -0.5 * strongest ? LEFT : STRAIGHT;
    return drive_on(c, rng, v < wanted ? GAS : v > wanted + 2 ? BRAKE : COAST, wheel);
}

static double mean_of_script(const char *arg, int episodes)
{
    struct drive c = {0};
    struct rng rng = rng_make(4, 0, RNG_TEST, 0);
    double sum = 0;
    start(&env_drive, &c, arg, false);
    for (int episode = 0; episode < episodes; episode++) {
        struct env_step step = {0};
        env_drive.reset(&c, &rng, drive_obs);
        while (!step.terminated && !step.truncated) {
            step = drive_by_script(&c, &rng);
            sum += step.reward;
        }
    }
    return sum / episodes;
}

static void test_drive_can_be_driven(void **unused)
{
    (void)unused;
    const double fast = mean_of_script("", 30), slow = mean_of_script("slow", 30);
    const double bots = mean_of_script("bots", 30), slow_bots = mean_of_script("slow-bots", 30);
    print_message("# scripted driver, 30 episodes: drive %.0f, slow %.0f, bots %.0f, slow-bots %.0f m\n", fast, slow,
                  bots, slow_bots);
    EXPECT(fast > 1200 && slow > 1000 && slow < 1400);
    EXPECT(bots < fast && slow_bots < slow && slow_bots > 300);
}

/* Who runs into a slower car drives on at 0.7 of its speed. */
static void test_drive_runs_into_a_bot(void **unused)
{
    struct drive c = {0};
    struct rng rng = rng_make(5, 0, RNG_TEST, 0);
    (void)unused;
    start(&env_drive, &c, "bots", true);
    env_drive.reset(&c, &rng, drive_obs);
    c.bot[0] = (struct drive_bot){.s = c.s + 3, .d = c.d, .speed = 2};
    drive_on(&c, &rng, GAS, STRAIGHT);
    EXPECT_NEAR(c.speed, 1.4, 1e-9);
    env_drive.reset(&c, &rng, drive_obs);
    c.bot[0] = (struct drive_bot){.s = c.s + 3, .d = c.d > 0 ? c.d - 2.5 : c.d + 2.5, .speed = 2}; /* beside it */
    drive_on(&c, &rng, GAS, STRAIGHT);
    EXPECT(c.speed > 5);
    const double s = c.s - 3;
    c.bot[0] = (struct drive_bot){.s = s, .d = c.d, .speed = 20}; /* behind: it waits */
    drive_on(&c, &rng, COAST, STRAIGHT);
    EXPECT(c.bot[0].s == s && c.speed > 5);
}

/* The picture turns with the car: the road's part of a low row moves left when the car looks right. */
static double road_middle(const uint8_t *obs)
{
    double sum = 0, n = 0;
    const uint8_t *row = obs + 40 * 84;
    for (int x = 0; x < 84; x++)
        if (row[x] < 100) sum += x, n++;
    return n > 0 ? sum / n : -1;
}

static void test_drive_view(void **unused)
{
    struct drive c = {.s = 10, .speed = 5, .road = 1};
    uint8_t straight[84 * 84], right[84 * 84], aside[84 * 84];
    (void)unused;
    drive_view(&c, 84, 84, NULL, straight);
    EXPECT_NEAR(road_middle(straight), 41.5, 1.01);
    c.psi = 0.15;
    drive_view(&c, 84, 84, NULL, right);
    EXPECT_NEAR(road_middle(right), 41.5 - 0.15 * 84 / 1.32, 2);
    c.psi = 0, c.d = 2;
    drive_view(&c, 84, 84, NULL, aside);
    EXPECT(road_middle(aside) < 38);
}

static struct env_step maze_on(struct maze *m, struct rng *rng, int action)
{
    return env_maze.step(m, rng, (struct env_action){.index = action}, maze_obs);
}

/* One open row from room 0 to room 2 and all else wall. */
static struct maze row_of_rooms(void)
{
    struct maze m = {.x = 1.5, .y = 1.5, .portal = 2, .trees = 2, .apples = 2};
    memset(m.wall, 1, sizeof m.wall);
    for (int x = 1; x <= 5; x++) m.wall[1][x] = MAZE_OPEN;
    for (int y = 1; y < MAZE_CELLS; y += 2)
        for (int x = 1; x < MAZE_CELLS; x += 2) m.wall[y][x] = MAZE_OPEN;
    return m;
}

static void test_maze_by_hand(void **unused)
{
    struct maze m = row_of_rooms();
    struct rng rng = rng_make(6, 0, RNG_TEST, 0);
    (void)unused;
    for (int i = 1; i <= 3; i++) { /* the apple hangs at 3.5 and is reached from 3.05 on */
        EXPECT(maze_on(&m, &rng, 0).reward == 0);
        EXPECT(m.x == 1.5 + 0.5 * i && m.y == 1.5);
    }
    EXPECT(maze_on(&m, &rng, 0).reward == 1 && m.apples == 0 && m.trees == 2);
    EXPECT(maze_on(&m, &rng, 0).reward == 0);
    EXPECT(maze_on(&m, &rng, 1).reward == 0 && m.x == 3.5);
    for (int i = 0; i < 3; i++) EXPECT(maze_on(&m, &rng, 0).reward == 0);
    EXPECT(m.x == 5 && m.apples == 0);
    EXPECT(maze_on(&m, &rng, 0).reward == 10); /* within reach of 5.5: apples are back, the player elsewhere */
    EXPECT(m.apples == 2 && !(m.y == 1.5 && m.x > 5 && m.x < 6) && m.steps == 10);
}

static void test_maze_walls_and_turns(void **unused)
{
    struct maze m = row_of_rooms();
    struct rng rng = rng_make(7, 0, RNG_TEST, 0);
    (void)unused;
    maze_on(&m, &rng,
            2); /* north is wall: the player is 0.2 wide, so from 1.5 two frames of 0.125 are free, a third not */
    EXPECT(m.y == 1.25);
    maze_on(&m, &rng, 2);
    EXPECT(m.y == 1.25 && m.x == 1.5);
    maze_on(&m, &rng, 3);
    EXPECT(m.y == 1.75);
    maze_on(&m, &rng, 2);
    EXPECT(m.y == 1.25);
    maze_on(&m, &rng, 5), maze_on(&m, &rng, 5);
    EXPECT(m.heading == 2);
    for (int i = 0; i < 9; i++) maze_on(&m, &rng, 0); /* south-east, and along the wall once it is met */
    EXPECT_NEAR(m.x, 1.5 + 9 * 0.5 * sqrt(0.5), 1e-12);
    EXPECT_NEAR(m.y, 1.25 + 6 * 0.125 * sqrt(0.5), 1e-12);
    for (int i = 0; i < 3; i++) maze_on(&m, &rng, 4);
    EXPECT(m.heading == 15);
    for (int h = 0; h < 64; h++) EXPECT_NEAR(maze_sine(h), sin(2 * M_PI * h / MAZE_HEADINGS), 1e-14);
}

static void test_maze_lasts_900_steps(void **unused)
{
    struct maze m = {0};
    struct rng rng = rng_make(8, 0, RNG_TEST, 0);
    (void)unused;
    start(&env_maze, &m, "", true);
    env_maze.reset(&m, &rng, maze_obs);
    for (int i = 1; i <= 900; i++) {
        const struct env_step step = maze_on(&m, &rng, rng_below(&rng, 6));
        EXPECT(!step.terminated && step.truncated == (i == 900));
    }
}

/* From each room every other can be walked to. */
static int rooms_reached(const struct maze *m)
{
    int path[MAZE_CELLS * MAZE_CELLS], length = 1, rooms = 0;
    bool seen[MAZE_CELLS * MAZE_CELLS] = {false};
    path[0] = MAZE_CELLS + 1;
    seen[path[0]] = true;
    while (length > 0) {
        const int at = path[--length], sides[] = {1, -1, MAZE_CELLS, -MAZE_CELLS};
        rooms += at % MAZE_CELLS % 2 && at / MAZE_CELLS % 2;
        for (int i = 0; i < 4; i++) {
            const int to = at + sides[i];
            if (seen[to] || m->wall[to / MAZE_CELLS][to % MAZE_CELLS] != MAZE_OPEN) continue;
            seen[to] = true;
            path[length++] = to;
        }
    }
    return rooms;
}

static void test_maze_mazes(void **unused)
{
    struct maze train = {0}, held_out = {0};
    struct rng rng = rng_make(9, 0, RNG_TEST, 0);
    uint8_t bytes[sizeof(struct maze)];
    int apples[MAZE_ROOMS * MAZE_ROOMS] = {0};
    (void)unused;
    start(&env_maze, &train, "", true), start(&env_maze, &held_out, "", false);
    for (int i = 0; i < 300; i++) {
        env_maze.reset(&train, &rng, maze_obs), env_maze.reset(&held_out, &rng, maze_obs);
        EXPECT(rooms_reached(&train) == MAZE_ROOMS * MAZE_ROOMS);
        EXPECT(rooms_reached(&held_out) == MAZE_ROOMS * MAZE_ROOMS);
        EXPECT(!(train.trees >> train.portal & 1) && train.apples == train.trees);
        int n = 0;
        for (int r = 0; r < MAZE_ROOMS * MAZE_ROOMS; r++) {
            const int hangs = (train.apples >> r & 1) != 0;
            apples[r] += hangs, n += hangs;
        }
        EXPECT(n == 20);
        EXPECT(env_maze.load(&train, bytes, env_maze.save(&train, bytes)) == 0);
        EXPECT(env_maze.load(&held_out, bytes, sizeof bytes) == -1);
    }
    for (int r = 0; r < MAZE_ROOMS * MAZE_ROOMS; r++) EXPECT(apples[r] > 30);
}

static bool shows(const uint8_t *obs, int x0, int x1, int channel)
{
    for (int y = 0; y < 84; y++)
        for (int x = x0; x < x1; x++) {
            const uint8_t *p = obs + (y * 84 + x) * 3;
            if (p[channel] > 100 && p[channel] > 2 * p[(channel + 1) % 3] && p[channel] > 2 * p[(channel + 2) % 3])
                return true;
        }
    return false;
}

/* A wall fills its share of a column, what lies ahead is seen in the middle, and what a wall hides is not. */
static void test_maze_view(void **unused)
{
    struct maze m = row_of_rooms();
    (void)unused;
    maze_view(&m, 84, 84, maze_obs);
    EXPECT(shows(maze_obs, 38, 46, 0)); /* the apple, red */
    EXPECT(!shows(maze_obs, 0, 30, 0) && !shows(maze_obs, 54, 84, 0));
    m.apples = 0;
    maze_view(&m, 84, 84, maze_obs);
    EXPECT(!shows(maze_obs, 0, 84, 0));
    m.apples = 2, m.wall[1][2] = 1;
    maze_view(&m, 84, 84, maze_obs);
    EXPECT(!shows(maze_obs, 0, 84, 0));
    /* that wall is half a cell away and twice the picture's focal length high: all of the middle column */
    const uint8_t *top = maze_obs + 42 * 3, *middle = maze_obs + (42 * 84 + 42) * 3;
    EXPECT(!memcmp(top, middle, 3));
    m.wall[1][2] = MAZE_OPEN, m.portal = 24, m.apples = 0; /* the wall at 6 is 4.5 cells away: 63.6 / 4.5 = 14 rows */
    maze_view(&m, 84, 84, maze_obs);
    int rows = 0;
    const uint8_t *wall = maze_obs + (42 * 84 + 42) * 3;
    for (int y = 0; y < 84; y++) rows += !memcmp(maze_obs + (y * 84 + 42) * 3, wall, 3);
    EXPECT(rows >= 13 && rows <= 15);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drive_by_hand),        cmocka_unit_test(test_drive_ends),
        cmocka_unit_test(test_drive_reward_is_way),  cmocka_unit_test(test_drive_roads),
        cmocka_unit_test(test_drive_can_be_driven),  cmocka_unit_test(test_drive_runs_into_a_bot),
        cmocka_unit_test(test_drive_view),           cmocka_unit_test(test_maze_by_hand),
        cmocka_unit_test(test_maze_walls_and_turns), cmocka_unit_test(test_maze_lasts_900_steps),
        cmocka_unit_test(test_maze_mazes),           cmocka_unit_test(test_maze_view),
    };
    return testing_run(tests, sizeof tests / sizeof tests[0]);
}
