/* probe.c -- see probe.h. */
#include "measure/probe.h"

#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"

void series_add(struct series *s, double x)
{
    if (s->n == s->room) {
        const int room = s->room ? 2 * s->room : 64;
        double *more = memory_new((size_t)room, sizeof *more);
        if (s->n) memcpy(more, s->x, (size_t)s->n * sizeof *more);
        free(s->x);
        s->x = more;
        s->room = room;
    }
    s->x[s->n++] = x;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double series_median(const struct series *s)
{
    if (!s->n) return 0;
    double *sorted = memory_new((size_t)s->n, sizeof *sorted);
    memcpy(sorted, s->x, (size_t)s->n * sizeof *sorted);
    qsort(sorted, (size_t)s->n, sizeof *sorted, compare);
    const double median = (sorted[(s->n - 1) / 2] + sorted[s->n / 2]) / 2;
    free(sorted);
    return median;
}

void series_free(struct series *s)
{
    free(s->x);
    *s = (struct series){0};
}

void probe_print(const char *name, double value, double limit, const char *unit)
{
    printf("%s value %.6g %s limit %.6g %s ratio %.4g\n", name, value, unit, limit, unit,
           limit > 0 ? value / limit : (double)NAN);
    fflush(stdout);
}

double probe_cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The cores of the process before anything was pinned. */
static const cpu_set_t *allowed(void)
{
    static cpu_set_t all;
    static bool known;
    if (!known && sched_getaffinity(0, sizeof all, &all)) CPU_SET(0, &all);
    known = true;
    return &all;
}

int probe_cores(void)
{
    return CPU_COUNT(allowed());
}

void probe_pin(int i)
{
    cpu_set_t one;
    int left = i % probe_cores();
    for (int c = 0; c < CPU_SETSIZE; c++) {
        if (!CPU_ISSET(c, allowed()) || left--) continue;
        CPU_ZERO(&one);
        CPU_SET(c, &one);
        sched_setaffinity(0, sizeof one, &one);
        return;
    }
}
