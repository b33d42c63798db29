/* test_learn_parity.c -- each algorithm's loss and gradient of a network against PyTorch (tests/data/parity.h5). */
#include "nets.h"
#include "rollouts.h"

#include <hdf5.h>

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
static void parity(hid_t file, const struct algo_ops *algo, const char *name, bool terminal)
{
    enum { T = 5 };
    const bool a3c = algo == &algo_a3c;
    const float reward[T] = {0, 1, 0, -1, 0.5f};
    const int action[T] = {0, 1, 1, 0, 1}, next_action[T] = {1, 1, 0, 1, 0};
    char group[64];
    float x[T + 1][4];
    const float *xs[T + 1];
    snprintf(group, sizeof group, "%s_mlp_%s", name, terminal ? "terminal" : "bootstrap");
    for (uint64_t t = 0; t <= T; t++) {
        xs[t] = x[t];
        for (uint64_t i = 0; i < 4; i++) x[t][i] = testing_fill(900, t * 4 + i, 1);
    }
    const struct net_input in = {.dim = 4};
    struct net *net = net_of("mlp:64,64", 0, &in, algo->heads, 2);
    struct net_work *work = net_work_new(net, T + 1), *next = net_work_new(net, T);
    float *theta = fill_theta(net, a3c ? 100 : 200), *theta_target = fill_theta(net, 300);
    float *dtheta = memory_floats(net_facts(net)->params);
    struct small_rollout *d = small_rollout(T, 1);
    for (int t = 0; t < T; t++) net_forward(net, theta, work, t, 1, xs + t, NULL); /* as when acting */
    net_forward(net, theta, work, T, 1, xs + T, NULL);
    net_forward(net, theta_target, next, 0, T, xs + 1, NULL);
    for (int t = 0; t < T; t++) {
        d->reward[t] = reward[t], d->action[t] = (float)action[t], d->next_action[t] = (float)next_action[t];
        d->outs[t] = net_out(work, t), d->douts[t] = net_dout(work, t), d->next_outs[t] = net_out(next, t);
        if (a3c && t == T - 1) d->next_outs[t] = net_out(work, T);
    }
    d->end[T - 1] = terminal ? ROLLOUT_TERMINAL : ROLLOUT_GOES_ON;
    double target[T];
    read_set(file, group, a3c ? "return" : "y", H5T_NATIVE_DOUBLE, target);
    for (int t = 0; t < (terminal ? T : T - 1) && algo->successors == SUCCESSORS_OF_ENDS; t++) d->next_outs[t] = NULL;
    const struct env_spec spec = {.num_actions = 2};
    const struct policy policy = policy_for(&spec);
    const struct loss_config config = {
        .policy = &policy, .outputs = 2, .gamma = 0.99, .lambda = 1, .entropy = 0.01, .value_coef = 0.5};
    const struct loss_sums s = algo->loss(&d->r, &config);
    if (a3c) {
        EXPECT_NEAR(s.policy, attribute(file, group, "policy_loss"), 2e-5);
        EXPECT_NEAR(s.value, attribute(file, group, "value_loss"), 2e-5);
        EXPECT_NEAR(s.entropy, attribute(file, group, "entropy"), 2e-5);
    }
    const double loss = a3c ? s.policy - 0.01 * s.entropy + 0.5 * s.value : s.value;
    EXPECT_NEAR(loss, attribute(file, group, "loss"), 2e-5);
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
    static const struct {
        const struct algo_ops *algo;
        const char *name;
    } algos[] = {{&algo_a3c, "a3c"},
                 {&algo_one_step_q, "one_step_q"},
                 {&algo_one_step_sarsa, "one_step_sarsa"},
                 {&algo_n_step_q, "n_step_q"}};
    hid_t file = H5Fopen(testing_data("parity.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    EXPECT(file >= 0);
    for (size_t k = 0; k < sizeof algos / sizeof algos[0]; k++)
        for (int terminal = 0; terminal < 2; terminal++) parity(file, algos[k].algo, algos[k].name, terminal);
    H5Fclose(file);
}

/* A gradient of n floats against that of the fixture's tensor `name`. */
static void compare_part(hid_t file, const char *name, const float *d, size_t n)
{
    double value[64], norm = 0, sum = 0;
    int64_t index[64];
    char path[128];
    snprintf(path, sizeof path, "a3c_gaussian/grad/%s", name);
    read_set(file, path, "index", H5T_NATIVE_INT64, index);
    read_set(file, path, "value", H5T_NATIVE_DOUBLE, value);
    for (size_t i = 0; i < n; i++) norm += (double)d[i] * d[i], sum += d[i];
    norm = sqrt(norm);
    const double expected = attribute(file, path, "norm");
    EXPECT_NEAR(norm, expected, 1e-5 * expected);
    EXPECT_NEAR(sum, attribute(file, path, "sum"), 1e-5 * expected * sqrt((double)n));
    for (int i = 0; i < 64; i++) EXPECT_NEAR(d[index[i]], value[i], 1e-5 * expected);
}

enum { GAUSSIAN_TENSORS = 12, ACTION_DIM = 2, WIDTH = 64 };
/* Our tensors, in our order: the fixture's name and seed; pi's last row is the fixture's sigma2. */
static const struct {
    const char *ours, *theirs;
    uint64_t seed;
} gaussian[GAUSSIAN_TENSORS] = {
    {"fc0.weight", "fc0.weight", 700},
    {"fc0.bias", "fc0.bias", 701},
    {"fc1.weight", "fc1.weight", 702},
    {"fc1.bias", "fc1.bias", 703},
    {"pi.weight", "mu.weight", 704},
    {"pi.bias", "mu.bias", 705},
    {"v_fc0.weight", "critic.fc0.weight", 720},
    {"v_fc0.bias", "critic.fc0.bias", 721},
    {"v_fc1.weight", "critic.fc1.weight", 722},
    {"v_fc1.bias", "critic.fc1.bias", 723},
    {"v.weight", "critic.v.weight", 724},
    {"v.bias", "critic.v.bias", 725},
};

static float *gaussian_theta(const struct net_facts *f)
{
    float *theta = memory_floats(f->params), values[WIDTH * WIDTH];
    EXPECT(f->tensor_count == GAUSSIAN_TENSORS);
    for (int k = 0; k < GAUSSIAN_TENSORS; k++) {
        const struct tensor *t = &f->tensors[k];
        const size_t last = k == 4 ? WIDTH : k == 5 ? 1 : 0, first = t->size - last;
        const double bound = pow(t->fan_in, -0.5);
        assert_string_equal(t->name, gaussian[k].ours);
        for (size_t i = 0; i < first; i++) values[i] = testing_fill(gaussian[k].seed, i, bound);
        for (size_t i = 0; i < last; i++) values[first + i] = testing_fill(gaussian[k].seed + 2, i, bound);
        tensor_from_textbook(t, theta, values);
    }
    return theta;
}

/* The paper's policy of continuous actions: one variance, a critic of its own, an episode that ends. */
static void gaussian_as_pytorch(void **state)
{
    (void)state;
    enum { T = 5 };
    const double rewards[T] = {0, 1, 0, -1, 0.5};
    const float bounds[ACTION_DIM] = {-1, 1};
    const struct env_spec spec = {.action_dim = ACTION_DIM, .action_low = bounds, .action_high = bounds};
    const struct policy policy = policy_named("gaussian-scalar", &spec);
    struct net *net = net_new(&(struct net_config){.spec = "mlp:64,64",
                                                   .input = {.dim = 4},
                                                   .heads = NET_HEADS_POLICY_V,
                                                   .outputs = policy.outputs,
                                                   .separate_critic = true});
    const struct net_facts *f = net_facts(net);
    struct net_work *work = net_work_new(net, T);
    float *theta = gaussian_theta(f), *dtheta = memory_floats(f->params), x[T][4], d[WIDTH * WIDTH];
    struct small_rollout *r = small_rollout(T, 1);
    float actions[T * ACTION_DIM];
    r->r.N = ACTION_DIM, r->r.action = actions;
    const hid_t file = H5Fopen(testing_data("parity.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    double mu[T][ACTION_DIM], log_pi[T], H[T], V[T];
    read_set(file, "a3c_gaussian", "mu", H5T_NATIVE_DOUBLE, mu);
    read_set(file, "a3c_gaussian", "logp", H5T_NATIVE_DOUBLE, log_pi);
    read_set(file, "a3c_gaussian", "entropy", H5T_NATIVE_DOUBLE, H);
    read_set(file, "a3c_gaussian", "value", H5T_NATIVE_DOUBLE, V);
    for (int i = 0; i < T * 4; i++) x[i / 4][i % 4] = testing_fill(900, (uint64_t)i, 1);
    for (int i = 0; i < T * ACTION_DIM; i++) actions[i] = testing_fill(740, (uint64_t)i, 1.5f);
    for (int t = 0; t < T; t++) {
        const float *row = x[t];
        net_forward(net, theta, work, t, 1, &row, NULL);
        const float *out = r->outs[t] = net_out(work, t);
        r->douts[t] = net_dout(work, t), r->next_outs[t] = NULL, r->reward[t] = (float)rewards[t];
        for (int n = 0; n < ACTION_DIM; n++) EXPECT_NEAR(out[n], mu[t][n], 1e-5);
        EXPECT_NEAR(out[ACTION_DIM + 1], V[t], 1e-5);
        EXPECT_NEAR(policy.ops->log_prob(&policy, out, actions + t * ACTION_DIM), log_pi[t], 2e-5);
        EXPECT_NEAR(policy.ops->entropy(&policy, out), H[t], 1e-5);
    }
    r->end[T - 1] = ROLLOUT_TERMINAL;
    const struct loss_config config = {
        .policy = &policy, .outputs = policy.outputs, .gamma = 0.99, .lambda = 1, .entropy = 1e-4, .value_coef = 0.5};
    const struct loss_sums s = algo_a3c.loss(&r->r, &config);
    EXPECT_NEAR(s.policy - 1e-4 * s.entropy + 0.5 * s.value, attribute(file, "a3c_gaussian", "loss"), 5e-5);
    net_backward(net, theta, work, T, 1, NULL, dtheta);
    for (int k = 0; k < GAUSSIAN_TENSORS; k++) {
        const struct tensor *t = &f->tensors[k];
        const size_t last = k == 4 ? WIDTH : k == 5 ? 1 : 0;
        tensor_to_textbook(t, dtheta, d);
        compare_part(file, gaussian[k].theirs, d, t->size - last);
        if (last) compare_part(file, k == 4 ? "sigma2.weight" : "sigma2.bias", d + t->size - last, last);
    }
    H5Fclose(file);
    net_work_free(&work);
    net_free(&net);
    free(theta), free(dtheta), free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(losses_as_pytorch), cmocka_unit_test(gaussian_as_pytorch)};
    return testing_main(tests);
}
