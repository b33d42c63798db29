/* outcome.c -- see outcome.h. */
#include "view/outcome.h"

#include <math.h>

#include "store/runfile.h"

enum { TENTHS = 10 };

struct reading {
    struct outcome *o;
    int64_t at; /* episodes before this one */
    double sum[TENTHS];
    int64_t count[TENTHS]; /* finite ones; tenths are counted from the end, and the first may be a smaller one */
};

static void tell(struct outcome *o, int64_t frames, double seconds)
{
    if (frames > o->frames) o->frames = frames;
    if (seconds > o->seconds) o->seconds = seconds;
}

static void take_score(struct score *s, double mean)
{
    s->last = mean;
    s->best = fmax(s->best, mean); /* which passes over NaN */
}

static int take_train(void *arg, const void *rows, int64_t n, int64_t total)
{
    struct reading *r = arg;
    const struct run_train *t = rows;
    (void)total;
    for (int64_t i = 0; i < n; i++) tell(r->o, t[i].frames, t[i].seconds);
    return 0;
}

static int take_evals(void *arg, const void *rows, int64_t n, int64_t total)
{
    struct reading *r = arg;
    const struct run_eval *v = rows;
    (void)total;
    for (int64_t i = 0; i < n; i++) {
        tell(r->o, v[i].frames, v[i].seconds);
        take_score(&r->o->eval, v[i].mean);
    }
    return 0;
}

static int take_episodes(void *arg, const void *rows, int64_t n, int64_t total)
{
    struct reading *r = arg;
    const struct run_episode *e = rows;
    const int64_t each = (total + TENTHS - 1) / TENTHS;
    for (int64_t i = 0; i < n; i++, r->at++) {
        const int64_t tenth = (total - 1 - r->at) / each;
        tell(r->o, e[i].frames, e[i].seconds);
        if (!isfinite(e[i].ret)) continue;
        r->sum[tenth] += e[i].ret;
        r->count[tenth]++;
    }
    r->o->episodes = r->at;
    return 0;
}

int outcome_read(struct outcome *o, const char *path)
{
    const struct score none = {(double)NAN, (double)NAN};
    struct reading r = {.o = o};
    *o = (struct outcome){.eval = none, .tenths = none};
    if (runfile_each(path, RUN_TABLE_TRAIN, take_train, &r) < 0 ||
        runfile_each(path, RUN_TABLE_EVAL, take_evals, &r) < 0 ||
        runfile_each(path, RUN_TABLE_EPISODES, take_episodes, &r) < 0)
        return -1;
    for (int t = TENTHS - 1; t >= 0; t--)
        if (r.count[t]) take_score(&o->tenths, r.sum[t] / (double)r.count[t]);
    return 0;
}
