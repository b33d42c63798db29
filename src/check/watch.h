/* watch.h -- the environment plays in a process of its own, so that also its crash or hang ends in a finding. Local. */
#ifndef DUNLIN_CHECK_WATCH_H
#define DUNLIN_CHECK_WATCH_H

/* What of the environment is called. */
enum check_call {
    CHECK_IN_OPEN,
    CHECK_IN_INIT,
    CHECK_IN_RESET,
    CHECK_IN_BOTH,
    CHECK_IN_STEP,
    CHECK_IN_SAVE,
    CHECK_IN_LOAD,
    CHECK_IN_RENDER,
    CHECK_IN_FREE,
    CHECK_IN_NONE,
    CHECK_CALLS
};

/* Says what is called next, to who watches. Cheap. */
void check_calls(enum check_call call);

/* Runs work(arg) in a child and answers its status; says what it died of, or that a call took longer than `patience`
 * seconds and was ended. */
int check_watch(int (*work)(void *arg), void *arg, double patience);

#endif
