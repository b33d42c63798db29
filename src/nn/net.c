/* net.c -- builds a network from its spec and runs its layers; see net.h.
 *
 * Three torsos: mlp (dense layers over a vector of floats), small (Mnih et al. 2013, the network of the A3C paper's
 * method comparison) and nature (Mnih et al. 2015); each hidden layer ends in a ReLU, an LSTM layer may follow, the
 * heads are linear. A tensor is one call of add_tensor(): offsets, files, start values and tests all
 * read that table. */
#include "nn/net.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/change.h"
#include "nn/kernels.h"
#include "optim/norm.h"

enum {
    MLP_LAYERS = 8,
    WIDEST = 65536,
};

struct net {
    struct net_facts facts;
    struct tensor tensors[NET_TENSORS];
    struct layer layers[NET_LAYERS];
    int count;
};

struct net_work {
    const struct net *net;
    int rows;
    const float **planes; /* (rows, C) */
    float *input;         /* (rows, dim) where the input is a vector */
    struct pass pass[NET_LAYERS];
};

/* One row of conv_spec: O channels, kernel x kernel, stride. */
struct conv_spec {
    int O, kernel, stride;
};
static const struct torso {
    const char *name;
    struct conv_spec conv[3]; /* ends where O is 0 */
    int fc;
} torsos[] = {
    {"small", {{16, 8, 4}, {32, 4, 2}}, 256},
    {"nature", {{32, 8, 4}, {64, 4, 2}, {64, 3, 1}}, 512},
};

static size_t round_up(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

/* Appends a tensor and returns its offset. view and perm may be NULL: stored as in the textbook. */
static size_t add_tensor(struct net *net, const char *name, int ndim, const int *dims, int nview, const int *view,
                         const int *perm, int fan_in)
{
    struct tensor *t = &net->tensors[net->facts.tensor_count++];
    snprintf(t->name, sizeof t->name, "%s", name);
    t->ndim = ndim;
    t->nview = view ? nview : ndim;
    t->fan_in = fan_in;
    t->size = 1;
    for (int k = 0; k < ndim; k++) {
        t->dims[k] = dims[k];
        t->size *= (size_t)dims[k];
    }
    for (int k = 0; k < t->nview; k++) {
        t->view[k] = view ? view[k] : dims[k];
        t->perm[k] = perm ? perm[k] : k;
    }
    t->offset = net->facts.params;
    net->facts.params = round_up(t->offset + t->size);
    return t->offset;
}

static struct layer *add_layer(struct net *net, int in, int out, bool relu)
{
    struct layer *l = &net->layers[net->count++];
    l->in = in;
    l->out = out;
    l->relu = relu;
    l->mask = net->count > 1 && l[-1].relu;
    return l;
}

/* A dense tensor pair NAME.weight (n, in), NAME.bias (n) as the layer's next part. */
static void add_dense_part(struct net *net, struct layer *l, const char *name, int n)
{
    char full[32];
    struct layer_part *part = &l->part[l->parts++];
    part->n = n;
    snprintf(full, sizeof full, "%s.weight", name);
    part->weight = add_tensor(net, full, 2, (int[]){n, l->in}, 0, NULL, NULL, l->in);
    snprintf(full, sizeof full, "%s.bias", name);
    part->bias = add_tensor(net, full, 1, (int[]){n}, 0, NULL, NULL, l->in);
}

/* The hidden layers of "mlp" or "mlp:64,64"; returns the width of the last, or -1 after error_set(). */
static int build_mlp(struct net *net, const char *spec)
{
    const char *at = spec[3] ? spec + 4 : "64,64";
    int width = net->facts.input.dim;
    if (net->facts.input.C > 0)
        return error_set(
            "net %s reads a vector of floats, but this environment shows %d planes of %dx%d: use net small "
            "or nature",
            spec, net->facts.input.C, net->facts.input.height, net->facts.input.width);
    for (int k = 0;; k++) {
        char *end, name[32];
        const long n = strtol(at, &end, 10);
        if (end == at || n < 1 || n > WIDEST || (*end && *end != ',') || k == MLP_LAYERS)
            return error_set("net \"%s\": after \"mlp:\" stand 1 to %d layer widths of 1 to %d, as in mlp:64,64", spec,
                             MLP_LAYERS, WIDEST);
        struct layer *l = add_layer(net, width, (int)n, true);
        snprintf(name, sizeof name, "fc%d", k);
        add_dense_part(net, l, name, (int)n);
        dense_layer(l);
        width = (int)n;
        if (!*end) return width;
        at = end + 1;
    }
}

static void add_conv(struct net *net, int k, const struct conv_spec *c, int C, int height, int width)
{
    char name[32];
    const int K = c->kernel, fan_in = C * K * K, rows = (height - K) / c->stride + 1,
              cols = (width - K) / c->stride + 1;
    struct layer *l = add_layer(net, C * height * width, rows * cols * c->O, true);
    l->C = C, l->height = height, l->width = width;
    l->O = c->O, l->kernel = K, l->stride = c->stride, l->rows = rows, l->cols = cols;
    l->planes = k == 0;
    const int dims[] = {c->O, C, K, K}, planes[] = {1, 2, 3, 0}, map[] = {2, 3, 1, 0};
    l->parts = 1;
    snprintf(name, sizeof name, "conv%d.weight", k);
    l->part[0].weight = add_tensor(net, name, 4, dims, 4, dims, l->planes ? planes : map, fan_in);
    snprintf(name, sizeof name, "conv%d.bias", k);
    l->part[0].bias = add_tensor(net, name, 1, dims, 0, NULL, NULL, fan_in);
    conv_layer(l);
}

/* The hidden layers of small or nature; returns the width of the last, or -1 after error_set(). */
static int build_torso(struct net *net, const struct torso *torso)
{
    const struct net_input *in = &net->facts.input;
    int C = in->C, height = in->height, width = in->width;
    if (C <= 0)
        return error_set("net %s reads image planes, but this environment gives a vector of %d floats: use net mlp",
                         torso->name, in->dim);
    if (C > NET_PLANES)
        return error_set("net %s: this environment shows %d planes, and 1 to %d can be read", torso->name, C,
                         NET_PLANES);
    for (int k = 0; k < 3 && torso->conv[k].O; k++) {
        const struct conv_spec *c = &torso->conv[k];
        if (height < c->kernel || width < c->kernel)
            return error_set(
                "net %s cannot read frames of %dx%d: conv%d sees %dx%d and its kernel is %dx%d; use larger "
                "frames",
                torso->name, in->height, in->width, k, height, width, c->kernel, c->kernel);
        add_conv(net, k, c, C, height, width);
        const struct layer *l = &net->layers[net->count - 1];
        C = l->O, height = l->rows, width = l->cols;
    }
    struct layer *l = add_layer(net, C * height * width, torso->fc, true);
    l->parts = 1;
    l->part[0].n = l->out;
    /* the map lies as (height, width, C); the textbook flattens (C, height, width) */
    l->part[0].weight = add_tensor(net, "fc.weight", 2, (int[]){l->out, l->in}, 4, (int[]){l->out, C, height, width},
                                   (int[]){2, 3, 1, 0}, l->in);
    l->part[0].bias = add_tensor(net, "fc.bias", 1, (int[]){l->out}, 0, NULL, NULL, l->in);
    fc_layer(l);
    l->C = C;
    net->facts.wide = (struct grad_wide){l->part[0].weight, l->in, l->out};
    return l->out;
}

static int build_lstm(struct net *net, int width, int cells)
{
    struct layer *l = add_layer(net, width, cells, false);
    l->cells = cells;
    l->parts = 1;
    l->part[0].n = 4 * cells;
    l->part[0].weight = add_tensor(net, "lstm.weight_x", 2, (int[]){4 * cells, width}, 0, NULL, NULL, cells);
    l->weight_h = add_tensor(net, "lstm.weight_h", 2, (int[]){4 * cells, cells}, 0, NULL, NULL, cells);
    l->part[0].bias = add_tensor(net, "lstm.bias", 1, (int[]){4 * cells}, 0, NULL, NULL, cells);
    lstm_layer(l);
    net->facts.state_dim = 2 * cells;
    return cells;
}

static int build(struct net *net, const char *spec, int lstm)
{
    const struct net_facts *f = &net->facts;
    int width = -1;
    if (lstm < 0 || lstm > WIDEST) return error_set("lstm %d: the number of cells is 0 (none) to %d", lstm, WIDEST);
    if (!strcmp(spec, "mlp") || !strncmp(spec, "mlp:", 4))
        width = build_mlp(net, spec);
    else if (!strcmp(spec, "small"))
        width = build_torso(net, &torsos[0]);
    else if (!strcmp(spec, "nature"))
        width = build_torso(net, &torsos[1]);
    else
        return error_set("net \"%s\" is not known: use mlp, mlp:64,64 (widths of the hidden layers), small or nature",
                         spec);
    if (width < 0) return -1;
    if (lstm) width = build_lstm(net, width, lstm);
    struct layer *l = add_layer(net, width, f->out_dim, false);
    add_dense_part(net, l, f->heads == NET_HEADS_Q ? "q" : "pi", f->actions);
    if (f->heads == NET_HEADS_POLICY_V) add_dense_part(net, l, "v", 1);
    dense_layer(l);
    return 0;
}

struct net *net_new(const char *spec, int lstm, const struct net_input *input, enum net_heads heads, int actions)
{
    struct net *net = memory_new(1, sizeof *net);
    openblas_set_num_threads(1); /* the other cores belong to other actors */
    net->facts.input = *input;
    net->facts.heads = heads;
    net->facts.actions = actions;
    net->facts.out_dim = actions + (heads == NET_HEADS_POLICY_V);
    net->facts.tensors = net->tensors;
    if (build(net, spec, lstm)) net_free(&net);
    return net;
}

void net_free(struct net **net)
{
    free(*net);
    *net = NULL;
}

const struct net_facts *net_facts(const struct net *net)
{
    return &net->facts;
}

const char *net_kernel_name(void)
{
    return cpu_isa_name(cpu_isa());
}

size_t net_row_floats(const struct net *net)
{
    size_t n = net->facts.input.C > 0 ? 0 : (size_t)net->facts.input.dim;
    for (int k = 0; k < net->count; k++) {
        const struct layer *l = &net->layers[k];
        n += 2 * (size_t)l->out + l->cache + (l->O ? change_bytes(l) / sizeof(float) : 0) + (l->squares ? l->out : 0);
    }
    return n;
}

/* A convolution's memory of what it saw. */
static void take_marks(const struct layer *l, struct pass *p, const struct pass *below)
{
    const size_t pixels = (size_t)l->rows * l->cols, input = (size_t)l->height * l->width;
    p->mark_bytes = change_bytes(l);
    p->marks = memory_new(p->rows * p->mark_bytes, 1);
    p->from = memory_new(p->rows, sizeof *p->from);
    p->cells = memory_new(2 * input, 1);
    p->list = memory_new(2 * pixels + input, sizeof *p->list);
    p->below = below ? below->marks : NULL;
    p->below_bytes = below ? below->mark_bytes : 0;
}

struct net_work *net_work_new(const struct net *net, int rows)
{
    struct net_work *work = memory_new(1, sizeof *work);
    const struct net_input *in = &net->facts.input;
    work->net = net;
    work->rows = rows;
    if (in->C > 0)
        work->planes = memory_new((size_t)rows * in->C, sizeof *work->planes);
    else
        work->input = memory_floats((size_t)rows * in->dim);
    for (int k = 0; k < net->count; k++) {
        const struct layer *l = &net->layers[k];
        struct pass *p = &work->pass[k];
        p->rows = rows;
        p->planes = work->planes;
        p->x = k ? p[-1].y : work->input;
        p->dx = k ? p[-1].dy : NULL;
        p->y = memory_floats((size_t)rows * l->out);
        p->dy = memory_floats((size_t)rows * l->out);
        p->cache = memory_floats((size_t)rows * l->cache);
        p->scratch = memory_floats(l->squares ? (size_t)rows * l->out : l->scratch);
        if (l->O) take_marks(l, p, k ? p - 1 : NULL);
        if (l->squares) {
            p->list = memory_new(2 * l->in, sizeof *p->list);
            p->zero = memory_new(l->in, 1);
            p->gram = memory_floats(2 * GRAD_FACTORS_MOST * GRAD_FACTORS_MOST);
            p->folded = memory_new(rows, sizeof *p->folded);
            p->ends[0] = memory_new(2 * rows, 1);
            p->ends[1] = p->ends[0] + rows;
            p->from = p[-1].from;
            p->below = p[-1].marks;
            p->below_bytes = p[-1].mark_bytes;
        }
    }
    return work;
}

void net_work_free(struct net_work **work)
{
    struct net_work *w = *work;
    *work = NULL;
    if (!w) return;
    for (int k = 0; k < w->net->count; k++) {
        free(w->pass[k].y);
        free(w->pass[k].dy);
        free(w->pass[k].cache);
        free(w->pass[k].scratch);
        free(w->pass[k].marks);
        if (w->net->layers[k].O) free(w->pass[k].from);
        free(w->pass[k].folded);
        free(w->pass[k].ends[0]);
        free(w->pass[k].cells);
        free(w->pass[k].list);
        free(w->pass[k].zero);
        free(w->pass[k].gram);
    }
    free(w->planes);
    free(w->input);
    free(w);
}

void net_forward(const struct net *net, const float *theta, struct net_work *work, int row0, int B,
                 const float *const *x, float *state)
{
    net_forward_after(net, theta, work, row0, B, x, state, NULL);
}

void net_forward_after(const struct net *net, const float *theta, struct net_work *work, int row0, int B,
                       const float *const *x, float *state, const int *before)
{
    const struct net_input *in = &net->facts.input;
    if (in->C > 0) memcpy(work->planes + (size_t)row0 * in->C, x, (size_t)B * in->C * sizeof *x);
    for (int b = 0; in->C <= 0 && b < B; b++)
        memcpy(work->input + (size_t)(row0 + b) * in->dim, x[b], (size_t)in->dim * sizeof(float));
    for (int k = 0; k < net->count; k++) {
        work->pass[k].state = state;
        work->pass[k].before = before;
        net->layers[k].forward(&net->layers[k], theta, &work->pass[k], row0, B);
    }
}

const float *net_out(const struct net_work *work, int row)
{
    const int last = work->net->count - 1;
    return work->pass[last].y + (size_t)row * work->net->layers[last].out;
}

float *net_dout(struct net_work *work, int row)
{
    const int last = work->net->count - 1;
    return work->pass[last].dy + (size_t)row * work->net->layers[last].out;
}

/* The sum of squares of a tensor's gradient, which its layer may have found on the way. */
static double squares_of(const struct net *net, const struct net_work *work, const struct tensor *t,
                         const float *dtheta)
{
    for (int k = 0; k < net->count; k++)
        if (net->layers[k].squares && net->layers[k].part[0].weight == t->offset) return work->pass[k].squares;
    const double norm = optim_norm(dtheta + t->offset, round_up(t->size));
    return norm * norm;
}

static double backward(const struct net *net, const float *theta, struct net_work *work, const struct span *span,
                       bool factors, float *dtheta)
{
    double squares = 0;
    for (int k = 0; k < net->facts.tensor_count; k++) { /* the padding */
        const struct tensor *t = &net->tensors[k];
        const size_t end = t->offset + t->size;
        memset(dtheta + end, 0, (round_up(end) - end) * sizeof *dtheta);
    }
    for (int k = net->count - 1; k >= 0; k--) {
        work->pass[k].factors = factors;
        net->layers[k].backward(&net->layers[k], theta, &work->pass[k], span, dtheta);
    }
    for (int k = 0; k < net->facts.tensor_count; k++) squares += squares_of(net, work, &net->tensors[k], dtheta);
    return (double)(float)squares; /* Inf where rank 0's squares, which are floats, may be */
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
