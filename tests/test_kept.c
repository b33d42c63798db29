/* test_kept.c -- what a run leaves is kept: pruning, flushing to the disk, and what strangers' run files get. */
#include "testing.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "nets.h"
#include "newest.h"
#include "run_folder.h"
#include "store/checkpoint.h"
#include "store/runfile.h"
#include "store/seal.h"
#include "store/tables.h"

static const char *at(const char *name)
{
    static char path[4][256];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static int write_one(const char *name, const struct net *net, const float *theta)
{
    const struct checkpoint c = {.options = &options, .net = net, .theta = theta};
    return checkpoint_write(dir, name, &c);
}

static void add_rows(struct runfile *f, int from, int to)
{
    for (int i = from; i < to; i++) {
        runfile_train(f, &(struct run_train){.seconds = i + 1, .frames = 10 * i, .entropy = NAN});
        runfile_episode(f, &(struct run_episode){10 * i, i + 0.25, 1, -1.5 * i, 7});
    }
    runfile_eval(f, &(struct run_eval){.frames = 10 * to - 10, .episodes = 5, .mean = to});
}

static int64_t rows_of(enum runfile_table table)
{
    void *rows;
    const int64_t n = runfile_read(run, table, &rows);
    free(rows);
    return n;
}

/* What the library calls on its way to the disk: the last file flushed, and whether run.h5, and
 * checkpoints, were when they got their names. */
static ino_t flushed;
static int names_given, names_unflushed, checkpoints_given, checkpoints_unflushed;

int fsync(int fd)
{
    struct stat st;
    if (!fstat(fd, &st) && S_ISREG(st.st_mode)) flushed = st.st_ino;
    return (int)syscall(SYS_fsync, fd);
}

int rename(const char *from, const char *to)
{
    struct stat st;
    if (!strcmp(to, run) && !stat(from, &st)) {
        names_given++;
        names_unflushed += st.st_ino != flushed;
    }
    if (strstr(to, "/checkpoint-") && !stat(from, &st)) {
        checkpoints_given++;
        checkpoints_unflushed += st.st_ino != flushed;
    }
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* Files with higher numbers that nobody can open push out nothing, and neither do good ones push out what was just
 * written. */
static void what_was_just_written_stays(void **unused)
{
    (void)unused;
    const struct net_input input = {.dim = 4};
    struct net *net = net_of("mlp:8", 0, &input, NET_HEADS_Q, 3);
    float *theta = memory_floats(net_facts(net)->params);
    char path[256];
    unsigned char sealed[SEAL_BYTES + 7] = {0};
    memcpy(sealed + SEAL_BYTES, "rubbish", 7);
    EXPECT(!seal_make(sealed, sealed + SEAL_BYTES, 7));
    for (size_t n = sizeof sealed - 1; n <= sizeof sealed + 1; n += 2) { /* cut, or with something behind it */
        unsigned char changed[sizeof sealed + 1] = {0};
        size_t size;
        memcpy(changed, sealed, sizeof sealed);
        testing_spill(at("changed"), changed, n);
        EXPECT(!seal_read(at("changed"), &size) && strstr(error_text(), "follow its header, 7 were written"));
    }
    testing_spill(at("checkpoint-000000000006.h5"), sealed, 0);
    testing_spill(at("checkpoint-000000000007.h5"), sealed + SEAL_BYTES, 7);
    testing_spill(at("checkpoint-000000000008.h5"), sealed, sizeof sealed); /* nobody has changed it, and yet */
    EXPECT(!mkdir(at("checkpoint-000000000009.h5"), 0700));
    EXPECT(!write_one("checkpoint-000000000001.h5", net, theta));
    EXPECT(!write_one("checkpoint-000000000002.h5", net, theta));
    EXPECT(!write_one("checkpoint-000000000003.h5", net, theta));
    EXPECT(!write_one("checkpoint-000000000005.h5.old", net, theta)); /* somebody's copy */
    checkpoint_prune(dir, "checkpoint-000000000003.h5", 2);
    EXPECT(!newest(dir, path, sizeof path) && !strcmp(path, at("checkpoint-000000000003.h5")));
    EXPECT(verified(at("checkpoint-000000000002.h5")));     /* two whole ones */
    EXPECT(access(at("checkpoint-000000000001.h5"), F_OK)); /* the third goes */
    EXPECT(!access(at("checkpoint-000000000009.h5"), F_OK));
    EXPECT(!write_one("checkpoint-000000000001.h5", net, theta)); /* a run that went on from an older one */
    checkpoint_prune(dir, "checkpoint-000000000001.h5", 2);
    EXPECT(verified(at("checkpoint-000000000001.h5")) && verified(at("checkpoint-000000000003.h5")));
    EXPECT(access(at("checkpoint-000000000002.h5"), F_OK));
    static const int64_t held[] = {3, 1};
    int64_t frames = INT64_MAX;
    struct checkpoint_file *f;
    for (int i = 0; i < 2; i++) { /* one after another, each once */
        EXPECT(!checkpoint_open_before(dir, &frames, NULL, &f) && frames == held[i]);
        checkpoint_close(&f);
    }
    EXPECT(checkpoint_open_before(dir, &frames, NULL, &f) == 1);
    EXPECT(checkpoints_given == 5 && !checkpoints_unflushed);
    free(theta);
    net_free(&net);
}

static void flushed_before_it_gets_its_name(void **unused)
{
    (void)unused;
    struct stat st;
    names_given = names_unflushed = 0;
    struct runfile *f = runfile_create(dir, &options, &prov, 2);
    EXPECT(f);
    add_rows(f, 0, 10);
    flushed = 0;
    EXPECT(!runfile_flush(f) && !flushed && !runfile_sync(f) && !stat(run, &st) && flushed == st.st_ino);
    flushed = 0;
    EXPECT(!runfile_close(&f) && flushed == st.st_ino);
    flushed = 0;
    f = runfile_resume(dir, &options, &prov, 2, 1000, 1);
    EXPECT(f && !runfile_close(&f));
    EXPECT(names_given == 2 && !names_unflushed);
}

/* /eval of run.h5 as somebody else might have made it: 0 in another file, 1 by way of another file, 2 of more rows than
 * the file has bytes. */
static void make_strange(int kind)
{
    const hsize_t dim = kind == 2 ? 100000000 : 2, none = H5S_UNLIMITED, chunk = 64;
    char secret[192];
    snprintf(secret, sizeof secret, "%s/secret", dir);
    testing_spill(secret,
                  "nobody's business, for all the bytes of two rows of a table, and they are many, "
                  "so that it goes on for quite a while, until it is long enough for two of them",
                  150);
    H5_AUTO hid_t file = H5Fopen(run, H5F_ACC_RDWR, H5P_DEFAULT);
    H5_AUTO hid_t type = table_type(&RUN_TABLES[RUN_TABLE_EVAL]);
    H5_AUTO hid_t space = H5Screate_simple(1, &dim, kind == 2 ? &none : NULL);
    H5_AUTO hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    EXPECT(file >= 0 && H5Ldelete(file, "eval", H5P_DEFAULT) >= 0);
    if (kind == 0) EXPECT(H5Pset_external(plist, secret, 0, H5F_UNLIMITED) >= 0);
    if (kind == 1) EXPECT(H5Pset_virtual(plist, space, secret, "eval", space) >= 0);
    if (kind == 2) EXPECT(H5Pset_chunk(plist, 1, &chunk) >= 0);
    H5_AUTO hid_t set = H5Dcreate2(file, "eval", type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    EXPECT(set >= 0);
}

static void only_what_is_in_the_file(void **unused)
{
    (void)unused;
    const char *const lines[] = {"eval is stored in a way in which Dunlin stores nothing",
                                 "eval is stored in a way in which Dunlin stores nothing",
                                 "/eval says that it holds 100000000 rows, more than the file has"};
    for (int kind = 0; kind < 3; kind++) {
        struct runfile *f = runfile_create(dir, &options, &prov, 2);
        EXPECT(f);
        add_rows(f, 0, 10);
        EXPECT(!runfile_close(&f));
        make_strange(kind);
        EXPECT(rows_of(RUN_TABLE_EVAL) == -1 && strstr(error_text(), lines[kind]));
        f = runfile_resume(dir, &options, &prov, 2, 1000, 1); /* sets it aside */
        EXPECT(f && !runfile_close(&f) && !rows_of(RUN_TABLE_TRAIN) && !unlink(run));
    }
}

/* What cannot be opened is no damage: it is left where it is, and the run does not go on beside it. */
static void a_run_file_that_cannot_be_opened_stays(void **unused)
{
    (void)unused;
    struct stat before, after;
    char there[192];
    struct runfile *f = runfile_create(dir, &options, &prov, 2);
    EXPECT(f);
    add_rows(f, 0, 10);
    EXPECT(!runfile_close(&f));
    snprintf(there, sizeof there, "%s/there.h5", dir);
    EXPECT(!syscall(SYS_renameat2, AT_FDCWD, run, AT_FDCWD, there, 0) && !symlink("there.h5", run));
    EXPECT(!runfile_resume(dir, &options, &prov, 2, 1000, 1) && strstr(error_text(), "run.h5: is a link"));
    EXPECT(!lstat(run, &after) && S_ISLNK(after.st_mode) && access(at("run-damaged-1.h5"), F_OK));
    EXPECT(!unlink(run) && !syscall(SYS_renameat2, AT_FDCWD, there, AT_FDCWD, run, 0) && !stat(run, &before));
    if (!getuid()) return; /* root may open all */
    EXPECT(!chmod(run, 0));
    EXPECT(!runfile_resume(dir, &options, &prov, 2, 1000, 1) && strstr(error_text(), "run.h5: cannot open: Perm"));
    EXPECT(!stat(run, &after) && after.st_ino == before.st_ino && access(at("run-damaged-1.h5"), F_OK));
}

/* Thousands of groups, each in the one before, below `group` of a file. */
static void nest(const char *path, const char *group)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), in = H5Gopen2(file, group, H5P_DEFAULT);
    for (int i = 0; i < 3000; i++) {
        const hid_t next = H5Gcreate2(in, "1", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        EXPECT(next >= 0);
        H5Gclose(in);
        in = next;
    }
    H5Gclose(in), H5Fclose(file);
}

static void groups_in_a_checkpoint_end_it_soon(void **unused)
{
    (void)unused;
    const struct net_input input = {.dim = 4};
    struct net *net = net_of("mlp:8", 0, &input, NET_HEADS_Q, 3);
    float *theta = memory_floats(net_facts(net)->params);
    size_t n;
    EXPECT(!write_one("checkpoint-000000000001.h5", net, theta));
    const char *path = at("checkpoint-000000000001.h5");
    nest(path, "actors");
    unsigned char *bytes = testing_slurp(path, &n);
    EXPECT(!seal_make(bytes, bytes + SEAL_BYTES, n - SEAL_BYTES));
    testing_spill(path, bytes, n);
    const double start = processor_seconds();
    EXPECT(!checkpoint_open(path) && strstr(error_text(), "groups in groups, more than 8 deep"));
    EXPECT(processor_seconds() - start < 5);
    free(bytes), free(theta);
    net_free(&net);
}

static void groups_in_groups_end_it_soon(void **unused)
{
    (void)unused;
    struct runfile *f = runfile_create(dir, &options, &prov, 2);
    EXPECT(f && !runfile_close(&f));
    nest(run, "sessions");
    const double start = processor_seconds();
    f = runfile_resume(dir, &options, &prov, 2, 1000, 1);
    EXPECT(f && processor_seconds() - start < 5 && !runfile_close(&f));
    char aside[192];
    snprintf(aside, sizeof aside, "%s/run-damaged-1.h5", dir);
    EXPECT(!access(aside, F_OK));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, run_folder_make, run_folder_remove)
    const struct CMUnitTest tests[] = {
        TEST(what_was_just_written_stays),        TEST(flushed_before_it_gets_its_name),
        TEST(only_what_is_in_the_file),           TEST(groups_in_groups_end_it_soon),
        TEST(groups_in_a_checkpoint_end_it_soon), TEST(a_run_file_that_cannot_be_opened_stays),
    };
    return testing_main(tests);
}
