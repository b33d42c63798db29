/* test_nn_kernels.c -- products of small matrices and activations of vectors, at sizes that fill no vector, against
 * plain loops in double precision, in every build of the kernels. */
#include <math.h>

#include "dunlin/rng.h"
#include "nn/activation.h"
#include "nn/kernels.h"
#include "nn_isa.h"

enum { DRAWS = 400, MOST = 40 * 1024, EDGE = 64 };
static const float UNTOUCHED = 12345;

static void (*const products[])(const struct product_job *) = KERNEL_TABLE(product);
static void (*const wide_products[])(const struct product_job *) = KERNEL_TABLE(wide_product);
static void (*const laid_out_products[])(const struct product_job *) = KERNEL_TABLE(laid_out_product);
static void (*const lay_outs[])(const float *, int, int, float *) = KERNEL_TABLE(lay_out);
static void (*const all_dots[])(const struct product_job *) = KERNEL_TABLE(dots);

static void (*const differs[])(const float *, const float *, int, int, int, uint8_t *) = KERNEL_TABLE(cells_differ);
static void (*const transposes[])(const float *, int, int, int, float *) = KERNEL_TABLE(transpose);

static void (*const forward_cells[])(const struct cells_job *) = KERNEL_TABLE(cells_forward);
static void (*const backward_cells[])(const struct cells_back_job *) = KERNEL_TABLE(cells_backward);

static float A[MOST], B[MOST], FROM[MOST], C[MOST], ALONE[MOST];

static int between(struct rng *rng, int low, int high)
{
    return low + rng_below(rng, high - low + 1);
}

static void draw(struct rng *rng, float *x)
{
    for (int i = 0; i < MOST; i++) x[i] = (float)(2 * rng_uniform(rng) - 1);
}

/* Every entry of c, and nothing beside it. */
static void expect_product(const struct product_job *job, bool dots, const float *from)
{
    for (int i = 0; i < MOST; i++) {
        const int at = i - EDGE, r = at >= 0 ? at / job->c_row : -1, j = at - r * job->c_row;
        if (r < 0 || r >= job->rows || j >= job->n) {
            EXPECT(C[i] == UNTOUCHED);
            continue;
        }
        double sum = !from ? 0 : (double)from[(dots ? 0 : r * job->from_row) + j];
        for (int k = 0; k < job->K; k++)
            sum += (double)job->a[r * job->a_row + k * job->a_step] *
                   (double)job->b[dots ? j * job->b_row + k : k * job->b_row + j];
        EXPECT_NEAR(C[i], sum, 2e-5);
    }
}

static void run(const struct product_job *job, bool dots)
{
    (dots ? all_dots : job->a_step == 1 && job->K % 3 == 0 ? wide_products : products)[cpu_isa()](job);
}

/* The first or the last row by itself: bit for bit the row among the others. */
static void expect_alone(struct product_job job, bool dots, int row)
{
    job.a += row * job.a_row;
    if (job.from && !dots) job.from += row * job.from_row;
    job.c = ALONE;
    job.rows = 1;
    run(&job, dots);
    EXPECT(!memcmp(ALONE, C + EDGE + row * job.c_row, (size_t)job.n * sizeof *C));
}

static void products_twin(void **state)
{
    (void)state;
    struct rng rng = rng_make(8, 0, RNG_TEST, 0);
    draw(&rng, A), draw(&rng, B), draw(&rng, FROM);
    for (int i = 0; i < MOST; i += 1 + between(&rng, 0, 3)) A[i] = 0; /* which the wide ones leave out */
    for (int i = 0; i < DRAWS; i++) {
        const bool dots = i % 2, transposed = !dots && between(&rng, 0, 1), big = i % 5 == 0;
        const int rows = between(&rng, 1, 20),
                  K = between(&rng, 1,
                              !big   ? 40
                              : dots ? 900
                                     : 260),
                  n = between(&rng, 1, big && !dots ? 140 : 40);
        struct product_job job = {.a = A + between(&rng, 0, 3), .b = B + between(&rng, 0, 3), .c = C + EDGE};
        job.rows = rows, job.K = K, job.n = n;
        job.a_step = transposed ? rows + between(&rng, 0, 2) : 1;
        job.a_row = transposed ? 1 : K + between(&rng, 0, 2);
        job.b_row = (dots ? K : n) + between(&rng, 0, 2);
        job.c_row = n + between(&rng, 0, 2);
        job.from = between(&rng, 0, 2) ? FROM : NULL;
        job.from_row = between(&rng, 0, 1) ? n : 0;
        for (int k = 0; k < MOST; k++) C[k] = UNTOUCHED;
        run(&job, dots);
        expect_product(&job, dots, job.from);
        expect_alone(job, dots, 0), expect_alone(job, dots, rows - 1);
        if (dots) continue;
        job.from = C + EDGE, job.from_row = job.c_row; /* adds to what is there */
        for (int k = 0; k < MOST; k++) C[k] = UNTOUCHED;
        for (int r = 0; r < rows; r++) memcpy(C + EDGE + r * job.c_row, FROM + r * job.c_row, (size_t)n * sizeof *C);
        run(&job, dots);
        expect_product(&job, dots, FROM);
    }
}

/* Of a b in panels, which lies in one piece. */
static void laid_out_twin(void **state)
{
    (void)state;
    static float panels[MOST + 3];
    struct rng rng = rng_make(12, 0, RNG_TEST, 0);
    draw(&rng, A), draw(&rng, B), draw(&rng, FROM);
    for (int i = 0; i < DRAWS / 4; i++) {
        const int rows = between(&rng, 2, 20), K = between(&rng, 1, i % 5 ? 40 : 260), n = 32 * between(&rng, 1, 4),
                  off = between(&rng, 0, 3);
        struct product_job job = {.a = A + between(&rng, 0, 3),
                                  .a_step = 1,
                                  .a_row = K + between(&rng, 0, 2),
                                  .b = B + between(&rng, 0, 3),
                                  .b_row = n,
                                  .from = between(&rng, 0, 2) ? FROM : NULL,
                                  .from_row = between(&rng, 0, 1) ? n : 0,
                                  .c = C + EDGE,
                                  .c_row = n + between(&rng, 0, 2),
                                  .rows = rows,
                                  .K = K,
                                  .n = n};
        struct product_job laid_out = job;
        for (int k = 0; k < MOST; k++) C[k] = UNTOUCHED;
        panels[off + K * n] = UNTOUCHED;
        lay_outs[cpu_isa()](job.b, K, n, panels + off);
        EXPECT(panels[off + K * n] == UNTOUCHED || off + K * n > MOST);
        laid_out.b = panels + off, laid_out.b_row = 0;
        laid_out_products[cpu_isa()](&laid_out);
        expect_product(&job, false, job.from);
    }
}

/* Cells of two planes that differ in some floats, here and there by the sign of a zero alone; more cells than a strip
 * holds. */
static void cells_differ_twin(void **state)
{
    (void)state;
    struct rng rng = rng_make(10, 0, RNG_TEST, 0);
    for (int i = 0; i < DRAWS; i++) {
        const int rows = between(&rng, 1, 6), cols = between(&rng, 1, 70), width = 4 * cols + between(&rng, 0, 3);
        uint8_t cell[6 * 70 + 1], want[6 * 70] = {0};
        for (int k = 0; k < 4 * rows * width; k++) A[k] = B[k] = (float)between(&rng, 0, 1);
        for (int k = i % 4 ? between(&rng, 0, 20) : 0; k > 0; k--) {
            const int y = between(&rng, 0, 4 * rows - 1), x = between(&rng, 0, width - 1);
            B[y * width + x] = A[y * width + x] != 0 ? 2 : -0.0F;
            if (x < 4 * cols) want[y / 4 * cols + x / 4] = 1;
        }
        cell[rows * cols] = 77;
        differs[cpu_isa()](A, B, width, rows, cols, cell);
        EXPECT(!memcmp(cell, want, (size_t)(rows * cols)) && cell[rows * cols] == 77);
    }
}

static void transpose_twin(void **state)
{
    (void)state;
    struct rng rng = rng_make(11, 0, RNG_TEST, 0);
    draw(&rng, A);
    for (int i = 0; i < DRAWS; i++) {
        const int rows = 4 * between(&rng, 1, 12), cols = 4 * between(&rng, 1, 12),
                  out_row = rows + between(&rng, 0, 3);
        for (int k = 0; k < MOST; k++) C[k] = UNTOUCHED;
        transposes[cpu_isa()](A, rows, cols, out_row, C);
        for (int c = 0; c < cols; c++)
            for (int r = 0; r < out_row; r++) EXPECT(C[c * out_row + r] == (r < rows ? A[r * cols + c] : UNTOUCHED));
        EXPECT(C[cols * out_row] == UNTOUCHED);
    }
}

static void activations_twin(void **state)
{
    (void)state;
    enum { N = 4003 };
    float x[N], y[N], dx[N];
    for (int i = 0; i < N; i++) x[i] = 24.0F * (float)i / N - 12, dx[i] = 0.5F + (float)(i % 7);
    const float odd[] = {0, -0.0F, 1e-30F, -1e-6F, 0.625F, -0.625F, 90, -90, 1e30F, -1e30F, INFINITY, -INFINITY, NAN};
    memcpy(x, odd, sizeof odd), memcpy(x + N - 13, odd, sizeof odd);
    for (int n = N - 20; n <= N; n++) {
        memcpy(y, x, sizeof x);
        activation_forward(ACTIVATION_TANH, (size_t)n, y);
        for (int i = 0; i < N; i++) {
            if (i >= n || isnan(x[i])) {
                EXPECT(!memcmp(y + i, x + i, sizeof *y) || (i < n && isnan(y[i])));
                continue;
            }
            const double want = tanh((double)x[i]);
            EXPECT(fabs((double)y[i] - want) <= 4e-7 * fabs(want) && (signbit(y[i]) != 0) == (signbit(x[i]) != 0));
        }
        memcpy(y, x, sizeof x);
        activation_forward(ACTIVATION_RELU, (size_t)n, y);
        for (int i = 0; i < N; i++) EXPECT(isnan(x[i]) ? isnan(y[i]) : y[i] == (i < n && x[i] < 0 ? 0 : x[i]));
    }
    for (int k = 0; k < 2; k++) {
        float back[N];
        memcpy(back, dx, sizeof dx);
        activation_back(k ? ACTIVATION_TANH : ACTIVATION_RELU, N - 20, x, back);
        for (int i = 0; i < N - 20; i++) {
            const double slope = k ? 1 - (double)x[i] * (double)x[i] : x[i] > 0;
            if (isfinite(x[i]) && fabsf(x[i]) < 20) EXPECT_NEAR(back[i] / dx[i], slope, 2e-5);
        }
        EXPECT(!memcmp(back + N - 20, dx + N - 20, 20 * sizeof *dx));
    }
}

/* A row of LSTM cells forward and back, element by element; nothing behind it is touched. */
static void cells_twin(void **state)
{
    (void)state;
    enum { MOST_CELLS = 50, ROOM = MOST_CELLS + 1 };
    struct rng rng = rng_make(9, 0, RNG_TEST, 0);
    for (int N = 1; N <= MOST_CELLS; N++) {
        float sums[4 * ROOM], gates[4 * ROOM], c[ROOM], dy[ROOM], dh[ROOM], dc_in[ROOM], out[5][ROOM], dgates[4 * ROOM];
        for (int i = 0; i < 4 * N; i++) gates[i] = sums[i] = (float)(6 * rng_uniform(&rng) - 3);
        for (int j = 0; j < N; j++)
            c[j] = (float)rng_uniform(&rng) - 0.5F, dy[j] = (float)rng_uniform(&rng) - 0.5F,
            dh[j] = (float)rng_uniform(&rng) - 0.5F, dc_in[j] = out[4][j] = (float)rng_uniform(&rng) - 0.5F;
        for (int k = 0; k < 5; k++) out[k][N] = UNTOUCHED;
        gates[4 * N] = dgates[4 * N] = UNTOUCHED;
        const struct cells_job job = {
            .N = N, .gates = gates, .c = c, .tanh_c = out[0], .y = out[1], .h_after = out[2], .c_after = out[3]};
        forward_cells[cpu_isa()](&job);
        const struct cells_back_job back = {
            .N = N, .gates = gates, .c = c, .tanh_c = out[0], .dy = dy, .dh = dh, .dc = out[4], .dgates = dgates};
        backward_cells[cpu_isa()](&back);
        for (int j = 0; j < N; j++) {
            const double i = 1 / (1 + exp(-(double)sums[j])), f = 1 / (1 + exp(-(double)sums[N + j])),
                         g = tanh((double)sums[2 * N + j]), o = 1 / (1 + exp(-(double)sums[3 * N + j])),
                         after = f * (double)c[j] + i * g, t = tanh(after), d = (double)dy[j] + (double)dh[j],
                         dc = (double)dc_in[j] + d * o * (1 - t * t);
            const double want[] = {t, o * t, o * t, after, dc * f};
            const double slopes[] = {dc * g * i * (1 - i), dc * (double)c[j] * f * (1 - f), dc * i * (1 - g * g),
                                     d * t * o * (1 - o)};
            for (int k = 0; k < 5; k++) EXPECT_NEAR(out[k][j], want[k], 1e-6);
            for (int k = 0; k < 4; k++) EXPECT_NEAR(gates[k * N + j], ((const double[]){i, f, g, o})[k], 1e-6);
            for (int k = 0; k < 4; k++) EXPECT_NEAR(dgates[k * N + j], slopes[k], 1e-6);
        }
        for (int k = 0; k < 5; k++) EXPECT(out[k][N] == UNTOUCHED);
        EXPECT(gates[4 * N] == UNTOUCHED && dgates[4 * N] == UNTOUCHED);
    }
}

int main(void)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(products_twin),     cmocka_unit_test(laid_out_twin),
                                 cmocka_unit_test(cells_differ_twin), cmocka_unit_test(transpose_twin),
                                 cmocka_unit_test(activations_twin),  cmocka_unit_test(cells_twin)};
    return nn_main(tests);
}
