/* test_moments.c -- running moments: parts of a series make those of the whole, and every optimiser merges them as they
 * are and leaves the rest as it would be without. */
#include "optim/optim.h"

#include <math.h>

#include "testing.h"

enum { DIM = 21, ROWS = 3000, ROOM = 16 + 2 * 32, WEIGHTS = 320, ACTORS = 3, GRADS = 9 };
static const struct moments block = {.offset = WEIGHTS, .dim = DIM};

/* Row r of the series: entry 0 has a mean far from 0 beside its deviation, entry 1 does not move. */
static double entry(int r, int i)
{
    const double x = (double)testing_fill(50, (uint64_t)(r * DIM + i), 1);
    return i == 0 ? 1000 + 0.5 * x : i == 1 ? 7 : (i + 1) * x;
}

static void fill_block(float *to, int from, int rows)
{
    memset(to, 0, ROOM * sizeof *to);
    to[0] = (float)rows;
    for (int i = 0; i < DIM; i++) {
        double sum = 0, square = 0;
        for (int r = from; r < from + rows; r++) sum += entry(r, i);
        for (int r = from; r < from + rows; r++) square += (entry(r, i) - sum / rows) * (entry(r, i) - sum / rows);
        to[moments_mean_at() + (size_t)i] = (float)(sum / rows);
        to[moments_variance_at(&block) + (size_t)i] = (float)(square / rows);
    }
}

static void expect_near(const float *a, const float *b)
{
    EXPECT(a[0] == b[0]);
    for (size_t i = 0; i < DIM; i++) {
        const size_t mean = moments_mean_at() + i, variance = moments_variance_at(&block) + i;
        EXPECT_NEAR(a[mean], b[mean], 1e-5 * (1 + fabs((double)b[mean])));
        EXPECT_NEAR(a[variance], b[variance], 2e-3 * (double)b[variance] + 1e-7);
    }
}

static void parts_make_the_whole(void **state)
{
    (void)state;
    float whole[ROOM], sum[ROOM] = {0}, left[ROOM] = {0}, part[ROOM], nothing[ROOM] = {0};
    EXPECT(moments_floats(&block) == ROOM && moments_floats(&(struct moments){0}) == 0);
    fill_block(whole, 0, ROWS);
    for (int at = 0, n = 1; at < ROWS; at += n, n = n % 40 + 3) { /* parts of many sizes, in turn to two sums */
        if (n > ROWS - at) n = ROWS - at;
        fill_block(part, at, n);
        moments_merge(&block, at % 2 ? sum : left, part);
    }
    moments_merge(&block, sum, left);
    expect_near(sum, whole);
    memcpy(part, sum, sizeof part);
    nothing[moments_mean_at()] = NAN; /* of a block that has seen nothing no number is read */
    moments_merge(&block, sum, nothing);
    EXPECT(!memcmp(part, sum, sizeof part));
    const struct moments *m = &block;
    const size_t places[] = {moments_mean_at(), moments_mean_at() + DIM - 1, moments_variance_at(m),
                             moments_variance_at(m) + DIM - 1};
    for (size_t i = 0; i < 12; i++) { /* one number that is none would stay for ever */
        const float bad[] = {NAN, INFINITY, -INFINITY};
        memcpy(part, sum, sizeof part);
        fill_block(nothing, 0, 20);
        nothing[places[i % 4]] = bad[i / 4];
        moments_merge(&block, sum, nothing);
        EXPECT(!memcmp(part, sum, sizeof part));
    }
    fill_block(part, 0, 2);
    part[moments_mean_at()] = 3e38F;
    moments_merge(&block, sum, part);
    part[moments_mean_at()] = -3e38F;
    moments_merge(&block, sum, part);
    for (size_t i = 0; i < ROOM; i++) EXPECT(isfinite(sum[i]));
}

/* Nine gradients, of which some are clipped, whole and in pieces; weights against an optimiser without moments. */
static void optimisers_merge(void **state)
{
    (void)state;
    enum { ALL = WEIGHTS + ROOM };
    static float theta[ALL], out[ALL], pieces[ALL], plain[WEIGHTS], grad[GRADS][ALL];
    struct optim_grad grads[GRADS];
    for (int k = 0; k < GRADS; k++) {
        for (size_t i = 0; i < WEIGHTS; i++) grad[k][i] = testing_fill(60 + (uint64_t)k, i, 1);
        fill_block(grad[k] + WEIGHTS, k * 20, 20);
        grads[k] = (struct optim_grad){.grad = grad[k], .scale = k % 2 ? 0.1F : 1, .lr = 0.01F, .actor = k % ACTORS};
    }
    float whole[ROOM];
    fill_block(whole, 0, GRADS * 20);
    for (int kind = 0; optim_row(kind); kind++) {
        const struct optim_config without = {.kind = (enum optim_kind)kind,
                                             .decay = 0.99,
                                             .eps = 0.1,
                                             .momentum = 0.9,
                                             .beta1 = 0.9,
                                             .beta2 = 0.999,
                                             .adam_eps = 1e-8};
        struct optim_config with = without;
        with.moments = block;
        struct optim *a = optim_new(&with, ALL, ACTORS), *b = optim_new(&with, ALL, ACTORS),
                     *c = optim_new(&without, WEIGHTS, ACTORS);
        for (size_t i = 0; i < ALL; i++) theta[i] = i < WEIGHTS ? testing_fill(59, i, 1) : 0;
        optim_apply(a, theta, out, grads, GRADS);
        optim_apply(c, theta, plain, grads, GRADS);
        for (size_t at = 0, n; at < ALL; at += n) {
            n = optim_piece(b, at, 48);
            EXPECT(at + n <= WEIGHTS || at + n == ALL);
            optim_apply_part(b, theta, pieces, grads, GRADS, at, n);
        }
        EXPECT(!memcmp(out, plain, sizeof plain));
        EXPECT(!memcmp(out, pieces, sizeof out));
        expect_near(out + WEIGHTS, whole);
        optim_apply(a, out, out, grads, 1); /* in place, and each count once */
        EXPECT(out[WEIGHTS] == (float)(GRADS * 20 + 20));
        optim_free(&a), optim_free(&b), optim_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parts_make_the_whole), cmocka_unit_test(optimisers_merge)};
    return testing_main(tests);
}
