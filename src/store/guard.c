/* guard.c -- see guard.h. */
#include "store/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

enum { SECONDS = 60, BYTES_PER_SECOND = 4 << 20, ERROR_BYTES = 1024 };
enum { CPU_SECONDS = 10, BYTES_PER_CPU_SECOND = 16 << 20 };
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

/* All that comes until the other end closes, but not more than most; 0, or errno. */
static int collect(int fd, rlim_t most, char **bytes, size_t *n)
{
    size_t room = 0, used = 0;
    char *all = NULL;
    for (;;) {
        if (room - used < 4096) {
            char *more = realloc(all, room = 2 * room + 65536);
            if (!more) {
                free(all);
                return ENOMEM;
            }
            all = more;
        }
        const ssize_t got = read(fd, all + used, room - used);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        used += (size_t)got;
        if (used > most) {
            free(all);
            return EFBIG;
        }
    }
    *bytes = all;
    *n = used;
    return 0;
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
    if (sig == SIGALRM)
        error_set("%s: cannot be read within %u s: damaged, or its file system does not answer", path, seconds);
    else if (sig == SIGXCPU)
        error_set("%s: damaged: the HDF5 library does not come back from it", path);
    else
        error_set("%s: damaged: the HDF5 library crashes on it (%s)", path, strsignal(sig));
    return GUARD_DIED;
}

int guard_run(int (*work)(void *arg, FILE *out), void *arg, const char *path, char **bytes, size_t *n)
{
    struct stat st;
    int ends[2];
    if (bytes) *bytes = NULL;
    const off_t size = stat(path, &st) ? 0 : st.st_size;
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
    char *all = NULL;
    size_t used = 0;
    const int why = pid > 0 ? collect(ends[0], MEMORY + 8 * (rlim_t)size, &all, &used) : 0;
    close(ends[0]);
    int rc = pid > 0 ? outcome(pid, path, error, seconds)
                     : error_set("%s: cannot start a process to read it: %s", path, strerror(why_no_fork));
    if (why == EFBIG)
        rc = error_set("%s: damaged: more comes out of it than can be in it", path);
    else if (!rc && why)
        rc = error_set("%s: no memory to read it", path);
    munmap(error, ERROR_BYTES);
    if (!rc && bytes) {
        *bytes = all;
        *n = used;
    } else {
        free(all);
    }
    return rc;
}
