/* watched.h -- work that plays an environment, done in a process of its own: a library may end or crash it, or never
 * come back, and then a line is said and a status is left that is not 0. Local. */
#ifndef DUNLIN_BASE_WATCHED_H
#define DUNLIN_BASE_WATCHED_H

#include <stddef.h>
#include <sys/types.h>

struct watched {
    const char *what; /* for the lines: "the environment's trial" */
    double tell;      /* s after which a line says that it is still waited for; 0: none does */
    double most;      /* s after which it is given up; 0: it is not */
    /* now and then while it is waited for; or NULL */
    void (*meanwhile)(pid_t child);
};

/* Forks; the child calls work(arg) with `bytes` bytes that it shares with the caller, which finds in arg what work left
 * there; its files are flushed. Returns work's value, 0 .. 255, with the child's error_text() where it is not 0; -1
 * after error_set() where work did not come back. A stop signal goes on to the child, and then does here what it did
 * before. What the child leaves running goes on: left_run() ends it. */
int watched_run(const struct watched *w, int (*work)(void *arg), void *arg, size_t bytes);

/* Ends this process with status 1 and a line, which watched_run() says where it waits for this process. */
_Noreturn void watched_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same of what is refused: there watched_run() returns 2. */
_Noreturn void watched_refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
