/* test_wide.c -- wide matrices: which form a gradient takes and what of it travels, and rows whose g has decayed to
 * nothing, and buffers that others write to. */
#include "testing.h"

#include "base/memory.h"
#include "nn_isa.h"
#include "optim/grad.h"
#include "optim/optim.h"

/* As factors where those are no longer than the matrix; all else of the block always travels. */
static void forms(void **state)
{
    (void)state;
    const struct grad_wides w = {.at = {{.offset = 48, .in = 6, .out = 32}}}; /* 192 floats; 38 a row */
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
    const struct grad_wides square = {.at = {{.in = 4096, .out = 4096}}}, none = {0};
    EXPECT(grad_form_of(4096 * 4096, &square, GRAD_FACTORS_MOST).factors == GRAD_FACTORS_MOST);
    EXPECT(grad_form_of(4096 * 4096, &square, GRAD_FACTORS_MOST + 1).factors == 0);
    EXPECT(grad_form_of(4096, &none, 1).factors == 0);
    const struct grad_wides even = {.at = {{.in = 4, .out = 4}}}; /* 16 floats either way */
    EXPECT(grad_form_of(16, &even, 2).factors == 2 && grad_form_of(16, &even, 3).factors == 0);
}

/* Of two matrices both have factors or none has; the second ends with the gradient. */
static void two_matrices(void **state)
{
    (void)state;
    enum { PARAMS = 16 + 6 * 32 + 48 + 16 * 16 };
    const struct grad_wides w = {.at = {{16, 6, 32, 0}, {16 + 6 * 32 + 48, 16, 16, 0}}};
    float from[PARAMS], to[PARAMS];
    struct grad_piece piece[GRAD_PIECES];
    for (int i = 0; i < PARAMS; i++) from[i] = (float)(i + 1);
    EXPECT(grad_wide_count(&w) == 2);
    EXPECT(!grad_wide_around(&w, 16) && grad_wide_around(&w, 17) == &w.at[0] && !grad_wide_around(&w, 16 + 6 * 32));
    EXPECT(grad_wide_around(&w, PARAMS - 1) == &w.at[1] && !grad_wide_around(&w, PARAMS));
    EXPECT(grad_form_of(PARAMS, &w, 6).factors == 0); /* the second would do with 8 */
    const struct grad_form f = grad_form_of(PARAMS, &w, 5);
    EXPECT(f.factors == 5 && grad_pieces(&f, piece) == 2);
    EXPECT(grad_floats(&f) == 16 + 5 * 38 + 48 + 5 * 32);
    memset(to, 0, sizeof to);
    grad_copy(&f, to, from);
    for (int i = 0; i < PARAMS; i++) {
        const bool travels = i < 16 + 5 * 38 || (i >= 16 + 6 * 32 && i < 16 + 6 * 32 + 48 + 5 * 32);
        EXPECT(to[i] == (travels ? from[i] : 0));
    }
}

/* A row that has decayed to nothing, moves again, and is left alone again: as where every pass goes through it. */
static void emptied_rows(void **state)
{
    (void)state;
    enum { IN = 3, OUT = 32, N = 16 + IN * OUT };
    struct optim_config config = {.decay = 0.5, .eps = 0.1, .wide = {.at = {{16, IN, OUT, 0}}}};
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

/* A buffer that somebody else has written to: not told, the rows that nothing has come for stay as they were found. */
static void buffers_are_forgotten(void **state)
{
    (void)state;
    enum { IN = 3, OUT = 16, AT = 16, N = AT + IN * OUT };
    const struct optim_config config = {.decay = 0.99, .eps = 0.1, .wide = {.at = {{AT, IN, OUT, 0}}}};
    for (int told = 0; told < 2; told++) {
        struct optim *o = optim_new(&config, N, 1);
        float *memory = memory_floats(3 * N), *a = memory, *b = a + N, *grad = b + N;
        const struct optim_grad gr = {grad, 1, 0.01f, 0, 1};
        for (uint64_t i = 0; i < N; i++) a[i] = testing_fill(92, i, 1);
        for (int i = 0; i < OUT; i++) grad[AT + IN + i] = 1;
        grad[AT] = 1; /* row 0 moves, rows 1 and 2 do not */
        optim_buffers(o, 0, 1);
        optim_apply(o, a, b, &gr, 1);
        optim_buffers(o, 1, 0);
        optim_apply(o, b, a, &gr, 1);
        EXPECT(!memcmp(a + AT + OUT, b + AT + OUT, 2 * OUT * sizeof *a));
        b[AT + OUT] = 77; /* somebody else */
        if (told) optim_forget(o, 1);
        optim_buffers(o, 0, 1);
        optim_apply(o, a, b, &gr, 1);
        EXPECT((b[AT + OUT] == 77) == !told);
        EXPECT(b[AT] < a[AT] && !memcmp(a + AT + OUT + 1, b + AT + OUT + 1, (2 * OUT - 1) * sizeof *a));
        optim_apply(o, a, b, &gr, 1); /* without a word on buffers nothing is taken for known */
        EXPECT(b[AT + OUT] == a[AT + OUT]);
        free(memory);
        optim_free(&o);
    }
}

/* More gradients than go through a tile of theta together, in more tiles than one, some with factors and some whole, in
 * stretches of either, over rows that nothing comes for: as where each goes through every row by itself. */
static void many_in_tiles(void **state)
{
    (void)state;
    enum { IN = 300, OUT = 256, AT = 48, N = AT + IN * OUT + 80, K = 40, PLACES = 3, DRAINS = 12 };
    struct optim_config config = {.decay = 0.9, .eps = 0.1, .wide = {.at = {{AT, IN, OUT, 0}}}};
    struct optim *lazy = optim_new(&config, N, 1);
    config.kind = OPTIM_RMSPROP;
    struct optim *eager = optim_new(&config, N, 1);
    float *grads = memory_floats((size_t)N * K), *place[PLACES], *same = memory_floats(N);
    struct optim_grad gr[K];
    for (int i = 0; i < PLACES; i++) place[i] = memory_floats(N);
    for (uint64_t i = 0; i < N; i++) place[0][i] = same[i] = testing_fill(93, i, 1);
    for (int drain = 0; drain < DRAINS; drain++) {
        const int k = drain % 3 ? K : 1 + drain, now = drain % PLACES, next = (drain + 1 + drain % 2) % PLACES;
        for (int j = 0; j < k; j++) {
            const int R = (j / 11 + drain) % 2 ? 5 + j % 30 : 0; /* tens of KB of factors each */
            float *grad = grads + (size_t)j * N;
            for (uint64_t i = 0; i < N; i++) grad[i] = testing_fill((uint64_t)(300 + j), i, 1);
            for (int i = 0; i < IN * R; i++)
                if ((i % IN + drain) % 5) grad[AT + i] = 0;
            gr[j] = (struct optim_grad){grad, 0.5f, 0.01f, 0, drain == 7 ? 0 : R};
        }
        optim_buffers(lazy, now, next);
        optim_apply(lazy, place[now], place[next], gr, k);
        for (int j = 0; j < k; j++) optim_apply(eager, same, same, gr + j, 1);
        EXPECT(!memcmp(place[next], same, N * sizeof *same));
        if (drain % 4 == 3) EXPECT(!memcmp(optim_state(lazy, 0, 0), optim_state(eager, 0, 0), N * sizeof *same));
        memcpy(place[(drain + 1) % PLACES], same, N * sizeof *same);
        if (next != (drain + 1) % PLACES) optim_copied(lazy, next, (drain + 1) % PLACES);
    }
    for (int i = 0; i < PLACES; i++) free(place[i]);
    free(grads);
    free(same);
    optim_free(&lazy);
    optim_free(&eager);
}

int main(void)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(forms), cmocka_unit_test(two_matrices),
                                 cmocka_unit_test(emptied_rows), cmocka_unit_test(buffers_are_forgotten),
                                 cmocka_unit_test(many_in_tiles)};
    return nn_main(tests);
}
