/* test_nn_norm.c -- networks with normalised layers against the slow twin and finite differences; what their start is;
 * and the kernel's points far from 0, without variance, and without numbers. Steps that go on from the step before:
 * test_nn_after.c; PyTorch's numbers: test_nn_parity.c. */
#include "nn/kernels.h"
#include "nn_isa.h"
#include "nn_subject.h"

static const struct net_input picture = {.C = 2, .height = 37, .width = 46},
                              least = {.C = 1, .height = 36, .width = 36};

/* Each part of a network, of one or two, against its twin. */
static void against_twin(struct net_config config, int T, int E)
{
    config.layer_norm = true;
    struct subject s = subject_of(&config, T, E);
    struct twin *twin[2] = {twin_part(s.net, s.theta, NULL, false), twin_part(s.net, s.theta, NULL, true)};
    const int parts = config.separate_critic ? 2 : 1;
    for (int t = 0; t < T; t++) forward(&s, t * E, E);
    for (int k = 0; k < parts; k++) {
        twin[k]->tanh = config.activation == ACTIVATION_TANH;
        const struct twin_layer *last = &twin[k]->layer[twin[k]->count - 1];
        for (int i = 0; i + 1 < twin[k]->count; i++) EXPECT(twin[k]->layer[i].gain >= 0); /* every hidden layer */
        for (int r = 0; r < T * E; r++) {
            const double *y = twin_forward(twin[k], (const float *const *)s.x + r * s.per_row);
            for (int i = 0; i < last->out; i++) EXPECT_NEAR(net_out(s.work, r)[twin[k]->first + i], y[i], 1e-5);
            if (!twin[k]->tanh) twin_mind_kink(twin[k], net_dout(s.work, r) + twin[k]->first, last->out);
            twin_backward(twin[k], net_dout(s.work, r));
        }
    }
    for (int k = 0; parts == 2 && k < s.facts->tensor_count; k++)
        for (size_t i = 0; i < s.facts->tensors[k].size; i++) twin[0]->dp[k][i] += twin[1]->dp[k][i];
    const double squares = net_backward(s.net, s.theta, s.work, T, E, NULL, s.dtheta);
    expect_gradient(&s, twin[0]->dp, 2e-5);
    double sum = 0;
    for (size_t i = 0; i < s.facts->params; i++) sum += (double)s.dtheta[i] * (double)s.dtheta[i];
    EXPECT_NEAR(squares / sum, 1, 1e-5);
    twin_free(twin[0]), twin_free(twin[1]);
    subject_free(&s);
}

static void twins(void **state)
{
    (void)state;
    struct net_config c = {.heads = NET_HEADS_POLICY_V, .outputs = 4, .spec = "mlp", .input.dim = 6};
    against_twin(c, 5, 1);
    c.spec = "mlp:7,33,5,17", c.activation = ACTIVATION_TANH; /* no multiples of a vector */
    against_twin(c, 3, 2);
    c.separate_critic = true;
    against_twin(c, 2, 2);
    c = (struct net_config){.heads = NET_HEADS_Q, .outputs = 3, .spec = "mlp:48", .input.dim = 6};
    against_twin(c, 2, 8);
    c.input = picture;
    against_twin(c, 1, 2);
    c.spec = "small";
    against_twin(c, 2, 1);
    c.heads = NET_HEADS_POLICY_V, c.separate_critic = true;
    against_twin(c, 1, 2);
    c = (struct net_config){.heads = NET_HEADS_Q, .outputs = 3, .spec = "nature", .input = least};
    against_twin(c, 2, 2);
}

static void finite_differences(void **state)
{
    (void)state;
    const uint8_t start[] = {1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0}; /* (4, 3) */
    struct net_config c = {
        .heads = NET_HEADS_POLICY_V, .outputs = 3, .spec = "mlp:9,11", .input.dim = 5, .layer_norm = true};
    differences_of(c, 3, 2, NULL);
    c.lstm = 6; /* which reads what is normalised */
    differences_of(c, 4, 3, start);
    c.separate_critic = true, c.activation = ACTIVATION_TANH;
    differences_of(c, 4, 3, start);
    c = (struct net_config){
        .heads = NET_HEADS_POLICY_V, .outputs = 3, .spec = "small", .input = picture, .layer_norm = true};
    differences_of(c, 1, 1, NULL);
}

/* Gains begin with 1 and shifts with 0, and draw nothing: the other weights begin as without them. */
static void start_values(void **state)
{
    (void)state;
    for (int init = 0; init <= NET_INIT_ORTHOGONAL; init++) {
        struct net_config c = {
            .spec = "small", .input = least, .heads = NET_HEADS_POLICY_V, .outputs = 3, .separate_critic = true};
        struct net *plain = net_new(&c);
        c.layer_norm = true;
        struct net *net = net_new(&c);
        const struct net_facts *f = net_facts(net), *g = net_facts(plain);
        float *theta = malloc(f->params * sizeof *theta), *same = malloc(g->params * sizeof *same);
        struct rng a = rng_make(3, 0, RNG_INIT, 0), b = rng_make(3, 0, RNG_INIT, 0);
        int norms = 0;
        net_init(net, (enum net_init)init, theta, &a);
        net_init(plain, (enum net_init)init, same, &b);
        for (int k = 0; k < f->tensor_count; k++) {
            const struct tensor *t = &f->tensors[k];
            const float *x = theta + t->offset;
            if (strstr(t->name, "_norm.")) {
                norms++;
                for (size_t i = 0; i < t->size; i++) EXPECT(x[i] == (strstr(t->name, "weight") != NULL));
                continue;
            }
            const struct tensor *u = &g->tensors[k - norms];
            EXPECT(!strcmp(t->name, u->name) && !memcmp(x, same + u->offset, t->size * sizeof *x));
        }
        EXPECT(norms == 12 && f->tensor_count == g->tensor_count + norms);
        free(theta), free(same);
        net_free(&net), net_free(&plain);
    }
}

/* The longest list of layers has room. */
static void longest(void **state)
{
    (void)state;
    struct net *net = net_new(&(struct net_config){.spec = "mlp:1,2,3,4,5,6,7,8",
                                                   .lstm = 2,
                                                   .input.dim = 3,
                                                   .heads = NET_HEADS_POLICY_V,
                                                   .outputs = 4,
                                                   .free = 2,
                                                   .separate_critic = true,
                                                   .obs_norm = true,
                                                   .return_norm = true,
                                                   .layer_norm = true});
    EXPECT(net && net_facts(net)->tensor_count == 2 * (8 * 4 + 3) + 5 + 3);
    net_free(&net);
}

static void (*const norms[])(const struct norm_job *) = KERNEL_TABLE(norm_forward);
static void (*const backs[])(const struct norm_back_job *) = KERNEL_TABLE(norm_backward);

/* Points of every length around the vectors': far from 0, where a difference of squares would have no digit left; all
 * alike; and with a NaN in each place, which is seen in all of them. */
static void points(void **state)
{
    (void)state;
    enum { MOST = 67 };
    for (int n = 1; n <= MOST; n++) {
        float *x = malloc(2 * n * sizeof *x), *y = malloc(2 * n * sizeof *y), gain[MOST], shift[MOST], mean[2],
              scale[2];
        const int second = 1;
        struct norm_job job = {.x = x,
                               .gain = gain,
                               .shift = shift,
                               .n = n,
                               .least = 1e-5F,
                               .count = 2,
                               .y = y,
                               .mean = mean,
                               .scale = scale};
        for (int i = 0; i < n; i++) {
            x[i] = 1000 + (float)(i % 3), x[n + i] = -7.25F;
            gain[i] = 1 + (float)i / 64, shift[i] = (float)(i % 2) - 0.5F;
        }
        norms[cpu_isa()](&job);
        double m = 0, v = 0;
        for (int i = 0; i < n; i++) m += (double)x[i] / n;
        for (int i = 0; i < n; i++) v += ((double)x[i] - m) * ((double)x[i] - m) / n;
        for (int i = 0; i < n; i++) {
            EXPECT_NEAR(y[i], ((double)x[i] - m) / sqrt(v + 1e-5) * (double)gain[i] + (double)shift[i],
                        n == 1 ? 1e-5 : 1e-3);
            EXPECT_NEAR(y[n + i], shift[i], 1e-3); /* of what rounding leaves of 0, times 316 */
        }
        job.relu = true, job.list = &second, job.count = 1;
        for (int i = 0; i < n; i++) y[i] = 3;
        norms[cpu_isa()](&job);
        for (int i = 0; i < n; i++) EXPECT(y[i] == 3 && y[n + i] >= 0);
        for (int k = 0; k < n; k++) {
            x[n + k] = NAN;
            norms[cpu_isa()](&job);
            for (int i = 0; i < n; i++) EXPECT(isnan(y[n + i]));
            x[n + k] = 1;
        }
        free(x), free(y);
    }
}

/* A point whose dy is 0 all along is skipped: its dx is 0, and one other entry, or a NaN, in any place is not. */
static void points_back(void **state)
{
    (void)state;
    enum { MOST = 35 };
    for (int n = 3; n <= MOST; n++)
        for (int k = 0; k < n; k++) {
            float *x = malloc(3 * n * sizeof *x), *dy = calloc(3 * (size_t)n, sizeof *dy),
                  *dx = malloc(3 * n * sizeof *dx);
            float gain[MOST], dgain[MOST] = {0}, dshift[MOST] = {0}, mean[3] = {0, 0, 0}, scale[3] = {1, 1, 1};
            for (int i = 0; i < 3 * n; i++) x[i] = i % 2 ? 1 : -1, dx[i] = 9;
            for (int i = 0; i < n; i++) gain[i] = 2;
            dy[n + k] = 1e-30F, dy[2 * n + k] = NAN;
            const struct norm_back_job job = {x, gain, mean, scale, dy, n, 3, dx, dgain, dshift};
            backs[cpu_isa()](&job);
            for (int i = 0; i < n; i++) EXPECT(dx[i] == 0 && isnan(dx[2 * n + i]));
            EXPECT(dx[n + k] > 0 && isnan(dgain[k]) && isnan(dshift[k]));
            free(x), free(dy), free(dx);
        }
}

int main(void)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(twins),        cmocka_unit_test(finite_differences),
                                 cmocka_unit_test(start_values), cmocka_unit_test(longest),
                                 cmocka_unit_test(points),       cmocka_unit_test(points_back)};
    return nn_main(tests);
}
