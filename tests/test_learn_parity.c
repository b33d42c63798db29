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
    const struct loss_config config = {&policy, 2, 0.99, 1, 0.01, 0.5};
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(losses_as_pytorch)};
    return testing_main(tests);
}
