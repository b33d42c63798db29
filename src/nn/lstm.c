/* lstm.c -- a layer of LSTM cells (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).
 *
 *   i, f, o = sigmoid, g = tanh of (W_x x + W_h h' + b);   c = f c' + i g;   h = o tanh(c)
 *
 * One bias, as PyTorch's two would always move together. Backward runs over the rollout's steps; the gradient ends at
 * the rollout's first row and at rows whose state was reset (Mnih et al. 2016, section 8).
 *
 * W_x and W_h lie one behind the other as one matrix of the inputs (x, h'), and both gradients share the gates': where
 * the cells are many they may be factors (optim/grad.h), or writing and reading two megabytes takes a tenth of an
 * actor's time or more.
 */
#include <string.h>

#include "nn/dense.h"
#include "nn/kernels.h"
#include "nn/layers.h"
#include "nn/squares.h"

/* Floats of both weights from which on factors pay for an update of its own that small networks do without; rows of a
 * pass, and of all that follow, from which on it pays to lay them out. */
enum { WIDE_LEAST = 65536, LAID_OUT_ROWS = 4, LAID_OUT_ALL = 64 };

struct lstm {
    struct layer layer;
    int cells;            /* N */
    int state_at;         /* of its h and c in a row of state */
    const int *state_dim; /* of the network: floats of a row of state */
    size_t weight_x, weight_h, bias;
};

struct lstm_pass {
    struct pass pass;
    float *gates;          /* (rows, 4N) i f g o */
    float *h, *c;          /* (rows, N) the state before the row */
    float *tanh_c;         /* (rows, N) of the state after it */
    float *dgates;         /* (rows, 4N) */
    float *dh, *dc;        /* (rows >= E, N) what flows from a step into the one before */
    float *gram;           /* scratch: (2, most factors, most factors) */
    float *panels;         /* (in + N, 4N) both weights as dense_lay_out() leaves them; not of small ones */
    const float *laid_out; /* the theta that they are of; NULL: none */
};

static void (*const cells_forwards[])(const struct cells_job *) = KERNEL_TABLE(cells_forward);
static void (*const cells_backwards[])(const struct cells_back_job *) = KERNEL_TABLE(cells_backward);

static void prepare(const struct layer *layer, const float *theta, struct pass *pass, int B, int passes)
{
    const struct lstm *l = (const struct lstm *)layer;
    struct lstm_pass *p = (struct lstm_pass *)pass;
    const int N = l->cells, in = layer->in;
    p->laid_out = NULL;
    if (!p->panels || B < LAID_OUT_ROWS || (double)B * passes < LAID_OUT_ALL) return;
    dense_lay_out(4 * N, in, theta + l->weight_x, p->panels);
    dense_lay_out(4 * N, N, theta + l->weight_h, p->panels + (size_t)in * 4 * N);
    p->laid_out = theta;
}

/* The sums of the gates. */
static void sum_gates(const struct lstm *l, const float *theta, const struct lstm_pass *p, const float *x,
                      const float *h, int B, float *gates)
{
    const int N = l->cells, in = l->layer.in;
    const float *bias = theta + l->bias;
    if (B > 1 && p->laid_out == theta) {
        dense_rows_laid_out(B, 4 * N, in, x, p->panels, bias, 0, gates);
        dense_rows_laid_out(B, 4 * N, N, h, p->panels + (size_t)in * 4 * N, gates, 4 * N, gates);
        return;
    }
    dense_rows(B, 4 * N, in, x, theta + l->weight_x, bias, 0, gates);
    dense_rows(B, 4 * N, N, h, theta + l->weight_h, gates, 4 * N, gates);
}

static void forward(const struct layer *layer, const float *theta, struct pass *pass, int row0, int B)
{
    const struct lstm *l = (const struct lstm *)layer;
    const struct lstm_pass *p = (const struct lstm_pass *)pass;
    const int N = l->cells, S = *l->state_dim, in = layer->in;
    const size_t at = (size_t)row0 * N;
    float *gates = p->gates + 4 * at, *state = pass->state + l->state_at;
    for (int b = 0; b < B; b++) {
        memcpy(p->h + at + b * N, state + (size_t)b * S, N * sizeof(float));
        memcpy(p->c + at + b * N, state + (size_t)b * S + N, N * sizeof(float));
    }
    sum_gates(l, theta, p, pass->x + (size_t)row0 * in, p->h + at, B, gates);
    for (int b = 0; b < B; b++) {
        const size_t row = at + (size_t)b * N;
        const struct cells_job job = {.N = N,
                                      .gates = p->gates + 4 * row,
                                      .c = p->c + row,
                                      .tanh_c = p->tanh_c + row,
                                      .y = pass->y + row,
                                      .h_after = state + (size_t)b * S,
                                      .c_after = state + (size_t)b * S + N};
        cells_forwards[cpu_isa()](&job);
    }
}

/* Of both weights' gradients, where the rows are few and fill vectors. */
static void find_squares(const struct lstm *l, struct pass *pass, int R)
{
    const struct lstm_pass *p = (const struct lstm_pass *)pass;
    const int N = l->cells, in = l->layer.in;
    float *const xx = p->gram, *const yy = xx + R * R;
    pass->squares[0] = pass->squares[1] = -1;
    if (R > GRAD_FACTORS_MOST || N % 16 || in % 16) return;
    row_dots(R, 4 * N, p->dgates, yy);
    row_dots(R, in, pass->x, xx);
    pass->squares[0] = product_squares(R, xx, yy);
    row_dots(R, N, p->h, xx);
    pass->squares[1] = product_squares(R, xx, yy);
}

static void weight_gradients(const struct lstm *l, const struct lstm_pass *p, int R, float *dtheta)
{
    const int N = l->cells, in = l->layer.in;
    if (!p->pass.factors) {
        dense_weights(R, 4 * N, in, p->pass.x, p->dgates, dtheta + l->weight_x);
        dense_weights(R, 4 * N, N, p->h, p->dgates, dtheta + l->weight_h);
        return;
    }
    float *const x = dtheta + l->weight_x, *const dy = x + (size_t)R * (in + N);
    for (int r = 0; r < R; r++) {
        float *const row = x + (size_t)r * (in + N);
        memcpy(row, p->pass.x + (size_t)r * in, in * sizeof *x);
        memcpy(row + in, p->h + (size_t)r * N, N * sizeof *x);
    }
    memcpy(dy, p->dgates, (size_t)R * 4 * N * sizeof *dy);
}

static void backward(const struct layer *layer, const float *theta, struct pass *pass, const struct span *s,
                     float *dtheta)
{
    const struct lstm *l = (const struct lstm *)layer;
    const struct lstm_pass *p = (const struct lstm_pass *)pass;
    const int N = l->cells, in = layer->in, E = s->E, R = s->T * E;
    memset(p->dh, 0, (size_t)E * N * sizeof(float));
    memset(p->dc, 0, (size_t)E * N * sizeof(float));
    for (int t = s->T - 1; t >= 0; t--) {
        for (int e = 0; e < E; e++) {
            const size_t row = (size_t)t * E + e;
            const struct cells_back_job job = {.N = N,
                                               .gates = p->gates + row * 4 * N,
                                               .c = p->c + row * N,
                                               .tanh_c = p->tanh_c + row * N,
                                               .dy = pass->dy + row * N,
                                               .dh = p->dh + e * N,
                                               .dc = p->dc + e * N,
                                               .dgates = p->dgates + row * 4 * N};
            cells_backwards[cpu_isa()](&job);
        }
        if (t == 0) break;
        dense_rows_back(E, 4 * N, N, p->dgates + (size_t)t * E * 4 * N, theta + l->weight_h, p->dh);
        for (int e = 0; e < E; e++) {
            if (!s->start || !s->start[t * E + e]) continue;
            memset(p->dh + e * N, 0, N * sizeof(float));
            memset(p->dc + e * N, 0, N * sizeof(float));
        }
    }
    weight_gradients(l, p, R, dtheta);
    dense_bias(R, 4 * N, p->dgates, 4 * N, dtheta + l->bias);
    find_squares(l, pass, R);
    if (!pass->dx) return;
    dense_rows_back(R, 4 * N, in, p->dgates, theta + l->weight_x, pass->dx);
    activation_back(layer->below_activation, (size_t)R * in, pass->x, pass->dx);
}

static void open(const struct layer *layer, struct pass *pass)
{
    struct lstm_pass *p = (struct lstm_pass *)pass;
    const size_t N = ((const struct lstm *)layer)->cells, n = (size_t)pass->rows * N;
    p->gates = pass_floats(pass, 4 * n);
    p->h = pass_floats(pass, n);
    p->c = pass_floats(pass, n);
    p->tanh_c = pass_floats(pass, n);
    p->dgates = pass_floats(pass, 4 * n);
    p->dh = pass_floats(pass, n);
    p->dc = pass_floats(pass, n);
    p->gram = pass_floats(pass, 2 * GRAD_FACTORS_MOST * GRAD_FACTORS_MOST);
    if (layer->wide) p->panels = pass_floats(pass, ((size_t)layer->in + N) * 4 * N);
}

static size_t row_floats(const struct layer *l)
{
    return 13 * (size_t)((const struct lstm *)l)->cells;
}

static const struct layer_ops ops = {.forward = forward,
                                     .backward = backward,
                                     .pass_size = sizeof(struct lstm_pass),
                                     .open = open,
                                     .row_floats = row_floats,
                                     .prepare = prepare};

void lstm_add(struct builder *b, int cells)
{
    input_add(b);
    struct tensor weight_x = builder_matrix(b, 4 * cells, true);
    struct lstm *l = builder_layer(b, &ops, sizeof *l, (struct shape){.floats = cells}, ACTIVATION_NONE);
    struct tensor t = {.ndim = 2,
                       .dims = {4 * cells, cells},
                       .nview = 2,
                       .view = {4 * cells, cells},
                       .perm = {1, 0},
                       .fan_in = cells,
                       .start = TENSOR_RECURRENT};
    weight_x.fan_in = cells;
    weight_x.start = t.start;
    l->cells = cells;
    l->state_at = b->net->facts.state_dim;
    l->state_dim = &b->net->facts.state_dim;
    b->net->facts.state_dim += 2 * cells;
    l->layer.squared[0] = b->net->facts.tensor_count;
    l->weight_x = builder_tensor(b, "lstm", "weight_x", weight_x);
    l->layer.squared[1] = b->net->facts.tensor_count;
    l->weight_h = builder_tensor(b, "lstm", "weight_h", t);
    l->bias = builder_tensor(
        b, "lstm", "bias", (struct tensor){.ndim = 1, .dims = {4 * cells}, .fan_in = cells, .start = TENSOR_RECURRENT});
    const int in = l->layer.in, relu = l->layer.below_activation == ACTIVATION_RELU ? in : 0;
    if (in % 16 == 0 && cells % 16 == 0 && (double)(in + cells) * 4 * cells >= WIDE_LEAST)
        builder_wide(b, (struct grad_wide){l->weight_x, in + cells, 4 * cells, in + cells - relu});
}
