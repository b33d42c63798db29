/* thin.c -- see thin.h. */
#include "view/thin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Which of n neighbours stands for them: no period of the points may meet one of the choice. */
static int64_t pick(int64_t group, int64_t n)
{
    return (int64_t)(((uint64_t)group * 0x9e3779b97f4a7c15u >> 33) % (uint64_t)n);
}

static void lay_together(struct thin *t)
{
    for (int64_t i = 0; i < t->count / 2; i++) {
        const struct figure_group *a = &t->groups[2 * i], *b = a + 1;
        t->groups[i] =
            (struct figure_group){a->x / 2 + b->x / 2, a->mean / 2 + b->mean / 2, pick(i, 2) ? a->one : b->one};
    }
    t->count /= 2;
    t->each *= 2;
    t->filled = t->each;
}

static void begin_group(struct thin *t)
{
    if (t->count == THIN_MOST) lay_together(t);
    if (t->count == t->room) {
        struct figure_group *more = memory_new((size_t)(t->room = 4 * t->room + 1024), sizeof *more);
        if (t->count) memcpy(more, t->groups, (size_t)t->count * sizeof *more);
        free(t->groups);
        t->groups = more;
    }
    if (!t->each) t->each = 1;
    t->groups[t->count++] = (struct figure_group){0};
    t->filled = 0;
}

void thin_add(struct thin *t, double x, double y)
{
    if (!isfinite(x) || !isfinite(y)) return;
    if (t->filled == t->each) begin_group(t);
    struct figure_group *g = &t->groups[t->count - 1];
    const double n = (double)++t->filled;
    g->x += (x - g->x) / n;
    g->mean += (y - g->mean) / n;
    if (pick(t->count, t->each) == t->filled - 1 || t->filled == 1) g->one = y;
    t->total++;
}

static int by_x(const void *a, const void *b)
{
    const double x = ((const struct figure_group *)a)->x, y = ((const struct figure_group *)b)->x;
    return (x > y) - (x < y);
}

void thin_sort(struct thin *t)
{
    if (t->count) qsort(t->groups, (size_t)t->count, sizeof *t->groups, by_x);
}

void thin_free(struct thin *t)
{
    free(t->groups);
    *t = (struct thin){0};
}
