/* nn_twin.h -- the slow twin of src/nn: the same networks in double precision, plain loops and textbook order, one
 * row at a time. It takes the architecture from the tensors' names and shapes, and knows nothing of how theta is
 * stored. A network with a critic of its own has two twins, of which each answers its part of the row. */
#ifndef DUNLIN_TESTS_NN_TWIN_H
#define DUNLIN_TESTS_NN_TWIN_H

#include <math.h>

#include "nn/net.h"
#include "testing.h"

enum { TWIN_LAYERS = 12, TWIN_TENSORS = 96 };

struct twin_layer {
    enum { TWIN_CONV, TWIN_DENSE, TWIN_LSTM, TWIN_HEADS } kind;
    int tensor;  /* its weight; what belongs to it follows */
    int C, H, W; /* of the input, where it is a map */
    int O, K, stride, rows, cols;
    int in, out;
    int gain;           /* the tensor of its normalisation, whose shift follows; -1: none */
    double *h, *scale;  /* (out) normalised sums, (points) what they were multiplied by */
    double *x, *y, *dx; /* (in), (out), (in) of the row in hand */
};

struct twin {
    const struct net_facts *facts;
    bool tanh; /* dense layers end in one, not in a ReLU; the caller's to set */
    int first; /* of the network's output row, where this twin's answers begin */
    struct twin_layer layer[TWIN_LAYERS];
    int count;
    double *p[TWIN_TENSORS], *dp[TWIN_TENSORS]; /* tensors and their gradients in textbook shape */
    double kink;   /* of the row in hand: how near to 0 a sum comes, where rounding decides on a ReLU's slope */
    double *h, *c; /* recurrent state, the caller's to set */
    int cells;
};

static inline struct twin_layer *twin_add(struct twin *t, int kind, int tensor, int in, int out)
{
    struct twin_layer *l = &t->layer[t->count++];
    l->kind = kind, l->tensor = tensor, l->in = in, l->out = out, l->gain = -1;
    l->h = calloc((size_t)out, sizeof(double));
    l->scale = calloc((size_t)out, sizeof(double));
    l->x = t->count > 1 ? l[-1].y : calloc((size_t)in, sizeof(double));
    l->y = calloc((size_t)out, sizeof(double));
    l->dx = calloc((size_t)in, sizeof(double));
    return l;
}

static inline int twin_tensor(const struct net_facts *f, const char *name)
{
    for (int k = 0; k < f->tensor_count; k++)
        if (!strcmp(f->tensors[k].name, name)) return k;
    return -1;
}

/* The twin of a network with weights theta, or with `critic` of the part whose tensors begin with v_. strides of its
 * convolutions; NULL: those of small and nature. Owner: twin_free(). */
static inline struct twin *twin_part(const struct net *net, const float *theta, const int *strides, bool critic)
{
    struct twin *t = calloc(1, sizeof *t);
    const struct net_facts *f = t->facts = net_facts(net);
    float *book = malloc(f->params * sizeof(float));
    int C = f->input.C, H = f->input.height, W = f->input.width, width = C > 0 ? C * H * W : f->input.dim;
    for (int k = 0; k < f->tensor_count; k++) {
        const struct tensor *s = &f->tensors[k];
        const bool other = !strncmp(s->name, "v_", 2) != critic && strcmp(s->name, "v.weight") != 0;
        const char *name = s->name + (critic && s->name[1] == '_' ? 2 : 0);
        t->p[k] = calloc(s->size, sizeof(double));
        t->dp[k] = calloc(s->size, sizeof(double));
        tensor_to_textbook(s, theta, book);
        for (size_t i = 0; i < s->size; i++) t->p[k][i] = book[i];
        if (other) continue;
        if (!strncmp(name, "conv", 4) && s->ndim == 4) {
            const int K = s->dims[2],
                      stride = strides  ? strides[t->count]
                               : K == 3 ? 1
                                        : K / 2,
                      rows = (H - K) / stride + 1, cols = (W - K) / stride + 1;
            struct twin_layer *l = twin_add(t, TWIN_CONV, k, width, s->dims[0] * rows * cols);
            l->C = C, l->H = H, l->W = W, l->O = s->dims[0], l->K = K, l->stride = stride, l->rows = rows,
            l->cols = cols;
            C = l->O, H = rows, W = cols, width = l->out;
        } else if (!strncmp(name, "fc", 2) && s->ndim == 2) {
            width = twin_add(t, TWIN_DENSE, k, width, s->dims[0])->out;
        } else if (strstr(name, "_norm.weight")) {
            t->layer[t->count - 1].gain = k;
        } else if (!strcmp(name, "lstm.weight_x")) {
            width = twin_add(t, TWIN_LSTM, k, width, s->dims[0] / 4)->out;
            t->cells = width;
            t->h = calloc((size_t)width, sizeof(double));
            t->c = calloc((size_t)width, sizeof(double));
        } else if (!strcmp(name, critic ? "v.weight" : "pi.weight") || !strcmp(name, "q.weight")) {
            const bool alone = critic || twin_tensor(f, "v_fc0.weight") >= 0 || twin_tensor(f, "v_fc.weight") >= 0;
            t->first = critic ? f->outputs : 0;
            twin_add(t, TWIN_HEADS, k, width, critic ? 1 : alone ? f->outputs : f->out_dim);
        }
    }
    free(book);
    return t;
}

static inline struct twin *twin_new(const struct net *net, const float *theta, const int *strides)
{
    return twin_part(net, theta, strides, false);
}

static inline void twin_free(struct twin *t)
{
    for (int k = 0; k < t->count; k++) {
        if (k == 0) free(t->layer[k].x);
        free(t->layer[k].y);
        free(t->layer[k].h), free(t->layer[k].scale);
        free(t->layer[k].dx);
    }
    for (int k = 0; k < t->facts->tensor_count; k++) free(t->p[k]), free(t->dp[k]);
    free(t->h), free(t->c);
    free(t);
}

/* Calls back for each weight w[o][c][ky][kx] that joins input xi to output yi. */
#define TWIN_CONV_TAPS(l)                                                                                              \
    for (int o = 0; o < (l)->O; o++)                                                                                   \
        for (int r = 0; r < (l)->rows; r++)                                                                            \
            for (int q = 0; q < (l)->cols; q++)                                                                        \
                for (int c = 0; c < (l)->C; c++)                                                                       \
                    for (int ky = 0; ky < (l)->K; ky++)                                                                \
                        for (int kx = 0, yi = (o * (l)->rows + r) * (l)->cols + q; kx < (l)->K; kx++)

static inline int twin_x(const struct twin_layer *l, int c, int r, int q, int ky, int kx)
{
    return (c * l->H + r * l->stride + ky) * l->W + q * l->stride + kx;
}

static inline int twin_w(const struct twin_layer *l, int o, int c, int ky, int kx)
{
    return ((o * l->C + c) * l->K + ky) * l->K + kx;
}

static inline void twin_dense(const double *w, const double *b, int out, int in, const double *x, double *y)
{
    for (int o = 0; o < out; o++) {
        y[o] = b[o];
        for (int i = 0; i < in; i++) y[o] += w[o * in + i] * x[i];
    }
}

static inline void twin_lstm(struct twin *t, const struct twin_layer *l)
{
    const int N = l->out;
    const double *wx = t->p[l->tensor], *wh = t->p[l->tensor + 1], *b = t->p[l->tensor + 2];
    double *gate = calloc(4 * (size_t)N, sizeof(double));
    for (int j = 0; j < 4 * N; j++) {
        double sum = b[j];
        for (int i = 0; i < l->in; i++) sum += wx[j * l->in + i] * l->x[i];
        for (int i = 0; i < N; i++) sum += wh[j * N + i] * t->h[i];
        gate[j] = j / N == 2 ? tanh(sum) : 1 / (1 + exp(-sum));
    }
    for (int j = 0; j < N; j++) {
        t->c[j] = gate[N + j] * t->c[j] + gate[j] * gate[2 * N + j];
        t->h[j] = l->y[j] = gate[3 * N + j] * tanh(t->c[j]);
    }
    free(gate);
}

/* Over the units of a point, which in the textbook's order lie `points` apart: a dense layer is one, of a map each
 * pixel is. y: sums in, what is normalised out. */
static inline void twin_norm(struct twin *t, struct twin_layer *l)
{
    const int points = l->kind == TWIN_CONV ? l->rows * l->cols : 1, n = l->out / points;
    for (int p = 0; p < points; p++) {
        double mean = 0, square = 0;
        for (int o = 0; o < n; o++) mean += l->y[o * points + p] / n;
        for (int o = 0; o < n; o++) square += (l->y[o * points + p] - mean) * (l->y[o * points + p] - mean) / n;
        l->scale[p] = 1 / sqrt(square + 1e-5);
        for (int o = 0; o < n; o++) {
            l->h[o * points + p] = (l->y[o * points + p] - mean) * l->scale[p];
            l->y[o * points + p] = t->p[l->gain][o] * l->h[o * points + p] + t->p[l->gain + 1][o];
        }
    }
}

/* dy: of what is normalised in, of the sums out. */
static inline void twin_norm_back(struct twin *t, const struct twin_layer *l, double *dy)
{
    const int points = l->kind == TWIN_CONV ? l->rows * l->cols : 1, n = l->out / points;
    for (int p = 0; p < points; p++) {
        double mean = 0, along = 0;
        for (int o = 0; o < n; o++) {
            const int i = o * points + p;
            t->dp[l->gain][o] += dy[i] * l->h[i];
            t->dp[l->gain + 1][o] += dy[i];
            dy[i] *= t->p[l->gain][o];
            mean += dy[i] / n;
            along += dy[i] * l->h[i] / n;
        }
        for (int o = 0; o < n; o++) {
            const int i = o * points + p;
            dy[i] = (dy[i] - mean - l->h[i] * along) * l->scale[p];
        }
    }
}

/* The output row (out_dim) for one input: C planes or one vector. Moves h and c on. */
static inline const double *twin_forward(struct twin *t, const float *const *x)
{
    const struct net_input *in = &t->facts->input;
    const int plane = in->C > 0 ? in->height * in->width : in->dim;
    t->kink = INFINITY;
    for (int i = 0; i < t->layer[0].in; i++) t->layer[0].x[i] = (double)x[i / plane][i % plane];
    for (int k = 0; k < t->count; k++) {
        struct twin_layer *l = &t->layer[k];
        const double *w = t->p[l->tensor], *b = t->p[l->tensor + 1];
        if (l->kind == TWIN_CONV) {
            for (int i = 0; i < l->out; i++) l->y[i] = b[i / (l->rows * l->cols)];
            TWIN_CONV_TAPS(l) l->y[yi] += w[twin_w(l, o, c, ky, kx)] * l->x[twin_x(l, c, r, q, ky, kx)];
        } else if (l->kind == TWIN_DENSE) {
            twin_dense(w, b, l->out, l->in, l->x, l->y);
        } else if (l->kind == TWIN_LSTM) {
            twin_lstm(t, l);
        } else {
            const int A = t->first ? 1 : t->facts->outputs, free = t->first ? 0 : t->facts->free;
            const int v = l->tensor + 2 + (free > 0);
            twin_dense(w, b, A - free, l->in, l->x, l->y);
            for (int i = 0; i < free; i++) l->y[A - free + i] = t->p[l->tensor + 2][i];
            if (l->out > A) twin_dense(t->p[v], t->p[v + 1], 1, l->in, l->x, l->y + A);
        }
        if (l->gain >= 0) twin_norm(t, l);
        const bool bent = l->kind == TWIN_CONV || (l->kind == TWIN_DENSE && !t->tanh);
        for (int i = 0; (bent || l->kind == TWIN_DENSE) && i < l->out; i++) {
            if (bent && l->y[i] != 0) t->kink = fmin(t->kink, fabs(l->y[i])); /* 0 is 0 in floats, too */
            l->y[i] = bent ? fmax(l->y[i], 0) : tanh(l->y[i]);
        }
    }
    return t->layer[t->count - 1].y;
}

static inline void twin_dense_back(const double *w, double *dw, double *db, int out, const struct twin_layer *l,
                                   const double *dy)
{
    for (int o = 0; o < out; o++) {
        db[o] += dy[o];
        for (int i = 0; i < l->in; i++) {
            dw[o * l->in + i] += dy[o] * l->x[i];
            l->dx[i] += dy[o] * w[o * l->in + i];
        }
    }
}

/* A row that rounding may give another gradient has none: dout (n) of it becomes 0. */
static inline void twin_mind_kink(const struct twin *t, float *dout, int n)
{
    for (int i = 0; t->kink < 2e-6 && i < n; i++) dout[i] = 0;
}

/* Adds the gradient of dout . y for the row last passed forward to dp; dout is the network's whole row. Not for
 * recurrent networks. */
static inline void twin_backward(struct twin *t, const float *dout)
{
    double last[64] = {0};
    for (int i = 0; i < t->layer[t->count - 1].out; i++) last[i] = (double)dout[t->first + i];
    for (int k = t->count - 1; k >= 0; k--) {
        struct twin_layer *l = &t->layer[k];
        const double *w = t->p[l->tensor];
        double *dw = t->dp[l->tensor], *db = t->dp[l->tensor + 1], *dy = k + 1 < t->count ? l[1].dx : last;
        memset(l->dx, 0, (size_t)l->in * sizeof(double));
        for (int i = 0; l->kind != TWIN_HEADS && i < l->out; i++)
            dy[i] *= t->tanh && l->kind == TWIN_DENSE ? 1 - l->y[i] * l->y[i] : l->y[i] > 0;
        if (l->gain >= 0) twin_norm_back(t, l, dy);
        if (l->kind == TWIN_CONV) {
            for (int i = 0; i < l->out; i++) db[i / (l->rows * l->cols)] += dy[i];
            TWIN_CONV_TAPS(l)
            {
                const int wi = twin_w(l, o, c, ky, kx), xi = twin_x(l, c, r, q, ky, kx);
                dw[wi] += dy[yi] * l->x[xi];
                l->dx[xi] += dy[yi] * w[wi];
            }
        } else if (l->kind == TWIN_DENSE) {
            twin_dense_back(w, dw, db, l->out, l, dy);
        } else {
            const int A = t->first ? 1 : t->facts->outputs, free = t->first ? 0 : t->facts->free;
            const int v = l->tensor + 2 + (free > 0);
            twin_dense_back(w, dw, db, A - free, l, dy);
            for (int i = 0; i < free; i++) t->dp[l->tensor + 2][i] += dy[A - free + i];
            if (l->out > A) twin_dense_back(t->p[v], t->dp[v], t->dp[v + 1], 1, l, dy + A);
        }
    }
}

#endif
