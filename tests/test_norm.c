/* test_norm.c -- the norm of a gradient beside a plain loop in double, and that it finds what is no number. */
#include "testing.h"

#include <math.h>

#include "nn_isa.h"
#include "optim/norm.h"

enum { MOST = 2 * 4096 + 64 + 48 }; /* two blocks of the kernel, one turn of its lanes, and a rest */

static float x[MOST + 16];

static void beside_a_plain_loop(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 16, 48, 64, 80, 4096, 4096 + 16, 4096 + 64, MOST};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        double squares = 0;
        for (size_t i = 0; i < MOST + 16; i++) x[i] = i < sizes[k] ? testing_fill(k, i, 3) : 1000;
        for (size_t i = 0; i < sizes[k]; i++) squares += (double)x[i] * (double)x[i];
        EXPECT_NEAR(optim_norm(x, sizes[k]), sqrt(squares), 1e-6 * sqrt(squares));
    }
}

/* Wherever it is: one NaN, one Inf, one square above the largest float. */
static void what_is_none_is_found(void **state)
{
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY, 1.9e19F};
    memset(x, 0, sizeof x);
    for (size_t i = 0; i < MOST / 64 * 64; i += 37) /* every lane */
        for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
            x[i] = bad[k];
            EXPECT(!isfinite(optim_norm(x, MOST)));
            x[i] = 0;
        }
    for (size_t k = 0; k < 3; k++) { /* behind the lanes squares are doubles */
        x[MOST - 1] = bad[k];
        EXPECT(!isfinite(optim_norm(x, MOST)));
    }
}

int main(void)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(beside_a_plain_loop), cmocka_unit_test(what_is_none_is_found)};
    return nn_main(tests);
}
