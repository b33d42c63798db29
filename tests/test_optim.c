/* test_optim.c -- the optimisers against hand-worked numbers, PFRL's RMSProp, and a fused drain against one by one. */
#include "testing.h"

#include <hdf5.h>
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "dunlin/rng.h"
#include "nn_isa.h"
#include "optim/kernel_apply.h"
#include "optim/optim.h"

static struct optim *make(enum optim_kind kind, size_t n, int actors)
{
    const struct optim_config config = {
        .kind = kind, .decay = 0.99, .eps = 0.1, .momentum = 0.9, .beta1 = 0.9, .beta2 = 0.999, .adam_eps = 1e-8};
    struct optim *o = optim_new(&config, n, actors);
    EXPECT(o != NULL);
    return o;
}

/* Two steps of each rule, worked by hand for element 0. */
static void hand_worked(void **state)
{
    (void)state;
    float grad[2][16] = {{0}}, theta[16] = {1, 2};
    grad[0][0] = 4, grad[1][0] = -1;
    /* scale 1/2 makes the first gradient 2; two learning rates */
    struct optim_grad gr[2] = {{grad[0], 0.5f, 0.1f, 0, 0}, {grad[1], 1, 0.2f, 0, 0}};

    struct optim *o = make(OPTIM_SGD, 16, 1);
    optim_apply(o, theta, theta, gr, 2);
    EXPECT_NEAR(theta[0], 1 - 0.1 * 2 + 0.2 * 1, 1e-6);
    EXPECT(theta[1] == 2);
    EXPECT(optim_sets(o) == 0);
    optim_free(&o);
    EXPECT(o == NULL);

    /* g: 0 -> 0.01 * 4 = 0.04 -> 0.0396 + 0.01 = 0.0496 */
    o = make(OPTIM_SHARED_RMSPROP, 16, 3);
    theta[0] = 1;
    optim_apply(o, theta, theta, gr, 2);
    EXPECT_NEAR(theta[0], 1 - 0.1 * 2 / sqrt(0.14) + 0.2 * 1 / sqrt(0.1496), 1e-6);
    EXPECT(optim_sets(o) == 1);
    EXPECT_NEAR(optim_state(o, 0, 0)[0], 0.0496, 1e-8);
    optim_free(&o);

    /* from 1: 0.99 + 0.04 = 1.03 -> 1.0197 + 0.01 = 1.0297, and every actor's */
    const struct optim_config from_1 = {.kind = OPTIM_RMSPROP, .decay = 0.99, .eps = 0.1, .start = 1};
    o = optim_new(&from_1, 16, 2);
    theta[0] = 1;
    optim_apply(o, theta, theta, gr, 2);
    EXPECT_NEAR(theta[0], 1 - 0.1 * 2 / sqrt(1.13) + 0.2 * 1 / sqrt(1.1297), 1e-6);
    EXPECT_NEAR(optim_state(o, 0, 0)[0], 1.0297, 1e-6);
    EXPECT(optim_state(o, 1, 0)[0] == 1 && optim_state(o, 1, 0)[15] == 1);
    optim_free(&o);

    /* m: 0 -> 0.1 * 2 = 0.2 -> 0.18 - 0.1 = 0.08 */
    o = make(OPTIM_MOMENTUM_SGD, 16, 1);
    theta[0] = 1;
    optim_apply(o, theta, theta, gr, 2);
    EXPECT_NEAR(theta[0], 1 - 0.1 * 0.2 - 0.2 * 0.08, 1e-6);
    EXPECT_NEAR(optim_state(o, 0, 0)[0], 0.08, 1e-8);
    optim_free(&o);
}

/* Each actor's g is its own: two actors with one gradient each move as two first steps, not as a first and a second. */
static void state_per_actor(void **state)
{
    (void)state;
    float grad[2][16] = {{0}}, theta[16] = {0}, out[16];
    grad[0][3] = 2, grad[1][3] = 1;
    struct optim_grad gr[2] = {{grad[0], 1, 0.1f, 2, 0}, {grad[1], 1, 0.1f, 0, 0}};
    struct optim *o = make(OPTIM_RMSPROP, 16, 3);
    EXPECT(optim_sets(o) == 3);
    optim_apply(o, theta, out, gr, 2);
    EXPECT(theta[3] == 0);
    EXPECT_NEAR(out[3], -0.1 * 2 / sqrt(0.14) - 0.1 * 1 / sqrt(0.11), 1e-6);
    EXPECT_NEAR(optim_state(o, 2, 0)[3], 0.04, 1e-8);
    EXPECT_NEAR(optim_state(o, 0, 0)[3], 0.01, 1e-8);
    EXPECT(optim_state(o, 1, 0)[3] == 0);
    optim_apply(o, out, theta, gr, 0); /* no gradient: a copy */
    EXPECT(!memcmp(theta, out, sizeof out));
    optim_free(&o);

    o = make(OPTIM_MOMENTUM_SGD, 16, 3);
    memset(theta, 0, sizeof theta);
    optim_apply(o, theta, theta, gr, 2);
    EXPECT_NEAR(theta[3], -0.1 * 0.2 - 0.1 * 0.1, 1e-7);
    EXPECT_NEAR(optim_state(o, 2, 0)[3], 0.2, 1e-7);
    EXPECT_NEAR(optim_state(o, 0, 0)[3], 0.1, 1e-7);
    optim_free(&o);
}

static void read_doubles(hid_t file, const char *path, double *out)
{
    hid_t set = H5Dopen2(file, path, H5P_DEFAULT);
    EXPECT(set >= 0);
    EXPECT(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0);
    H5Dclose(set);
}

/* Twenty steps beside PFRL's SharedRMSpropEpsInsideSqrt in float64. */
static void rmsprop_as_pfrl(void **state)
{
    (void)state;
    enum { N = 50, STEPS = 20, ROOM = 64 };
    double theta_ref[STEPS][N], lr[STEPS];
    float theta[ROOM] = {0}, grad[ROOM] = {0};
    hid_t file = H5Fopen(testing_data("parity.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    EXPECT(file >= 0);
    read_doubles(file, "rmsprop/theta", theta_ref[0]);
    read_doubles(file, "rmsprop/lr", lr);
    H5Fclose(file);
    struct optim *o = make(OPTIM_SHARED_RMSPROP, ROOM, 1);
    for (uint64_t i = 0; i < N; i++) theta[i] = testing_fill(800, i, 1);
    for (int k = 0; k < STEPS; k++) {
        for (uint64_t i = 0; i < N; i++) grad[i] = testing_fill((uint64_t)(801 + k), i, 3);
        EXPECT_NEAR(optim_lr(0.05, 1, k, STEPS), lr[k], 1e-12);
        const struct optim_grad gr = {grad, 1, (float)lr[k], 0, 0};
        optim_apply(o, theta, theta, &gr, 1);
        for (int i = 0; i < N; i++) EXPECT_NEAR(theta[i], theta_ref[k][i], 1e-5);
    }
    for (int i = N; i < ROOM; i++) EXPECT(theta[i] == 0); /* padding stays 0 */
    optim_free(&o);
}

typedef void rmsprop_fn APPLY_RMSPROP_ARGS;
typedef void momentum_fn APPLY_MOMENTUM_ARGS;
typedef void sgd_fn APPLY_SGD_ARGS;
static rmsprop_fn *const rmsprop_of[] = KERNEL_TABLE(apply_rmsprop);
static momentum_fn *const momentum_of[] = KERNEL_TABLE(apply_momentum);
static sgd_fn *const sgd_of[] = KERNEL_TABLE(apply_sgd);

/* Every build that this core runs: k gradients in one pass, out of place, against k passes in place, bit for bit; and
 * against plain loops in double, so that both being wrong alike is seen. n is no multiple of the block. */
static void fused_is_one_by_one(void **state)
{
    (void)state;
    enum { N = 64 * 37 + 48, K = 16 };
    struct optim_grad gr[K];
    float *memory = memory_floats((size_t)N * (K + 5)), *at = memory + (size_t)N * K;
    float *in = at, *fused = at + N, *fused_g = at + 2 * N, *one = at + 3 * N, *one_g = at + 4 * N;
    for (int j = 0; j < K; j++) {
        for (uint64_t i = 0; i < N; i++) memory[(uint64_t)j * N + i] = testing_fill((uint64_t)(30 + j), i, 2);
        gr[j] = (struct optim_grad){memory + (size_t)j * N, j % 3 ? 1 : 0.37f, 0.01f * (float)(1 + j % 4), 0, 0};
    }
    for (uint64_t i = 0; i < N; i++) in[i] = testing_fill(29, i, 1);
    for (int isa = 0; isa <= (int)cpu_isa(); isa++)
        for (int kind = 0; kind < 3; kind++)
            for (int k = 1; k <= K; k += k < 4 ? 1 : 4) {
                memset(fused_g, 0, N * sizeof *fused_g);
                memset(one_g, 0, N * sizeof *one_g);
                memcpy(one, in, N * sizeof *one);
                if (kind == 0) rmsprop_of[isa](in, fused, fused_g, N, gr, k, 0.99f, 0.01f, 0.1f);
                if (kind == 1) momentum_of[isa](in, fused, fused_g, N, gr, k, 0.9f, 0.1f);
                if (kind == 2) sgd_of[isa](in, fused, N, gr, k);
                for (int j = 0; j < k; j++) {
                    if (kind == 0) rmsprop_of[isa](one, one, one_g, N, gr + j, 1, 0.99f, 0.01f, 0.1f);
                    if (kind == 1) momentum_of[isa](one, one, one_g, N, gr + j, 1, 0.9f, 0.1f);
                    if (kind == 2) sgd_of[isa](one, one, N, gr + j, 1);
                }
                EXPECT(!memcmp(fused, one, N * sizeof *one));
                EXPECT(!memcmp(fused_g, one_g, N * sizeof *one_g));
                for (int i = 0; i < N; i++) {
                    double theta = in[i], g = 0;
                    for (int j = 0; j < k; j++) {
                        const double d = (double)gr[j].scale * gr[j].grad[i];
                        if (kind == 0) g = 0.99 * g + 0.01 * d * d, theta -= gr[j].lr * d / sqrt(g + 0.1);
                        if (kind == 1) g = 0.9 * g + 0.1 * d, theta -= gr[j].lr * g;
                        if (kind == 2) theta -= gr[j].lr * d;
                    }
                    EXPECT_NEAR(fused[i], theta, 1e-5);
                    EXPECT_NEAR(fused_g[i], g, 1e-5);
                }
            }
    free(memory);
}

/* Entry i of a gradient in double, with factors in two matrices, or whole. */
static double entry(const struct grad_wides *wide, const float *grad, int R, size_t i)
{
    for (int m = 0; m < 2 && R; m++) {
        const struct grad_wide *w = &wide->at[m];
        const size_t in = (size_t)w->in, out = (size_t)w->out;
        const float *x = grad + w->offset, *dy = x + in * (size_t)R;
        double sum = 0;
        if (i < w->offset || i >= w->offset + in * out) continue;
        for (size_t q = 0; q < (size_t)R; q++)
            sum += (double)x[q * in + (i - w->offset) / out] * (double)dy[q * out + (i - w->offset) % out];
        return sum;
    }
    return (double)grad[i];
}

/* Two matrices whose gradients are factors, some of them, with rows of zeros: against the product in double, and in one
 * pass, in pieces and one by one, bit for bit. */
static void factors(void **state)
{
    (void)state;
    enum { IN = 7, OUT = 256, AT = 48, AT2 = AT + IN * OUT + 32, IN2 = 9, OUT2 = 64, N = AT2 + IN2 * OUT2 + 80, K = 5 };
    const struct grad_wides wide = {.at = {{AT, IN, OUT, 0}, {AT2, IN2, OUT2, 0}}};
    static const int ranks[K] = {3, 0, 1, 6, 2};
    float *memory = memory_floats((size_t)N * (K + 3)), *in = memory + (size_t)N * K, *one = in + N, *pieces = one + N;
    double *d = memory_new((size_t)N * K, sizeof *d);
    struct optim_grad gr[K];
    for (int j = 0; j < K; j++) {
        const int R = ranks[j];
        float *grad = memory + (size_t)N * (size_t)j, *x = grad + AT;
        for (uint64_t i = 0; i < N; i++) grad[i] = testing_fill((uint64_t)(70 + j), i, 1);
        for (int q = 0; q < R; q++) x[q * IN + 2] = x[q * IN + 5] = grad[AT2 + q * IN2 + 8] = 0;
        for (size_t i = 0; i < N; i++) d[(size_t)N * (size_t)j + i] = entry(&wide, grad, R, i);
        gr[j] = (struct optim_grad){grad, 0.5f, 0.02f * (float)(j + 1), j % 2, R};
    }
    for (uint64_t i = 0; i < N; i++) in[i] = testing_fill(80, i, 1);
    for (int kind = OPTIM_SHARED_RMSPROP; kind <= OPTIM_RMSPROP; kind++) {
        const struct optim_config config = {
            .kind = (enum optim_kind)kind, .decay = 0.99, .eps = 0.1, .start = 0.5, .wide = wide};
        struct optim *a = optim_new(&config, N, 2), *b = optim_new(&config, N, 2), *c = optim_new(&config, N, 2);
        float *all = memory_floats(N);
        optim_apply(a, in, all, gr, K);
        memcpy(one, in, N * sizeof *one);
        for (int j = 0; j < K; j++) optim_apply(b, one, one, gr + j, 1);
        for (size_t at = 0, n; at < N; at += n) {
            n = optim_piece(c, at, at % 32 ? 208 : 16);
            optim_apply_part(c, in, pieces, gr, K, at, n);
        }
        EXPECT(!memcmp(all, one, N * sizeof *one) && !memcmp(all, pieces, N * sizeof *one));
        for (int r = 0; r < optim_sets(a); r++)
            EXPECT(!memcmp(optim_state(a, r, 0), optim_state(b, r, 0), N * sizeof *one) &&
                   !memcmp(optim_state(a, r, 0), optim_state(c, r, 0), N * sizeof *one));
        for (int i = 0; i < N; i++) {
            double g[2] = {0.5, 0.5}, theta = in[i];
            for (int j = 0; j < K; j++) {
                const double d_i = 0.5 * d[(size_t)N * (size_t)j + (size_t)i];
                double *g_j = &g[kind == OPTIM_RMSPROP ? j % 2 : 0];
                *g_j = 0.99 * *g_j + 0.01 * d_i * d_i;
                theta -= (double)gr[j].lr * d_i / sqrt(*g_j + 0.1);
            }
            EXPECT_NEAR(all[i], theta, 2e-5);
            EXPECT_NEAR(optim_state(a, 0, 0)[i], g[0], 1e-5 * g[0]);
        }
        free(all);
        optim_free(&a);
        optim_free(&b);
        optim_free(&c);
    }
    free(memory);
    free(d);
}

/* Rows that are not touched while nothing comes for them, over many drains into changing places, in pieces, with
 * gradients that are there themselves and none at all in between, and a theta that somebody else brings: bit for bit as
 * where each gradient goes through every row, which RMSProp per actor does. */
static void rows_left_alone(void **state)
{
    (void)state;
    enum { IN = 9, OUT = 64, AT = 32, SIZE = IN * OUT, N = AT + SIZE + 16, K = 4, PLACES = 3, DRAINS = 2000 };
    const struct optim_config lazy = {.decay = 0.99, .eps = 0.1, .start = 0.5, .wide = {.at = {{AT, IN, OUT, 0}}}};
    struct optim_config eager = lazy;
    eager.kind = OPTIM_RMSPROP;
    struct optim *a = optim_new(&lazy, N, 2), *b = optim_new(&eager, N, 1);
    float *memory = memory_floats((size_t)N * (K + PLACES + 1)), *place[PLACES], *same = memory + (size_t)N * K;
    struct rng rng = rng_make(5, 0, RNG_TEST, 0);
    int now = 0;
    for (int i = 0; i < PLACES; i++) place[i] = same + (size_t)N * (size_t)(i + 1);
    for (uint64_t i = 0; i < N; i++) place[0][i] = same[i] = testing_fill(90, i, 1);
    for (int drain = 0; drain < DRAINS; drain++) {
        struct optim_grad gr[K];
        const int k = rng_below(&rng, K + 1), next = rng_below(&rng, PLACES);
        for (int j = 0; j < k; j++) {
            const int R = drain % 900 ? 1 + rng_below(&rng, 2) : 0;
            float *grad = memory + (size_t)N * (size_t)j;
            for (uint64_t i = 0; i < N; i++) grad[i] = testing_fill((uint64_t)(100 + drain * K + j), i, 1);
            for (int i = 0; i < IN * R; i++)
                if (i % IN != drain / 250) grad[AT + i] = 0; /* one row at a time moves */
            gr[j] = (struct optim_grad){grad, 1, 0.01f, 0, R};
        }
        for (int j = 0; j < k; j++) optim_apply(b, same, same, gr + j, 1);
        if (drain % 7) optim_buffers(a, now, next);
        for (size_t at = 0, n; k && at < N; at += n) {
            n = optim_piece(a, at, drain % 3 ? N : 100);
            optim_apply_part(a, place[now], place[next], gr, k, at, n);
        }
        if (!k) optim_apply(a, place[now], place[next], gr, 0);
        now = next;
        EXPECT(!memcmp(place[now], same, N * sizeof *same));
        if (drain % 400 == 399) EXPECT(!memcmp(optim_state(a, 0, 0), optim_state(b, 0, 0), N * sizeof *same));
        if (drain % 601 == 600) { /* somebody else brings a theta */
            now = (now + 1) % PLACES;
            for (uint64_t i = 0; i < N; i++) place[now][i] = same[i] = testing_fill(91, i, 1);
            optim_forget(a, now);
        }
        if (drain % 31 == 30) { /* somebody copies it elsewhere */
            memcpy(place[!now], place[now], N * sizeof *same);
            optim_copied(a, now, !now);
            now = !now;
        }
        if (drain % 97 == 96) { /* back to what another buffer holds */
            now = (now + 1) % PLACES;
            memcpy(same, place[now], N * sizeof *same);
        }
    }
    free(memory);
    optim_free(&a);
    optim_free(&b);
}

/* The same through optim_apply(), drains of changing size, several tiles of theta each, and in pieces. */
static void drains_of_any_size(void **state)
{
    (void)state;
    enum { N = 17 * 4096, K = 70 };
    float *memory = memory_floats((size_t)N * (K + 6));
    struct optim_grad gr[K];
    for (uint64_t i = 0; i < (uint64_t)N * K; i++) memory[i] = testing_fill(60, i, 5);
    for (int j = 0; j < K; j++) gr[j] = (struct optim_grad){memory + (size_t)j * N, 1, 0.02f, j % 3, 0};
    for (int kind = OPTIM_SHARED_RMSPROP; kind <= OPTIM_SGD; kind++) {
        struct optim *a = make((enum optim_kind)kind, N, 3), *b = make((enum optim_kind)kind, N, 3),
                     *c = make((enum optim_kind)kind, N, 3);
        float *x = memory + (size_t)N * K, *y = x + N, *other = y + N, *z = other + N, *pieces = z + N;
        memset(x, 0, 5 * N * sizeof *x);
        optim_apply(a, x, other, gr, 4);
        optim_apply(a, other, x, gr + 4, K - 4);
        for (int j = 0; j < K; j++) optim_apply(b, y, y, gr + j, 1);
        for (size_t at = 0, n; at < N; at += n) {
            n = at % 4096 ? 4080 : 16;
            optim_apply_part(c, z, pieces, gr, K, at, n);
        }
        EXPECT(!memcmp(x, y, N * sizeof *x));
        EXPECT(!memcmp(pieces, y, N * sizeof *x));
        const int blocks = optim_blocks(optim_row(kind));
        for (int r = 0; r < optim_sets(a) * blocks; r++) {
            const float *const of_b = optim_state(b, r / blocks, r % blocks);
            EXPECT(!memcmp(optim_state(a, r / blocks, r % blocks), of_b, N * sizeof *x) &&
                   !memcmp(optim_state(c, r / blocks, r % blocks), of_b, N * sizeof *x));
        }
        EXPECT(*optim_steps(a) == K && *optim_steps(b) == K && *optim_steps(c) == K);
        optim_free(&a);
        optim_free(&b);
        optim_free(&c);
    }
    free(memory);
}

static void names_and_schedule(void **state)
{
    (void)state;
    for (int kind = OPTIM_SHARED_RMSPROP; kind <= OPTIM_SGD; kind++)
        EXPECT(optim_kind_of(optim_row(kind)->name) == kind);
    EXPECT(optim_kind_of("adamw") == -1);
    EXPECT(optim_lr(0.5, 0, 99, 100) == 0.5);
    EXPECT_NEAR(optim_lr(0.5, 1, 25, 100), 0.375, 1e-15);
    EXPECT(optim_lr(0.5, 1, 100, 100) == 0);
    EXPECT(optim_lr(0.5, 1, 150, 100) == 0);
}

static void too_much_state_is_refused(void **state)
{
    (void)state;
    const struct optim_config config = {.kind = OPTIM_RMSPROP, .decay = 0.99, .eps = 0.1};
    const size_t n = (size_t)1 << 28; /* a GiB an actor */
    EXPECT(optim_new(&config, n, 65536) == NULL);
    EXPECT(strstr(error_text(), "65536 actors") != NULL);
    EXPECT(strstr(error_text(), "268435456 parameters") != NULL);
    EXPECT(strstr(error_text(), "shared-rmsprop") != NULL);
    EXPECT(strchr(error_text(), '\n') == NULL);
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(hand_worked),
        cmocka_unit_test(state_per_actor),
        cmocka_unit_test(rmsprop_as_pfrl),
        cmocka_unit_test(fused_is_one_by_one),
        cmocka_unit_test(drains_of_any_size),
        cmocka_unit_test(factors),
        cmocka_unit_test(rows_left_alone),
        cmocka_unit_test(names_and_schedule),
        cmocka_unit_test(too_much_state_is_refused),
    };
    return nn_main(tests);
}
