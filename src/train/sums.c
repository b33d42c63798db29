/* sums.c -- see sums.h. */
#include "train/sums.h"

#include <math.h>
#include <string.h>

void interval_reset(struct interval *i, double start)
{
    memset(i, 0, sizeof *i);
    i->start = start;
    i->ret_max = -INFINITY;
}

void sums_init(struct sums *s, bool rounds, double start)
{
    memset(s, 0, sizeof *s);
    s->rounds = rounds;
    interval_reset(&s->now, start);
    interval_reset(&s->row, start);
}

static void add_push(struct interval *i, const struct share_push *p, int64_t lag)
{
    i->frames += p->frames;
    i->steps += p->steps;
    if (p->bad) i->dropped += 1 + (int64_t)p->more;
    if (p->bad || p->scale == 0) return;
    i->pushes++;
    i->updates++;
    i->policy_loss += (double)p->policy_loss;
    i->value_loss += (double)p->value_loss;
    i->entropy += (double)p->entropy;
    i->norm += (double)p->norm;
    i->lag_sum += (double)lag;
    if (lag > i->lag_max) i->lag_max = lag;
}

void sums_push(struct sums *s, const struct share_push *p, int64_t lag)
{
    add_push(&s->now, p, lag);
    if (s->rounds) add_push(&s->row, p, lag);
    if (p->bad || p->scale == 0) return;
    s->lag[lag < 0 ? 0 : lag < RUN_LAG_ROWS ? lag : RUN_LAG_ROWS - 1]++;
}

static void add_episodes(struct interval *i, const struct share_episode *e, int n)
{
    for (int k = 0; k < n; k++) {
        i->ret_sum += e[k].ret;
        i->ret_max = fmax(i->ret_max, e[k].ret);
    }
    i->episodes += n;
}

void sums_episodes(struct sums *s, const struct share_episode *e, int n)
{
    add_episodes(&s->now, e, n);
    if (s->rounds) add_episodes(&s->row, e, n);
}
