/* test_nn_after.c -- steps that go on from the step before (net_forward_after) against the slow twin, which knows of no
 * such thing: pictures of which little, much, everything or nothing changes, episodes that begin anew inside the
 * rollout, and two rollouts into one block of gradients. */
#include "base/error.h"
#include "nn/net.h"
#include "nn_isa.h"
#include "nn_twin.h"
#include "optim/norm.h"

enum { T = 6, E = 2, C = 4, FRAMES = 64 };

/* How much of a picture changes from one step to the next. */
enum change { NOTHING, SPOTS, HALF, ALL };

struct game {
    struct net *net;
    const struct net_facts *facts;
    struct net_work *work;
    struct rng rng;
    float *theta, *dtheta;
    int height, width, planes, taken;
    float *frame[FRAMES];            /* each allocated at its exact size, for the sanitizer */
    const float *x[(T + 1) * E * C]; /* row t * E + e; the last step is the bootstrap's */
    int newest[E][C];                /* frames of the stack */
};

static float pixel(struct game *g)
{
    return (float)(int)(256 * rng_uniform(&g->rng)) / 255.0f;
}

/* A new frame, from `last` on by so much; -1: anything. */
static int next_frame(struct game *g, int last, enum change change)
{
    const size_t n = (size_t)g->height * (size_t)g->width;
    const int at = g->taken++;
    assert_true(at < FRAMES);
    g->frame[at] = malloc(n * sizeof(float));
    for (size_t i = 0; i < n; i++)
        g->frame[at][i] = last < 0 || change == ALL || (change == HALF && i < n / 2) ? pixel(g) : g->frame[last][i];
    for (int spot = 0; last >= 0 && change == SPOTS && spot < 3; spot++) {
        const int y = rng_below(&g->rng, g->height), x = rng_below(&g->rng, g->width);
        g->frame[at][y * g->width + x] = pixel(g);
    }
    return at;
}

static void begin(struct game *g, int e)
{
    const int first = next_frame(g, -1, ALL);
    for (int c = 0; c < g->planes; c++) g->newest[e][c] = first;
}

static void step(struct game *g, int e, enum change change)
{
    const int next = next_frame(g, g->newest[e][g->planes - 1], change);
    for (int c = 0; c + 1 < g->planes; c++) g->newest[e][c] = g->newest[e][c + 1];
    g->newest[e][g->planes - 1] = next;
}

static void show(struct game *g, int t)
{
    for (int e = 0; e < E; e++)
        for (int c = 0; c < g->planes; c++) g->x[(t * E + e) * g->planes + c] = g->frame[g->newest[e][c]];
}

static struct game game_new(const char *spec, int planes, int height, int width)
{
    struct game g = {.height = height, .width = width, .planes = planes};
    g.net = net_new(spec, 0, &(struct net_input){planes, height, width, 0}, NET_HEADS_POLICY_V, 3);
    if (!g.net) fail_msg("%s", error_text());
    g.facts = net_facts(g.net);
    g.work = net_work_new(g.net, (T + 1) * E);
    g.rng = rng_make(11, planes, RNG_TEST, height);
    g.theta = malloc(g.facts->params * sizeof(float));
    g.dtheta = malloc(g.facts->params * sizeof(float));
    net_init(g.net, NET_INIT_HE, g.theta, &g.rng);
    for (size_t i = 0; i < g.facts->params; i++) g.dtheta[i] = NAN; /* backward overwrites everything */
    return g;
}

static void game_free(struct game *g)
{
    for (int k = 0; k < g->taken; k++) free(g->frame[k]);
    free(g->theta), free(g->dtheta);
    net_work_free(&g->work);
    net_free(&g->net);
}

/* A rollout and a step more; environment 1 begins anew after step 2. */
static void play(struct game *g, enum change change)
{
    int before[E];
    for (int e = 0; e < E; e++) begin(g, e);
    for (int t = 0; t <= T; t++) {
        for (int e = 0; e < E; e++) {
            before[e] = t ? (t - 1) * E + e : -1;
            if (t == 3 && e == 1)
                begin(g, e);
            else
                step(g, e, change);
        }
        show(g, t);
        net_forward_after(g->net, g->theta, g->work, t * E, E, g->x + t * E * g->planes, NULL, before);
    }
}

static void expect_gradient(const struct game *g, double *const *dp)
{
    float *book = malloc(g->facts->params * sizeof(float));
    for (int k = 0; k < g->facts->tensor_count; k++) {
        const struct tensor *t = &g->facts->tensors[k];
        double sum = 0;
        for (size_t i = 0; i < t->size; i++) sum += dp[k][i] * dp[k][i];
        tensor_to_textbook(t, g->dtheta, book);
        for (size_t i = 0; i < t->size; i++)
            if (!(fabs(book[i] - dp[k][i]) <= 1e-5 * sqrt(sum) + 1e-30))
                fail_msg("%s[%zu] is %g, not %g; the norm is %g", t->name, i, (double)book[i], dp[k][i], sqrt(sum));
    }
    free(book);
}

/* The same gradient with factors in the wide layer's place, in the same block: multiplied out, it is what was there. */
static void expect_factors(struct game *g, double squares)
{
    const struct grad_wide *w = &g->facts->wide;
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
    struct twin *twin = twin_new(g->net, g->theta);
    play(g, change);
    for (int r = 0; r < (T + 1) * E; r++) {
        const double *y = twin_forward(twin, g->x + r * g->planes);
        for (int i = 0; i < g->facts->out_dim; i++) EXPECT_NEAR(net_out(g->work, r)[i], y[i], 5e-6);
        if (r >= T * E) continue;
        for (int i = 0; i < g->facts->out_dim; i++) net_dout(g->work, r)[i] = (float)(2 * rng_uniform(&g->rng) - 1);
        twin_backward(twin, net_dout(g->work, r));
    }
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

static void nature_after(void **state)
{
    (void)state;
    changes("nature", 4, 84, 84);
    changes("nature", 2, 43, 61);
}

/* With other weights in between, which is not allowed, a step that shows nothing new answers as the one before it did:
 * what is the same is taken over indeed, and where a patch has changed it is not. */
static void taken_over(void **state)
{
    (void)state;
    struct game g = game_new("small", 4, 84, 84);
    const size_t convs = g.facts->tensors[4].offset, bytes = (size_t)g.facts->out_dim * sizeof(float);
    play(&g, NOTHING); /* the last two steps of both environments show the same */
    const int row = T * E, before[] = {row - E, row - E + 1};
    float was[2][4];
    memcpy(was, net_out(g.work, row), 2 * bytes);
    for (size_t i = 0; i < convs; i++) g.theta[i] += 1;
    net_forward_after(g.net, g.theta, g.work, row, E, g.x + row * C, NULL, before);
    EXPECT(!memcmp(was, net_out(g.work, row), 2 * bytes));
    g.frame[g.newest[1][C - 1]][40 * 84 + 40] += 0.5f;
    net_forward_after(g.net, g.theta, g.work, row, E, g.x + row * C, NULL, before);
    EXPECT(!memcmp(was, net_out(g.work, row), bytes));
    EXPECT(memcmp(was[0] + g.facts->out_dim, net_out(g.work, row + 1), bytes) != 0);
    net_forward(g.net, g.theta, g.work, row, E, g.x + row * C, NULL);
    EXPECT(memcmp(was, net_out(g.work, row), bytes) != 0);
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
    struct net *net = net_new("mlp:8", 0, &(struct net_input){.dim = 2}, NET_HEADS_Q, 2);
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
    struct CMUnitTest tests[] = {cmocka_unit_test(small_after), cmocka_unit_test(nature_after),
                                 cmocka_unit_test(taken_over), cmocka_unit_test(too_large)};
    return nn_main(tests);
}
