/* join.c -- two answers side by side as one row: a policy's, and its critic's that is a network of its own. */
#include <string.h>

#include "nn/layers.h"

static void forward(const struct layer *l, const float *theta, struct pass *p, int row0, int B)
{
    const size_t first = (size_t)l->in, second = (size_t)l->out - first;
    (void)theta;
    for (int r = row0; r < row0 + B; r++) {
        float *y = p->y + (size_t)r * (size_t)l->out;
        memcpy(y, p->x + (size_t)r * first, first * sizeof *y);
        memcpy(y + first, p->beside->y + (size_t)r * second, second * sizeof *y);
    }
}

static void backward(const struct layer *l, const float *theta, struct pass *p, const struct span *s, float *dtheta)
{
    const size_t first = (size_t)l->in, second = (size_t)l->out - first;
    (void)theta, (void)dtheta;
    for (int r = 0; r < s->T * s->E; r++) {
        const float *dy = p->dy + (size_t)r * (size_t)l->out;
        memcpy(p->dx + (size_t)r * first, dy, first * sizeof *dy);
        memcpy(p->beside->dy + (size_t)r * second, dy + first, second * sizeof *dy);
    }
}

static const struct layer_ops ops = {.forward = forward, .backward = backward, .pass_size = sizeof(struct pass)};

void join_add(struct builder *b, int policy)
{
    const int critic = b->below;
    const struct shape both = {.floats = b->net->layers[policy]->out + b->net->layers[critic]->out};
    b->below = policy;
    b->top = (struct shape){.floats = b->net->layers[policy]->out};
    struct layer *l = builder_layer(b, &ops, sizeof *l, both, ACTIVATION_NONE);
    l->beside = critic;
}
