/* master.c -- see master.h. One pass takes all waiting gradients through the optimiser at once: every one is
 * elementwise, so this equals one after another. */
#include "turn/master.h"

#include <string.h>

double turn_master_lr(const struct turn_master *t)
{
    return optim_lr(t->lr, t->lr_anneal, t->frames, t->lr_frames);
}

int turn_master_count(struct turn_master *t, const struct share_ready *ready, int n, struct optim_grad *grads)
{
    int k = 0;
    for (int i = 0; i < n; i++) {
        const struct share_push *p = &ready[i].push;
        if (t->seen) t->seen(t->arg, &ready[i], t->updates - (int64_t)p->version);
        if (!p->bad && p->scale != 0) {
            grads[k++] = (struct optim_grad){.grad = ready[i].grad,
                                             .scale = p->scale,
                                             .lr = (float)turn_master_lr(t),
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

/* In pieces where actors are on other nodes: their transfers move on between them. */
static void step(const struct turn_master *t, float *next, const struct optim_grad *grads, int k)
{
    enum { PIECE = 131072 };
    const size_t n = t->params, piece_most = (size_t)PIECE * (size_t)optim_thread_count(t->optim);
    const size_t most = share_remote(t->share) ? piece_most : n;
    optim_buffers(t->optim, share_theta_buffer(t->share), share_next_buffer(t->share));
    for (size_t at = 0, piece; at < n; at += piece) {
        piece = optim_piece(t->optim, at, most);
        optim_apply_part(t->optim, share_theta(t->share), next, grads, k, at, piece);
        if (most < n) share_beat(t->share);
    }
}

void turn_master_apply(struct turn_master *t, const struct share_ready *ready, int n)
{
    struct optim_grad grads[SHARE_DRAIN_MOST];
    const int k = turn_master_count(t, ready, n, grads);
    if (k) {
        float *const next = share_next(t->share);
        step(t, next, grads, k);
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
