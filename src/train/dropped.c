/* dropped.c -- see dropped.h. */
#include "train/dropped.h"

#include <stdio.h>

static uint32_t kind_of(uint32_t bad)
{
    return bad < TURN_BAD_KINDS ? bad : TURN_BAD_GRADIENT;
}

const char *dropped_name(uint32_t bad)
{
    static const char *const names[TURN_BAD_KINDS] = {"",       "gradient", "reward", "observation", "summed gradient",
                                                      "failure"};
    return names[kind_of(bad)];
}

void dropped_count(struct dropped *d, const struct share_push *p)
{
    d->pushes += 1 + (int64_t)p->more;
    if (!p->bad && p->scale != 0) d->in_a_row = 0;
    if (!p->bad) return;
    d->in_a_row += 1 + (int64_t)p->more;
    d->kinds[kind_of(p->bad)] += 1 + (int64_t)p->more;
}

bool dropped_hopeless(const struct dropped *d)
{
    enum { SHORT = 10 };
    return d->in_a_row >= TURN_BAD_MOST || (d->in_a_row >= SHORT && 2 * d->in_a_row > d->pushes);
}

int64_t dropped_sum(const struct dropped *d)
{
    int64_t sum = 0;
    for (int k = 0; k < TURN_BAD_KINDS; k++) sum += d->kinds[k];
    return sum;
}

bool dropped_text(const struct dropped *d, struct dropped *before, char *text, size_t size)
{
    const struct dropped since = before ? *before : (struct dropped){0};
    const int64_t sum = dropped_sum(d) - dropped_sum(&since);
    if (before) *before = *d;
    *text = '\0';
    if (!sum) return false;
    size_t at = (size_t)snprintf(text, size, "dropped %lld of %lld rollouts:", (long long)sum,
                                 (long long)(d->pushes - since.pushes));
    const char *between = " NaN or Inf in ";
    for (int k = 0; k < TURN_BAD_KINDS && at < size; k++) {
        const long long n = (long long)(d->kinds[k] - since.kinds[k]);
        if (!n) continue;
        const bool failure = k == TURN_BAD_ENVIRONMENT;
        if (failure) between = n < sum ? "; " : " ";
        at += (size_t)snprintf(text + at, size - at, "%s%lld %s%s%s", between, n, dropped_name((uint32_t)k),
                               n > 1 ? "s" : "", failure ? " of the environment" : "");
        between = ", ";
    }
    return true;
}
