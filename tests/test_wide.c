/* test_wide.c -- the wide matrix: which form a gradient takes and what of it travels, and rows whose g has decayed to
 * nothing. */
#include "testing.h"

#include "base/memory.h"
#include "optim/grad.h"
#include "optim/optim.h"

/* As factors where those are no longer than the matrix; all else of the block always travels. */
static void forms(void **state)
{
    (void)state;
    const struct grad_wide w = {.offset = 48, .in = 6, .out = 32}; /* 192 floats; 38 a row */
    const size_t params = 48 + 192 + 80;
    float from[48 + 192 + 80], to[48 + 192 + 80];
    struct grad_piece piece[GRAD_PIECES];
    for (size_t i = 0; i < params; i++) from[i] = (float)(i + 1);
    for (int rows = 0; rows <= 8; rows++) {
        const struct grad_form f = grad_form_of(params, &w, rows);
        EXPECT(f.factors == (rows <= 5 ? rows : 0)); /* 190 floats, 228 */
        const size_t floats = f.factors ? 48 + 38 * (size_t)rows + 80 : params;
        EXPECT(grad_floats(&f) == floats && grad_pieces(&f, piece) == (f.factors ? 2 : 1));
        memset(to, 0, sizeof to);
        grad_copy(&f, to, from);
        for (size_t i = 0; i < params; i++) {
            const bool travels = !f.factors || i < 48 + 38 * (size_t)rows || i >= 48 + 192;
            EXPECT(to[i] == (travels ? from[i] : 0));
        }
    }
    const struct grad_wide square = {.offset = 0, .in = 4096, .out = 4096}, none = {0};
    EXPECT(grad_form_of(4096 * 4096, &square, GRAD_FACTORS_MOST).factors == GRAD_FACTORS_MOST);
    EXPECT(grad_form_of(4096 * 4096, &square, GRAD_FACTORS_MOST + 1).factors == 0);
    EXPECT(grad_form_of(4096, &none, 1).factors == 0);
    const struct grad_wide even = {.offset = 0, .in = 4, .out = 4}; /* 16 floats either way */
    EXPECT(grad_form_of(16, &even, 2).factors == 2 && grad_form_of(16, &even, 3).factors == 0);
}

/* A row that has decayed to nothing, moves again, and is left alone again: as where every pass goes through it. */
static void emptied_rows(void **state)
{
    (void)state;
    enum { IN = 3, OUT = 32, N = 16 + IN * OUT };
    struct optim_config config = {.decay = 0.5, .eps = 0.1, .wide = {16, IN, OUT}};
    struct optim *lazy = optim_new(&config, N, 1);
    config.kind = OPTIM_RMSPROP;
    struct optim *eager = optim_new(&config, N, 1);
    float *memory = memory_floats(3 * N), *a = memory, *b = a + N, *grad = b + N;
    const struct optim_grad gr = {grad, 1, 0.01f, 0, 1};
    for (int pass = 0; pass < 3000; pass++) {
        memset(grad, 0, N * sizeof *grad);
        for (int i = 0; i < OUT; i++) grad[16 + IN + i] = 0.25f;
        grad[16] = 1;                    /* row 0 always moves */
        grad[16 + 1] = pass % 1000 == 3; /* row 1 moves, decays to 0 and beyond, and moves again */
        grad[16 + 2] = pass % 1000 % 7 == 5 && pass < 2000;
        optim_apply(lazy, a, a, &gr, 1);
        optim_apply(eager, b, b, &gr, 1);
        if (pass % 1000 == 6 || pass % 1000 == 999) {
            EXPECT(!memcmp(a, b, N * sizeof *a));
            EXPECT(!memcmp(optim_state(lazy, 0, 0), optim_state(eager, 0, 0), N * sizeof *a));
            EXPECT((optim_state(lazy, 0, 0)[16 + OUT] > 0) == (pass % 1000 == 6));
        }
    }
    free(memory);
    optim_free(&lazy);
    optim_free(&eager);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(forms), cmocka_unit_test(emptied_rows)};
    return testing_main(tests);
}
