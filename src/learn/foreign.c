/* foreign.c -- see foreign.h. */
#include "learn/foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/watched.h"

static bool of_the_library(int sig)
{
    return sig == SIGSEGV || sig == SIGBUS || sig == SIGFPE || sig == SIGILL;
}

static bool same_action(const struct sigaction *a, const struct sigaction *b)
{
    return a->sa_handler == b->sa_handler && a->sa_flags == b->sa_flags;
}

/* A descriptor, as a path may be too long, or be renamed meanwhile. -1: the folder is gone. */
static int open_here(void)
{
    return open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int folder = -1; /* of the outermost call under way, or of a world's instances */

/* What is opened next would get the number of one of ours, and be written to. */
static void check_open(int failed)
{
    if (failed && (errno == EBADF || errno == ENOTDIR))
        watched_fail("a library has closed descriptors that are not its own, the environment's if it is one: it may "
                     "close what it has opened");
}

/* Of those that alarm() and setitimer() set: a death later, without a word. */
static const unsigned timers[] = {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF};

static bool armed(unsigned timer)
{
    struct itimerval now;
    return !getitimer(timer, &now) && (now.it_value.tv_sec || now.it_value.tv_usec);
}

static struct rlimit limits[RLIM_NLIMITS]; /* of this process, before any library came */

static void note_limits(void)
{
    static bool noted;
    for (unsigned i = 0; i < RLIM_NLIMITS && !noted; i++) getrlimit(i, &limits[i]);
    noted = true;
}

void foreign_begin(struct foreign *f, bool whole)
{
    f->whole = whole;
    note_limits();
    fegetenv(&f->floats);
    if (!whole) return;
    if (folder >= 0) check_open(close(folder));
    folder = open_here();
    const char *locale = setlocale(LC_ALL, NULL);
    snprintf(f->locale, sizeof f->locale, "%s", locale ? locale : "C");
    f->umask = umask(0);
    umask(f->umask);
    pthread_sigmask(SIG_SETMASK, NULL, &f->blocked);
    for (int i = 0; i < FOREIGN_TIMERS; i++) f->armed[i] = armed(timers[i]);
    for (int s = 1; s < FOREIGN_SIGNALS; s++) f->known[s] = !of_the_library(s) && !sigaction(s, NULL, &f->action[s]);
}

static void put_back_timers(const struct foreign *f)
{
    static const struct itimerval off;
    for (int i = 0; i < FOREIGN_TIMERS; i++)
        if (armed(timers[i]) && !f->armed[i]) setitimer(timers[i], &off, NULL);
}

/* Lowered for the process, a limit holds for what the trainer writes, opens and starts. Only root may raise a hard one
 * again. */
static void put_back_limits(void)
{
    struct rlimit now;
    for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
        const struct rlimit *was = &limits[i];
        if (getrlimit(i, &now) || (now.rlim_cur >= was->rlim_cur && now.rlim_max >= was->rlim_max)) continue;
        if (!setrlimit(i, was)) continue;
        watched_refuse("a library has lowered a limit of this process for good (number %u of setrlimit(), from %lld to "
                       "%lld), the environment's if it is one: it may lower none but in processes of its own",
                       i, (long long)was->rlim_max, (long long)now.rlim_max);
    }
}

static void put_back_signals(const struct foreign *f)
{
    struct sigaction now;
    for (int s = 1; s < FOREIGN_SIGNALS; s++)
        if (f->known[s] && !sigaction(s, NULL, &now) && !same_action(&now, &f->action[s]))
            sigaction(s, &f->action[s], NULL);
    pthread_sigmask(SIG_SETMASK, &f->blocked, NULL);
}

void foreign_end(const struct foreign *f)
{
    static locale_t dot;
    if (!dot) dot = newlocale(LC_ALL_MASK, "C", NULL);
    if (dot) uselocale(dot);
    if (folder >= 0) check_open(fchdir(folder)); /* of another failure nothing better is known */
    fesetenv(&f->floats);
    put_back_limits();
    if (!f->whole) return;
    setlocale(LC_ALL, f->locale);
    umask(f->umask);
    put_back_timers(f);
    put_back_signals(f);
}
