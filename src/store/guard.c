/* guard.c -- see guard.h. */
#include "store/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

enum { SECONDS = 60, BYTES_PER_SECOND = 1 << 20, ERROR_BYTES = 1024 };
enum { CPU_SECONDS = 10, BYTES_PER_CPU_SECOND = 1 << 20, COLLECT_MOST = 64 << 20 };
enum { BLOCK = 512, PACKED_BY_DISK = 8, NOT_YET_THERE = 4 << 20 }; /* st_blocks; what a file system may make of them */
static const rlim_t MEMORY = (rlim_t)2 << 30; /* and eight times the file, beyond what the process has mapped already */

static rlim_t mapped_now(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%lu", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void limit(int resource, rlim_t value)
{
    struct rlimit r;
    if (getrlimit(resource, &r)) return;
    if (value < r.rlim_cur) r.rlim_cur = value;
    setrlimit(resource, &r);
}

_Noreturn static void child(int (*work)(void *arg, FILE *out), void *arg, int fd, char *error, unsigned seconds,
                            off_t size)
{
    static const int DEFAULTS[] = {SIGALRM, SIGTERM, SIGINT,  SIGHUP, SIGUSR1, SIGUSR2,
                                   SIGSEGV, SIGBUS,  SIGABRT, SIGFPE, SIGXCPU};
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = 0; i < sizeof DEFAULTS / sizeof *DEFAULTS; i++) signal(DEFAULTS[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_AS, mapped_now() + MEMORY + 8 * (rlim_t)size);
    limit(RLIMIT_CPU, CPU_SECONDS + (rlim_t)(size / BYTES_PER_CPU_SECOND));
    alarm(seconds);
    FILE *out = fdopen(fd, "w");
    int rc = out ? work(arg, out) : 100;
    if (rc) snprintf(error, ERROR_BYTES, "%s", error_text());
    if (out && fclose(out) && !rc) {
        snprintf(error, ERROR_BYTES, "a pipe broke");
        rc = 100;
    }
    _exit(rc); /* no clean-up of the parent's: MPI, HDF5 and stdio belong to it */
}

static int outcome(pid_t pid, const char *path, const char *error, unsigned seconds)
{
    int status = 0;
    pid_t done;
    do done = waitpid(pid, &status, 0);
    while (done < 0 && errno == EINTR);
    if (done < 0) return error_set("%s: lost the process that read it: %s", path, strerror(errno));
    if (WIFEXITED(status)) {
        if (WEXITSTATUS(status) && *error)
            error_set("%s", error);
        else if (WEXITSTATUS(status))
            error_set("%s: cannot be read", path);
        return WEXITSTATUS(status);
    }
    const int sig = WTERMSIG(status);
    if (sig == SIGTERM || sig == SIGINT || sig == SIGHUP || sig == SIGKILL || sig == SIGUSR1 || sig == SIGUSR2)
        return error_set("%s: reading it was stopped (%s)", path, strsignal(sig)); /* no fault of the file */
    if (sig == SIGALRM) /* computing too long would have ended it before */
        return error_set("%s: cannot be read within %u s: its file system does not answer", path, seconds);
    if (sig == SIGXCPU)
        error_set("%s: damaged: the HDF5 library does not come back from it", path);
    else
        error_set("%s: damaged: the HDF5 library crashes on it (%s)", path, strsignal(sig));
    return GUARD_DIED;
}

uint64_t guard_size(const char *path, bool packed)
{
    const uint64_t times = packed ? 1 : PACKED_BY_DISK;
    struct stat st;
    if (lstat(path, &st)) return 0;
    const uint64_t size = (uint64_t)st.st_size, blocks = (uint64_t)st.st_blocks;
    if (!blocks || blocks > size / BLOCK / times) return size;
    const uint64_t most = blocks * BLOCK * times + NOT_YET_THERE;
    return most < size ? most : size;
}

int guard_pipe(int (*work)(void *arg, FILE *out), void *arg, const char *path, int (*eat)(void *to, FILE *in), void *to)
{
    int ends[2];
    const off_t size = (off_t)guard_size(path, false);
    const unsigned seconds = SECONDS + (unsigned)(size / BYTES_PER_SECOND);
    char *error = mmap(NULL, ERROR_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (error == MAP_FAILED) return error_set("%s: no memory to read it", path);
    if (pipe(ends)) {
        const int why = errno;
        munmap(error, ERROR_BYTES);
        return error_set("%s: cannot make a pipe to read it: %s", path, strerror(why));
    }
    const pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        child(work, arg, ends[1], error, seconds, size);
    }
    const int why_no_fork = errno;
    close(ends[1]);
    FILE *in = pid > 0 ? fdopen(ends[0], "r") : NULL;
    const int eaten = in ? eat(to, in) : 0; /* where it stops early, the child ends of the broken pipe */
    if (in)
        fclose(in);
    else
        close(ends[0]);
    char why[ERROR_BYTES];
    snprintf(why, sizeof why, "%s", eaten ? error_text() : "");
    int rc = pid > 0 ? outcome(pid, path, error, seconds)
                     : error_set("%s: cannot start a process to read it: %s", path, strerror(why_no_fork));
    munmap(error, ERROR_BYTES);
    if (eaten) rc = error_set("%s", why);
    if (pid > 0 && !in) rc = error_set("%s: no memory to read it", path);
    return rc;
}

size_t guard_write(const void *bytes, size_t size, size_t n, FILE *out)
{
    const unsigned left = alarm(0);
    const size_t written = fwrite(bytes, size, n, out);
    alarm(left);
    return written;
}

struct collected {
    const char *path;
    char *bytes;
    size_t n;
};

static int collect(void *to, FILE *in)
{
    struct collected *c = to;
    size_t room = 0;
    for (size_t got = 1; got; c->n += got) {
        if (c->n > COLLECT_MOST) return error_set("%s: damaged: more comes out of it than can be in it", c->path);
        if (room - c->n < 4096) {
            char *more = realloc(c->bytes, room = 2 * room + 65536);
            if (!more) return error_set("%s: no memory to read it", c->path);
            c->bytes = more;
        }
        got = fread(c->bytes + c->n, 1, room - c->n, in);
    }
    return 0;
}

static int collect_nothing(void *to, FILE *in)
{
    (void)to, (void)in;
    return 0;
}

int guard_run(int (*work)(void *arg, FILE *out), void *arg, const char *path, char **bytes, size_t *n)
{
    struct collected c = {.path = path};
    const int rc = guard_pipe(work, arg, path, bytes ? collect : collect_nothing, &c);
    if (bytes) {
        if (rc) free(c.bytes);
        *bytes = rc ? NULL : c.bytes;
        *n = c.n;
    }
    return rc;
}
