/* test_learn.c -- returns, losses, policies and exploration by hand-worked numbers, finite differences and PyTorch. */
#include "testing.h"

#include <hdf5.h>
#include <math.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "learn/explore.h"
#include "learn/frames.h"
#include "learn/losses.h"
#include "learn/returns.h"
#include "nn/net.h"

enum { ROWS = 16, OUT = 8 };

/* A rollout of T * E rows with room for everything; all that no test sets is NaN. */
struct desk {
    struct rollout r;
    int action[ROWS], next_action[ROWS], rows[ROWS];
    float reward[ROWS], next_value[ROWS], target[ROWS], out[ROWS][OUT], dout[ROWS][OUT], q_next[ROWS][OUT];
    uint8_t end[ROWS];
    const float *outs[ROWS], *q[ROWS];
    float *douts[ROWS];
};

static struct desk *desk(int T, int E)
{
    struct desk *d = memory_new(1, sizeof *d);
    d->r = (struct rollout){T,         E,       d->action, d->reward, d->end, d->next_action, d->next_value,
                            d->target, d->outs, d->douts};
    for (int row = 0; row < ROWS; row++) {
        d->next_value[row] = d->target[row] = NAN;
        d->outs[row] = d->out[row];
        d->douts[row] = d->dout[row];
        d->q[row] = d->q_next[row];
        for (int i = 0; i < OUT; i++) d->dout[row][i] = d->q_next[row][i] = NAN;
    }
    return d;
}

/* Two environments, three steps, gamma 1/2. The first: a terminal after step 1, then on beyond the rollout; the
 * second: a time limit after step 0, a terminal after step 2. */
static struct desk *ends_inside(void)
{
    struct desk *d = desk(3, 2);
    const float reward[] = {1, 0, 2, 1, 4, -1};
    const uint8_t end[] = {ROLLOUT_GOES_ON, ROLLOUT_CUT,     ROLLOUT_TERMINAL,
                           ROLLOUT_GOES_ON, ROLLOUT_GOES_ON, ROLLOUT_TERMINAL};
    memcpy(d->reward, reward, sizeof reward);
    memcpy(d->end, end, sizeof end);
    return d;
}

static void n_step_returns(void **state)
{
    (void)state;
    struct desk *d = ends_inside();
    EXPECT(returns_bootstrap_rows(&d->r, d->rows) == 2);
    EXPECT(d->rows[0] == 1 && d->rows[1] == 4);
    d->next_value[1] = 6;
    d->next_value[4] = 8;
    returns_n_step(&d->r, 0.5);
    const float R[] = {1 + 0.5f * 2, 0 + 0.5f * 6, 2, 1 + 0.5f * -1, 4 + 0.5f * 8, -1};
    for (int row = 0; row < 6; row++) EXPECT(d->target[row] == R[row]);
    free(d);

    d = desk(3, 1); /* one environment, a time limit at the end */
    d->reward[0] = 1, d->reward[1] = 2, d->reward[2] = 3, d->next_value[2] = 10;
    d->end[2] = ROLLOUT_CUT;
    returns_n_step(&d->r, 0.9);
    EXPECT_NEAR(d->target[0], 1 + 0.9 * (2 + 0.9 * (3 + 0.9 * 10)), 1e-5);
    d->end[2] = ROLLOUT_TERMINAL;
    d->next_value[2] = NAN;
    returns_n_step(&d->r, 0.9);
    EXPECT_NEAR(d->target[0], 1 + 0.9 * (2 + 0.9 * 3), 1e-5);
    EXPECT(returns_bootstrap_rows(&d->r, d->rows) == 0);
    free(d);
}

static void one_step_targets(void **state)
{
    (void)state;
    struct desk *d = ends_inside();
    const float next[] = {2, 4, NAN, 6, 8, NAN};
    memcpy(d->next_value, next, sizeof next);
    returns_one_step(&d->r, 0.5);
    const float y[] = {1 + 1, 0 + 2, 2, 1 + 3, 4 + 4, -1};
    for (int row = 0; row < 6; row++) EXPECT(d->target[row] == y[row]);
    free(d);
}

/* Q(s,.) = (1, 2) everywhere, actions alternate; Q(s'; target) as written; what each method makes of it. */
static void q_losses(void **state)
{
    (void)state;
    struct desk *d = ends_inside();
    const float q_next[][2] = {{3, 1}, {0, 5}, {NAN, NAN}, {2, 2}, {-1, -2}, {NAN, NAN}};
    const int next_action[] = {1, 0, -1, 1, 1, -1};
    for (int row = 0; row < 6; row++) {
        d->action[row] = row % 2;
        d->next_action[row] = next_action[row];
        d->out[row][0] = 1, d->out[row][1] = 2;
        memcpy(d->q_next[row], q_next[row], sizeof q_next[row]);
    }
    const float y_q[] = {1 + 1.5f, 2.5f, 2, 1 + 1, 4 - 0.5f, -1}; /* max */
    const float y_sarsa[] = {1 + 0.5f, 0, 2, 1 + 1, 4 - 1, -1};   /* a' taken */
    const float y_n[] = {2, 2.5f, 2, 0.5f, 4 - 0.5f, -1};         /* max at 1 and 4 alone */
    for (int method = 0; method < 3; method++) {
        const float *y = method == 0 ? y_q : method == 1 ? y_sarsa : y_n;
        if (method == 2)
            for (int row = 0; row < 6; row++) d->q[row] = row == 1 || row == 4 ? d->q_next[row] : NULL;
        const struct loss_sums sums = method == 0   ? one_step_q_loss(&d->r, 2, d->q, 0.5)
                                      : method == 1 ? one_step_sarsa_loss(&d->r, 2, d->q, 0.5)
                                                    : n_step_q_loss(&d->r, 2, d->q, 0.5);
        double loss = 0;
        for (int row = 0; row < 6; row++) {
            const double error = d->out[row][row % 2] - y[row];
            EXPECT(d->target[row] == y[row]);
            EXPECT(d->dout[row][row % 2] == 0.5 * error); /* the mean over two environments */
            EXPECT(d->dout[row][1 - row % 2] == 0);
            loss += 0.5 * 0.5 * error * error;
        }
        EXPECT_NEAR(sums.value, loss, 1e-9);
        EXPECT(sums.policy == 0 && sums.entropy == 0);
    }
    free(d);
}

/* Two steps, one environment: logits (0, 0) and (ln 3, 0), V 1 and 2, gamma 1/2, bootstrap 4. */
static void a3c_by_hand(void **state)
{
    (void)state;
    struct desk *d = desk(2, 1);
    const double beta = 0.1, coef = 0.5;
    d->out[0][2] = 1;
    d->out[1][0] = (float)log(3), d->out[1][2] = 2;
    d->reward[0] = 1, d->reward[1] = 3;
    d->action[0] = 1, d->action[1] = 0;
    d->next_value[1] = 4;
    const struct loss_sums s = a3c_loss(&d->r, &policy_categorical, 2, 0.5, beta, coef);
    /* R = (3.5, 5), adv = (2.5, 3), pi = (1/2, 1/2) and (3/4, 1/4) */
    const double H0 = log(2), H1 = -0.75 * log(0.75) - 0.25 * log(0.25);
    EXPECT_NEAR(s.policy, 2.5 * log(2) - 3 * log(0.75), 1e-6);
    EXPECT_NEAR(s.value, 2.5 * 2.5 + 3 * 3, 1e-6);
    EXPECT_NEAR(s.entropy, H0 + H1, 1e-6);
    EXPECT_NEAR(d->dout[0][0], 2.5 * 0.5, 1e-6); /* entropy is flat at the uniform policy */
    EXPECT_NEAR(d->dout[0][1], -2.5 * 0.5, 1e-6);
    EXPECT_NEAR(d->dout[0][2], 2 * coef * -2.5, 1e-6);
    EXPECT_NEAR(d->dout[1][0], 3 * (0.75 - 1) + beta * 0.75 * (log(0.75) + H1), 1e-6);
    EXPECT_NEAR(d->dout[1][1], 3 * 0.25 + beta * 0.25 * (log(0.25) + H1), 1e-6);
    EXPECT_NEAR(d->dout[1][2], 2 * coef * -3, 1e-6);
    free(d);
}

static double policy_loss(const double *z, int A, int a, double adv, double beta)
{
    double sum = 0, H = 0;
    for (int i = 0; i < A; i++) sum += exp(z[i]);
    for (int i = 0; i < A; i++) H -= exp(z[i]) / sum * (z[i] - log(sum));
    return -(z[a] - log(sum)) * adv - beta * H;
}

static void categorical_gradient(void **state)
{
    (void)state;
    enum { A = 5 };
    const struct policy_ops *p = &policy_categorical;
    for (uint64_t k = 0; k < 20; k++) {
        double z[A];
        float out[A], dout[A];
        for (uint64_t i = 0; i < A; i++) out[i] = testing_fill(11, k * A + i, 3), z[i] = out[i];
        const struct env_action a = {.index = (int)k % A};
        const double adv = testing_fill(12, k, 2), beta = 0.3, h = 1e-5;
        p->gradient(out, A, a, adv, beta, 0.5, dout);
        EXPECT_NEAR(policy_loss(z, A, a.index, adv, beta), -p->log_prob(out, A, a) * adv - beta * p->entropy(out, A),
                    1e-9);
        for (int i = 0; i < A; i++) {
            const double at = z[i];
            z[i] = at + h;
            double slope = policy_loss(z, A, a.index, adv, beta);
            z[i] = at - h;
            slope = (slope - policy_loss(z, A, a.index, adv, beta)) / (2 * h);
            z[i] = at;
            EXPECT_NEAR(dout[i], 0.5 * slope, 1e-6);
        }
    }
}

static void categorical_is_safe(void **state)
{
    (void)state;
    const struct policy_ops *p = &policy_categorical;
    const float far[3] = {-2000, 3000, 0};
    float dout[3];
    EXPECT_NEAR(p->log_prob(far, 3, (struct env_action){.index = 0}), -5000, 1e-9);
    EXPECT_NEAR(p->entropy(far, 3), 0, 1e-12);
    p->gradient(far, 3, (struct env_action){.index = 0}, 1, 0.01, 1, dout);
    EXPECT_NEAR(dout[0], -1, 1e-6);
    EXPECT_NEAR(dout[1], 1, 1e-6);
    EXPECT_NEAR(dout[2], 0, 1e-6);
    EXPECT(p->mode(far, 3, NULL).index == 1);

    const float out[3] = {(float)log(0.2), (float)log(0.5), (float)log(0.3)};
    const double pi[3] = {0.2, 0.5, 0.3};
    int count[3] = {0};
    struct rng rng = rng_make(3, 0, RNG_TEST, 0);
    for (int i = 0; i < 100000; i++) count[p->sample(out, 3, &rng, NULL).index]++;
    for (int i = 0; i < 3; i++) EXPECT_NEAR(count[i] / 1e5, pi[i], 0.006); /* four standard deviations */
}

static void exploration(void **state)
{
    (void)state;
    const float q[4] = {1, 3, 3, 2};
    EXPECT(explore_greedy(q, 4) == 1); /* the first of equals */
    EXPECT(explore_epsilon(0.1, 0, 1000) == 1);
    EXPECT_NEAR(explore_epsilon(0.1, 500, 1000), 0.55, 1e-12);
    EXPECT(explore_epsilon(0.1, 1000, 1000) == 0.1);
    EXPECT(explore_epsilon(0.1, 99999, 1000) == 0.1);
    EXPECT(explore_epsilon(0.5, 0, 0) == 0.5);
    const double value[3] = {0.1, 0.01, 0.5}, prob[3] = {0.4, 0.3, 0.3};
    int finals[3] = {0}, acts[4] = {0};
    struct rng rng = rng_make(4, 0, RNG_TEST, 0);
    for (int i = 0; i < 100000; i++) {
        const double v = explore_draw_final(value, prob, 3, &rng);
        finals[v == 0.1 ? 0 : v == 0.01 ? 1 : 2]++;
        acts[explore_action(q, 4, 0.4, &rng)]++;
    }
    for (int i = 0; i < 3; i++) EXPECT_NEAR(finals[i] / 1e5, prob[i], 0.006);
    for (int i = 0; i < 4; i++) EXPECT_NEAR(acts[i] / 1e5, i == 1 ? 0.7 : 0.1, 0.006);
    for (int i = 0; i < 100; i++) EXPECT(explore_action(q, 4, 0, &rng) == 1);
}

KERNEL_DECLARE(void, frames_convert, (const uint8_t *in, float *out, size_t n))

static void frames(void **state)
{
    (void)state;
    static void (*const convert[])(const uint8_t *, float *, size_t) = KERNEL_TABLE(frames_convert);
    enum { N = 9, STACK = 3, SIZE = 2 };
    uint8_t bytes[256];
    float out[256];
    for (int i = 0; i < 256; i++) bytes[i] = (uint8_t)i;
    for (int isa = 0; isa <= (int)cpu_isa(); isa++) {
        convert[isa](bytes, out, 256);
        for (int i = 0; i < 256; i++) EXPECT(out[i] == (float)(i / 255.0)); /* as PyTorch's float32 division */
    }

    struct frames f;
    const float *x[STACK], *old[STACK];
    frames_new(&f, SIZE, STACK, N);
    frames_first(&f)[0] = 1;
    frames_stack(&f, x);
    EXPECT(x[0] == x[1] && x[1] == x[2] && x[0][0] == 1);
    frames_next(&f)[0] = 2;
    frames_stack(&f, old);
    EXPECT(old[0][0] == 1 && old[1][0] == 1 && old[2][0] == 2);
    for (int k = 0; k < N - STACK; k++) frames_next(&f)[0] = (float)(3 + k);
    EXPECT(old[0][0] == 1 && old[1][0] == 1 && old[2][0] == 2); /* not yet written over */
    frames_stack(&f, x);
    for (int c = 0; c < STACK; c++) EXPECT(x[c][0] == (float)(2 + N - STACK - (STACK - 1 - c)));
    frames_first(&f)[0] = -1;
    frames_stack(&f, x);
    EXPECT(x[0] == x[2] && x[0][0] == -1);
    frames_free(&f);
}

/* tests/data/parity.h5 */
static double attribute(hid_t file, const char *object, const char *name)
{
    double v = NAN;
    hid_t a = H5Aopen_by_name(file, object, name, H5P_DEFAULT, H5P_DEFAULT);
    EXPECT(a >= 0 && H5Aread(a, H5T_NATIVE_DOUBLE, &v) >= 0);
    H5Aclose(a);
    return v;
}

static void read_set(hid_t file, const char *group, const char *name, hid_t type, void *out)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", group, name);
    hid_t set = H5Dopen2(file, path, H5P_DEFAULT);
    EXPECT(set >= 0 && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0);
    H5Dclose(set);
}

/* make_parity.py's mlp_params(): tensor k of the table has seed + k. */
static float *fill_theta(const struct net *net, uint64_t seed)
{
    const struct net_facts *facts = net_facts(net);
    float *theta = memory_floats(facts->params), values[64 * 64];
    for (int k = 0; k < facts->tensor_count; k++) {
        const struct tensor *t = &facts->tensors[k];
        for (uint64_t i = 0; i < t->size; i++) values[i] = testing_fill(seed + (uint64_t)k, i, pow(t->fan_in, -0.5));
        tensor_from_textbook(t, theta, values);
    }
    return theta;
}

static void compare_gradient(hid_t file, const char *group, const struct net *net, const float *dtheta)
{
    const struct net_facts *facts = net_facts(net);
    for (int k = 0; k < facts->tensor_count; k++) {
        const struct tensor *t = &facts->tensors[k];
        float d[64 * 64];
        double value[64], norm = 0, sum = 0;
        int64_t index[64];
        char path[128];
        snprintf(path, sizeof path, "%s/grad/%s", group, t->name);
        read_set(file, path, "index", H5T_NATIVE_INT64, index);
        read_set(file, path, "value", H5T_NATIVE_DOUBLE, value);
        tensor_to_textbook(t, dtheta, d);
        for (size_t i = 0; i < t->size; i++) norm += (double)d[i] * d[i], sum += d[i];
        for (int i = 0; i < 64; i++) EXPECT_NEAR(d[index[i]], value[i], 2e-5);
        EXPECT_NEAR(sqrt(norm), attribute(file, path, "norm"), 2e-5);
        EXPECT_NEAR(sum, attribute(file, path, "sum"), 2e-4);
    }
}

/* The five steps of make_parity.py through net, loss and backward pass */
static void parity(hid_t file, const char *algo, bool terminal)
{
    enum { T = 5 };
    const bool a3c = !strcmp(algo, "a3c");
    const float reward[T] = {0, 1, 0, -1, 0.5f};
    const int action[T] = {0, 1, 1, 0, 1}, next_action[T] = {1, 1, 0, 1, 0};
    char group[64];
    float x[T + 1][4];
    const float *xs[T + 1];
    snprintf(group, sizeof group, "%s_mlp_%s", algo, terminal ? "terminal" : "bootstrap");
    for (uint64_t t = 0; t <= T; t++) {
        xs[t] = x[t];
        for (uint64_t i = 0; i < 4; i++) x[t][i] = testing_fill(900, t * 4 + i, 1);
    }
    const struct net_input in = {.dim = 4};
    struct net *net = net_new("mlp:64,64", 0, &in, a3c ? NET_HEADS_POLICY_V : NET_HEADS_Q, 2);
    struct net_work *work = net_work_new(net, T + 1), *next = net_work_new(net, T);
    float *theta = fill_theta(net, a3c ? 100 : 200), *theta_target = fill_theta(net, 300);
    float *dtheta = memory_floats(net_facts(net)->params);
    struct desk *d = desk(T, 1);
    for (int t = 0; t < T; t++) net_forward(net, theta, work, t, 1, xs + t, NULL); /* as when acting */
    net_forward(net, theta, work, T, 1, xs + T, NULL);
    net_forward(net, theta_target, next, 0, T, xs + 1, NULL);
    for (int t = 0; t < T; t++) {
        d->reward[t] = reward[t], d->action[t] = action[t], d->next_action[t] = next_action[t];
        d->outs[t] = net_out(work, t), d->douts[t] = net_dout(work, t), d->q[t] = net_out(next, t);
    }
    d->end[T - 1] = terminal ? ROLLOUT_TERMINAL : ROLLOUT_GOES_ON;
    double target[T];
    read_set(file, group, a3c ? "return" : "y", H5T_NATIVE_DOUBLE, target);
    if (a3c) {
        d->next_value[T - 1] = net_out(work, T)[2];
        const struct loss_sums s = a3c_loss(&d->r, &policy_categorical, 2, 0.99, 0.01, 0.5);
        EXPECT_NEAR(s.policy, attribute(file, group, "policy_loss"), 2e-5);
        EXPECT_NEAR(s.value, attribute(file, group, "value_loss"), 2e-5);
        EXPECT_NEAR(s.entropy, attribute(file, group, "entropy"), 2e-5);
        EXPECT_NEAR(s.policy - 0.01 * s.entropy + 0.5 * s.value, attribute(file, group, "loss"), 2e-5);
    } else {
        if (!strcmp(algo, "n_step_q"))
            for (int t = 0; t < (terminal ? T : T - 1); t++) d->q[t] = NULL;
        const struct loss_sums s = !strcmp(algo, "one_step_q")       ? one_step_q_loss(&d->r, 2, d->q, 0.99)
                                   : !strcmp(algo, "one_step_sarsa") ? one_step_sarsa_loss(&d->r, 2, d->q, 0.99)
                                                                     : n_step_q_loss(&d->r, 2, d->q, 0.99);
        EXPECT_NEAR(s.value, attribute(file, group, "loss"), 2e-5);
    }
    for (int t = 0; t < T; t++) EXPECT_NEAR(d->target[t], target[t], 1e-5);
    net_backward(net, theta, work, T, 1, NULL, dtheta);
    compare_gradient(file, group, net, dtheta);
    net_work_free(&work);
    net_work_free(&next);
    net_free(&net);
    free(theta), free(theta_target), free(dtheta), free(d);
}

static void losses_as_pytorch(void **state)
{
    (void)state;
    const char *algos[] = {"a3c", "one_step_q", "one_step_sarsa", "n_step_q"};
    hid_t file = H5Fopen(testing_data("parity.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    EXPECT(file >= 0);
    for (int k = 0; k < 4; k++)
        for (int terminal = 0; terminal < 2; terminal++) parity(file, algos[k], terminal);
    H5Fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(n_step_returns),
        cmocka_unit_test(one_step_targets),
        cmocka_unit_test(q_losses),
        cmocka_unit_test(a3c_by_hand),
        cmocka_unit_test(categorical_gradient),
        cmocka_unit_test(categorical_is_safe),
        cmocka_unit_test(exploration),
        cmocka_unit_test(frames),
        cmocka_unit_test(losses_as_pytorch),
    };
    return testing_main(tests);
}
