/* test_nn_shapes.c -- networks of rows that are in no table, of many sizes: convolutions that the kernels fit, such
 * that only the plain one fits, and both on each other, against the slow twin and finite differences of it. */
#include "nets.h"
#include "nn/conv.h"
#include "nn_game.h"
#include "nn_isa.h"

enum { ROWS = 120, CONVS = 3 };

static int between(struct rng *rng, int low, int high)
{
    return low + rng_below(rng, high - low + 1);
}

static int one_of(struct rng *rng, const int *from, int n)
{
    return from[rng_below(rng, n)];
}

/* A drawn network: picture, convolutions, dense layers. */
struct drawn {
    struct network network;
    struct net_input input;
    int strides[CONVS];
    bool norm;
};

/* Sizes that conv.c's kernels fit, over planes or over a map of C channels; 0 where none does. */
static struct network_layer fitting(struct rng *rng, int C, bool planes)
{
    const int channels[] = {16, 32, 64};
    struct network_layer l = {.add = conv_add, .n = one_of(rng, channels + !planes, planes ? 3 : 2)};
    if (planes)
        l.kernel = 8, l.stride = 4;
    else if (C == 16)
        l.kernel = 4, l.stride = 2;
    else if (C == 32)
        l.stride = between(rng, 1, 2), l.kernel = l.stride * between(rng, 1, 3);
    else if (C == 64)
        l.stride = 1, l.kernel = between(rng, 1, 3);
    return l;
}

static struct drawn draw(struct rng *rng)
{
    struct drawn d = {.network = {.name = "drawn"}};
    const int convs = between(rng, 1, CONVS), big = between(rng, 0, 1), wide[] = {256, 512, 30},
              channels[] = {1, 3, 5, 16, 17, 24, 48, 64, 16, 32, 32};
    d.input = (struct net_input){between(rng, 1, 4), between(rng, big ? 24 : 3, big ? 47 : 20),
                                 between(rng, big ? 24 : 3, big ? 47 : 20), 0, 0};
    int C = d.input.C, H = d.input.height, W = d.input.width, n = 0;
    for (int k = 0; k < convs; k++) {
        const int shortest = H < W ? H : W;
        struct network_layer l = fitting(rng, C, k == 0);
        if (!l.kernel || l.kernel > shortest || between(rng, 0, 2) == 0)
            l = (struct network_layer){conv_add, channels[rng_below(rng, 11)],
                                       between(rng, 1, shortest < 6 ? shortest : 6), between(rng, 1, 5)};
        d.strides[k] = l.stride;
        d.network.layers[n++] = l;
        C = l.n, H = (H - l.kernel) / l.stride + 1, W = (W - l.kernel) / l.stride + 1;
    }
    const int dense = between(rng, 0, 3);
    for (int k = 0; k < dense; k++)
        d.network.layers[n++] = (struct network_layer){dense_add, k ? between(rng, 1, 40) : one_of(rng, wide, 3), 0, 0};
    return d;
}

static struct net *build(const struct drawn *d)
{
    return net_new_of(
        &d->network,
        &(struct net_config){.input = d->input, .heads = NET_HEADS_POLICY_V, .outputs = 3, .layer_norm = d->norm});
}

/* A comment of TAP: where a failure follows, this was the row. */
static void describe(int row, const struct drawn *d)
{
    const struct net_input *in = &d->input;
    print_message("# row %d: %dx%dx%d:", row, in->C, in->height, in->width);
    for (int k = 0; k < NETWORK_LAYERS && d->network.layers[k].add; k++) {
        const struct network_layer *l = &d->network.layers[k];
        print_message(" %d %dx%d/%d,", l->n, l->kernel, l->kernel, l->stride);
    }
    print_message("\n");
}

/* How the convolutions of a network are computed: plain ones, others, and neighbours of different kinds. */
struct kinds {
    int plain, fit, plain_below, plain_above, dense_over_plain, odd;
};

static void count_kinds(const struct net *net, struct kinds *n)
{
    for (int k = 0; k < net->count; k++) {
        const struct layer *l = net->layers[k], *below = k ? net->layers[k - 1] : NULL;
        const bool conv = !strncmp(net->tensors[2 * k].name, "conv", 4), plain = l->ops == &conv_plain_ops;
        if (!conv && below && below->ops == &conv_plain_ops) n->dense_over_plain += l->ops->forget != NULL;
        if (!conv) break;
        n->plain += plain;
        n->fit += !plain;
        n->plain_below += !plain && below && below->ops == &conv_plain_ops;
        n->plain_above += plain && below && below->ops != &conv_plain_ops;
        n->odd += !plain && below && ((const struct conv *)l)->width % ((const struct conv *)l)->stride;
    }
}

static void drawn_shapes(void **state)
{
    (void)state;
    struct rng rng = rng_make(5, 0, RNG_TEST, 0);
    struct kinds n = {0};
    for (int row = 0; row < ROWS; row++) {
        const struct drawn d = draw(&rng);
        struct game g = game_of(build(&d));
        struct twin *twin = twin_new(g.net, g.theta, d.strides);
        count_kinds(g.net, &n);
        describe(row, &d);
        play_both(&g, twin, (enum change)(row % (ALL + 1)));
        net_backward(g.net, g.theta, g.work, T, E, NULL, g.dtheta);
        expect_gradient(&g, twin->dp);
        twin_free(twin);
        game_free(&g);
    }
    print_message("# plain %d, fit %d, fit over plain %d, plain over fit %d, wide over plain %d, odd widths %d\n",
                  n.plain, n.fit, n.plain_below, n.plain_above, n.dense_over_plain, n.odd);
    EXPECT(n.plain >= 20 && n.fit >= 20 && n.plain_below >= 3 && n.plain_above >= 3 && n.dense_over_plain >= 3 &&
           n.odd >= 3);
}

/* dL/dw of the drawn network by central differences of the twin's answers, at some entries of every tensor. */
static void differences_of(const struct drawn *d)
{
    enum { SAMPLES = 8 };
    const double h = 1e-6;
    struct game g = game_of(build(d));
    struct twin *twin = twin_new(g.net, g.theta, d->strides);
    float *book = malloc(g.facts->params * sizeof(float));
    play_both(&g, twin, HALF);
    net_backward(g.net, g.theta, g.work, T, E, NULL, g.dtheta);
    for (int k = 0; k < g.facts->tensor_count; k++) {
        const struct tensor *t = &g.facts->tensors[k];
        double largest = 0;
        tensor_to_textbook(t, g.dtheta, book);
        for (size_t i = 0; i < t->size; i++) largest = fmax(largest, fabs((double)book[i]));
        for (int n = 0; n < SAMPLES; n++) {
            const size_t i = (size_t)(rng_uniform(&g.rng) * (double)t->size);
            const double p = twin->p[k][i];
            double loss[2] = {0};
            for (int side = 0; side < 2; side++) {
                twin->p[k][i] = side ? p - h : p + h;
                for (int r = 0; r < T * E; r++) {
                    const double *y = twin_forward(twin, g.x + r * g.planes);
                    for (int j = 0; j < g.facts->out_dim; j++) loss[side] += y[j] * (double)net_dout(g.work, r)[j];
                }
            }
            twin->p[k][i] = p;
            EXPECT_NEAR(book[i], (loss[0] - loss[1]) / (2 * h), 1e-5 * largest + 1e-6);
        }
    }
    free(book);
    twin_free(twin);
    game_free(&g);
}

static void finite_differences(void **state)
{
    (void)state;
    const struct drawn rows[] = {
        {{.layers = {{conv_add, 5, 3, 2}, {conv_add, 3, 2, 1}, {dense_add, 9, 0, 0}}}, {2, 9, 12, 0, 0}, {2, 1}, false},
        {{.layers = {{conv_add, 16, 8, 4}, {conv_add, 7, 3, 3}}}, {1, 29, 22, 0, 0}, {4, 3}, false},
        {{.layers = {{conv_add, 16, 3, 1}, {conv_add, 32, 4, 2}, {dense_add, 256, 0, 0}}},
         {2, 9, 7, 0, 0},
         {1, 2},
         false},
    };
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        struct drawn d = rows[k];
        differences_of(&d);
        d.norm = true;
        differences_of(&d);
    }
}

/* small and nature, on pictures of any size that they can read, have kernels all the way. */
static void kernels_for_all(void **state)
{
    (void)state;
    const struct net_input inputs[] = {{4, 84, 84, 0, 0}, {1, 42, 42, 0, 0}, {3, 96, 80, 0, 0}, {2, 37, 61, 0, 0}};
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
        for (int nature = 0; nature < 2; nature++) {
            struct net *net = net_of(nature ? "nature" : "small", 0, &inputs[i], NET_HEADS_Q, 2);
            struct kinds n = {0};
            count_kinds(net, &n);
            EXPECT(n.plain == 0 && n.fit == 2 + nature && net->layers[2 + nature]->ops->forget);
            net_free(&net);
        }
}

/* A row that ends in a convolution, and a recurrent layer over a map: both read it in the textbook's order. */
static void over_a_map(void **state)
{
    (void)state;
    const struct network network = {.name = "map", .layers = {{conv_add, 3, 2, 1}}};
    const struct net_input input = {.C = 1, .height = 4, .width = 5};
    struct net *net =
        net_new_of(&network, &(struct net_config){.lstm = 2, .input = input, .heads = NET_HEADS_Q, .outputs = 2});
    const struct tensor *t = &net_facts(net)->tensors[2];
    float *theta = calloc(net_facts(net)->params, sizeof(float)), *book = malloc(t->size * sizeof(float));
    for (size_t i = 0; i < t->size; i++) theta[t->offset + i] = (float)i;
    tensor_to_textbook(t, theta, book);
    EXPECT(!strcmp(t->name, "lstm.weight_x") && t->dims[0] == 8 && t->dims[1] == 36);
    EXPECT(book[5 * 36 + (2 * 3 + 1) * 4 + 3] ==
           (float)(((1 * 4 + 3) * 3 + 2) * 8 + 5)); /* gate 5, channel 2, (1, 3) */
    free(theta), free(book);
    net_free(&net);
}

int main(void)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(drawn_shapes), cmocka_unit_test(finite_differences),
                                 cmocka_unit_test(kernels_for_all), cmocka_unit_test(over_a_map)};
    return nn_main(tests);
}
