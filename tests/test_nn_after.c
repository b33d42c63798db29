/* test_nn_after.c -- steps that go on from the step before (net_forward_after) against the slow twin, which knows of no
 * such thing, two rollouts into one block of gradients, and what is forgotten of a block. */
#include "nets.h"
#include "nn_game.h"
#include "nn_isa.h"
#include "optim/norm.h"

/* The same gradient with factors in the wide layer's place, in the same block: multiplied out, it is what was there. */
static void expect_factors(struct game *g, double squares)
{
    const struct grad_wide *w = &g->facts->wide.at[0];
    const size_t bytes = g->facts->params * sizeof(float), in = (size_t)w->in, out = (size_t)w->out;
    float *was = malloc(bytes);
    int R = -1;
    memcpy(was, g->dtheta, bytes);
    const double same = net_backward_factors(g->net, g->theta, g->work, T, E, NULL, g->dtheta, &R);
    EXPECT(R == T * E && in * out > 0);
    EXPECT_NEAR(same / squares, 1, 1e-5);
    const float *x = g->dtheta + w->offset, *dy = x + in * (size_t)R;
    for (size_t i = 0; i < g->facts->params; i++) {
        const size_t at = i - w->offset, row = at / out, col = at % out;
        double d = g->dtheta[i];
        if (i >= w->offset && at < in * out) {
            d = 0;
            for (int r = 0; r < R; r++) d += (double)x[(size_t)r * in + row] * dy[(size_t)r * out + col];
        }
        EXPECT_NEAR(d, was[i], 1e-6 * sqrt(squares));
    }
    net_backward(g->net, g->theta, g->work, T, E, NULL, g->dtheta);
    EXPECT(!memcmp(was, g->dtheta, bytes));
    free(was);
}

/* Answers, gradient and its norm of one rollout. */
static void against_twin(struct game *g, enum change change)
{
    struct twin *twin = twin_new(g->net, g->theta, NULL);
    play_both(g, twin, change);
    const double squares = net_backward(g->net, g->theta, g->work, T, E, NULL, g->dtheta);
    const double norm = optim_norm(g->dtheta, g->facts->params);
    expect_gradient(g, twin->dp);
    EXPECT_NEAR(sqrt(squares) / norm, 1, 1e-6);
    expect_factors(g, squares);
    twin_free(twin);
}

static void changes(const char *spec, int planes, int height, int width)
{
    struct game g = game_new(spec, planes, height, width);
    against_twin(&g, SPOTS);
    against_twin(&g, ALL); /* other inputs are active: rows of zeros in dtheta fill, and empty again */
    against_twin(&g, NOTHING);
    game_free(&g);
    g = game_new(spec, planes, height, width);
    against_twin(&g, HALF);
    against_twin(&g, SPOTS);
    game_free(&g);
}

static void small_after(void **state)
{
    (void)state;
    changes("small", 4, 84, 84);
    changes("small", 3, 37, 46);
    changes("small", 1, 20, 20);
}

/* Pictures of several planes, which come and leave together, told of or not; the last ones have no stack. */
static void colours(void **state)
{
    (void)state;
    const struct {
        int colours, stack, height, width;
    } cases[] = {{3, 4, 84, 84}, {3, 2, 37, 46}, {2, 2, 44, 36}, {4, 1, 32, 32}, {1, 1, 84, 84}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int colours = cases[i].colours, stack = cases[i].stack;
        struct game g = game_in_colours(colours, stack, cases[i].height, cases[i].width);
        against_twin(&g, SPOTS);
        against_twin(&g, i % 2 ? HALF : NOTHING);
        game_free(&g);
        g = game_new("small", colours * stack, cases[i].height, cases[i].width);
        g.colours = colours;
        against_twin(&g, SPOTS);
        against_twin(&g, i % 2 ? HALF : NOTHING);
        game_free(&g);
    }
}

/* A map of odd width whose last run of pixels reaches into the next row, where both are fresh. */
static void odd_widths(void **state)
{
    (void)state;
    struct game g = game_new("small", 2, 46, 42);
    for (int k = 0; k < 3; k++) against_twin(&g, EDGES);
    game_free(&g);
}

static void nature_after(void **state)
{
    (void)state;
    changes("nature", 4, 84, 84);
    changes("nature", 2, 43, 61);
}

/* Normalised pixel by pixel, a map is taken over and folded like any other; what makes its kernels' loops: channels 16,
 * 32 and 64, rows of 256 and 512. */
static void normalised_after(void **state)
{
    (void)state;
    const struct {
        const char *spec;
        int planes, height, width;
    } cases[] = {{"small", 4, 52, 52}, {"small", 3, 37, 46}, {"nature", 2, 43, 61}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct game g = game_normalised(cases[i].spec, cases[i].planes, cases[i].height, cases[i].width);
        against_twin(&g, SPOTS);
        against_twin(&g, i ? HALF : ALL);
        against_twin(&g, i ? EDGES : NOTHING);
        game_free(&g);
    }
}

/* With other weights in between, which is not allowed, a step that shows nothing new answers as the one before it did:
 * what is the same is taken over indeed, and where a patch has changed it is not. */
static void takes_over(struct game *g)
{
    const size_t convs = g->facts->tensors[twin_tensor(g->facts, "fc.weight")].offset,
                 bytes = (size_t)g->facts->out_dim * sizeof(float);
    play(g, NOTHING); /* the last two steps of both environments show the same */
    const int row = T * E, before[] = {row - E, row - E + 1}, last = g->planes - 1;
    const float *const *x = g->x + row * g->planes;
    float was[2][4];
    memcpy(was, net_out(g->work, row), 2 * bytes);
    for (size_t i = 0; i < convs; i++) g->theta[i] += 1;
    net_forward_after(g->net, g->theta, g->work, row, E, x, NULL, before);
    EXPECT(!memcmp(was, net_out(g->work, row), 2 * bytes));
    g->frame[g->newest[1][last]][40 * 84 + 40] += 0.5f;
    net_forward_after(g->net, g->theta, g->work, row, E, x, NULL, before);
    EXPECT(!memcmp(was, net_out(g->work, row), bytes));
    EXPECT(memcmp(was[0] + g->facts->out_dim, net_out(g->work, row + 1), bytes) != 0);
    net_forward(g->net, g->theta, g->work, row, E, x, NULL);
    EXPECT(memcmp(was, net_out(g->work, row), bytes) != 0);
    game_free(g);
}

static void taken_over(void **state)
{
    (void)state;
    const int stacks[][2] = {{1, 4}, {3, 4}, {2, 2}, {3, 1}, {1, 1}};
    for (size_t i = 0; i < sizeof stacks / sizeof stacks[0]; i++) {
        struct game g = game_in_colours(stacks[i][0], stacks[i][1], 84, 84);
        takes_over(&g);
    }
    struct game g = game_normalised("small", 4, 84, 84);
    takes_over(&g);
}

/* Zeros that the last call left are not written again: another block needs net_forget(), or keeps what it held. */
static void forgotten(void **state)
{
    (void)state;
    struct game g = game_new("small", 4, 84, 84);
    const size_t n = g.facts->params;
    float *other = malloc(n * sizeof *other);
    int factors, kept = 0;
    play(&g, SPOTS);
    for (int r = 0; r < T * E; r++)
        for (int i = 0; i < g.facts->out_dim; i++) net_dout(g.work, r)[i] = (float)(i + r) / 16;
    net_backward(g.net, g.theta, g.work, T, E, NULL, g.dtheta);
    for (size_t i = 0; i < n; i++) other[i] = NAN;
    net_backward(g.net, g.theta, g.work, T, E, NULL, other);
    for (size_t i = 0; i < n; i++) kept += isnan(other[i]);
    EXPECT(kept > 0 && kept % g.facts->wide.at[0].out == 0);
    net_forget(g.work);
    net_backward(g.net, g.theta, g.work, T, E, NULL, other);
    EXPECT(!memcmp(other, g.dtheta, n * sizeof *other));
    net_backward_factors(g.net, g.theta, g.work, T, E, NULL, other, &factors); /* they are forgotten without a word */
    EXPECT(factors > 0);
    net_backward(g.net, g.theta, g.work, T, E, NULL, other);
    EXPECT(!memcmp(other, g.dtheta, n * sizeof *other));
    free(other);
    game_free(&g);
}

/* A gradient that may not fit its floats has no norm, as factors or not: nobody applies it. */
static void too_large(void **state)
{
    (void)state;
    struct game g = game_new("small", 4, 84, 84);
    int R;
    play(&g, SPOTS);
    for (int r = 0; r < T * E; r++)
        for (int i = 0; i < g.facts->out_dim; i++) net_dout(g.work, r)[i] = 1e22f;
    EXPECT(!isfinite(net_backward(g.net, g.theta, g.work, T, E, NULL, g.dtheta)));
    EXPECT(!isfinite(net_backward_factors(g.net, g.theta, g.work, T, E, NULL, g.dtheta, &R)));
    EXPECT(R == T * E);
    game_free(&g);

    /* also where all tensors are small */
    struct net *net = net_of("mlp:8", 0, &(struct net_input){.dim = 2}, NET_HEADS_Q, 2);
    struct net_work *work = net_work_new(net, 1);
    float theta[64] = {1}, dtheta[64], x[2] = {1, 1};
    const float *rows[] = {x};
    EXPECT(net_facts(net)->params <= 64);
    net_forward(net, theta, work, 0, 1, rows, NULL);
    net_dout(work, 0)[0] = 1e30f;
    net_dout(work, 0)[1] = 0;
    EXPECT(!isfinite(net_backward(net, theta, work, 1, 1, NULL, dtheta)));
    net_work_free(&work);
    net_free(&net);
}

int main(void)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(small_after),  cmocka_unit_test(colours),
                                 cmocka_unit_test(nature_after), cmocka_unit_test(odd_widths),
                                 cmocka_unit_test(taken_over),   cmocka_unit_test(forgotten),
                                 cmocka_unit_test(too_large),    cmocka_unit_test(normalised_after)};
    return nn_main(tests);
}
