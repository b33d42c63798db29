/* test_lag.c -- late gradients take shorter steps: by their lag, by how far theta has moved; on rank 0's turn with
 * gradients of 1 and plain SGD at lr 1, so that a whole step moves every weight by 1. */
#include "fake_master.h"

static void lag_begin(enum option_lag_scale scale)
{
    begin("a3c", NULL);
    run->turn.lag_scale = scale;
    run->turn.lag_unit = 4;
    if (scale == LAG_GAP) run->turn.lag = lag_new(run->turn.params);
    turn_master_begin(&run->turn, fake.theta);
}

/* How far one drain of gradients of these versions moves the weights. */
static double moved(int n, const uint64_t *versions)
{
    const double before = (double)fake.theta[0];
    for (int i = 0; i < n; i++) push(i % ACTORS, (struct share_push){.version = versions[i], .frames = 1, .scale = 1});
    EXPECT(turn_master_serve(&run->turn) == n);
    EXPECT(fake.theta[0] == fake.theta[100] && fake.theta[0] == fake.theta[run->turn.params - 1]);
    return before - (double)fake.theta[0];
}
#define MOVED(...) moved(sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), (uint64_t[]){__VA_ARGS__})

static void off(void **state)
{
    (void)state;
    lag_begin(LAG_OFF);
    EXPECT(MOVED(0) == 1 && MOVED(0) == 1 && MOVED(0, 0, 1) == 3);
    end();
}

static void by_count(void **state)
{
    (void)state;
    lag_begin(LAG_COUNT);
    EXPECT(MOVED(0) == 1);
    EXPECT_NEAR(MOVED(0), 1 / 1.25, 1e-6);
    EXPECT(MOVED(2) == 1);
    EXPECT_NEAR(MOVED(3, 3, 3), 1 + 1 / 1.25 + 1 / 1.5, 1e-6); /* those of one drain are late for one another */
    EXPECT_NEAR(MOVED(2), 1 / 2.0, 1e-6);
    EXPECT(lag_count_scale(-3, 4) == 1); /* a version from before a resume */
    end();
}

static void by_gap(void **state)
{
    (void)state;
    lag_begin(LAG_GAP);
    EXPECT(MOVED(0) == 1);
    EXPECT_NEAR(MOVED(0), 0.5 / 1.5, 1e-6);                  /* a step of 1 ago, lr / 2 is 1 / 2 */
    EXPECT_NEAR(MOVED(1), 0.5 / (0.5 + 0.5 / 1.5), 1e-6);    /* of what was left of that one */
    EXPECT_NEAR(MOVED(3, 3), 1 + 0.5 / 1.5, 1e-6);           /* those of one drain, too */
    EXPECT_NEAR(MOVED(4), 0.5 / (0.5 + 4 / 3.0), 1e-6);      /* 4 was never out: it is that of 3 */
    push(0, (struct share_push){.version = 6, .frames = 1}); /* nothing to apply */
    EXPECT(turn_master_serve(&run->turn) == 1 && MOVED(6) == 1);
    end();
}

/* rms, over parameters that move unequally; what is no longer kept is measured from the oldest that is. */
static void distance(void **state)
{
    (void)state;
    enum { N = 3 * LAG_SAMPLE };
    static float theta[N];
    struct lag *lag = lag_new(N);
    EXPECT(lag_gap_scale(lag, 0, theta, 1) == 1);
    lag_publish(lag, 0, theta);
    for (int i = N / 2; i < N; i++) theta[i] = 2; /* rms: the root of 2 */
    EXPECT_NEAR(lag_gap_scale(lag, 0, theta, 2), 1 / (1 + sqrt(2)), 1e-3);
    EXPECT(lag_gap_scale(lag, 0, theta, 0) == 0); /* no step is no step */
    for (int i = 0; i < N; i++) theta[i] = 0;
    for (int v = 1; v <= 2 * LAG_PUBLICATIONS; v++) {
        for (int i = 0; i < N; i++) theta[i] = (float)v;
        lag_publish(lag, v, theta);
        EXPECT(lag_gap_scale(lag, v, theta, 1) == 1);
    }
    EXPECT_NEAR(lag_gap_scale(lag, 2 * LAG_PUBLICATIONS - 3, theta, 2), 1 / 4.0, 1e-6);
    const double oldest = 1 / (double)LAG_PUBLICATIONS;
    EXPECT_NEAR(lag_gap_scale(lag, LAG_PUBLICATIONS + 1, theta, 2), oldest, 1e-9);
    EXPECT(lag_gap_scale(lag, 0, theta, 2) == lag_gap_scale(lag, LAG_PUBLICATIONS + 1, theta, 2));
    lag_free(&lag);
    EXPECT(!lag);
    lag_free(&lag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(off), cmocka_unit_test(by_count), cmocka_unit_test(by_gap),
                                       cmocka_unit_test(distance)};
    return fake_main(tests);
}
