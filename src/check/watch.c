/* watch.c -- see watch.h. */
#include "check/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/children.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/left.h"
#include "base/log.h"
#include "check/say.h"

/* Written by the child, read by its parent. */
struct board {
    _Atomic int call;
    _Atomic uint64_t calls;
    _Atomic bool done;
};

static struct board *board;

static const char *const names[CHECK_CALLS] = {"`open`", "`init`",   "`reset`", "`init` or `reset`", "`step`", "`save`",
                                               "`load`", "`render`", "`free`",  "none of its calls"};

void check_calls(enum check_call call)
{
    if (!board) return;
    atomic_store_explicit(&board->call, call, memory_order_relaxed);
    atomic_fetch_add_explicit(&board->calls, 1, memory_order_relaxed);
}

/* Waits for the child; kills it where no call has ended for so long. True: it did. */
static bool wait_for(pid_t child, double patience, int *status)
{
    uint64_t calls = 0;
    double since = clock_seconds();
    for (;;) {
        const pid_t got = waitpid(child, status, WNOHANG);
        if (got == child || (got < 0 && errno != EINTR)) return true;
        const uint64_t now = atomic_load(&board->calls);
        if (now != calls || atomic_load(&board->call) == CHECK_IN_NONE) since = clock_seconds();
        calls = now;
        if (clock_seconds() - since > patience) break;
        children_reap(child);
        clock_sleep(0.005);
    }
    kill(child, SIGKILL);
    waitpid(child, status, 0);
    return false;
}

int check_watch(int (*work)(void *arg), void *arg, double patience)
{
    struct left left;
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    left_begin(&left);
    const pid_t parent = getpid(), child = board == MAP_FAILED ? -1 : fork();
    if (child < 0) {
        log_error("no process to play in: %s", strerror(errno));
        return 1;
    }
    if (!child) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(1);
        atomic_store(&board->call, CHECK_IN_NONE);
        int rc = work(arg);
        if ((fflush(NULL) || ferror(stdout)) && !rc) {
            log_error("standard output cannot be written to");
            rc = 1;
        }
        atomic_store(&board->done, true);
        _exit(rc);
    }
    int status = 0;
    const bool ended = wait_for(child, patience, &status);
    left_end(&left, atomic_load(&board->done));
    const char *where = names[atomic_load(&board->call)];
    if (!ended)
        check_say(CHECK_WRONG, "hang", "%s has not returned for %g s", where, patience);
    else if (WIFSIGNALED(status))
        check_say(CHECK_WRONG, "crash", "died of signal %d (%s) in %s", WTERMSIG(status), strsignal(WTERMSIG(status)),
                  where);
    else if (!atomic_load(&board->done))
        check_say(CHECK_WRONG, "crash", "ended the process with status %d in %s", WEXITSTATUS(status), where);
    else
        return WEXITSTATUS(status);
    return 1;
}
