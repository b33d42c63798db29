/* net.c -- runs a network's layers over the rows of a workspace; see net.h. How one is built: build.c. */
#include "nn/net.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "nn/builder.h"
#include "optim/norm.h"

struct net_work {
    const struct net *net;
    int rows, pointers;   /* of a row: planes, or parts of a vector */
    const float **frames; /* (rows, pointers) */
    struct pass *pass[NET_LAYERS];
};

const char *net_kernel_name(void)
{
    return cpu_isa_name(cpu_isa());
}

size_t net_row_floats(const struct net *net)
{
    size_t n = net_pointers(&net->facts.input) * sizeof(float *) / sizeof(float);
    for (int k = 0; k < net->count; k++) {
        const struct layer *l = net->layers[k];
        n += (size_t)l->out * (l->given ? 1 : 2) + (l->ops->row_floats ? l->ops->row_floats(l) : 0);
    }
    return n;
}

struct net_work *net_work_new(const struct net *net, int rows)
{
    struct net_work *work = memory_new(1, sizeof *work);
    work->net = net;
    work->rows = rows;
    work->pointers = net_pointers(&net->facts.input);
    work->frames = memory_new((size_t)rows * work->pointers, sizeof *work->frames);
    for (int k = 0; k < net->count; k++) {
        const struct layer *l = net->layers[k];
        struct pass *p = work->pass[k] = memory_new(1, l->ops->pass_size);
        p->rows = rows;
        p->frames = work->frames;
        p->below = l->below < 0 ? NULL : work->pass[l->below];
        p->beside = l->beside < 0 ? NULL : work->pass[l->beside];
        p->x = p->below ? p->below->y : NULL;
        p->dx = p->below ? p->below->dy : NULL;
        p->y = pass_floats(p, (size_t)rows * l->out);
        p->dy = l->given ? NULL : pass_floats(p, (size_t)rows * l->out);
        if (l->ops->open) l->ops->open(l, p);
    }
    return work;
}

void net_work_free(struct net_work **work)
{
    struct net_work *w = *work;
    *work = NULL;
    if (!w) return;
    for (int k = 0; k < w->net->count; k++) {
        for (int i = 0; i < w->pass[k]->blocks; i++) free(w->pass[k]->block[i]);
        free(w->pass[k]);
    }
    free(w->frames);
    free(w);
}

void net_forget(struct net_work *work)
{
    for (int k = 0; k < work->net->count; k++)
        if (work->net->layers[k]->ops->forget) work->net->layers[k]->ops->forget(work->pass[k]);
}

void net_prepare(const struct net *net, const float *theta, struct net_work *work, int B, int passes)
{
    for (int k = 0; k < net->count; k++) {
        const struct layer *l = net->layers[k];
        if (l->ops->prepare) l->ops->prepare(l, theta, work->pass[k], B, passes);
    }
}

void net_forward(const struct net *net, const float *theta, struct net_work *work, int row0, int B,
                 const float *const *x, float *state)
{
    net_forward_after(net, theta, work, row0, B, x, state, NULL);
}

void net_forward_after(const struct net *net, const float *theta, struct net_work *work, int row0, int B,
                       const float *const *x, float *state, const int *before)
{
    memcpy(work->frames + (size_t)row0 * work->pointers, x, (size_t)B * work->pointers * sizeof *x);
    for (int k = 0; k < net->count; k++) {
        const struct layer *l = net->layers[k];
        work->pass[k]->state = state;
        work->pass[k]->before = before;
        l->ops->forward(l, theta, work->pass[k], row0, B);
    }
}

const float *net_out(const struct net_work *work, int row)
{
    const int last = work->net->count - 1;
    return work->pass[last]->y + (size_t)row * work->net->layers[last]->out;
}

float *net_dout(struct net_work *work, int row)
{
    const int last = work->net->count - 1;
    return work->pass[last]->dy + (size_t)row * work->net->layers[last]->out;
}

/* The sum of squares of tensor k's gradient, where its layer has found it on the way; -1: it has not. */
static double known_squares(const struct net *net, const struct net_work *work, int k)
{
    for (int i = 0; i < net->count; i++)
        for (int j = 0; j < SQUARED; j++)
            if (net->layers[i]->squared[j] == k) return work->pass[i]->squares[j];
    return -1;
}

static double squares_between(const float *dtheta, size_t from, size_t to)
{
    const double norm = from < to ? optim_norm(dtheta + from, to - from) : 0;
    return norm * norm;
}

/* Of all tensors; those that lie side by side are summed in one go. */
static double squares_of(const struct net *net, const struct net_work *work, const float *dtheta)
{
    double squares = 0;
    size_t from = 0, to = 0;
    for (int k = 0; k < net->facts.tensor_count; k++) {
        const struct tensor *t = &net->tensors[k];
        if (t->start == TENSOR_MOMENTS) continue;
        const double known = known_squares(net, work, k);
        if (known != -1) {
            squares += known;
            continue;
        }
        if (t->offset != to) {
            squares += squares_between(dtheta, from, to);
            from = t->offset;
        }
        to = t->offset + tensor_room(t->size);
    }
    return squares + squares_between(dtheta, from, to);
}

static double backward(const struct net *net, const float *theta, struct net_work *work, const struct span *span,
                       bool factors, float *dtheta)
{
    for (int k = 0; k < net->facts.tensor_count; k++) { /* the padding */
        const struct tensor *t = &net->tensors[k];
        const size_t end = t->offset + t->size;
        memset(dtheta + end, 0, (tensor_room(end) - end) * sizeof *dtheta);
    }
    memset(dtheta + net->facts.moments.offset, 0, moments_floats(&net->facts.moments) * sizeof *dtheta);
    for (int k = net->count - 1; k >= 0; k--) {
        const struct layer *l = net->layers[k];
        work->pass[k]->factors = factors && l->wide;
        if (l->ops->backward) l->ops->backward(l, theta, work->pass[k], span, dtheta);
    }
    net_prepare(net, theta, work, 0, 0);
    return (double)(float)squares_of(net, work, dtheta); /* Inf where rank 0's squares, which are floats, may be */
}

double net_backward(const struct net *net, const float *theta, struct net_work *work, int T, int E,
                    const uint8_t *start, float *dtheta)
{
    const struct span span = {.T = T, .E = E, .start = start};
    return backward(net, theta, work, &span, false, dtheta);
}

double net_backward_factors(const struct net *net, const float *theta, struct net_work *work, int T, int E,
                            const uint8_t *start, float *dtheta, int *factors)
{
    const struct span span = {.T = T, .E = E, .start = start};
    *factors = grad_form_of(net->facts.params, &net->facts.wide, T * E).factors;
    return backward(net, theta, work, &span, *factors != 0, dtheta);
}
