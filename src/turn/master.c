/* master.c -- see master.h. One pass takes all waiting gradients through the optimiser at once: every one is
 * elementwise, so this equals one after another. With --lag-scale gap they go one after another (lag.h). */
#include "turn/master.h"

#include <string.h>

#include "turn/average.h"

double turn_master_lr(const struct turn_master *t)
{
    return optim_lr(t->lr, t->lr_anneal, t->frames, t->lr_frames);
}

int turn_master_count(struct turn_master *t, const struct share_ready *ready, int n, struct optim_grad *grads)
{
    int k = 0;
    for (int i = 0; i < n; i++) {
        const struct share_push *p = &ready[i].push;
        const int64_t lag = t->updates - (int64_t)p->version;
        const double scale = t->lag_scale == LAG_COUNT ? lag_count_scale(lag, t->lag_unit) : 1;
        if (t->seen) t->seen(t->arg, &ready[i], lag);
        if (!p->bad && p->scale != 0) {
            grads[k++] = (struct optim_grad){.grad = ready[i].grad,
                                             .scale = p->scale,
                                             .lr = (float)(scale * turn_master_lr(t)),
                                             .actor = ready[i].actor,
                                             .factors = (int)p->factors};
            t->updates++;
        }
        t->frames += p->frames;
        t->steps += p->steps;
    }
    return k;
}

void turn_master_move_target(struct turn_master *t, const float *theta)
{
    if (!t->target || t->frames / t->target_every == t->target_frames / t->target_every) return;
    memcpy(t->target, theta, t->params * sizeof *t->target);
    share_publish_target(t->share, t->target);
    t->target_frames = t->frames;
}

/* In pieces where actors are on other nodes: their transfers move on between them. again: behind what next has got in
 * this turn. */
static void apply(const struct turn_master *t, bool again, const struct optim_grad *grads, int k)
{
    enum { PIECE = 131072 };
    const bool pieces = share_remote(t->share) && k <= SHARE_DRAIN_MOST;
    const size_t n = t->params, most = pieces ? (size_t)PIECE * (size_t)optim_thread_count(t->optim) : n;
    const int to = share_next_buffer(t->share);
    float *const next = share_next(t->share);
    const float *theta = again ? next : share_theta(t->share);
    optim_buffers(t->optim, again ? to : share_theta_buffer(t->share), to);
    for (size_t at = 0, piece; at < n; at += piece) {
        piece = optim_piece(t->optim, at, most);
        optim_apply_part(t->optim, theta, next, grads, k, at, piece);
        if (most < n) share_beat(t->share);
    }
}

/* Each gradient's step by the distance that theta has moved up to it, those of this turn included. */
static int step_one_by_one(struct turn_master *t, const struct share_ready *ready, int n)
{
    int k = 0;
    for (int i = 0; i < n; i++) {
        struct optim_grad grad;
        if (!turn_master_count(t, ready + i, 1, &grad)) continue;
        const float *theta = k ? share_next(t->share) : share_theta(t->share);
        grad.lr *= (float)lag_gap_scale(t->lag, (int64_t)ready[i].push.version, theta, (double)grad.lr);
        apply(t, k > 0, &grad, 1);
        k++;
    }
    if (k) lag_publish(t->lag, t->updates, share_next(t->share));
    return k;
}

int turn_master_step(struct turn_master *t, const struct share_ready *ready, int n, struct optim_grad *grads)
{
    const int k = t->lag ? step_one_by_one(t, ready, n) : turn_master_count(t, ready, n, grads);
    if (k && !t->lag) apply(t, false, grads, k);
    if (k && t->average) average_take(t->average, share_next(t->share), t->weights, t->params, t->ema, k);
    return k;
}

void turn_master_begin(struct turn_master *t, const float *theta)
{
    if (t->lag) lag_publish(t->lag, t->updates, theta);
}

void turn_master_apply(struct turn_master *t, const struct share_ready *ready, int n)
{
    struct optim_grad grads[SHARE_DRAIN_MOST];
    if (turn_master_step(t, ready, n, grads)) {
        float *const next = share_next(t->share);
        turn_master_move_target(t, next);
        share_publish(t->share, (uint64_t)t->updates, t->frames);
    }
    if (n) share_ack(t->share, ready, n);
}

int turn_master_serve(struct turn_master *t)
{
    struct share_ready ready[SHARE_DRAIN_MOST];
    const int n = share_drain(t->share, ready, SHARE_DRAIN_MOST);
    if (n) turn_master_apply(t, ready, n);
    return n;
}
