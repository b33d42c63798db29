/* test_nn_parts.c -- networks of two parts, a policy and a critic with hidden layers of its own, with numbers that are
 * parameters themselves, tanh and ReLU, and the orthogonal start, which they are begun with. */
#include "nn_isa.h"
#include "nn_subject.h"

/* Both parts of a network whose critic has hidden layers of its own, with free numbers, and tanh or ReLU. */
static void parts_twin(struct net_config config, int T, int E)
{
    struct subject s = subject_of(&config, T, E);
    struct twin *twin[2] = {twin_part(s.net, s.theta, NULL, false), twin_part(s.net, s.theta, NULL, true)};
    for (int k = 0; k < s.facts->tensor_count; k++) /* free numbers start at 0: others tell more */
        for (size_t i = 0; s.facts->tensors[k].start == TENSOR_FREE && i < s.facts->tensors[k].size; i++)
            s.theta[s.facts->tensors[k].offset + i] = (float)(twin[0]->p[k][i] = 0.25 * (double)(i + 1));
    const int parts = config.separate_critic ? 2 : 1;
    for (int t = 0; t < T; t++) forward(&s, t * E, E);
    for (int k = 0; k < parts; k++) {
        twin[k]->tanh = config.activation == ACTIVATION_TANH;
        const int width = twin[k]->layer[twin[k]->count - 1].out;
        for (int r = 0; r < T * E; r++) {
            const double *y = twin_forward(twin[k], (const float *const *)s.x + r * s.per_row);
            for (int i = 0; i < width; i++) EXPECT_NEAR(net_out(s.work, r)[twin[k]->first + i], y[i], 2e-6);
            twin_mind_kink(twin[k], net_dout(s.work, r) + twin[k]->first, width);
            twin_backward(twin[k], net_dout(s.work, r));
        }
    }
    for (int k = 0; parts == 2 && k < s.facts->tensor_count; k++) /* each tensor is one part's */
        for (size_t i = 0; i < s.facts->tensors[k].size; i++) twin[0]->dp[k][i] += twin[1]->dp[k][i];
    net_backward(s.net, s.theta, s.work, T, E, NULL, s.dtheta);
    expect_gradient(&s, twin[0]->dp, 1e-5);
    twin_free(twin[0]), twin_free(twin[1]);
    subject_free(&s);
}

static void two_parts_twin(void **state)
{
    (void)state;
    struct net_config c = {.heads = NET_HEADS_POLICY_V, .outputs = 6, .free = 3, .activation = ACTIVATION_TANH};
    c.spec = "mlp:64,64", c.input.dim = 11;
    parts_twin(c, 5, 2);
    c.separate_critic = true;
    parts_twin(c, 5, 1);
    parts_twin(c, 1, 1);
    c.free = 0, c.activation = ACTIVATION_RELU;
    parts_twin(c, 3, 4);
    c.spec = "small", c.input = (struct net_input){.C = 4, .height = 84, .width = 84}, c.free = 1;
    parts_twin(c, 2, 1);
}

/* An LSTM of many cells travels as factors of both its matrices at once, (x, h') and the gates' gradients: multiplied
 * out, they are what is there otherwise, over resets, too; few cells do not, nor do widths that fill no vectors. */
static void lstm_factors(void **state)
{
    (void)state;
    enum { T = 4, E = 2, R = T * E, IN = 80, N = 112 };
    const uint8_t start[R] = {0, 0, 0, 1, 0, 0, 1, 0};
    const struct net_input input = {.dim = 5};
    struct subject s = subject_new("mlp:80", N, input, NET_HEADS_POLICY_V, 3, T, E);
    float *whole = malloc(s.facts->params * sizeof *whole);
    int factors = 0;
    EXPECT(grad_wide_count(&s.facts->wide) == 1);
    const struct grad_wide w = s.facts->wide.at[0];
    EXPECT(w.in == IN + N && w.out == 4 * N && w.dense == N);
    for (int t = 0; t < T; t++) {
        for (int e = 0; e < E && t; e++)
            if (start[t * E + e]) memset(s.state + e * s.facts->state_dim, 0, 2 * N * sizeof *s.state);
        forward(&s, t * E, E);
    }
    const double squares = net_backward(s.net, s.theta, s.work, T, E, start, whole);
    const double same = net_backward_factors(s.net, s.theta, s.work, T, E, start, s.dtheta, &factors);
    EXPECT(factors == R);
    EXPECT_NEAR(same / squares, 1, 1e-5);
    const float *x = s.dtheta + w.offset, *dy = x + (size_t)R * (IN + N);
    for (size_t i = 0; i < s.facts->params; i++) {
        const size_t at = i - w.offset, row = at / (4 * N), col = at % (4 * N);
        double d = s.dtheta[i];
        if (i >= w.offset && at < grad_wide_floats(&w)) {
            d = 0;
            for (size_t r = 0; r < R; r++) d += (double)x[r * (IN + N) + row] * (double)dy[r * 4 * N + col];
        }
        EXPECT_NEAR(d, whole[i], 1e-6 * sqrt(squares));
    }
    net_backward(s.net, s.theta, s.work, T, E, start, s.dtheta);
    EXPECT(!memcmp(s.dtheta, whole, s.facts->params * sizeof *whole));
    free(whole);
    subject_free(&s);
    const struct {
        int below, cells;
    } none[] = {{16, 32}, {80, 111}, {79, 112}};
    for (int i = 0; i < 3; i++) {
        char spec[16];
        snprintf(spec, sizeof spec, "mlp:%d", none[i].below);
        struct net *net = net_of(spec, none[i].cells, &input, NET_HEADS_Q, 2);
        EXPECT(grad_wide_count(&net_facts(net)->wide) == 0);
        net_free(&net);
    }
}

/* Wide layers travel as factors: the policy's and the critic's, in the order of theta. */
static void two_parts_factors(void **state)
{
    (void)state;
    const struct net_config c = {.spec = "small",
                                 .input = {.C = 4, .height = 84, .width = 84},
                                 .heads = NET_HEADS_POLICY_V,
                                 .outputs = 3,
                                 .separate_critic = true};
    struct subject s = subject_of(&c, 3, 1);
    const struct tensor *of[2] = {NULL, NULL};
    for (int k = 0; k < s.facts->tensor_count; k++) {
        if (!strcmp(s.facts->tensors[k].name, "fc.weight")) of[0] = &s.facts->tensors[k];
        if (!strcmp(s.facts->tensors[k].name, "v_fc.weight")) of[1] = &s.facts->tensors[k];
    }
    EXPECT(of[0] && of[1] && grad_wide_count(&s.facts->wide) == 2);
    for (int i = 0; i < 2; i++) EXPECT(s.facts->wide.at[i].offset == of[i]->offset);
    float *whole = malloc(s.facts->params * sizeof *whole);
    int factors = 0;
    for (int t = 0; t < 3; t++) forward(&s, t, 1);
    const double squares = net_backward(s.net, s.theta, s.work, 3, 1, NULL, whole);
    net_forget(s.work);
    EXPECT_NEAR(net_backward_factors(s.net, s.theta, s.work, 3, 1, NULL, s.dtheta, &factors) / squares, 1, 1e-5);
    EXPECT(factors == 3);
    for (int i = 0; i < 2; i++) {
        const struct grad_wide *w = &s.facts->wide.at[i];
        const float *x = s.dtheta + w->offset, *dy = x + 3 * w->in, *was = whole + w->offset;
        for (int at = 0; at < w->in * w->out; at++) {
            double d = 0;
            for (int r = 0; r < 3; r++) d += (double)x[r * w->in + at / w->out] * (double)dy[r * w->out + at % w->out];
            EXPECT_NEAR(d, was[at], 1e-6 * sqrt(squares));
        }
    }
    free(whole);
    subject_free(&s);
}

static void two_parts_recurrent(void **state)
{
    (void)state;
    const uint8_t start[] = {1, 1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0}; /* (4, 3) */
    differences_of((struct net_config){.spec = "mlp:7",
                                       .lstm = 5,
                                       .input = {.dim = 4},
                                       .heads = NET_HEADS_POLICY_V,
                                       .outputs = 4,
                                       .free = 2,
                                       .activation = ACTIVATION_TANH,
                                       .separate_critic = true},
                   4, 3, start);
}

enum { PARTS = 2, PART = 3 };

/* Entry i of row r, of a stack of PARTS observations. */
static float *entry(const struct subject *s, int r, int i)
{
    return &s->x[r * PARTS + i / PART][i % PART];
}

/* A network that normalises what it reads, against one that reads it normalised; and the moments of its rows. */
static void input_normalised(void **state)
{
    (void)state;
    enum { T = 3, E = 2, DIM = PARTS * PART };
    struct net_config c = {.spec = "mlp:7,6",
                           .lstm = 0,
                           .input = {.dim = DIM, .parts = PARTS},
                           .heads = NET_HEADS_POLICY_V,
                           .outputs = 4,
                           .separate_critic = true};
    struct subject plain = subject_of(&c, T, E);
    c.obs_norm = c.return_norm = true;
    struct subject s = subject_of(&c, T, E);
    const struct moments *m = &s.facts->moments;
    EXPECT(m->dim == DIM + 1 && m->offset == plain.facts->params);
    EXPECT(s.theta[m->offset] == 0); /* nothing seen yet: as it is */
    float *mean = s.theta + m->offset + moments_mean_at(), *variance = s.theta + m->offset + moments_variance_at(m);
    for (int i = 0; i <= DIM; i++) EXPECT(mean[i] == 0 && variance[i] == 1);
    for (int i = 0; i < DIM; i++) mean[i] = 0.1F * (float)i, variance[i] = i == 1 ? 1e-4F : 0.5F + (float)i;
    memcpy(plain.theta, s.theta, plain.facts->params * sizeof *s.theta);
    for (int r = 0; r < T * E; r++) {
        for (int i = 0; i < DIM; i++) {
            const double z = ((double)*entry(&s, r, i) - (double)mean[i]) / sqrt((double)variance[i]);
            *entry(&plain, r, i) = (float)fmin(10, fmax(-10, z)); /* entry 1 lies beyond */
        }
        for (int i = 0; i < s.facts->out_dim; i++) net_dout(plain.work, r)[i] = net_dout(s.work, r)[i];
    }
    EXPECT(fabsf(*entry(&plain, 0, 1)) == 10);
    for (int t = 0; t < T; t++) forward(&s, t * E, E), forward(&plain, t * E, E);
    for (int r = 0; r < T * E; r++)
        for (int i = 0; i < s.facts->out_dim; i++) EXPECT_NEAR(net_out(s.work, r)[i], net_out(plain.work, r)[i], 1e-5);
    const double squares = net_backward(s.net, s.theta, s.work, T, E, NULL, s.dtheta);
    EXPECT_NEAR(squares / net_backward(plain.net, plain.theta, plain.work, T, E, NULL, plain.dtheta), 1, 1e-4);
    for (size_t i = 0; i < plain.facts->params; i++) EXPECT_NEAR(s.dtheta[i], plain.dtheta[i], 1e-4);
    const float *told = s.dtheta + m->offset;
    EXPECT(told[0] == T * E);
    for (int i = 0; i < DIM; i++) {
        double sum = 0, square = 0;
        for (int r = 0; r < T * E; r++) sum += (double)*entry(&s, r, i);
        for (int r = 0; r < T * E; r++) square += pow((double)*entry(&s, r, i) - sum / (T * E), 2);
        EXPECT_NEAR(told[moments_mean_at() + (size_t)i], sum / (T * E), 1e-6);
        EXPECT_NEAR(told[moments_variance_at(m) + (size_t)i], square / (T * E), 1e-6);
    }
    EXPECT(told[moments_mean_at() + DIM] == 0 && told[moments_variance_at(m) + DIM] == 0); /* the caller's */
    subject_free(&s), subject_free(&plain);
}

/* Rows or columns of every matrix are orthogonal and as long as its gain; biases are 0, free numbers unless told. */
static void start_values_orthogonal(void **state)
{
    (void)state;
    struct net *net = net_new(&(struct net_config){
        .spec = "mlp:64,20", .lstm = 6, .input = {.dim = 11}, .heads = NET_HEADS_POLICY_V, .outputs = 8, .free = 4});
    const struct net_facts *f = net_facts(net);
    struct rng rng = rng_make(3, 0, RNG_INIT, 0);
    float *theta = malloc(f->params * sizeof(float)), *w = malloc(f->params * sizeof(float));
    net_init(net, NET_INIT_ORTHOGONAL, theta, &rng);
    for (int k = 0; k < f->tensor_count; k++) {
        const struct tensor *t = &f->tensors[k];
        const size_t out = (size_t)t->dims[0], in = t->size / out, n = out < in ? out : in;
        const double gain = !strcmp(t->name, "pi.weight") ? 0.01 : !strncmp(t->name, "fc", 2) ? sqrt(2) : 1;
        tensor_to_textbook(t, theta, w);
        for (size_t i = 0; t->ndim == 1 && i < t->size; i++) EXPECT(w[i] == 0);
        for (size_t a = 0; t->ndim > 1 && a < n; a++)
            for (size_t b = 0; b < n; b++) {
                double dot = 0;
                for (size_t i = 0; i < (out < in ? in : out); i++)
                    dot += out < in ? (double)w[a * in + i] * w[b * in + i] : (double)w[i * in + a] * w[i * in + b];
                EXPECT_NEAR(dot / (gain * gain), a == b, 1e-5);
            }
    }
    memcpy(w, theta, f->params * sizeof(float));
    net_init_free(net, -1.5F, theta); /* those alone */
    for (int k = 0; k < f->tensor_count; k++)
        for (size_t i = 0; i < f->tensors[k].size; i++) {
            const size_t at = f->tensors[k].offset + i;
            EXPECT(theta[at] == (strcmp(f->tensors[k].name, "pi.log_sigma") ? w[at] : -1.5F));
        }
    free(theta), free(w);
    net_free(&net);
}

/* The forget gates' biases alone, of the critic's LSTM too. */
static void start_of_forget_gates(void **state)
{
    (void)state;
    struct net *net = net_new(&(struct net_config){.spec = "mlp:8",
                                                   .lstm = 6,
                                                   .input = {.dim = 3},
                                                   .heads = NET_HEADS_POLICY_V,
                                                   .outputs = 2,
                                                   .separate_critic = true});
    const struct net_facts *f = net_facts(net);
    struct rng rng = rng_make(3, 0, RNG_INIT, 0);
    float *theta = malloc(f->params * sizeof(float)), *was = malloc(f->params * sizeof(float));
    int raised = 0;
    net_init(net, NET_INIT_UNIFORM, theta, &rng);
    memcpy(was, theta, f->params * sizeof(float));
    net_init_forget(net, 1.5F, theta);
    for (int k = 0; k < f->tensor_count; k++)
        for (size_t i = 0; i < f->tensors[k].size; i++) {
            const size_t at = f->tensors[k].offset + i;
            const bool forget = strstr(f->tensors[k].name, "lstm.bias") && i >= 6 && i < 12;
            EXPECT(theta[at] == was[at] + (forget ? 1.5F : 0));
            raised += forget;
        }
    EXPECT(raised == 12);
    free(theta), free(was);
    net_free(&net);
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(two_parts_twin),        cmocka_unit_test(lstm_factors),
        cmocka_unit_test(two_parts_factors),     cmocka_unit_test(two_parts_recurrent),
        cmocka_unit_test(input_normalised),      cmocka_unit_test(start_values_orthogonal),
        cmocka_unit_test(start_of_forget_gates),
    };
    return nn_main(tests);
}
