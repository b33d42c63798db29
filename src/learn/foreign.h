/* foreign.h -- what code that is not ours may change in this process, put back behind it: an environment's library
 * sets a locale or a timer, goes to another folder, catches signals or lowers a limit, and the trainer's numbers, paths
 * and stops must not follow. */
#ifndef DUNLIN_LEARN_FOREIGN_H
#define DUNLIN_LEARN_FOREIGN_H

#include <fenv.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

enum { FOREIGN_SIGNALS = 65, FOREIGN_LOCALE = 512, FOREIGN_TIMERS = 3 };

struct foreign {
    bool whole;
    char locale[FOREIGN_LOCALE];
    mode_t umask;
    fenv_t floats;
    sigset_t blocked;
    struct sigaction action[FOREIGN_SIGNALS];
    bool known[FOREIGN_SIGNALS];
    bool armed[FOREIGN_TIMERS];
};

/* Around a call. whole: all of it, some 200 system calls, for what happens once (loading, open, init); otherwise what a
 * call as frequent as a reset can afford: folder, floating-point modes, this thread's locale, and limits that are lower
 * than at the first foreign_begin() of this process. Handlers of SIGSEGV, SIGBUS, SIGFPE and SIGILL stay the library's:
 * a language's runtime needs them for its own faults.
 *
 * From the first foreign_end() on this thread reads and writes numbers with a dot, whatever setlocale() is told later.
 * The folder is that of the first foreign_begin() of this process. Where descriptors were closed that are not the
 * library's own the process ends (watched_fail()), where a hard limit was lowered that cannot be raised again, too
 * (watched_refuse()). Local; other errors are passed over. */
void foreign_begin(struct foreign *f, bool whole);
void foreign_end(const struct foreign *f);

#endif
