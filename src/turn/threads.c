/* threads.c -- see threads.h. A model would need the time of an update, the link, and what other work the node has; a
 * trial of two seconds tells all of it at once. */
#include "turn/threads.h"

static const double WINDOW = 2;       /* s */
static const double FULL = 0.9;       /* of a window, in turns that found gradients: rank 0 is the limit */
static const double GAIN = 1.1;       /* in updates/s: less is noise, or the node has no core to spare */
static const double NEXT_TRIAL = 300; /* s, after one that gained nothing */

void threads_init(struct threads *t, int cores, double now, int64_t updates)
{
    *t = (struct threads){
        .now = 1, .most = cores < THREADS_MOST ? cores : THREADS_MOST, .began = now, .last = now, .updates = updates};
}

/* A trial is over. */
static void judge(struct threads *t, double now)
{
    if (t->rate < GAIN * t->before) {
        t->now--;
        t->again = now + NEXT_TRIAL;
    }
    t->before = 0;
}

int threads_turn(struct threads *t, bool found, double now, int64_t updates)
{
    if (found) t->busy += now - t->last;
    t->last = now;
    if (now - t->began < WINDOW) return t->now;
    const bool full = t->busy >= FULL * (now - t->began);
    t->rate = (double)(updates - t->updates) / (now - t->began);
    if (t->before > 0) {
        judge(t, now);
    } else if (full && t->now < t->most && now >= t->again) {
        t->before = t->rate;
        t->now++;
    }
    t->began = now;
    t->busy = 0;
    t->updates = updates;
    return t->now;
}

void threads_waited(struct threads *t, double now)
{
    t->last = now;
}

void threads_refused(struct threads *t, int threads)
{
    t->now = t->most = threads;
    t->before = 0;
}
