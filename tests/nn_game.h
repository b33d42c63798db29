/* nn_game.h -- what a network sees of a game: stacks of pictures of which little, much, everything or nothing changes
 * from step to step, and episodes that begin anew inside the rollout. */
#ifndef DUNLIN_TESTS_NN_GAME_H
#define DUNLIN_TESTS_NN_GAME_H

#include "base/error.h"
#include "nets.h"
#include "nn/net.h"
#include "nn_twin.h"

enum { T = 6, E = 2, STACK = 4, PLANES_MOST = 12, FRAMES = 192 };

/* How much of a picture changes from one step to the next. */
enum change { NOTHING, SPOTS, EDGES, HALF, ALL };

struct game {
    struct net *net;
    const struct net_facts *facts;
    struct net_work *work;
    struct rng rng;
    float *theta, *dtheta;
    int height, width, planes, taken;
    int colours;                               /* planes of a picture, that come and leave together */
    float *frame[FRAMES];                      /* each allocated at its exact size, for the sanitizer */
    const float *x[(T + 1) * E * PLANES_MOST]; /* row t * E + e; the last step is the bootstrap's */
    int newest[E][PLANES_MOST];                /* frames of the stack */
};

static inline float pixel(struct game *g)
{
    return (float)(int)(256 * rng_uniform(&g->rng)) / 255.0f;
}

/* A new frame, from `last` on by so much; -1: anything. */
static inline int next_frame(struct game *g, int last, enum change change)
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
    for (int k = 0, y = rng_below(&g->rng, g->height); last >= 0 && change == EDGES && k < 4 && k < g->width; k++)
        g->frame[at][y * g->width + k] = g->frame[at][y * g->width + g->width - 1 - k] = pixel(g);
    return at;
}

static inline void begin(struct game *g, int e)
{
    for (int c = 0; c < g->planes; c++)
        g->newest[e][c] = c < g->colours ? next_frame(g, -1, ALL) : g->newest[e][c - g->colours];
}

static inline void step(struct game *g, int e, enum change change)
{
    const int keep = g->planes - g->colours;
    int next[PLANES_MOST];
    for (int c = 0; c < g->colours; c++) next[c] = next_frame(g, g->newest[e][keep + c], change);
    for (int c = 0; c < keep; c++) g->newest[e][c] = g->newest[e][c + g->colours];
    for (int c = 0; c < g->colours; c++) g->newest[e][keep + c] = next[c];
}

static inline void show(struct game *g, int t)
{
    for (int e = 0; e < E; e++)
        for (int c = 0; c < g->planes; c++) g->x[(t * E + e) * g->planes + c] = g->frame[g->newest[e][c]];
}

/* Over a network, whose owner the game becomes. */
static inline struct game game_of(struct net *net)
{
    struct game g = {.net = net, .colours = 1};
    if (!g.net) fail_msg("%s", error_text());
    g.facts = net_facts(g.net);
    g.planes = g.facts->input.C;
    g.height = g.facts->input.height;
    g.width = g.facts->input.width;
    g.work = net_work_new(g.net, (T + 1) * E);
    g.rng = rng_make(11, g.planes, RNG_TEST, g.height);
    g.theta = malloc(g.facts->params * sizeof(float));
    g.dtheta = malloc(g.facts->params * sizeof(float));
    net_init(g.net, NET_INIT_HE, g.theta, &g.rng);
    net_draw_norms(g.facts, g.theta, &g.rng);
    for (size_t i = 0; i < g.facts->params; i++) g.dtheta[i] = NAN; /* backward overwrites everything */
    return g;
}

static inline struct game game_new(const char *spec, int planes, int height, int width)
{
    return game_of(net_of(spec, 0, &(struct net_input){planes, height, width, 0, 0}, NET_HEADS_POLICY_V, 3));
}

static inline struct game game_normalised(const char *spec, int planes, int height, int width)
{
    return game_of(net_new(&(struct net_config){.spec = spec,
                                                .input = {.C = planes, .height = height, .width = width},
                                                .heads = NET_HEADS_POLICY_V,
                                                .outputs = 3,
                                                .layer_norm = true}));
}

/* The same of a stack of frames with so many planes each. */
static inline struct game game_in_colours(int colours, int stack, int height, int width)
{
    const struct net_input in = {colours * stack, height, width, 0, stack};
    struct game g = game_of(net_of("small", 0, &in, NET_HEADS_POLICY_V, 3));
    g.colours = colours;
    return g;
}

static inline void game_free(struct game *g)
{
    for (int k = 0; k < g->taken; k++) free(g->frame[k]);
    free(g->theta), free(g->dtheta);
    net_work_free(&g->work);
    net_free(&g->net);
}

/* A rollout and a step more; environment 1 begins anew after step 2. */
static inline void play(struct game *g, enum change change)
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

/* dtheta against textbook gradients: every entry within 1e-5 of its tensor's norm, and a little of the whole norm, as a
 * tensor of few entries may be what large terms leave of each other. */
static inline void expect_gradient(const struct game *g, double *const *dp)
{
    float *book = malloc(g->facts->params * sizeof(float));
    double square[32] = {0}, all = 0;
    for (int k = 0; k < g->facts->tensor_count; k++) {
        for (size_t i = 0; i < g->facts->tensors[k].size; i++) square[k] += dp[k][i] * dp[k][i];
        all += square[k];
    }
    for (int k = 0; k < g->facts->tensor_count; k++) {
        const struct tensor *t = &g->facts->tensors[k];
        const double bound = 1e-5 * sqrt(square[k]) + 1e-7 * sqrt(all) + 1e-30;
        tensor_to_textbook(t, g->dtheta, book);
        for (size_t i = 0; i < t->size; i++)
            if (!(fabs(book[i] - dp[k][i]) <= bound))
                fail_msg("%s[%zu] is %g, not %g; the norms are %g and %g", t->name, i, (double)book[i], dp[k][i],
                         sqrt(square[k]), sqrt(all));
    }
    free(book);
}

/* Plays a rollout; its answers against the twin's, whose gradient is left in twin->dp. dL/dout is drawn. */
static inline void play_both(struct game *g, struct twin *twin, enum change change)
{
    play(g, change);
    for (int r = 0; r < (T + 1) * E; r++) {
        const double *y = twin_forward(twin, g->x + r * g->planes);
        for (int i = 0; i < g->facts->out_dim; i++) EXPECT_NEAR(net_out(g->work, r)[i], y[i], 5e-6);
        if (r >= T * E) continue;
        for (int i = 0; i < g->facts->out_dim; i++) net_dout(g->work, r)[i] = (float)(2 * rng_uniform(&g->rng) - 1);
        twin_mind_kink(twin, net_dout(g->work, r), g->facts->out_dim);
        twin_backward(twin, net_dout(g->work, r));
    }
}

#endif
