/* left.c -- see left.h. */
#include "base/left.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/children.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"

static const double ENDS_WITHIN = 1; /* s; a process may hang in a file system */

void left_begin(struct left *l)
{
    l->adopted = 0;
    prctl(PR_GET_CHILD_SUBREAPER, &l->adopted);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    l->before = process_children(getpid(), &l->n);
}

static bool was_there(const struct left *l, pid_t pid)
{
    for (int i = 0; i < l->n; i++)
        if (l->before[i] == pid) return true;
    return false;
}

/* Ends it and waits for that; its own children become this process's. Returns whether it was one that was left: what
 * ends by itself, as Python does with who has started it, is none. */
static bool end_one(pid_t pid, double until)
{
    const bool ends = process_ends(pid), killed = !kill(pid, SIGKILL);
    while (!waitpid(pid, NULL, WNOHANG) && clock_seconds() < until) clock_sleep(0.001);
    return killed && !ends;
}

void left_end(struct left *l, bool tell)
{
    const double until = clock_seconds() + ENDS_WITHIN;
    int ended = 0, seen;
    do { /* what has been started between the looks is ours by then */
        int n;
        pid_t *pids = process_children(getpid(), &n);
        seen = 0;
        for (int i = 0; i < n; i++) {
            if (was_there(l, pids[i])) continue;
            ended += end_one(pids[i], until);
            seen++;
        }
        free(pids);
    } while (seen && clock_seconds() < until);
    free(l->before);
    prctl(PR_SET_CHILD_SUBREAPER, l->adopted);
    if (ended && tell) log_rank("ended %d process%s that a library has left running", ended, ended > 1 ? "es" : "");
}

int left_run(const struct watched *w, int (*work)(void *arg), void *arg, size_t bytes)
{
    struct left left;
    struct watched whole = *w;
    whole.meanwhile = children_reap;
    left_begin(&left);
    const int rc = watched_run(&whole, work, arg, bytes);
    left_end(&left, rc >= 0);
    return rc;
}
