/* test_nn_parity.c -- outputs and gradients of whole networks against PyTorch in float64 (tests/data/make_parity.py
 * and, with normalised layers, make_norm.py). The loss's gradient to the outputs is worked out here by formula, from
 * our own outputs. */
#include <hdf5.h>
#include <math.h>

#include "nets.h"
#include "nn/net.h"
#include "nn_isa.h"

enum { T = 5 };
static const double gamma_ = 0.99, beta = 0.01, value_coef = 0.5, reward[T] = {0, 1, 0, -1, 0.5};
static const double tolerance = 1e-5; /* of a tensor's norm */
static hid_t file;

static int open_file(void **state)
{
    (void)state;
    file = H5Fopen(testing_data("parity.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    return file < 0;
}

static int open_norms(void **state)
{
    (void)state;
    file = H5Fopen(testing_data("norm.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    return file < 0;
}

static int close_file(void **state)
{
    (void)state;
    return H5Fclose(file) < 0;
}

static void read_doubles(const char *group, const char *name, double *out, size_t n)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", group, name);
    const hid_t set = H5Dopen2(file, path, H5P_DEFAULT), space = H5Dget_space(set);
    EXPECT(set >= 0 && H5Sget_simple_extent_npoints(space) == (hssize_t)n);
    EXPECT(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0);
    H5Sclose(space);
    H5Dclose(set);
}

static double read_attribute(const char *path, const char *name)
{
    double x = NAN;
    const hid_t attribute = H5Aopen_by_name(file, path, name, H5P_DEFAULT, H5P_DEFAULT);
    EXPECT(attribute >= 0 && H5Aread(attribute, H5T_NATIVE_DOUBLE, &x) >= 0);
    H5Aclose(attribute);
    return x;
}

/* A network with the fixture's weights: tensor k of theta is fill(seed[k]), of gains 1 more. */
struct subject {
    struct net *net;
    const struct net_facts *facts;
    struct net_work *work;
    float *theta, *dtheta;
};

static struct subject subject_over(struct net *net, const int *seeds)
{
    struct subject s = {.net = net};
    EXPECT(s.net);
    s.facts = net_facts(s.net);
    s.work = net_work_new(s.net, T + 1);
    s.theta = calloc(s.facts->params, sizeof(float));
    s.dtheta = malloc(s.facts->params * sizeof(float));
    float *book = malloc(s.facts->params * sizeof(float));
    for (int k = 0; k < s.facts->tensor_count; k++) {
        const struct tensor *t = &s.facts->tensors[k];
        for (size_t i = 0; i < t->size; i++)
            book[i] = (float)(t->start == TENSOR_GAIN) + testing_fill((uint64_t)seeds[k], i, pow(t->fan_in, -0.5));
        tensor_from_textbook(t, s.theta, book);
    }
    for (size_t i = 0; i < s.facts->params; i++) s.dtheta[i] = NAN; /* backward overwrites everything */
    free(book);
    return s;
}

static struct subject subject_new(const char *spec, int lstm, struct net_input input, enum net_heads heads, int actions,
                                  const int *seeds)
{
    return subject_over(net_of(spec, lstm, &input, heads, actions), seeds);
}

static void subject_free(struct subject *s)
{
    net_work_free(&s->work);
    net_free(&s->net);
    free(s->theta);
    free(s->dtheta);
}

/* Norm, sum and samples of every gradient tensor; `alias` is the fixture's name of tensor fc0. */
static void expect_gradients(const struct subject *s, const char *group, const char *alias)
{
    float *book = malloc(s->facts->params * sizeof(float));
    for (int k = 0; k < s->facts->tensor_count; k++) {
        const struct tensor *t = &s->facts->tensors[k];
        char path[128];
        double index[64], value[64], square = 0, sum = 0;
        const bool renamed = alias && !strncmp(t->name, "fc0", 3);
        snprintf(path, sizeof path, "%s/grad/%s%s", group, renamed ? alias : "", t->name + (renamed ? 3 : 0));
        tensor_to_textbook(t, s->dtheta, book);
        for (size_t i = 0; i < t->size; i++) square += (double)book[i] * book[i], sum += book[i];
        const double norm = read_attribute(path, "norm");
        EXPECT_NEAR(sqrt(square), norm, tolerance * norm);
        EXPECT_NEAR(sum, read_attribute(path, "sum"), tolerance * norm * sqrt((double)t->size));
        read_doubles(path, "index", index, 64);
        read_doubles(path, "value", value, 64);
        for (int i = 0; i < 64; i++) EXPECT_NEAR(book[(size_t)index[i]], value[i], tolerance * norm);
    }
    free(book);
}

/* Rows 0 .. T of out_dim floats against logits (T+1, A) and value (T+1), then the A3C loss's gradient to the
 * rows before the last. */
static void expect_a3c(struct subject *s, const char *group, const int *action, bool terminal)
{
    enum { MOST = 8 };
    const int A = s->facts->outputs;
    double logits[(T + 1) * MOST], value[T + 1];
    read_doubles(group, "logits", logits, (size_t)(T + 1) * A);
    read_doubles(group, "value", value, T + 1);
    for (int t = 0; t <= T; t++) {
        for (int a = 0; a < A; a++) EXPECT_NEAR(net_out(s->work, t)[a], logits[t * A + a], 1e-5);
        EXPECT_NEAR(net_out(s->work, t)[A], value[t], 1e-5);
    }
    double R = terminal ? 0 : net_out(s->work, T)[A];
    for (int t = T - 1; t >= 0; t--) {
        const float *out = net_out(s->work, t);
        float *dout = net_dout(s->work, t);
        double pi[MOST], Z = 0, H = 0;
        for (int a = 0; a < A; a++) Z += exp(out[a]);
        for (int a = 0; a < A; a++) pi[a] = exp(out[a]) / Z, H -= pi[a] * log(pi[a]);
        R = reward[t] + gamma_ * R;
        for (int a = 0; a < A; a++)
            dout[a] = (float)((pi[a] - (a == action[t])) * (R - out[A]) + beta * pi[a] * (log(pi[a]) + H));
        dout[A] = (float)(2 * value_coef * (out[A] - R));
    }
}

static void vectors(const float *x[T + 1])
{
    static float data[(T + 1) * 4];
    for (int i = 0; i < (T + 1) * 4; i++) data[i] = testing_fill(900, (uint64_t)i, 1);
    for (int t = 0; t <= T; t++) x[t] = data + t * 4;
}

static void a3c_mlp(void **state)
{
    (void)state;
    const int seeds[] = {100, 101, 102, 103, 104, 105, 106, 107}, action[] = {0, 1, 1, 0, 1};
    const float *x[T + 1];
    vectors(x);
    for (int terminal = 0; terminal < 2; terminal++) {
        const char *group = terminal ? "a3c_mlp_terminal" : "a3c_mlp_bootstrap";
        struct subject s = subject_new("mlp", 0, (struct net_input){.dim = 4}, NET_HEADS_POLICY_V, 2, seeds);
        for (int t = 0; t <= T; t++) net_forward(s.net, s.theta, s.work, t, 1, x + t, NULL);
        expect_a3c(&s, group, action, terminal);
        net_backward(s.net, s.theta, s.work, T, 1, NULL, s.dtheta);
        expect_gradients(&s, group, NULL);
        subject_free(&s);
    }
}

/* L = 1/2 sum (y - Q(s, a))^2, the targets y as the fixture has them */
static void q_mlp(void **state)
{
    (void)state;
    const char *groups[] = {"one_step_q_mlp_bootstrap",    "one_step_q_mlp_terminal", "one_step_sarsa_mlp_bootstrap",
                            "one_step_sarsa_mlp_terminal", "n_step_q_mlp_bootstrap",  "n_step_q_mlp_terminal"};
    const int seeds[] = {200, 201, 202, 203, 204, 205}, action[] = {0, 1, 1, 0, 1};
    const float *x[T + 1];
    vectors(x);
    for (int g = 0; g < 6; g++) {
        struct subject s = subject_new("mlp:64,64", 0, (struct net_input){.dim = 4}, NET_HEADS_Q, 2, seeds);
        double q[(T + 1) * 2], y[T];
        read_doubles(groups[g], "q", q, (T + 1) * 2);
        read_doubles(groups[g], "y", y, T);
        net_forward(s.net, s.theta, s.work, 0, T + 1, x, NULL);
        for (int i = 0; i < (T + 1) * 2; i++) EXPECT_NEAR(net_out(s.work, i / 2)[i % 2], q[i], 1e-5);
        for (int t = 0; t < T; t++)
            for (int a = 0; a < 2; a++)
                net_dout(s.work, t)[a] = a == action[t] ? net_out(s.work, t)[a] - (float)y[t] : 0;
        net_backward(s.net, s.theta, s.work, T, 1, NULL, s.dtheta);
        expect_gradients(&s, groups[g], NULL);
        subject_free(&s);
    }
}

/* The A3C loss over rows of x of the network, and its gradient; the recurrent state as the fixture has it. */
static void a3c_rows(struct subject *s, const char *group, const float *const *x, const int *action)
{
    enum { MOST = 32 };
    float state[2 * MOST];
    const int per_row = s->facts->input.C ? s->facts->input.C : 1, N = s->facts->state_dim / 2;
    double h[(T + 1) * MOST], c[(T + 1) * MOST];
    EXPECT(N <= MOST);
    if (N) read_doubles(group, "h", h, (size_t)(T + 1) * N), read_doubles(group, "c", c, (size_t)(T + 1) * N);
    for (int j = 0; j < N; j++)
        state[j] = testing_fill(609, (uint64_t)j, 0.5), state[N + j] = testing_fill(610, (uint64_t)j, 0.5);
    for (int t = 0; t <= T; t++) {
        net_forward(s->net, s->theta, s->work, t, 1, x + t * per_row, N ? state : NULL);
        for (int j = 0; j < N; j++) {
            EXPECT_NEAR(state[j], h[t * N + j], 1e-6);
            EXPECT_NEAR(state[N + j], c[t * N + j], 1e-6);
        }
    }
    expect_a3c(s, group, action, false);
    net_backward(s->net, s->theta, s->work, T, 1, (const uint8_t[T]){0}, s->dtheta);
    expect_gradients(s, group, NULL);
    subject_free(s);
}

static void pictures(const float *x[(T + 1) * 4])
{
    enum { PLANE = 84 * 84 };
    static float frames[(T + 1) * 4][PLANE];
    for (int k = 0; k < (T + 1) * 4; k++) {
        x[k] = frames[k];
        for (int i = 0; i < PLANE; i++)
            frames[k][i] = (float)testing_pixel(901, (uint64_t)k * PLANE + (uint64_t)i) / 255;
    }
}

static void a3c_frames(const char *spec, const char *group, const int *seeds)
{
    const float *x[(T + 1) * 4];
    pictures(x);
    struct subject s = subject_new(spec, 0, (struct net_input){4, 84, 84, 0, 0}, NET_HEADS_POLICY_V, 6, seeds);
    a3c_rows(&s, group, x, (const int[]){3, 0, 5, 2, 1});
}

static void a3c_small(void **state)
{
    (void)state;
    a3c_frames("small", "a3c_small", (int[]){400, 401, 402, 403, 420, 421, 422, 423, 424, 425});
}

static void a3c_nature(void **state)
{
    (void)state;
    a3c_frames("nature", "a3c_nature", (int[]){500, 501, 502, 503, 504, 505, 520, 521, 522, 523, 524, 525});
}

static void a3c_lstm(void **state)
{
    (void)state;
    enum { N = 32 };
    const int seeds[] = {600, 601, 602, 603, 604, 605, 606, 607, 608}, action[] = {0, 1, 1, 0, 1};
    const float *x[T + 1];
    vectors(x);
    for (int reset = 0; reset < 2; reset++) {
        const char *group = reset ? "a3c_lstm_reset" : "a3c_lstm";
        struct subject s = subject_new("mlp:64", N, (struct net_input){.dim = 4}, NET_HEADS_POLICY_V, 2, seeds);
        float memory[2 * N];
        double h[(T + 1) * N], c[(T + 1) * N];
        read_doubles(group, "h", h, (T + 1) * N);
        read_doubles(group, "c", c, (T + 1) * N);
        for (int j = 0; j < N; j++) {
            memory[j] = testing_fill(609, (uint64_t)j, 0.5);
            memory[N + j] = testing_fill(610, (uint64_t)j, 0.5);
        }
        for (int t = 0; t <= T; t++) {
            if (reset && t == 3) memset(memory, 0, sizeof memory);
            net_forward(s.net, s.theta, s.work, t, 1, x + t, memory);
            for (int j = 0; j < N; j++) {
                EXPECT_NEAR(memory[j], h[t * N + j], 1e-6);
                EXPECT_NEAR(memory[N + j], c[t * N + j], 1e-6);
            }
        }
        expect_a3c(&s, group, action, false);
        const uint8_t start[T] = {0, 0, 0, (uint8_t)reset, 0};
        net_backward(s.net, s.theta, s.work, T, 1, start, s.dtheta);
        expect_gradients(&s, group, "fc");
        subject_free(&s);
    }
}

/* Each tensor of a network with normalised layers has the next seed. */
static void normalised(struct net_config c, int first, const char *group, const float *const *x, const int *action)
{
    int seeds[32];
    for (int k = 0; k < 32; k++) seeds[k] = first + k;
    c.heads = NET_HEADS_POLICY_V, c.layer_norm = true;
    struct subject s = subject_over(net_new(&c), seeds);
    a3c_rows(&s, group, x, action);
}

static void normalised_rows(void **state)
{
    (void)state;
    const int action[] = {0, 1, 1, 0, 1};
    const float *x[T + 1];
    vectors(x);
    struct net_config c = {.spec = "mlp", .input.dim = 4, .outputs = 2};
    normalised(c, 1000, "norm_mlp_relu", x, action);
    c.activation = ACTIVATION_TANH;
    normalised(c, 1000, "norm_mlp_tanh", x, action);
    c.activation = ACTIVATION_RELU, c.spec = "mlp:64", c.lstm = 32;
    normalised(c, 1300, "norm_lstm", x, action);
}

static void normalised_pixels(void **state)
{
    (void)state;
    const int action[] = {3, 0, 5, 2, 1};
    const float *x[(T + 1) * 4];
    pictures(x);
    struct net_config c = {.spec = "small", .input = {4, 84, 84, 0, 0}, .outputs = 6};
    normalised(c, 1100, "norm_small", x, action);
    c.spec = "nature";
    normalised(c, 1200, "norm_nature", x, action);
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a3c_mlp, open_file, close_file),
        cmocka_unit_test_setup_teardown(q_mlp, open_file, close_file),
        cmocka_unit_test_setup_teardown(a3c_small, open_file, close_file),
        cmocka_unit_test_setup_teardown(a3c_nature, open_file, close_file),
        cmocka_unit_test_setup_teardown(a3c_lstm, open_file, close_file),
        cmocka_unit_test_setup_teardown(normalised_rows, open_norms, close_file),
        cmocka_unit_test_setup_teardown(normalised_pixels, open_norms, close_file),
    };
    return nn_main(tests);
}
