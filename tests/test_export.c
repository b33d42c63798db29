/* test_export.c -- weights out and in again, bit for bit, and what a checkpoint tells of its network.
 * `test_export write DIR` is for test_export.sh: for each case below a checkpoint DIR/NAME.h5, whose environment is not
 * there, and DIR/NAME.bin, floats: ROWS rows of what the environment wrote, of what the network reads, of what it
 * answers and of its state behind the row, which each row hands to the next. A line of sizes for each on stdout. */
#include "testing.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../env/area.h"
#include "base/error.h"
#include "base/memory.h"
#include "dunlin/rng.h"
#include "nn/model.h"
#include "setup/setup.h"
#include "store/checkpoint.h"
#include "store/h5.h"
#include "store/model.h"
#include "store/safetensors.h"
#include "store/seal.h"
#include "store/weights.h"

enum { ROWS = 6 };

static char dir[64];
static const float CENTRE[] = {0.5F, -1, 0}, SCALE[] = {2, 0.25F, 1 / 3.0F}, LOW[] = {-2, -1}, HIGH[] = {2, 1};
static const int CHOICES[] = {3, 2};

static const struct example {
    const char *name, *net;
    const char *options[12]; /* key, value, ... */
    struct model model;
} EXAMPLES[] = {
    {"small",
     "small",
     {0},
     {{.C = 4, .height = 84, .width = 84, .parts = 4}, 4, NET_HEADS_POLICY_V, 6, .policy = "categorical"}},
    {"nature",
     "nature",
     {"algo", "n-step-q"},
     {{.C = 4, .height = 84, .width = 84, .parts = 4}, 4, NET_HEADS_Q, .outputs = 4}},
    {"lstm",
     "small",
     {"lstm", "16", "norm", "layer"},
     {{.C = 6, .height = 52, .width = 44, .parts = 2},
      2,
      NET_HEADS_POLICY_V,
      5,
      .policy = "categorical",
      .components = 2,
      .choices = CHOICES}},
    {"mlp",
     "mlp:64,32",
     {"activation", "tanh", "norm", "layer"},
     {{.dim = 6, .parts = 2},
      2,
      NET_HEADS_POLICY_V,
      3,
      .policy = "categorical",
      .numbers = 3,
      .centre = CENTRE,
      .scale = SCALE}},
    {"pixels",
     "mlp:16",
     {0},
     {{.C = 3, .height = 32, .width = 40, .parts = 1}, 1, NET_HEADS_POLICY_V, 2, .policy = "categorical"}},
    {"gaussian",
     "mlp:16,8",
     {"critic", "separate", "obs-norm", "true", "reward-norm", "true", "lstm", "4"},
     {{.dim = 3, .parts = 1},
      1,
      NET_HEADS_POLICY_V,
      4,
      2,
      .policy = "gaussian",
      .numbers = 3,
      .centre = CENTRE,
      .scale = SCALE,
      .action_dim = 2,
      .low = LOW,
      .high = HIGH}},
    {"critic",
     "small",
     {"critic", "separate", "norm", "layer"},
     {{.C = 1, .height = 40, .width = 40, .parts = 1},
      1,
      NET_HEADS_POLICY_V,
      3,
      .policy = "gaussian-scalar",
      .action_dim = 2,
      .low = LOW,
      .high = HIGH}},
    {"rewards",
     "mlp:8",
     {"algo", "n-step-q", "reward-norm", "true"},
     {{.dim = 3, .parts = 1}, 1, NET_HEADS_Q, .outputs = 3, .numbers = 3, .centre = CENTRE, .scale = SCALE}},
};
enum { CASES = sizeof EXAMPLES / sizeof EXAMPLES[0] };

static void set_option(struct option_set *set, const char *key, const char *value)
{
    if (options_set(set, key, value, ORIGIN_COMMAND, key)) fail_msg("%s", error_text());
}

static struct net *make(const struct example *c, struct option_set *set)
{
    options_init(set);
    set_option(set, "env", "lib:/nowhere/at_all.so");
    set_option(set, "net", c->net);
    for (int i = 0; c->options[i]; i += 2) set_option(set, c->options[i], c->options[i + 1]);
    const struct net_config config = setup_net_config(&set->values, &c->model);
    struct net *net = net_new(&config);
    if (!net) fail_msg("%s: %s", c->name, error_text());
    return net;
}

static float *some_theta(const struct net *net, int index)
{
    const struct net_facts *facts = net_facts(net);
    float *theta = memory_floats(facts->params);
    struct rng rng = rng_make(11, 0, RNG_TEST, index);
    net_init(net, NET_INIT_UNIFORM, theta, &rng);
    for (int i = 0; i < facts->tensor_count; i++) {
        const struct tensor *t = &facts->tensors[i];
        for (size_t k = 0; k < t->size; k++) {
            float *x = theta + t->offset + k;
            if (t->start == TENSOR_GAIN || t->start == TENSOR_SHIFT) *x += (float)rng_uniform(&rng) - 0.5F;
            if (t->start == TENSOR_FREE) *x = (float)rng_uniform(&rng) - 1;
            if (t->start == TENSOR_MOMENTS) *x = (float)(0.1 + rng_uniform(&rng));
        }
    }
    return theta;
}

static const char *at(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

/* Row r as the environment wrote it, and as the network reads it. */
static void fill_row(const struct model *m, int r, float *raw, float *x)
{
    const int n = m->input.C ? m->input.C * m->input.height * m->input.width : m->input.dim;
    for (int i = 0; i < n; i++) {
        const uint64_t k = (uint64_t)(r * n + i);
        if (m->input.C) {
            raw[i] = testing_pixel(3, k);
            x[i] = raw[i] / 255;
            continue;
        }
        raw[i] = testing_fill(5, k, 2);
        x[i] = raw[i] - m->centre[i % m->numbers];
        x[i] *= m->scale[i % m->numbers];
    }
}

/* The rows of a case, all that DIR/NAME.bin holds. */
static void write_rows(const struct example *c, const struct net *net, const float *theta)
{
    const struct net_facts *facts = net_facts(net);
    const struct net_input *in = &c->model.input;
    const size_t n = (size_t)(in->C ? in->C * in->height * in->width : in->dim), out = (size_t)facts->out_dim,
                 S = (size_t)facts->state_dim;
    const int pointers = net_pointers(in);
    float *all = memory_floats(ROWS * (2 * n + out + S)), *raw = all, *x = raw + ROWS * n, *y = x + ROWS * n,
          *states = y + ROWS * out, *state = memory_floats(S + 1);
    const float *parts[64];
    struct net_work *work = net_work_new(net, 1);
    for (int r = 0; r < ROWS; r++) {
        float *row = x + (size_t)r * n;
        fill_row(&c->model, r, raw + (size_t)r * n, row);
        for (int p = 0; p < pointers; p++) parts[p] = row + (size_t)p * (n / (size_t)pointers);
        net_forward(net, theta, work, 0, 1, parts, S ? state : NULL);
        memcpy(y + (size_t)r * out, net_out(work, 0), out * sizeof *y);
        memcpy(states + (size_t)r * S, state, S * sizeof *states);
    }
    char name[64];
    snprintf(name, sizeof name, "%s.bin", c->name);
    testing_spill(at(name), all, ROWS * (2 * n + out + S) * sizeof *all);
    printf("%s %zu %zu %zu\n", c->name, n, out, S);
    net_work_free(&work);
    free(state);
    free(all);
}

/* A checkpoint that tells no model, as earlier versions wrote them: of a built-in environment, and of a library; with a
 * weight that is no number. */
static void write_old(const char *name, const char *env, int dim, bool none)
{
    const struct example old = {.net = "mlp:8", .model = {.input = {.dim = dim}, .outputs = 2, .heads = NET_HEADS_Q}};
    struct option_set set;
    struct net *net = make(&old, &set);
    float *theta = some_theta(net, 0);
    set_option(&set, "env", env);
    set_option(&set, "algo", "n-step-q");
    if (none) theta[net_facts(net)->tensors[1].offset] = INFINITY;
    const struct checkpoint file = {.options = &set, .net = net, .theta = theta};
    if (checkpoint_write(dir, name, &file)) fail_msg("%s", error_text());
    free(theta);
    net_free(&net);
}

/* DIR/area.bin: a picture of AREA bytes, and what becomes of it in grey and in colour. */
static void write_area(void)
{
    enum { H = 210, W = 160, N = H * W * 3, S = AREA_SIDE * AREA_SIDE };
    uint8_t *all = memory_new(N + 4 * S, 1);
    for (int i = 0; i < N; i++) all[i] = testing_pixel(8, (uint64_t)i);
    area_resize(all, H, W, 3, 1, all + N);
    area_resize(all, H, W, 3, 0, all + N + S);
    testing_spill(at("area.bin"), all, N + 4 * S);
    free(all);
}

static int write_all(void)
{
    struct option_set set;
    write_area();
    write_old("old.h5", "cartpole", 4, false);
    write_old("old-library.h5", "lib:/nowhere/at_all.so", 4, false);
    write_old("none.h5", "cartpole", 4, true);
    for (int k = 0; k < CASES; k++) {
        const struct example *c = &EXAMPLES[k];
        struct net *net = make(c, &set);
        float *theta = some_theta(net, k);
        char name[64];
        const struct checkpoint file = {.options = &set,
                                        .net = net,
                                        .counters = {.frames = 1000 + k, .best_mean = 1.5},
                                        .theta = theta,
                                        .model = &c->model};
        snprintf(name, sizeof name, "%s.h5", c->name);
        if (checkpoint_write(dir, name, &file)) fail_msg("%s", error_text());
        write_rows(c, net, theta);
        free(theta);
        net_free(&net);
    }
    return 0;
}

static void back_bit_for_bit(void **unused)
{
    (void)unused;
    struct option_set set;
    for (int k = 0; k < CASES; k++) {
        struct net *net = make(&EXAMPLES[k], &set);
        float *theta = some_theta(net, k), *back = memory_floats(net_facts(net)->params);
        const struct safe_fact facts[] = {{"env", "a \"quoted\" \\ name\n\xc3\xa9"}, {"frames", "7"}};
        size_t size;
        unsigned char *bytes = safetensors_make(facts, 2, net, theta, &size);
        EXPECT(bytes && safetensors_header(bytes) % 8 == 0);
        testing_spill(at("x.safetensors"), bytes, size);
        if (weights_read(at("x.safetensors"), net, back)) fail_msg("%s", error_text());
        EXPECT(!memcmp(theta, back, net_facts(net)->params * sizeof *theta));
        const struct checkpoint file = {.options = &set, .net = net, .theta = theta};
        EXPECT(!checkpoint_write(dir, "x.h5", &file));
        memset(back, 0, net_facts(net)->params * sizeof *back);
        if (weights_read(at("x.h5"), net, back)) fail_msg("%s", error_text());
        EXPECT(!memcmp(theta, back, net_facts(net)->params * sizeof *theta));
        free(bytes), free(theta), free(back);
        net_free(&net);
    }
}

static void expect_line(const char *part)
{
    if (!strstr(error_text(), part)) fail_msg("the line '%s' does not say '%s'", error_text(), part);
}

static void a_model_is_kept(void **unused)
{
    (void)unused;
    struct option_set set;
    const struct example *c = &EXAMPLES[5];
    struct net *net = make(c, &set);
    float *theta = some_theta(net, 1);
    struct model m;
    struct checkpoint file = {.options = &set, .net = net, .theta = theta, .model = &c->model};
    EXPECT(!checkpoint_write(dir, "m.h5", &file));
    struct checkpoint_file *f = checkpoint_open(at("m.h5"));
    if (!f || checkpoint_read_model(f, &m)) fail_msg("%s", error_text());
    EXPECT(m.input.dim == 3 && m.input.C == 0 && m.stack == 1 && m.outputs == 4 && m.free == 2 && m.numbers == 3);
    EXPECT(!memcmp(m.centre, CENTRE, sizeof CENTRE) && !memcmp(m.scale, SCALE, sizeof SCALE));
    EXPECT(m.action_dim == 2 && m.low[0] == -2 && m.high[1] == 1 && !strcmp(m.policy, "gaussian") && !m.choices);
    model_free(&m);
    checkpoint_close(&f);
    /* a long picture, and very many actions, as environments may have them */
    struct model large = {.input = {.C = 1, .height = 40000, .width = 32, .parts = 1}, .stack = 1, .outputs = 70000};
    file.model = &large;
    EXPECT(!checkpoint_write(dir, "m.h5", &file));
    f = checkpoint_open(at("m.h5"));
    if (!f || checkpoint_read_model(f, &m)) fail_msg("%s", error_text());
    EXPECT(m.input.height == 40000 && m.outputs == 70000);
    model_free(&m);
    checkpoint_close(&f);
    struct model bad = c->model;
    bad.input.dim = 4; /* not what numbers and stack make */
    file.model = &bad;
    EXPECT(!checkpoint_write(dir, "m.h5", &file));
    f = checkpoint_open(at("m.h5"));
    EXPECT(f && checkpoint_read_model(f, &m) == -1);
    expect_line("/model says");
    model_free(&m);
    checkpoint_close(&f);
    file.model = NULL;
    EXPECT(!checkpoint_write(dir, "m.h5", &file));
    f = checkpoint_open(at("m.h5"));
    EXPECT(f && checkpoint_read_model(f, &m) == 1);
    checkpoint_close(&f);
    free(theta);
    net_free(&net);
}

int main(int argc, char **argv)
{
    h5_init();
    if (argc == 3 && !strcmp(argv[1], "write")) {
        snprintf(dir, sizeof dir, "%s", argv[2]);
        return write_all();
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(back_bit_for_bit), cmocka_unit_test(a_model_is_kept)};
    snprintf(dir, sizeof dir, "/tmp/dunlin-export-XXXXXX");
    EXPECT(mkdtemp(dir));
    const int rc = testing_main(tests);
    testing_remove(dir);
    return rc;
}
