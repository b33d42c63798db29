/* threads.c -- see threads.h. A model would need the time of an update, the link, and what other work the node has; a
 * trial of some seconds tells all of it at once. */
#include "turn/threads.h"

#include <math.h>

static const double WINDOW = 2;       /* s */
static const double FULL = 0.5;       /* of a window, in turns that found gradients: actors wait for rank 0 */
static const double GAIN = 1.1;       /* in frames/s: less is noise, or the node has no core to spare */
static const double NEXT_TRIAL = 300; /* s, after one that has changed nothing, and before one with fewer */

void threads_init(struct threads *t, int cores)
{
    *t = (struct threads){.now = 1, .most = cores < THREADS_MOST ? cores : THREADS_MOST};
}

static void begin_trial(struct threads *t, double rate, double now)
{
    const bool more = t->now < t->most && now >= t->more_again, less = t->now > 1 && now >= t->less_again;
    if (!more && !less) return;
    t->step = more ? 1 : -1;
    t->before = rate;
    t->phase = THREADS_OTHER;
}

static void judge(struct threads *t, double now)
{
    const double same = fmax(t->before, t->after);
    const bool kept = t->step > 0 ? t->other >= GAIN * same : GAIN * t->other > same;
    if (kept) t->now += t->step;
    if (!kept || t->step < 0) t->more_again = now + NEXT_TRIAL;
    if (kept || t->step < 0) t->less_again = now + NEXT_TRIAL;
    t->phase = THREADS_BEFORE;
}

static void window_ends(struct threads *t, bool full, double rate, double now)
{
    switch (t->phase) {
    case THREADS_BEFORE:
        if (full && rate > 0) begin_trial(t, rate, now);
        break;
    case THREADS_OTHER:
        t->other = rate;
        t->phase = THREADS_AFTER;
        break;
    case THREADS_AFTER:
        t->after = rate;
        judge(t, now);
        break;
    }
}

static int applying(const struct threads *t)
{
    return t->phase == THREADS_OTHER ? t->now + t->step : t->now;
}

int threads_turn(struct threads *t, bool found, double now, int64_t frames)
{
    if (t->begun && found) t->busy += now - t->last;
    t->last = now;
    const double seconds = now - t->began;
    if (t->begun && seconds < WINDOW) return applying(t);
    if (t->begun) window_ends(t, t->busy >= FULL * seconds, (double)(frames - t->frames) / seconds, now);
    t->begun = true;
    t->began = now;
    t->busy = 0;
    t->frames = frames;
    return applying(t);
}

void threads_skip(struct threads *t, double now)
{
    t->last = now;
}

void threads_refused(struct threads *t, int threads)
{
    t->now = t->most = threads;
    t->phase = THREADS_BEFORE;
}
