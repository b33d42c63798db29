/* test_resume_files.c -- run.h5 at a resume where the disk is full, or cannot read: nothing that was saved is lost, and
 * none of it is called damage. */
#include "testing.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "run_folder.h"
#include "store/runfile.h"

static off_t bad_from; /* bytes of run.h5 from here on cannot be read; 0: all can */

static bool is_bad(int fd, off_t end)
{
    char link[64], name[4096] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return bad_from && end > bad_from && readlink(link, name, sizeof name - 1) > 0 && !strcmp(name, run);
}

/* In the place of libc's, for HDF5 too. */
ssize_t pread(int fd, void *bytes, size_t n, off_t at)
{
    if (is_bad(fd, at + (off_t)n)) return errno = EIO, -1;
    return syscall(SYS_pread64, fd, bytes, n, at);
}
ssize_t pread64(int fd, void *bytes, size_t n, off_t at) __attribute__((alias("pread")));
ssize_t read(int fd, void *bytes, size_t n)
{
    if (is_bad(fd, lseek(fd, 0, SEEK_CUR) + (off_t)n)) return errno = EIO, -1;
    return syscall(SYS_read, fd, bytes, n);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit r;
    getrlimit(RLIMIT_FSIZE, &r);
    r.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &r);
}

enum { ROWS = 3000 };

static off_t write_run(void)
{
    struct stat st;
    struct runfile *f = runfile_create(dir, &options, &prov, 3);
    if (!f) fail_msg("%s", error_text());
    for (int i = 0; i < ROWS; i++) runfile_train(f, &(struct run_train){.seconds = i + 1, .frames = i});
    EXPECT(!runfile_close(&f) && !stat(run, &st));
    return st.st_size;
}

static bool rows_are_there(void)
{
    void *rows;
    const int64_t n = runfile_read(run, RUN_TABLE_TRAIN, &rows);
    free(rows);
    return n == ROWS;
}

/* Is run.h5 all that lies in the folder? */
static bool alone(void)
{
    DIR *d = opendir(dir);
    int others = 0;
    for (struct dirent *e; (e = readdir(d));) others += e->d_name[0] != '.' && strcmp(e->d_name, "run.h5") != 0;
    closedir(d);
    return !others;
}

static struct runfile *resume(void)
{
    return runfile_resume(dir, &options, &prov, 3, ROWS, 1);
}

/* However much of the new file there is room for. */
static void full_disk(void **unused)
{
    (void)unused;
    const off_t size = write_run();
    signal(SIGXFSZ, SIG_IGN);
    for (int part = 0; part < 8; part++) {
        limit_files((rlim_t)(size * part / 8));
        struct runfile *f = resume();
        limit_files(RLIM_INFINITY);
        EXPECT(!f && strstr(error_text(), "run.h5.new: cannot write: File too large"));
        EXPECT(alone() && rows_are_there());
    }
    struct runfile *f = resume();
    EXPECT(f && !runfile_close(&f) && rows_are_there());
}

/* A damaged file stays, too, until there is one to take its place. */
static void full_disk_and_damage(void **unused)
{
    (void)unused;
    const off_t size = write_run();
    char aside[192];
    snprintf(aside, sizeof aside, "%s/run-damaged-1.h5", dir);
    EXPECT(!truncate(run, size / 2));
    signal(SIGXFSZ, SIG_IGN);
    limit_files(5000);
    struct runfile *f = resume();
    limit_files(RLIM_INFINITY);
    EXPECT(!f && strstr(error_text(), "run.h5.new: cannot write: File too large") && alone());
    f = resume();
    EXPECT(f && !runfile_close(&f) && !access(aside, F_OK));
}

static void unreadable_disk(void **unused)
{
    (void)unused;
    const off_t size = write_run();
    for (int part = 0; part < 4; part++) {
        bad_from = 1 + size * part / 4;
        struct runfile *f = resume();
        bad_from = 0;
        if (f || !strstr(error_text(), "Input/output error")) fail_msg("%d: %s", part, error_text());
        EXPECT(alone() && rows_are_there());
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, run_folder_make, run_folder_remove)
    const struct CMUnitTest tests[] = {TEST(full_disk), TEST(full_disk_and_damage), TEST(unreadable_disk)};
    return testing_main(tests);
}
