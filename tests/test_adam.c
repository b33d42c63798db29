/* test_adam.c -- Adam against PyTorch's, centred RMSProp against its formula in double; stopped and gone on with, and a
 * fused pass against one by one. */
#include "testing.h"

#include <math.h>

#include "base/memory.h"
#include "data/adam.h"
#include "optim/kernel_apply.h"
#include "optim/optim.h"

static struct optim *make(int actors)
{
    const struct optim_config config = {.kind = OPTIM_ADAM, .beta1 = 0.9, .beta2 = 0.999, .adam_eps = 1e-8};
    struct optim *o = optim_new(&config, 16, actors);
    EXPECT(o != NULL);
    return o;
}

/* Beside PyTorch's; padding stays 0. Twelve steps, stopped half way and gone on with in another optimiser. */
static void adam_as_pytorch(void **state)
{
    (void)state;
    float theta[16] = {0}, grad[16] = {0};
    struct optim *o = make(3);
    EXPECT(optim_sets(o) == 1 && optim_blocks(optim_row_of(o)) == 2 && !optim_row_of(o)->per_actor);
    for (uint64_t i = 0; i < ADAM_N; i++) theta[i] = testing_fill(820, i, 1);
    for (int k = 0; k < ADAM_STEPS; k++) {
        for (uint64_t i = 0; i < ADAM_N; i++) grad[i] = k && !i ? 0 : testing_fill((uint64_t)(821 + k), i, 3);
        const struct optim_grad gr = {grad, 1, (float)optim_lr(0.01, 1, k, ADAM_STEPS), k % 3, 0};
        optim_apply(o, theta, theta, &gr, 1);
        for (int i = 0; i < ADAM_N; i++) EXPECT_NEAR(theta[i], adam_theta[k][i], 2e-6);
        if (k != ADAM_STEPS / 2) continue;
        struct optim *on = make(1);
        for (int b = 0; b < 2; b++) memcpy(optim_state(on, 0, b), optim_state(o, 0, b), sizeof theta);
        EXPECT((*optim_steps(on) = *optim_steps(o)) == k + 1);
        optim_free(&o);
        o = on;
    }
    for (int i = ADAM_N; i < 16; i++) EXPECT(theta[i] == 0);
    optim_free(&o);
}

/* Every build that this core runs, 1 to 64 gradients in one pass against as many passes, bit for bit. */
static void adam_fused(void **state)
{
    (void)state;
    enum { N = 64 * 3 + 48, K = OPTIM_PART_MOST };
    typedef void adam_fn APPLY_ADAM_ARGS;
    static adam_fn *const table[] = KERNEL_TABLE(apply_adam);
    const struct apply_adam c = {0.9f, 0.1f, 0.999f, 0.001f, 1e-8f};
    float *memory = memory_floats((size_t)N * (K + 7)), *in = memory + (size_t)N * K, *a = in + N, *b = in + 4 * N;
    float rate[K], root[K];
    struct optim_grad gr[K];
    for (uint64_t i = 0; i < (uint64_t)N * (K + 1); i++) memory[i] = testing_fill(61, i, 1);
    for (int j = 0; j < K; j++) {
        gr[j] = (struct optim_grad){memory + (size_t)j * N, j % 3 ? 1 : 0.37f, 0, 0, 0};
        rate[j] = 0.01f * (float)(1 + j % 4);
        root[j] = 1 + 1 / (float)(j + 1);
    }
    for (int isa = 0; isa <= (int)cpu_isa(); isa++)
        for (int k = 1; k <= K; k++) {
            memset(a, 0, 6 * N * sizeof *a); /* theta, m, v; the same one by one */
            memcpy(b, in, N * sizeof *b);
            table[isa](in, a, a + N, a + 2 * N, N, gr, k, rate, root, &c);
            for (int j = 0; j < k; j++) table[isa](b, b, b + N, b + 2 * N, N, gr + j, 1, rate + j, root + j, &c);
            EXPECT(!memcmp(a, b, 3 * N * sizeof *a));
        }
    free(memory);
}

/* Forty steps of two gradients each, whose mean is not 0, stopped half way; every build fused and one by one, bit for
 * bit. The last entries always get the same gradient: its variance is 0, and rounding must not make it less. */
static void centred_by_formula(void **state)
{
    (void)state;
    enum { N = 64 * 2 + 48, STEPS = 40, K = 2 };
    const struct optim_config config = {.kind = OPTIM_CENTRED_RMSPROP, .decay = 0.8, .eps = 1e-12, .start = 0.25};
    const size_t floats = N * sizeof(float);
    float *grad = memory_floats(K * N), *theta = memory_floats(N);
    double g[N], m[N] = {0}, ref[N];
    struct optim *o = optim_new(&config, N, 3);
    EXPECT(optim_sets(o) == 1 && optim_blocks(optim_row_of(o)) == 2 && optim_state(o, 0, 0)[5] == 0.25f);
    EXPECT(optim_kind_of("centred-rmsprop") == OPTIM_CENTRED_RMSPROP);
    for (int i = 0; i < N; i++) g[i] = 0.25, ref[i] = 0;
    for (int s = 0; s < STEPS; s++) {
        struct optim_grad gr[K];
        for (int j = 0; j < K; j++) {
            float *const d = grad + (ptrdiff_t)j * N;
            for (uint64_t i = 0; i < N; i++)
                d[i] = i < N - 16 ? 1 + testing_fill((uint64_t)(900 + 2 * s + j), i, 3) : 0.7f / (j ? 1 : 0.5f);
            gr[j] = (struct optim_grad){d, j ? 1 : 0.5f, 0.01f * (float)(1 + j), j, 0};
            for (int i = 0; i < N; i++) {
                const double x = (double)gr[j].scale * (double)d[i];
                g[i] = 0.8 * g[i] + 0.2 * x * x;
                m[i] = 0.8 * m[i] + 0.2 * x;
                ref[i] -= (double)gr[j].lr * x / sqrt(g[i] - m[i] * m[i] + 1e-12);
            }
        }
        optim_apply(o, theta, theta, gr, K);
        for (int i = 0; i < N; i++) EXPECT(isfinite(theta[i]));
        for (int i = 0; i < N - 16; i++) EXPECT_NEAR(theta[i], ref[i], 1e-3 * (1 + fabs(ref[i])));
        if (s != STEPS / 2) continue;
        struct optim *on = optim_new(&config, N, 1);
        for (int b = 0; b < 2; b++) memcpy(optim_state(on, 0, b), optim_state(o, 0, b), floats);
        optim_free(&o);
        o = on;
    }
    for (int i = 0; i < N - 16; i++) EXPECT_NEAR(optim_state(o, 0, 1)[i], m[i], 1e-4);
    optim_free(&o);
    free(grad);
    free(theta);
}

static void centred_fused(void **state)
{
    (void)state;
    enum { N = 64 * 3 + 48, K = OPTIM_PART_MOST };
    typedef void centred_fn APPLY_CENTRED_ARGS;
    static centred_fn *const table[] = KERNEL_TABLE(apply_centred);
    float *memory = memory_floats((size_t)N * (K + 7)), *in = memory + (size_t)N * K, *a = in + N, *b = in + 4 * N;
    struct optim_grad gr[K];
    for (uint64_t i = 0; i < (uint64_t)N * (K + 1); i++) memory[i] = testing_fill(62, i, 1);
    for (int j = 0; j < K; j++)
        gr[j] = (struct optim_grad){memory + (size_t)j * N, j % 3 ? 1 : 0.37f, 0.01f * (float)(1 + j % 4), 0, 0};
    for (int isa = 0; isa <= (int)cpu_isa(); isa++)
        for (int k = 1; k <= K; k++) {
            memset(a, 0, 6 * N * sizeof *a); /* theta, g, m; the same one by one */
            memcpy(b, in, N * sizeof *b);
            table[isa](in, a, a + N, a + 2 * N, N, gr, k, 0.95f, 0.05f, 0.01f);
            for (int j = 0; j < k; j++) table[isa](b, b, b + N, b + 2 * N, N, gr + j, 1, 0.95f, 0.05f, 0.01f);
            EXPECT(!memcmp(a, b, 3 * N * sizeof *a));
        }
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adam_as_pytorch),
        cmocka_unit_test(adam_fused),
        cmocka_unit_test(centred_by_formula),
        cmocka_unit_test(centred_fused),
    };
    return testing_main(tests);
}
