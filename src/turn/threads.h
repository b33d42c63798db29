/* threads.h -- how many threads of rank 0 apply, where nobody has said: one more is tried whenever rank 0 has no time
 * left, and kept if updates come faster by a tenth. Results do not depend on it (optim.h). Knows neither clocks nor
 * threads; all local. */
#ifndef DUNLIN_TURN_THREADS_H
#define DUNLIN_TURN_THREADS_H

#include <stdbool.h>
#include <stdint.h>

enum { THREADS_MOST = 8 };

struct threads {
    int now, most;
    double began;    /* of the window that is measured, s */
    double last;     /* s */
    double busy;     /* of the window, in turns that found gradients, s */
    int64_t updates; /* when it began */
    double before;   /* updates/s with one fewer; 0: none is on trial */
    double rate;     /* updates/s of the last window that was measured */
    double again;    /* no trial before this, s */
};

/* cores: those that rank 0's process may use; the threads go up to their number and THREADS_MOST. */
void threads_init(struct threads *t, int cores, double now, int64_t updates);

/* After each turn, and whatever else rank 0 did meanwhile. found: gradients waited, so that rank 0 was busy since the
 * call before; now: seconds of any clock; updates: of the run. Returns how many threads are to apply from now on. */
int threads_turn(struct threads *t, bool found, double now, int64_t updates);

/* Rank 0 has waited until now. */
void threads_waited(struct threads *t, double now);

/* The system has given no more than `threads`: that is all there will be. */
void threads_refused(struct threads *t, int threads);

#endif
