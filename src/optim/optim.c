/* optim.c -- the optimisers of Mnih et al. 2016 (arXiv:1602.01783, section 4 and supplement): state, names, and which
 * loop of kernel_apply.c a drain goes through. RMSProp starts with g = 0 and keeps eps inside the root, as the paper
 * prints it; TensorFlow starts g at 1, PyTorch keeps eps outside. From g = 0 the first gradients move theta up to
 * 1 / sqrt(1 - a) times as far as later ones of the same size, which an eps of 0.1 hides and a small one does not: a
 * policy can saturate within its first updates. A start above 0 is a warm-up of some 1 / (1 - a) updates. */
#include "optim/optim.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "optim/kernel_apply.h"

struct optim {
    struct optim_config config;
    size_t n;
    int rows;          /* of state: 0, 1, or one per actor */
    float *state;      /* (rows, n)  g or m */
    struct wide *wide; /* of shared RMSProp; or NULL */
};

static const char *const names[] = {"shared-rmsprop", "rmsprop", "momentum-sgd", "sgd"};
enum { KINDS = sizeof names / sizeof names[0] };

const char *optim_name(enum optim_kind kind)
{
    return names[kind];
}

int optim_kind_of(const char *name)
{
    for (int i = 0; i < KINDS; i++)
        if (!strcmp(name, names[i])) return i;
    return -1;
}

static int rows_of(enum optim_kind kind, int actors)
{
    switch (kind) {
    case OPTIM_SHARED_RMSPROP:
        return 1;
    case OPTIM_RMSPROP:
    case OPTIM_MOMENTUM_SGD:
        return actors;
    case OPTIM_SGD:
        break;
    }
    return 0;
}

/* Physical memory in bytes; 0 where the system does not say. */
static double machine_bytes(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (double)pages * (double)page : 0;
}

struct optim *optim_new(const struct optim_config *config, size_t n, int actors)
{
    assert(n % 16 == 0 && actors >= 1);
    const int rows = rows_of(config->kind, actors);
    const double bytes = (double)rows * (double)n * sizeof(float), most = machine_bytes();
    if (most > 0 && bytes > most) {
        error_set("optimizer %s keeps state for each actor: %d actors x %zu parameters x 4 bytes = %.1f GiB, and this "
                  "machine has %.1f GiB; use fewer actors or optimizer shared-rmsprop",
                  optim_name(config->kind), actors, n, bytes / 0x1p30, most / 0x1p30);
        return NULL;
    }
    struct optim *o = memory_new(1, sizeof *o);
    o->config = *config;
    o->n = n;
    o->rows = rows;
    o->state = rows ? memory_floats((size_t)rows * n) : NULL;
    if (config->kind == OPTIM_SHARED_RMSPROP && config->wide.in) o->wide = wide_new(&config->wide);
    if (config->kind == OPTIM_SHARED_RMSPROP || config->kind == OPTIM_RMSPROP)
        for (size_t i = 0; i < (size_t)rows * n; i++) o->state[i] = (float)config->start;
    return o;
}

void optim_free(struct optim **optim)
{
    if (!*optim) return;
    wide_free(&(*optim)->wide);
    free((*optim)->state);
    free(*optim);
    *optim = NULL;
}

int optim_state_rows(const struct optim *optim)
{
    return optim->rows;
}

float *optim_state(struct optim *optim, int row)
{
    assert(row >= 0 && row < optim->rows);
    if (optim->wide) wide_settle(optim->wide, optim->state, (float)optim->config.decay);
    return optim->state + (size_t)row * optim->n;
}

static void rmsprop_whole(const struct optim *o, const float *in, float *out, float *g, size_t n,
                          const struct optim_grad *grads, int k)
{
    static void(*const table[]) APPLY_RMSPROP_ARGS = KERNEL_TABLE(apply_rmsprop);
    table[cpu_isa()](in, out, g, n, grads, k, (float)o->config.decay, (float)(1 - o->config.decay),
                     (float)o->config.eps);
}

static bool cuts_no_row(const struct grad_wide *w, size_t at)
{
    const size_t end = w->offset + grad_wide_floats(w);
    return at <= w->offset || at >= end || (at - w->offset) % (size_t)w->out == 0;
}

/* The same where some gradients have factors: before, within and after the wide matrix. */
static void rmsprop_factors(const struct optim *o, const float *in, float *out, float *g, size_t from, size_t n,
                            const struct optim_grad *grads, int k)
{
    static void(*const table[]) APPLY_RMSPROP_WIDE_ARGS = KERNEL_TABLE(apply_rmsprop_wide);
    const struct grad_wide *w = &o->config.wide;
    const size_t begin = w->offset, end = begin + grad_wide_floats(w), to = from + n;
    const size_t first = from < begin ? (begin < to ? begin : to) - from : 0;
    const size_t last = to > end ? to - (end > from ? end : from) : 0;
    assert(!o->wide || (cuts_no_row(w, from) && cuts_no_row(w, to)));
    struct optim_grad matrix[OPTIM_PART_MOST], rest[OPTIM_PART_MOST];
    for (int j = 0; j < k; j++) {
        assert(grad_floats(&(struct grad_form){o->n, *w, grads[j].factors}) <= o->n);
        matrix[j] = rest[j] = grads[j];
        matrix[j].grad += (ptrdiff_t)begin - (ptrdiff_t)from;
        rest[j].grad += n - last;
    }
    if (first) rmsprop_whole(o, in, out, g, first, grads, k);
    if (n > first + last)
        table[cpu_isa()](in + first, out + first, g + first, from + first - begin, n - first - last, w->in, w->out,
                         matrix, k, (float)o->config.decay, (float)(1 - o->config.decay), (float)o->config.eps,
                         o->wide);
    if (last) rmsprop_whole(o, in + n - last, out + n - last, g + n - last, last, rest, k);
}

static bool any_factors(const struct optim_grad *grads, int k)
{
    bool any = false;
    for (int j = 0; j < k; j++) any |= grads[j].factors != 0;
    return any;
}

/* n entries, the first of which is theta's entry `from`. */
static void rmsprop(const struct optim *o, const float *in, float *out, float *g, size_t from, size_t n,
                    const struct optim_grad *grads, int k)
{
    if (any_factors(grads, k))
        rmsprop_factors(o, in, out, g, from, n, grads, k);
    else
        rmsprop_whole(o, in, out, g, n, grads, k);
}

static void momentum(const struct optim *o, const float *in, float *out, float *m, size_t n,
                     const struct optim_grad *grads, int k)
{
    static void(*const table[]) APPLY_MOMENTUM_ARGS = KERNEL_TABLE(apply_momentum);
    table[cpu_isa()](in, out, m, n, grads, k, (float)o->config.momentum, (float)(1 - o->config.momentum));
}

static void sgd(const float *in, float *out, size_t n, const struct optim_grad *grads, int k)
{
    static void(*const table[]) APPLY_SGD_ARGS = KERNEL_TABLE(apply_sgd);
    table[cpu_isa()](in, out, n, grads, k);
}

void optim_buffers(struct optim *optim, int from, int to)
{
    assert(from >= -1 && from < OPTIM_BUFFERS && to >= -1 && to < OPTIM_BUFFERS);
    if (!optim->wide) return;
    optim->wide->from = from;
    optim->wide->to = to;
}

void optim_forget(struct optim *optim, int buffer)
{
    assert(buffer >= 0 && buffer < OPTIM_BUFFERS);
    if (optim->wide) optim->wide->holds[buffer] = 0;
}

void optim_apply(struct optim *optim, const float *theta_in, float *theta_out, const struct optim_grad *grads, int k)
{
    if (k) {
        optim_apply_part(optim, theta_in, theta_out, grads, k, 0, optim->n);
    } else if (theta_out != theta_in) {
        memcpy(theta_out, theta_in, optim->n * sizeof *theta_out);
        if (optim->wide) {
            wide_begin(optim->wide);
            wide_end(optim->wide);
        }
    }
    optim_buffers(optim, -1, -1);
}

size_t optim_piece(const struct optim *optim, size_t from, size_t most)
{
    const struct grad_wide *w = &optim->config.wide;
    const size_t end = w->offset + grad_wide_floats(w), row = (size_t)w->out;
    size_t to = from + most < optim->n ? from + most : optim->n;
    if (w->in && to > w->offset && to < end) {
        to -= (to - w->offset) % row;
        if (to <= from) to += row;
    }
    return to - from;
}

static void apply_part(struct optim *optim, const float *theta_in, float *theta_out, const struct optim_grad *all,
                       int k, size_t from, size_t n)
{
    struct optim_grad grads[OPTIM_PART_MOST];
    const float *in = theta_in + from;
    float *const out = theta_out + from;
    assert(k >= 1 && from % 16 == 0 && n % 16 == 0);
    assert(!optim->wide || k <= OPTIM_PART_MOST || n == optim->n);
    for (; k > OPTIM_PART_MOST; k -= OPTIM_PART_MOST, all += OPTIM_PART_MOST, in = out, theta_in = theta_out)
        apply_part(optim, theta_in, theta_out, all, OPTIM_PART_MOST, from, n);
    for (int j = 0; j < k; j++) {
        grads[j] = all[j];
        grads[j].grad += from;
    }
    const bool factors = any_factors(grads, k);
    if (optim->wide && from == 0) wide_begin(optim->wide);
    if (optim->wide && from == 0 && !factors) wide_move_all(optim->wide, optim->state, (float)optim->config.decay);
    assert(!factors || optim->config.kind == OPTIM_SHARED_RMSPROP || optim->config.kind == OPTIM_RMSPROP);
    switch (optim->config.kind) {
    case OPTIM_SHARED_RMSPROP:
        rmsprop(optim, in, out, optim->state + from, from, n, grads, k);
        break;
    case OPTIM_SGD:
        sgd(in, out, n, grads, k);
        break;
    case OPTIM_RMSPROP:
    case OPTIM_MOMENTUM_SGD: /* one by one: each gradient has a state of its own to read and write */
        for (int j = 0; j < k; j++) {
            float *state = optim_state(optim, grads[j].actor) + from;
            if (optim->config.kind == OPTIM_RMSPROP)
                rmsprop(optim, j ? out : in, out, state, from, n, grads + j, 1);
            else
                momentum(optim, j ? out : in, out, state, n, grads + j, 1);
        }
    }
    if (optim->wide && from + n == optim->n) wide_end(optim->wide);
}

void optim_apply_part(struct optim *optim, const float *theta_in, float *theta_out, const struct optim_grad *grads,
                      int k, size_t from, size_t n)
{
    apply_part(optim, theta_in, theta_out, grads, k, from, n);
    if (from + n == optim->n) optim_buffers(optim, -1, -1);
}

double optim_lr(double lr, int anneal, long long T, long long frames)
{
    if (!anneal) return lr;
    const double left = 1 - (double)T / (double)frames;
    return left > 0 ? lr * left : 0;
}
