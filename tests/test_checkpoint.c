/* test_checkpoint.c -- checkpoints: what is written is read back, damage is always found, and what does not fit is
 * named. */
#include "testing.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "nets.h"
#include "newest.h"
#include "store/checkpoint.h"
#include "store/h5.h"
#include "store/seal.h"

static char dir[64];

static const char *at(const char *name)
{
    static char path[4][256];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static struct net *planes_net(void)
{
    const struct net_input planes = {.C = 4, .height = 84, .width = 84};
    struct net *net = net_of("small", 16, &planes, NET_HEADS_POLICY_V, 6);
    if (!net) fail_msg("%s", error_text());
    return net;
}

static struct net *mlp_net(const char *spec, int dim)
{
    const struct net_input floats = {.dim = dim};
    struct net *net = net_of(spec, 0, &floats, NET_HEADS_Q, 3);
    if (!net) fail_msg("%s", error_text());
    return net;
}

static float *random_theta(const struct net *net, int index)
{
    float *theta = memory_floats(net_facts(net)->params);
    struct rng rng = rng_make(7, 0, RNG_TEST, index);
    net_init(net, NET_INIT_UNIFORM, theta, &rng);
    return theta;
}

static bool same(const struct net *net, const float *a, const float *b)
{
    return !memcmp(a, b, net_facts(net)->params * sizeof *a);
}

static struct option_set options;

static int write_simple(const char *name, const struct net *net, const float *theta)
{
    const struct checkpoint c = {.options = &options, .net = net, .theta = theta, .counters = {.frames = 5}};
    return checkpoint_write(dir, name, &c);
}

#define EXPECT_LINE(part)                                                                                              \
    do {                                                                                                               \
        if (!strstr(error_text(), (part))) fail_msg("the line '%s' does not say '%s'", error_text(), (part));          \
    } while (0)

static void round_trip(void **unused)
{
    (void)unused;
    struct net *net = planes_net();
    float *theta = random_theta(net, 0), *target = random_theta(net, 1), *g = random_theta(net, 2);
    float *back = memory_floats(net_facts(net)->params);
    const struct checkpoint_actor actors[] = {{1, "state of one", 12}, {2, NULL, 0}, {3, "", 0}};
    struct option_set set;
    options_init(&set);
    EXPECT(!options_set(&set, "lr", "0.1234567890123456789", ORIGIN_COMMAND, "--lr"));
    EXPECT(!options_set(&set, "out", "some folder", ORIGIN_COMMAND, "--out"));
    const struct checkpoint c = {.options = &set,
                                 .net = net,
                                 .counters = {123, 45, 6, 7, 8, 9, 10, 4, 1, 2.5, NAN},
                                 .theta = theta,
                                 .target = target,
                                 .optim = {1, 1, NULL, (const float *const[]){g}, -1},
                                 .actors = actors,
                                 .actor_count = 3};
    if (checkpoint_write(dir, "checkpoint-000000000123.h5", &c)) fail_msg("%s", error_text());
    EXPECT(!checkpoint_write(dir, "checkpoint-again.h5", &c));
    size_t n, m;
    unsigned char *a = testing_slurp(at("checkpoint-000000000123.h5"), &n),
                  *b = testing_slurp(at("checkpoint-again.h5"), &m);
    EXPECT(n == m && !memcmp(a, b, n)); /* the same state is the same file */
    free(a);
    free(b);
    struct checkpoint_file *f = checkpoint_open(at("checkpoint-000000000123.h5"));
    if (!f) fail_msg("%s", error_text());
    struct checkpoint_counters n2;
    EXPECT(!checkpoint_read_counters(f, &n2));
    EXPECT(n2.frames == 123 && n2.steps == 45 && n2.session == 1 && n2.ranks == 4 && n2.seconds == 2.5);
    EXPECT(n2.best_mean != n2.best_mean);
    struct option_set read;
    options_init(&read);
    if (checkpoint_read_options(f, &read)) fail_msg("%s", error_text());
    EXPECT(read.values.lr == set.values.lr && read.origin[option_find("lr")] == ORIGIN_STORED);
    EXPECT(read.values.gamma == set.values.gamma && read.origin[option_find("gamma")] == ORIGIN_STORED);
    EXPECT(!*read.values.out && read.origin[option_find("out")] == ORIGIN_DEFAULT); /* of one start only */
    EXPECT(!checkpoint_read_tensors(f, "params", net, back) && same(net, theta, back));
    EXPECT(!checkpoint_read_tensors(f, "target", net, back) && same(net, target, back));
    EXPECT(checkpoint_optim_sets(f) == 1);
    EXPECT(!checkpoint_read_tensors(f, "optimizer", net, back) && same(net, g, back));
    EXPECT(checkpoint_read_tensors(f, "optimizer/actor-0", net, back) == 1);
    void *state;
    size_t bytes;
    EXPECT(!checkpoint_read_actor(f, 1, &state, &bytes) && bytes == 12 && !memcmp(state, "state of one", 12));
    free(state);
    EXPECT(checkpoint_read_actor(f, 2, &state, &bytes) == 1 && !state);
    EXPECT(!checkpoint_read_actor(f, 3, &state, &bytes) && bytes == 0);
    free(state);
    EXPECT(checkpoint_read_actor(f, 4, &state, &bytes) == 1);
    checkpoint_close(&f);
    free(theta), free(target), free(g), free(back);
    net_free(&net);
}

static void textbook_shapes_by_plain_hdf5(void **unused)
{
    (void)unused;
    struct net *net = planes_net();
    float *theta = random_theta(net, 3);
    EXPECT(!write_simple("plain.h5", net, theta));
    H5_AUTO hid_t file = H5Fopen(at("plain.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    EXPECT(file >= 0);
    const struct net_facts *facts = net_facts(net);
    for (int i = 0; i < facts->tensor_count; i++) {
        const struct tensor *t = &facts->tensors[i];
        char where[64];
        snprintf(where, sizeof where, "/params/%s", t->name);
        *strrchr(where, '.') = '/';
        H5_AUTO hid_t set = H5Dopen2(file, where, H5P_DEFAULT);
        H5_AUTO hid_t space = H5Dget_space(set);
        hsize_t dims[4];
        EXPECT(H5Sget_simple_extent_dims(space, dims, NULL) == t->ndim);
        for (int d = 0; d < t->ndim; d++) EXPECT(dims[d] == (hsize_t)t->dims[d]);
        float *book = memory_floats(t->size), *found = memory_floats(t->size);
        tensor_to_textbook(t, theta, book);
        EXPECT(H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, found) >= 0);
        EXPECT(!memcmp(book, found, t->size * sizeof *book));
        free(book), free(found);
    }
    free(theta);
    net_free(&net);
}

static void state_of_several_actors(void **unused)
{
    (void)unused;
    struct net *net = mlp_net("mlp:8", 4);
    float *rows[3] = {random_theta(net, 10), random_theta(net, 11), random_theta(net, 12)};
    float *back = memory_floats(net_facts(net)->params);
    const struct checkpoint c = {.options = &options,
                                 .net = net,
                                 .theta = rows[0],
                                 .optim = {.sets = 3, .blocks = 1, .state = (const float *const *)rows, .steps = -1}};
    EXPECT(!checkpoint_write(dir, "rows.h5", &c));
    struct checkpoint_file *f = checkpoint_open(at("rows.h5"));
    EXPECT(f && checkpoint_optim_sets(f) == 3);
    for (int r = 0; r < 3; r++) {
        char group[32];
        snprintf(group, sizeof group, "optimizer/actor-%d", r);
        EXPECT(!checkpoint_read_tensors(f, group, net, back) && same(net, rows[r], back));
        free(rows[r]);
    }
    EXPECT(checkpoint_read_tensors(f, "target", net, back) == 1);
    checkpoint_close(&f);
    free(back);
    net_free(&net);
}

static void every_mutation_is_found(void **unused)
{
    (void)unused;
    struct net *net = mlp_net("mlp:8", 4);
    float *theta = random_theta(net, 20);
    struct rng rng = rng_make(1, 0, RNG_TEST, 0);
    EXPECT(!write_simple("checkpoint-1.h5", net, theta) && !write_simple("checkpoint-2.h5", net, theta));
    size_t n;
    unsigned char *good = testing_slurp(at("checkpoint-2.h5"), &n), *bad = malloc(n + 64);
    char path[256];
    for (int i = 0; i < 600; i++) {
        size_t m = n;
        memcpy(bad, good, n);
        memset(bad + n, 0, 64);
        if (i % 3 == 0) /* a bit, half of them in the seal */
            bad[rng_below(&rng, i % 2 ? SEAL_BYTES : (int)n)] ^= (unsigned char)(1 << rng_below(&rng, 8));
        else if (i % 3 == 1)
            m = (size_t)rng_below(&rng, (int)n); /* cut off */
        else if (i % 2)
            m = n + 1 + (size_t)rng_below(&rng, 63); /* something behind it */
        else
            memset(bad + rng_below(&rng, (int)n - 16), 0xa5, 16);
        testing_spill(at("checkpoint-2.h5"), bad, m);
        EXPECT(!verified(at("checkpoint-2.h5")));
        EXPECT_LINE("checkpoint-2.h5: ");
        EXPECT(!checkpoint_open(at("checkpoint-2.h5")));
        if (i % 50) continue;
        EXPECT(!newest(dir, path, sizeof path) && !strcmp(path, at("checkpoint-1.h5")));
    }
    testing_spill(at("checkpoint-2.h5"), good, n);
    EXPECT(!newest(dir, path, sizeof path) && !strcmp(path, at("checkpoint-2.h5")));
    free(good), free(bad), free(theta);
    net_free(&net);
}

static int resolve(const char *run_or_file, bool best, char *path, size_t size)
{
    struct checkpoint_file *f = checkpoint_find(run_or_file, best);
    if (!f) return -1;
    snprintf(path, size, "%s", checkpoint_path(f));
    checkpoint_close(&f);
    return 0;
}

static void newest_prune_resolve(void **unused)
{
    (void)unused;
    struct net *net = mlp_net("mlp:8", 4);
    float *theta = random_theta(net, 30);
    char path[256], name[64];
    EXPECT(newest(dir, path, sizeof path) == 1);
    EXPECT(resolve(dir, false, path, sizeof path) == -1);
    EXPECT_LINE("holds no whole checkpoint");
    EXPECT(newest("/nowhere/at/all", path, sizeof path) == -1);
    EXPECT_LINE("No such file or directory");
    for (int i = 1; i <= 5; i++) {
        snprintf(name, sizeof name, "checkpoint-%012d.h5", i * 9);
        EXPECT(!write_simple(name, net, theta));
    }
    EXPECT(!write_simple("checkpoint-best.h5", net, theta));
    testing_spill(at("checkpoint-000000000099.h5.new"), "half", 4);
    testing_spill(at("run.h5"), "not mine", 8);
    EXPECT(!newest(dir, path, sizeof path) && !strcmp(path, at("checkpoint-000000000045.h5")));
    EXPECT(!resolve(dir, true, path, sizeof path) && !strcmp(path, at("checkpoint-best.h5")));
    testing_spill(at("checkpoint-best.h5"), "rubbish", 7);
    EXPECT(resolve(dir, true, path, sizeof path) == -1 && strstr(error_text(), "leave --best out"));
    unsigned char sealed[SEAL_BYTES + 7] = "";
    memcpy(sealed + SEAL_BYTES, "rubbish", 7);
    EXPECT(!seal_make(sealed, sealed + SEAL_BYTES, 7));
    testing_spill(at("checkpoint-best.h5"), sealed, sizeof sealed);
    testing_spill(at("checkpoint-000000000054.h5"), sealed, sizeof sealed);
    EXPECT(resolve(dir, true, path, sizeof path) == -1 && !resolve(dir, false, path, sizeof path) &&
           !strcmp(path, at("checkpoint-000000000045.h5")));
    EXPECT(!unlink(at("checkpoint-000000000054.h5")));
    EXPECT(resolve(at("run.h5"), false, path, sizeof path) == -1);
    EXPECT_LINE("does not begin with DUNLINCK");
    EXPECT(!resolve(at("checkpoint-000000000018.h5"), false, path, sizeof path));
    checkpoint_prune(dir, "checkpoint-000000000045.h5", 2);
    EXPECT(access(at("checkpoint-000000000027.h5"), F_OK) && !access(at("checkpoint-000000000036.h5"), F_OK));
    EXPECT(!access(at("checkpoint-000000000045.h5"), F_OK) && !access(at("checkpoint-best.h5"), F_OK));
    EXPECT(access(at("checkpoint-000000000099.h5.new"), F_OK) && !access(at("run.h5"), F_OK));
    free(theta);
    net_free(&net);
}

static void another_net_is_named(void **unused)
{
    (void)unused;
    struct net *net = mlp_net("mlp:8", 4), *wider = mlp_net("mlp:9", 4), *deeper = mlp_net("mlp:8,8", 4);
    float *theta = random_theta(net, 40), *back = memory_floats(net_facts(deeper)->params + net_facts(wider)->params);
    EXPECT(!write_simple("a.h5", net, theta));
    struct checkpoint_file *f = checkpoint_open(at("a.h5"));
    EXPECT(checkpoint_read_tensors(f, "params", wider, back) == -1);
    EXPECT_LINE("a.h5: /params/");
    EXPECT_LINE("has shape 8 x 4, this net's is 9 x 4");
    EXPECT(checkpoint_read_tensors(f, "params", deeper, back) == -1);
    EXPECT_LINE("which this net has");
    checkpoint_close(&f);
    free(back), free(theta);
    theta = random_theta(deeper, 41);
    back = memory_floats(net_facts(deeper)->params);
    EXPECT(!write_simple("b.h5", deeper, theta));
    f = checkpoint_open(at("b.h5"));
    EXPECT(!checkpoint_read_tensors(f, "params", deeper, back));
    EXPECT(checkpoint_read_tensors(f, "params", net, back) == -1);
    EXPECT_LINE("tensors, this net has");
    checkpoint_close(&f);
    free(theta), free(back);
    net_free(&net), net_free(&wider), net_free(&deeper);
}

/* A file of one's own making with a seal that fits: /params/q/bias of another type or rank, /counters and /config of
 * text. */
static void strange_files_with_a_good_seal(void **unused)
{
    (void)unused;
    struct net *net = mlp_net("mlp:8", 4);
    float *theta = random_theta(net, 50), *back = memory_floats(net_facts(net)->params);
    EXPECT(!write_simple("good.h5", net, theta));
    const char *const lines[] = {"/params/q/bias holds 8-byte integers, 4-byte floats (little endian) are expected",
                                 "/params/q/bias has shape 3 x 1, this net's is 3",
                                 "there is no /params/q/bias",
                                 "attribute frames is not the number expected",
                                 "gamma",
                                 "no-such-option"};
    for (int kind = 0; kind < 6; kind++) {
        size_t n;
        unsigned char *bytes = testing_slurp(at("good.h5"), &n), seal[SEAL_BYTES];
        testing_spill(at("strange.h5"), bytes, n);
        free(bytes);
        hid_t file = H5Fopen(at("strange.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
        EXPECT(file >= 0);
        const hsize_t dims[2] = {3, 1};
        hid_t space = H5Screate_simple(kind == 1 ? 2 : 1, dims, NULL);
        if (kind < 3) EXPECT(H5Ldelete(file, "params/q/bias", H5P_DEFAULT) >= 0);
        if (kind < 2)
            H5Dclose(H5Dcreate2(file, "params/q/bias", kind ? H5T_IEEE_F32LE : H5T_STD_I64LE, space, H5P_DEFAULT,
                                H5P_DEFAULT, H5P_DEFAULT));
        hid_t group = H5Gopen2(file, kind == 3 ? "counters" : "config", H5P_DEFAULT);
        if (kind == 3 || kind == 4) H5Adelete(group, kind == 3 ? "frames" : "gamma");
        if (kind >= 3)
            EXPECT(!h5_put_text(group, kind == 3 ? "frames" : kind == 4 ? "gamma" : "no-such-option", "7", "strange"));
        H5Gclose(group), H5Sclose(space), H5Fclose(file);
        bytes = testing_slurp(at("strange.h5"), &n);
        EXPECT(!seal_make(seal, bytes + SEAL_BYTES, n - SEAL_BYTES));
        memcpy(bytes, seal, SEAL_BYTES);
        testing_spill(at("strange.h5"), bytes, n);
        free(bytes);
        struct checkpoint_file *f = checkpoint_open(at("strange.h5"));
        EXPECT(kind < 3 ? f && checkpoint_read_tensors(f, "params", net, back) == -1 : !f);
        EXPECT_LINE(lines[kind]);
        EXPECT_LINE("strange.h5");
        checkpoint_close(&f);
    }
    free(theta), free(back);
    net_free(&net);
}

/* A full disk, played by a limit on the size of files: write() then fails with EFBIG. */
static void full_disk_leaves_the_old_one(void **unused)
{
    (void)unused;
    struct net *net = mlp_net("mlp:64", 4);
    float *theta = random_theta(net, 60), *back = memory_floats(net_facts(net)->params);
    EXPECT(!write_simple("checkpoint-best.h5", net, theta));
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 2048;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    theta[0] += 1;
    const int rc = write_simple("checkpoint-best.h5", net, theta);
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT(rc == -1);
    EXPECT_LINE("checkpoint-best.h5: cannot write: File too large");
    EXPECT(access(at("checkpoint-best.h5.new"), F_OK));
    struct checkpoint_file *f = checkpoint_open(at("checkpoint-best.h5"));
    theta[0] -= 1;
    EXPECT(f && !checkpoint_read_tensors(f, "params", net, back) && same(net, theta, back));
    checkpoint_close(&f);
    snprintf(dir + strlen(dir), 8, "/gone");
    EXPECT(write_simple("checkpoint-best.h5", net, theta) == -1);
    EXPECT_LINE("No such file or directory");
    *strrchr(dir, '/') = '\0';
    free(theta), free(back);
    net_free(&net);
}

static int setup(void **unused)
{
    (void)unused;
    h5_init();
    options_init(&options);
    snprintf(dir, sizeof dir, "/tmp/test_checkpoint.XXXXXX");
    return !mkdtemp(dir);
}

static int teardown(void **unused)
{
    (void)unused;
    return testing_remove(dir);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(round_trip),
        TEST(textbook_shapes_by_plain_hdf5),
        TEST(state_of_several_actors),
        TEST(every_mutation_is_found),
        TEST(newest_prune_resolve),
        TEST(another_net_is_named),
        TEST(strange_files_with_a_good_seal),
        TEST(full_disk_leaves_the_old_one),
    };
    return testing_main(tests);
}
