/* lag.c -- see lag.h. */
#include "turn/lag.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

struct lag {
    size_t weights, count; /* of them sampled */
    int64_t published;
    int64_t version[LAG_PUBLICATIONS]; /* of publication n in place n % LAG_PUBLICATIONS */
    float *sample;                     /* (LAG_PUBLICATIONS, count) */
};

double lag_count_scale(int64_t lag, double unit)
{
    return 1 / (1 + (double)(lag > 0 ? lag : 0) / unit);
}

struct lag *lag_new(size_t weights)
{
    struct lag *l = memory_new(1, sizeof *l);
    l->weights = weights;
    l->count = weights < LAG_SAMPLE ? weights : LAG_SAMPLE;
    l->sample = memory_floats(LAG_PUBLICATIONS * l->count);
    return l;
}

void lag_free(struct lag **lag)
{
    if (*lag) free((*lag)->sample);
    free(*lag);
    *lag = NULL;
}

static float *sample_of(const struct lag *l, int64_t n)
{
    return l->sample + (size_t)(n % LAG_PUBLICATIONS) * l->count;
}

/* Entry of theta that sample i is of. */
static size_t entry(const struct lag *l, size_t i)
{
    return i * l->weights / l->count;
}

void lag_publish(struct lag *l, int64_t version, const float *theta)
{
    float *to = sample_of(l, l->published);
    for (size_t i = 0; i < l->count; i++) to[i] = theta[entry(l, i)];
    l->version[l->published++ % LAG_PUBLICATIONS] = version;
}

/* The publication whose weights `version` are, or the oldest that is kept. */
static int64_t publication_of(const struct lag *l, int64_t version)
{
    const int64_t oldest = l->published > LAG_PUBLICATIONS ? l->published - LAG_PUBLICATIONS : 0;
    int64_t n = l->published - 1;
    while (n > oldest && l->version[n % LAG_PUBLICATIONS] > version) n--;
    return n;
}

double lag_gap_scale(const struct lag *l, int64_t version, const float *theta, double lr)
{
    if (!l->published) return 1;
    const float *from = sample_of(l, publication_of(l, version));
    double sum = 0;
    for (size_t i = 0; i < l->count; i++) {
        const double moved = (double)theta[entry(l, i)] - (double)from[i];
        sum += moved * moved;
    }
    const double half = lr / 2;
    return sum > 0 ? half / (half + sqrt(sum / (double)l->count)) : 1;
}
