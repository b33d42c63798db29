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

enum { WIDE_AT = 16, IN = 3, OUT = 32, RANK = 2 };

/* Where the weights come to by gradients that lag: pushed whole, or with factors in the place of a wide matrix. */
static void step_by_gap(bool factored, float *theta)
{
    static const uint64_t versions[] = {0, 0, 1, 1, 2, 6};
    lag_begin(LAG_GAP);
    const struct optim_config config = {.decay = 0.9, .eps = 0.01, .wide = {.at = {{WIDE_AT, IN, OUT, 0}}}};
    optim_free(&run->turn.optim);
    run->turn.optim = optim_new(&config, fake.params, ACTORS);
    float x[RANK][IN], dy[RANK][OUT], *wide = fake.grad + WIDE_AT;
    for (int r = 0; r < RANK; r++) {
        for (int i = 0; i < IN; i++) x[r][i] = i == 1 ? 0 : (float)(1 + r + i) / 4; /* a row that nothing moves */
        for (int o = 0; o < OUT; o++) dy[r][o] = (float)(o - 8 * r) / 16;
    }
    for (int i = 0; i < IN * OUT; i++) {
        wide[i] = 0;
        for (int r = 0; r < RANK; r++) wide[i] += x[r][i / OUT] * dy[r][i % OUT];
    }
    if (factored) {
        for (int i = 0; i < IN * OUT; i++) wide[i] = NAN; /* what is not there is not read */
        memcpy(wide, x, sizeof x);
        memcpy(wide + RANK * IN, dy, sizeof dy);
    }
    const uint32_t factors = factored ? RANK : 0;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        push((int)i % ACTORS, (struct share_push){.version = versions[i], .frames = 1, .scale = 1, .factors = factors});
        if (i != 3) EXPECT(turn_master_serve(&run->turn) == (i == 4 ? 2 : 1)); /* 3 and 4 in one drain */
    }
    memcpy(theta, fake.theta, (WIDE_AT + IN * OUT + 16) * sizeof *theta);
    end();
}

static void by_gap_with_factors(void **state)
{
    (void)state;
    enum { N = WIDE_AT + IN * OUT + 16 };
    float whole[N], factored[N];
    step_by_gap(false, whole);
    step_by_gap(true, factored);
    for (int i = 0; i < N; i++) EXPECT_NEAR(factored[i], whole[i], 1e-5 * fabs((double)whole[i]) + 1e-6);
    EXPECT(whole[WIDE_AT] != 0 && whole[WIDE_AT + OUT] == 0 && factored[WIDE_AT + OUT] == 0);
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
                                       cmocka_unit_test(by_gap_with_factors), cmocka_unit_test(distance)};
    return fake_main(tests);
}
