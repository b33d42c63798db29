/* test_nn.c -- networks of many shapes against their slow twins (nn_twin.h) and finite differences, and what net.h
 * promises besides: start values, textbook order, padding, rows that do not depend on the batch, and refusals. */
#include "base/error.h"
#include "nn_isa.h"
#include "nn_subject.h"

/* Outputs and the whole gradient of one network against its twin. */
static void against_twin(const char *spec, struct net_input input, enum net_heads heads, int actions, int T, int E)
{
    struct subject s = subject_new(spec, 0, input, heads, actions, T, E);
    struct twin *twin = twin_new(s.net, s.theta, NULL);
    for (int t = 0; t < T; t++) forward(&s, t * E, E);
    for (int r = 0; r < T * E; r++) {
        const double *y = twin_forward(twin, (const float *const *)s.x + r * s.per_row);
        for (int i = 0; i < s.facts->out_dim; i++) EXPECT_NEAR(net_out(s.work, r)[i], y[i], 2e-6);
        twin_mind_kink(twin, net_dout(s.work, r), s.facts->out_dim);
        twin_backward(twin, net_dout(s.work, r));
    }
    const double squares = net_backward(s.net, s.theta, s.work, T, E, NULL, s.dtheta);
    expect_gradient(&s, twin->dp, 1e-5);
    double sum = 0;
    for (size_t i = 0; i < s.facts->params; i++) sum += (double)s.dtheta[i] * (double)s.dtheta[i];
    EXPECT(sum > 0);                     /* not every row was at a corner */
    EXPECT_NEAR(squares / sum, 1, 1e-5); /* of every tensor */
    twin_free(twin);
    subject_free(&s);
}

static void mlp_twin(void **state)
{
    (void)state;
    against_twin("mlp", (struct net_input){.dim = 4}, NET_HEADS_POLICY_V, 2, 5, 1);
    against_twin("mlp:64,64", (struct net_input){.dim = 50}, NET_HEADS_Q, 3, 5, 8);
    against_twin("mlp:7", (struct net_input){.dim = 1}, NET_HEADS_Q, 1, 1, 1);
    against_twin("mlp:33,17,5", (struct net_input){.dim = 13}, NET_HEADS_POLICY_V, 18, 3, 2);
    against_twin("mlp:70,20,33", (struct net_input){.dim = 13}, NET_HEADS_POLICY_V, 4, 16, 5); /* many rows */
    against_twin("mlp", (struct net_input){.C = 4, .height = 5, .width = 5}, NET_HEADS_POLICY_V, 3, 5,
                 2); /* pictures: all their planes */
    against_twin("mlp:16", (struct net_input){.C = 1, .height = 3, .width = 8}, NET_HEADS_Q, 2, 2, 1);
}

static void small_twin(void **state)
{
    (void)state;
    against_twin("small", (struct net_input){.C = 4, .height = 84, .width = 84}, NET_HEADS_POLICY_V, 6, 2, 1);
    against_twin("small", (struct net_input){.C = 1, .height = 20, .width = 20}, NET_HEADS_Q, 3, 1, 1);
    against_twin("small", (struct net_input){.C = 3, .height = 37, .width = 46}, NET_HEADS_POLICY_V, 4, 5, 1);
    against_twin("small", (struct net_input){.C = 2, .height = 49, .width = 27}, NET_HEADS_Q, 18, 3, 3);
}

static void nature_twin(void **state)
{
    (void)state;
    against_twin("nature", (struct net_input){.C = 4, .height = 84, .width = 84}, NET_HEADS_POLICY_V, 6, 2, 2);
    against_twin("nature", (struct net_input){.C = 1, .height = 36, .width = 36}, NET_HEADS_Q, 3, 2, 2);
    against_twin("nature", (struct net_input){.C = 2, .height = 43, .width = 61}, NET_HEADS_POLICY_V, 4, 5, 1);
    against_twin("nature", (struct net_input){.C = 3, .height = 58, .width = 41}, NET_HEADS_Q, 2, 1, 3);
}

static void against_differences(const char *spec, int lstm, struct net_input input, int T, int E, const uint8_t *start)
{
    differences_of(
        (struct net_config){.spec = spec, .lstm = lstm, .input = input, .heads = NET_HEADS_POLICY_V, .outputs = 3}, T,
        E, start);
}

static void finite_differences(void **state)
{
    (void)state;
    against_differences("mlp:9,11", 0, (struct net_input){.dim = 5}, 3, 2, NULL);
    against_differences("small", 0, (struct net_input){.C = 2, .height = 21, .width = 26}, 2, 1, NULL);
    against_differences("nature", 0, (struct net_input){.C = 1, .height = 36, .width = 37}, 1, 1, NULL);
}

/* The sum of squares, of both matrices of an LSTM by the rows' dot products where these are few and fill vectors. */
static void lstm_squares(void **state)
{
    static const struct {
        int dim, cells, T, E;
    } cases[] = {{16, 32, 5, 1}, {16, 32, 5, 3}, {48, 16, 1, 1}, {16, 32, 20, 8}, {7, 16, 5, 2}, {16, 9, 5, 2}};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char spec[16];
        snprintf(spec, sizeof spec, "mlp:%d", cases[k].dim);
        const int T = cases[k].T, E = cases[k].E;
        struct subject s = subject_new(spec, cases[k].cells, (struct net_input){.dim = 4}, NET_HEADS_POLICY_V, 3, T, E);
        for (int t = 0; t < T; t++) forward(&s, t * E, E);
        const double squares = net_backward(s.net, s.theta, s.work, T, E, NULL, s.dtheta);
        double sum = 0;
        for (size_t i = 0; i < s.facts->params; i++) sum += (double)s.dtheta[i] * (double)s.dtheta[i];
        EXPECT_NEAR(squares / sum, 1, 1e-5);
        subject_free(&s);
    }
}

static void lstm_differences(void **state)
{
    (void)state;
    const uint8_t start[] = {1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0}; /* (4, 3) */
    against_differences("mlp:9", 6, (struct net_input){.dim = 5}, 4, 3, start);
    against_differences("mlp:8,9", 5, (struct net_input){.dim = 3}, 6, 1, NULL);
    against_differences("mlp:4", 1, (struct net_input){.dim = 2}, 1, 1, NULL);
    against_differences("small", 16, (struct net_input){.C = 1, .height = 20, .width = 20}, 2, 2, NULL);
}

/* All steps from zero states, and the last one's answers. */
static const float *unrolled(struct subject *s, const float *theta, struct net_work *work)
{
    memset(s->state, 0, (size_t)(s->E * s->facts->state_dim) * sizeof(float));
    for (int row = 0; row < s->T * s->E; row += s->E)
        net_forward(s->net, theta, work, row, s->E, (const float *const *)s->x + row * s->per_row, s->state);
    return net_out(work, (s->T - 1) * s->E);
}

/* Weights that are laid out answer as the twin does; they are a copy, of this theta alone, and gone after the backward
 * pass. */
static void prepared(void **state)
{
    (void)state;
    struct subject s = subject_new("mlp:64", 112, (struct net_input){.dim = 5}, NET_HEADS_POLICY_V, 3, 11, 6);
    struct twin *twin = twin_new(s.net, s.theta, NULL);
    struct net_work *plain = net_work_new(s.net, s.T * s.E);
    const size_t n = s.facts->params, bytes = (size_t)(s.E * s.facts->out_dim) * sizeof(float);
    float *was = malloc(bytes), *other = malloc(n * sizeof *other), *const theta = s.theta;
    net_prepare(s.net, theta, s.work, s.E, s.T);
    unrolled(&s, theta, s.work);
    for (int e = 0; e < s.E; e++) {
        memset(twin->h, 0, 112 * sizeof(double)), memset(twin->c, 0, 112 * sizeof(double));
        for (int r = e; r < s.T * s.E; r += s.E) {
            const double *y = twin_forward(twin, (const float *const *)s.x + r * s.per_row);
            for (int i = 0; i < s.facts->out_dim; i++) EXPECT_NEAR(net_out(s.work, r)[i], y[i], 2e-6);
        }
    }
    memcpy(was, net_out(s.work, (s.T - 1) * s.E), bytes);
    for (int k = twin_tensor(s.facts, "lstm.weight_x"), end = k + 2; k < end; k++) {
        float *const w = theta + s.facts->tensors[k].offset, kept = w[0];
        memcpy(other, theta, n * sizeof *other);
        w[0] += 3; /* which is not allowed */
        EXPECT(!memcmp(unrolled(&s, theta, s.work), was, bytes));
        EXPECT(memcmp(unrolled(&s, theta, plain), was, bytes) != 0);
        w[0] = kept;
        other[w - theta] += 3;
        EXPECT(memcmp(unrolled(&s, other, s.work), was, bytes) != 0);
    }
    net_backward(s.net, theta, s.work, s.T, s.E, NULL, s.dtheta);
    theta[s.facts->tensors[twin_tensor(s.facts, "lstm.weight_x")].offset] += 3;
    EXPECT(memcmp(unrolled(&s, theta, s.work), was, bytes) != 0);
    free(was), free(other);
    net_work_free(&plain);
    twin_free(twin);
    subject_free(&s);
}

/* A row's answer does not depend on which rows are computed with it, but for rounding: BLAS has one routine for one
 * row and another for several. */
static void rows_alone(void **state)
{
    (void)state;
    const struct {
        const char *spec;
        int lstm;
        struct net_input input;
    } cases[] = {{"mlp:64,64", 0, {.dim = 50}},
                 {"small", 0, {4, 84, 84, 0, 0}},
                 {"nature", 0, {2, 40, 50, 0, 0}},
                 {"mlp:30", 20, {.dim = 7}}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct subject s = subject_new(cases[k].spec, cases[k].lstm, cases[k].input, NET_HEADS_POLICY_V, 6, 1, 8);
        const size_t bytes = (size_t)(8 * s.facts->out_dim) * sizeof(float), dim = (size_t)s.facts->state_dim;
        float *together = malloc(bytes), *states = calloc(8 * dim + 1, sizeof(float));
        for (size_t i = 0; i < 8 * dim; i++) states[i] = symmetric(&s.rng);
        memcpy(s.state, states, 8 * dim * sizeof(float));
        forward(&s, 0, 8);
        memcpy(together, net_out(s.work, 0), bytes);
        for (int r = 7; r >= 0; r--)
            net_forward(s.net, s.theta, s.work, r, 1, (const float *const *)s.x + r * s.per_row,
                        dim ? states + r * dim : NULL);
        for (int i = 0; i < 8 * s.facts->out_dim; i++) EXPECT_NEAR(net_out(s.work, 0)[i], together[i], 1e-6);
        for (size_t i = 0; i < 8 * dim; i++) EXPECT_NEAR(s.state[i], states[i], 1e-6);
        free(together), free(states);
        subject_free(&s);
    }
}

/* The order of theta is the kernels' affair, but files hold the textbook's: a hand-worked place, and there and back. */
static void textbook_order(void **state)
{
    (void)state;
    struct net *net = net_of("small", 0, &(struct net_input){.C = 4, .height = 84, .width = 84}, NET_HEADS_POLICY_V, 6);
    const struct net_facts *f = net_facts(net);
    const char *names[] = {"conv0.weight", "conv0.bias", "conv1.weight", "conv1.bias", "fc.weight",
                           "fc.bias",      "pi.weight",  "pi.bias",      "v.weight",   "v.bias"};
    float *theta = calloc(f->params, sizeof(float)), *book = malloc(f->params * sizeof(float)),
          *back = calloc(f->params, sizeof(float));
    EXPECT(f->tensor_count == 10 && f->out_dim == 7 && f->outputs == 6 && f->state_dim == 0);
    for (size_t i = 0; i < f->params; i++) theta[i] = (float)i;
    for (int k = 0; k < f->tensor_count; k++) {
        const struct tensor *t = &f->tensors[k];
        assert_string_equal(t->name, names[k]);
        tensor_to_textbook(t, theta, book);
        tensor_from_textbook(t, back, book);
        EXPECT(!memcmp(theta + t->offset, back + t->offset, t->size * sizeof(float)));
        if (k == 2) /* (32, 16, 4, 4) stored as (4, 4, 16, 32): [o 5][c 3][ky 2][kx 1] */
            EXPECT(book[((5 * 16 + 3) * 4 + 2) * 4 + 1] == theta[t->offset + ((2 * 4 + 1) * 16 + 3) * 32 + 5]);
        if (k == 4) /* (256, 32 * 9 * 9) stored as (9, 9, 32, 256): output 7, channel 30, row 8, column 2 */
            EXPECT(book[7 * 2592 + (30 * 9 + 8) * 9 + 2] == theta[t->offset + ((8 * 9 + 2) * 32 + 30) * 256 + 7]);
    }
    free(theta), free(book), free(back);
    net_free(&net);
}

static void start_values(void **state)
{
    (void)state;
    struct net *net = net_of("small", 8, &(struct net_input){.C = 4, .height = 84, .width = 84}, NET_HEADS_Q, 3);
    const struct net_facts *f = net_facts(net);
    const int fan_in[] = {256, 256, 256, 256, 2592, 2592, 8, 8, 8, 8, 8};
    struct rng rng = rng_make(3, 0, RNG_INIT, 0), same = rng;
    float *theta = malloc(f->params * sizeof(float)), *book = malloc(f->params * sizeof(float));
    for (size_t i = 0; i < f->params; i++) theta[i] = NAN;
    net_init(net, NET_INIT_UNIFORM, theta, &rng);
    EXPECT(f->tensor_count == 11);
    for (int k = 0; k < f->tensor_count; k++) {
        const struct tensor *t = &f->tensors[k];
        const double bound = 1 / sqrt(fan_in[k]);
        double sum = 0, square = 0;
        EXPECT(t->fan_in == fan_in[k]);
        tensor_to_textbook(t, theta, book);
        for (size_t i = 0; i < t->size; i++) {
            EXPECT(book[i] == (float)(bound * (2 * rng_uniform(&same) - 1)));
            sum += book[i], square += (double)book[i] * book[i];
        }
        if (t->size > 5000) { /* mean 0 and variance bound^2 / 3 */
            EXPECT_NEAR(sum / (double)t->size, 0, 4 * bound / sqrt(3.0 * (double)t->size));
            EXPECT_NEAR(square / (double)t->size / (bound * bound / 3), 1, 0.05);
        }
    }
    for (size_t i = 0; i < f->params; i++) EXPECT(!isnan(theta[i])); /* padding too */
    free(theta), free(book);
    net_free(&net);
}

/* He's start: variances 2 / fan_in, heads 1 / fan_in and a ten-thousandth of it, biases 0. */
static void start_values_he(void **state)
{
    (void)state;
    struct net *net =
        net_of("small", 0, &(struct net_input){.C = 4, .height = 84, .width = 84}, NET_HEADS_POLICY_V, 18);
    const struct net_facts *f = net_facts(net);
    struct rng rng = rng_make(3, 0, RNG_INIT, 0);
    float *theta = malloc(f->params * sizeof(float)), *book = malloc(f->params * sizeof(float));
    net_init(net, NET_INIT_HE, theta, &rng);
    for (int k = 0; k < f->tensor_count; k++) {
        const struct tensor *t = &f->tensors[k];
        const double gain = !strcmp(t->name, "pi.weight") ? 1e-4 : !strcmp(t->name, "v.weight") ? 1 : 2;
        double square = 0;
        tensor_to_textbook(t, theta, book);
        for (size_t i = 0; i < t->size; i++) square += (double)book[i] * book[i];
        if (t->ndim == 1)
            EXPECT(square == 0);
        else
            EXPECT_NEAR(square / (double)t->size * t->fan_in / gain, 1, 4 * sqrt(0.8 / (double)t->size));
    }
    free(theta), free(book);
    net_free(&net);
}

/* A NaN in the input reaches the answer: ReLUs and skipped zeros must not hide it. */
static void nan_is_seen(void **state)
{
    (void)state;
    struct subject s =
        subject_new("small", 0, (struct net_input){.C = 1, .height = 20, .width = 20}, NET_HEADS_POLICY_V, 2, 1, 1);
    s.x[0][150] = NAN;
    forward(&s, 0, 1);
    EXPECT(isnan(net_out(s.work, 0)[0]));
    subject_free(&s);
}

static void refusals(void **state)
{
    (void)state;
    const struct {
        const char *spec;
        int lstm;
        struct net_input input;
        const char *said;
    } cases[] = {
        {"large", 0, {.dim = 4}, "not known"},
        {"mlpx", 0, {.dim = 4}, "not known"},
        {"small:3", 0, {4, 84, 84, 0, 0}, "not known"},
        {"mlp:", 0, {.dim = 4}, "widths"},
        {"mlp:64,", 0, {.dim = 4}, "widths"},
        {"mlp:64;3", 0, {.dim = 4}, "widths"},
        {"mlp:0", 0, {.dim = 4}, "widths"},
        {"mlp:-5", 0, {.dim = 4}, "widths"},
        {"mlp:99999999999", 0, {.dim = 4}, "widths"},
        {"mlp:1,1,1,1,1,1,1,1,1", 0, {.dim = 4}, "widths"},
        {"small", 0, {.dim = 4}, "use --net mlp"},
        {"nature", 0, {.dim = 4}, "use --net mlp"},
        {"small", 0, {4, 19, 84, 0, 0}, "use --net mlp"},
        {"nature", 0, {4, 84, 35, 0, 0}, "use --net mlp"},
        {"small", 0, {4, 5, 5, 0, 0}, "use --net mlp"},
        {"small", 0, {65, 84, 84, 0, 0}, "1 to 64"},
        {"mlp", 0, {4, 40000, 40000, 0, 0}, "more than"},
        {"mlp", -1, {.dim = 4}, "cells"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct net *net = net_of(cases[k].spec, cases[k].lstm, &cases[k].input, NET_HEADS_Q, 2);
        if (net || !strstr(error_text(), cases[k].said) || strchr(error_text(), '\n'))
            fail_msg("%s: %s", cases[k].spec, net ? "accepted" : error_text());
    }
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(mlp_twin),           cmocka_unit_test(small_twin),       cmocka_unit_test(nature_twin),
        cmocka_unit_test(finite_differences), cmocka_unit_test(lstm_differences), cmocka_unit_test(lstm_squares),
        cmocka_unit_test(prepared),           cmocka_unit_test(rows_alone),       cmocka_unit_test(textbook_order),
        cmocka_unit_test(start_values),       cmocka_unit_test(start_values_he),  cmocka_unit_test(nan_is_seen),
        cmocka_unit_test(refusals),
    };
    return nn_main(tests);
}
