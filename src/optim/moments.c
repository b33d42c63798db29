/* moments.c -- see moments.h. */
#include "optim/moments.h"

#include <float.h>
#include <math.h>

static size_t room(const struct moments *m)
{
    return ((size_t)m->dim + 15) / 16 * 16;
}

size_t moments_floats(const struct moments *m)
{
    return m->dim ? 16 + 2 * room(m) : 0;
}

size_t moments_mean_at(void)
{
    return 16;
}

size_t moments_variance_at(const struct moments *m)
{
    return 16 + room(m);
}

void moments_merge(const struct moments *m, float *into, const float *from)
{
    const double a = (double)into[0], b = (double)from[0], n = a + b;
    const float *mean_b = from + moments_mean_at(), *var_b = from + moments_variance_at(m);
    float *mean_a = into + moments_mean_at(), *var_a = into + moments_variance_at(m);
    if (!(b > 0)) return;
    for (int i = 0; i < m->dim; i++)
        if (!isfinite(mean_b[i]) || !isfinite(var_b[i])) return; /* one would stay for ever */
    for (int i = 0; i < m->dim; i++) {
        const double apart = (double)mean_b[i] - (double)mean_a[i];
        const double variance = (a * (double)var_a[i] + b * (double)var_b[i]) / n + apart * apart * a / n * b / n;
        mean_a[i] = (float)((double)mean_a[i] + apart * b / n);
        var_a[i] = (float)fmin(variance, (double)FLT_MAX);
    }
    into[0] = (float)n;
}
