/* input.c -- the network's input as one row of floats, for layers that read no planes: a copy, plane after plane. */
#include <string.h>

#include "nn/layers.h"

struct input {
    struct layer layer;
    int pointers; /* of a row */
};

static void forward(const struct layer *l, const float *theta, struct pass *p, int row0, int B)
{
    const int pointers = ((const struct input *)l)->pointers;
    const size_t n = (size_t)(l->out / pointers);
    const float *const *from = p->frames + (size_t)row0 * pointers;
    float *y = p->y + (size_t)row0 * l->out;
    (void)theta;
    for (int k = 0; k < B * pointers; k++, y += n) memcpy(y, from[k], n * sizeof *y);
}

static const struct layer_ops ops = {.forward = forward, .pass_size = sizeof(struct pass)};

void input_add(struct builder *b)
{
    const int pointers = net_pointers(&b->net->facts.input);
    if (!b->top.frames) return;
    if (b->net->facts.obs_norm) {
        normal_add(b);
        return;
    }
    struct input *l = builder_layer(b, &ops, sizeof *l, (struct shape){.floats = b->top.floats}, ACTIVATION_NONE);
    l->layer.given = true;
    l->pointers = pointers;
}
