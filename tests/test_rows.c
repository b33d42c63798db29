/* test_rows.c -- many rows: run.h5 holds them compressed, whoever reads them reads in pieces. `test_rows make DIR N`
 * writes DIR/run.h5 with N episodes and prints its bytes, for tests/soak/rows.sh. */
#include "testing.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "heap.h"
#include "run_folder.h"
#include "store/runfile.h"
#include "store/tables.h"
#include "view/curves.h"
#include "view/scatter.h"

enum { SHORT = 60000, CUT = 41234, LATER = 3000 };
enum { OTHERS = 100000 }; /* bytes at most for options, provenance and what else is not an episode */

static struct run_episode short_episode(int i)
{
    return (struct run_episode){9 * i, 1e-5 * i, 1 + i % 16, i % 7 ? 1 : -1, 9};
}

static int add_short(struct runfile *f, int from, int to)
{
    for (int i = from; i < to; i++) {
        const struct run_episode row = short_episode(i);
        runfile_episode(f, &row);
        if (runfile_many_wait(f) && (runfile_gather_many(f) || runfile_write(f))) return -1;
    }
    return runfile_flush(f);
}

/* Few at a time, many at a time, whole chunks and parts of them. */
static int write_short(void)
{
    static const int STEPS[] = {1, 2, 1021, 1, 1023, 500, 600, 2048, 20000, 3, 1024};
    struct runfile *f = runfile_create(dir, &options, &prov, 2);
    if (!f) return 1;
    for (int i = 0, s = 0; i < SHORT; s++) {
        const int n = STEPS[s % 11] < SHORT - i ? STEPS[s % 11] : SHORT - i;
        if (add_short(f, i, i + n)) return 2;
        i += n;
    }
    return 0;
}

static void check_short(int n)
{
    struct run_episode *rows;
    assert_int_equal(runfile_read(run, RUN_TABLE_EPISODES, (void **)&rows), n);
    for (int i = 0; i < n; i++) {
        const struct run_episode row = short_episode(i);
        EXPECT(!memcmp(&rows[i], &row, sizeof row));
    }
    free(rows);
}

static off_t bytes_of_run(void)
{
    struct stat st;
    return stat(run, &st) ? 0 : st.st_size;
}

/* The run's file with its episodes as earlier versions wrote them: as they are. */
static void unpack_episodes(void)
{
    char other[192];
    struct run_episode *rows;
    const int64_t n = runfile_read(run, RUN_TABLE_EPISODES, (void **)&rows);
    const hsize_t dim = (hsize_t)n, most = H5S_UNLIMITED, chunk = 1024;
    snprintf(other, sizeof other, "%s.old", run);
    H5_AUTO hid_t access = run_access();
    H5_AUTO hid_t from = H5I_INVALID_HID;
    EXPECT(n > 0 && !run_open(run, &from));
    H5_AUTO hid_t to = H5Fcreate(other, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    static const char *const PARTS[] = {"config", "provenance", "sessions", "train", "eval", "lag", "events", "actors"};
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
        EXPECT(H5Ocopy(from, PARTS[i], to, PARTS[i], H5P_DEFAULT, H5P_DEFAULT) >= 0);
    H5_AUTO hid_t type = table_type(&RUN_TABLES[RUN_TABLE_EPISODES]);
    H5_AUTO hid_t space = H5Screate_simple(1, &dim, &most);
    H5_AUTO hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    EXPECT(H5Pset_chunk(plist, 1, &chunk) >= 0);
    H5_AUTO hid_t set = H5Dcreate2(to, "episodes", type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    EXPECT(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, rows) >= 0 && !rename(other, run));
    free(rows);
}

static void episodes_are_compressed(void **unused)
{
    (void)unused;
    int ends[2];
    char c = 'x';
    EXPECT(!pipe(ends));
    const pid_t pid = fork();
    if (!pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* where a check below fails */
        const int rc = write_short();
        if (rc) fprintf(stderr, "writer: %d: %s\n", rc, error_text());
        if (write(ends[1], rc ? "x" : ".", 1) == 1)
            for (;;) pause();
        _exit(1);
    }
    EXPECT(read(ends[0], &c, 1) == 1 && c == '.');
    check_short(SHORT); /* live */
    kill(pid, SIGKILL);
    EXPECT(waitpid(pid, NULL, 0) == pid && !close(ends[0]) && !close(ends[1]));
    check_short(SHORT); /* killed */
    const off_t live = bytes_of_run();
    for (int from = 0; from < 2; from++) { /* from a file as it is now, and from one that nothing compressed */
        struct runfile *f = runfile_resume(dir, &options, &prov, 2, 9 * (CUT - 1), 1);
        if (!f) fail_msg("%s", error_text());
        EXPECT(!add_short(f, CUT, CUT + 5) && !add_short(f, CUT + 5, CUT + LATER) && !runfile_close(&f));
        check_short(CUT + LATER);
        const off_t resumed = bytes_of_run();
        EXPECT(live < SHORT * 16 + OTHERS && resumed < (CUT + LATER) * 12);
        unpack_episodes();
        check_short(CUT + LATER);
        EXPECT(bytes_of_run() > (CUT + LATER) * 40);
    }
}

enum { MANY = 1000000 };

static void write_many(int64_t n)
{
    struct runfile *f = runfile_create(dir, &options, &prov, 2);
    if (!f) fail_msg("%s", error_text());
    runfile_train(f, &(struct run_train){.seconds = 10, .frames = 9 * n, .updates = n});
    for (int64_t i = 0; i < n; i++) {
        const struct run_episode row = {9 * i, 1e-5 * (double)i, 1 + i % 16, i % 10 < 10 * i / n ? 1 : -1, 9};
        runfile_episode(f, &row);
        if (runfile_many_wait(f)) EXPECT(!runfile_gather_many(f) && !runfile_write(f));
    }
    if (runfile_close(&f)) fail_msg("%s", error_text());
}

static int draw_updates(const char *out)
{
    FILE *script = fopen(out, "w");
    const char *const runs[] = {dir};
    const int rc =
        script ? curves_write(script, runs, 1, &(struct curves_how){.curve.axis = FIGURE_UPDATES, .format = FIGURE_SVG})
               : -1;
    return !script || fclose(script) ? -1 : rc;
}

static int draw_tail(const char *out)
{
    FILE *script = fopen(out, "w");
    const char *const runs[] = {dir};
    const int rc =
        script ? scatter_write(script, runs, 1, &(struct curves_how){.curve.axis = FIGURE_RANK, .format = FIGURE_SVG})
               : -1;
    return !script || fclose(script) ? -1 : rc;
}

static int print_episodes(const char *out)
{
    return freopen(out, "w", stdout) ? runfile_print_csv(run, RUN_TABLE_EPISODES) : -1;
}

/* Does it in a process of its own; the most megabytes that this and those it starts had at once, each. */
static long megabytes_of(int (*what)(const char *out), const char *out)
{
    int status;
    struct rusage used;
    const pid_t pid = fork();
    if (!pid) {
        const int rc = what(out);
        if (rc) fprintf(stderr, "%s\n", error_text());
        _exit(rc ? 1 : 0);
    }
    EXPECT(wait4(pid, &status, 0, &used) == pid && !status);
    return used.ru_maxrss >> 10;
}

static int nothing(const char *out)
{
    (void)out;
    return 0;
}

#ifdef HEAP_OF_SANITIZER
enum { MEGABYTES = 2000 }; /* it keeps what was freed */
#else
enum { MEGABYTES = 20 };
#endif

static void many_episodes_are_read_in_pieces(void **unused)
{
    (void)unused;
    char out[160];
    if (!heap_tells()) skip(); /* valgrind keeps what was freed */
    write_many(MANY);
    const long before = megabytes_of(nothing, NULL);
    static int (*const WHAT[])(const char *) = {draw_updates, draw_tail, print_episodes};
    for (size_t i = 0; i < sizeof WHAT / sizeof *WHAT; i++) {
        snprintf(out, sizeof out, "%s/out", dir);
        const long mb = megabytes_of(WHAT[i], out);
        struct stat st;
        EXPECT(!stat(out, &st) && st.st_size > (i == 2 ? 10 * MANY : 100));
        if (mb - before > MEGABYTES)
            fail_msg("reading %d episodes (%zu) took %ld MB, %ld before it", MANY, i, mb, before);
    }
}

enum { SMALL = 25000 };

/* A file whose /episodes are made by hand: `count` chunks of `chunk` rows each, all of them the one that HDF5 makes of
 * zeros (a chunk of more than SMALL rows is not there), a few more datasets of `others` bytes that the file does not
 * have, and a hole up to `length`. */
static void make_bomb(hsize_t chunk, hsize_t count, hsize_t others, off_t length)
{
    const hsize_t dim = chunk * count, most = H5S_UNLIMITED, one = chunk, piece = 1 << 20;
    struct runfile *f = runfile_create(dir, &options, &prov, 2);
    EXPECT(f && !runfile_close(&f));
    H5_AUTO hid_t access = run_access();
    H5_AUTO hid_t file = H5Fopen(run, H5F_ACC_RDWR, access);
    H5_AUTO hid_t type = table_type(&RUN_TABLES[RUN_TABLE_EPISODES]);
    H5_AUTO hid_t space = H5Screate_simple(1, &dim, &most);
    H5_AUTO hid_t in_memory = H5Screate_simple(1, &one, NULL);
    H5_AUTO hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    EXPECT(H5Ldelete(file, "episodes", H5P_DEFAULT) >= 0 && H5Pset_chunk(plist, 1, &chunk) >= 0);
    EXPECT(H5Pset_shuffle(plist) >= 0 && H5Pset_deflate(plist, 9) >= 0);
    H5_AUTO hid_t set = H5Dcreate2(file, "episodes", type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    EXPECT(set >= 0);
    if (chunk <= SMALL) {
        const hsize_t start = 0;
        hsize_t bytes;
        uint32_t mask;
        char *rows = memory_new(chunk, RUN_TABLES[RUN_TABLE_EPISODES].row);
        H5_AUTO hid_t first = H5Dget_space(set);
        EXPECT(H5Sselect_hyperslab(first, H5S_SELECT_SET, &start, NULL, &one, NULL) >= 0);
        EXPECT(H5Dwrite(set, type, in_memory, first, H5P_DEFAULT, rows) >= 0 && H5Dflush(set) >= 0);
        EXPECT(H5Dget_chunk_storage_size(set, &start, &bytes) >= 0);
        EXPECT(H5Dread_chunk(set, H5P_DEFAULT, &start, &mask, rows) >= 0);
        for (hsize_t at = chunk; at < dim; at += chunk)
            EXPECT(H5Dwrite_chunk(set, H5P_DEFAULT, mask, &at, bytes, rows) >= 0);
        free(rows);
    }
    for (int i = 0; others && i < 5; i++) {
        char name[32];
        snprintf(name, sizeof name, "config/more%d", i);
        H5_AUTO hid_t extent = H5Screate_simple(1, &others, &most);
        H5_AUTO hid_t pieces = H5Pcreate(H5P_DATASET_CREATE);
        EXPECT(H5Pset_chunk(pieces, 1, &piece) >= 0);
        H5_AUTO hid_t more = H5Dcreate2(file, name, H5T_NATIVE_CHAR, extent, H5P_DEFAULT, pieces, H5P_DEFAULT);
        EXPECT(more >= 0);
    }
    h5_release(&set), h5_release(&file);
    EXPECT(!length || !truncate(run, length));
}

static void bombs_are_refused_at_once(void **unused)
{
    (void)unused;
    static const struct {
        hsize_t chunk, count, others;
        off_t length;
        const char *line;
        bool read; /* /episodes itself is none: it is small */
    } BOMBS[] = {{SMALL, 1200, 0, 0, "more than the file has", false},
                 {100000000, 1, 0, 0, "episodes is stored in chunks of more than", false},
                 {30000, 1, 0, 0, "episodes is stored in chunks of more than", false},
                 {SMALL, 1, 30000000, 0, "more than the file has", true},
                 {SMALL, 1200, 0, 40000000000, "more than the file has", false}};
    for (size_t b = 0; b < sizeof BOMBS / sizeof *BOMBS; b++) {
        make_bomb(BOMBS[b].chunk, BOMBS[b].count, BOMBS[b].others, BOMBS[b].length);
        EXPECT(BOMBS[b].length || bytes_of_run() < 20000000);
        const double start = processor_seconds();
        void *rows = NULL;
        const int64_t n = runfile_read(run, RUN_TABLE_EPISODES, &rows);
        free(rows);
        if (BOMBS[b].read != (n >= 0)) fail_msg("%zu: %s", b, error_text());
        if (n < 0 && !strstr(error_text(), BOMBS[b].line)) fail_msg("%zu: %s", b, error_text());
        struct runfile *f = runfile_resume(dir, &options, &prov, 2, 1000, 1); /* sets it aside */
        EXPECT(f && !runfile_close(&f) && bytes_of_run() < 1000000 && processor_seconds() - start < 5);
        char aside[192];
        snprintf(aside, sizeof aside, "%s/run-damaged-%zu.h5", dir, b + 1);
        EXPECT(!access(aside, F_OK) && !unlink(run));
    }
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "make")) {
        struct stat st;
        run_folder_use(argv[2]);
        write_many(atoll(argv[3]));
        return stat(run, &st) || printf("%lld\n", (long long)st.st_size) < 0;
    }
#define TEST(f) cmocka_unit_test_setup_teardown(f, run_folder_make, run_folder_remove)
    const struct CMUnitTest tests[] = {
        TEST(episodes_are_compressed),
        TEST(many_episodes_are_read_in_pieces),
        TEST(bombs_are_refused_at_once),
    };
    return testing_main(tests);
}
