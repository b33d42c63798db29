/* threads.h -- how many threads of rank 0 apply, where nobody has said. Where rank 0 is busy for half of the time one
 * more is tried for a window of two seconds, between two without it, and kept if frames come faster than in both by a
 * tenth; later, now and then, one fewer, which is kept if it is no slower by that. Results do not depend on it
 * (optim.h). Knows neither clocks nor threads; all local. */
#ifndef DUNLIN_TURN_THREADS_H
#define DUNLIN_TURN_THREADS_H

#include <stdbool.h>
#include <stdint.h>

enum { THREADS_MOST = 8 };

enum threads_phase { THREADS_BEFORE, THREADS_OTHER, THREADS_AFTER };

struct threads {
    int now, most; /* those that are kept; at most */
    enum threads_phase phase;
    int step;                      /* +1, -1: what the last trial changed */
    bool begun;                    /* a window has */
    double began;                  /* of this window, s */
    double last;                   /* s */
    double busy;                   /* of this window, in turns that found gradients, s */
    int64_t frames;                /* when it began */
    double before, other, after;   /* frames/s of a trial's windows: as it was, changed, as it was */
    double more_again, less_again; /* no such trial before this, s */
};

/* cores: those that rank 0's process may use; the threads go up to their number and THREADS_MOST. */
void threads_init(struct threads *t, int cores);

/* After each turn. found: gradients waited, so that rank 0 was busy since the call before, or since threads_skip();
 * now: seconds of any clock; frames: of the run. Returns how many threads are to apply from now on. */
int threads_turn(struct threads *t, bool found, double now, int64_t frames);

/* Until now rank 0 has waited, or done something else than its turns. */
void threads_skip(struct threads *t, double now);

/* The system has given `threads` and no more: that is all there will be. */
void threads_refused(struct threads *t, int threads);

#endif
