/* test_rows.c -- many rows: run.h5 holds them compressed, and whoever reads them reads in pieces. */
#include "testing.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "store/h5.h"
#include "store/provenance.h"
#include "store/runfile.h"
#include "store/tables.h"

static char dir[128], run[160];
static struct option_set options;
static struct provenance prov;

enum { SHORT = 60000, CUT = 41234, LATER = 3000 };

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
        for (bool told = write(ends[1], rc ? "x" : ".", 1) == 1; told;) pause();
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
        EXPECT(live < SHORT * 16 && resumed < (CUT + LATER) * 12);
        unpack_episodes();
        check_short(CUT + LATER);
        EXPECT(bytes_of_run() > (CUT + LATER) * 40);
    }
}

static int setup(void **unused)
{
    (void)unused;
    h5_init();
    options_init(&options);
    provenance_fill(&prov, 0, NULL);
    snprintf(dir, sizeof dir, "/tmp/test_rows.XXXXXX");
    if (!mkdtemp(dir)) return -1;
    snprintf(run, sizeof run, "%s/run.h5", dir);
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    char command[192];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(episodes_are_compressed),
    };
    return testing_main(tests);
}
