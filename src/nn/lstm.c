/* lstm.c -- a layer of LSTM cells (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).
 *
 *   i, f, o = sigmoid, g = tanh of (W_x x + W_h h' + b);   c = f c' + i g;   h = o tanh(c)
 *
 * One bias, as PyTorch's two would always move together. Backward runs over the rollout's steps; the gradient ends at
 * the rollout's first row and at rows whose state was reset (Mnih et al. 2016, section 8).
 */
#include <math.h>
#include <string.h>

#include "nn/layer.h"

/* The cache, arrays over all rows of the workspace. */
struct lstm_cache {
    float *gates;   /* (rows, 4N) i f g o */
    float *h, *c;   /* (rows, N) the state before the row */
    float *tanh_c;  /* (rows, N) of the state after it */
    float *dgates;  /* (rows, 4N) */
    float *dh, *dc; /* (E, N) what flows from a step into the one before */
};
enum { LSTM_CACHE = 4 + 1 + 1 + 1 + 4 + 1 + 1 };

static struct lstm_cache cache_of(const struct layer *l, const struct pass *p)
{
    const size_t n = (size_t)p->rows * l->cells;
    float *at = p->cache;
    return (struct lstm_cache){.gates = at,
                               .h = at + 4 * n,
                               .c = at + 5 * n,
                               .tanh_c = at + 6 * n,
                               .dgates = at + 7 * n,
                               .dh = at + 11 * n,
                               .dc = at + 12 * n};
}

static float sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

/* gates (4N): sums in, gates out; c (N) before in, tanh_c and y (N) after out; state h, c (2N) after out */
static void cells_forward(int N, float *gates, const float *c, float *tanh_c, float *state, float *y)
{
    for (int j = 0; j < N; j++) {
        const float i = sigmoid(gates[j]), f = sigmoid(gates[N + j]), g = tanhf(gates[2 * N + j]),
                    o = sigmoid(gates[3 * N + j]), after = f * c[j] + i * g;
        gates[j] = i, gates[N + j] = f, gates[2 * N + j] = g, gates[3 * N + j] = o;
        tanh_c[j] = tanhf(after);
        y[j] = o * tanh_c[j];
        state[j] = y[j], state[N + j] = after;
    }
}

static void forward(const struct layer *l, const float *theta, const struct pass *p, int row0, int B)
{
    const int N = l->cells;
    const size_t at = (size_t)row0 * N;
    const struct lstm_cache k = cache_of(l, p);
    float *gates = k.gates + 4 * at;
    for (int b = 0; b < B; b++) {
        memcpy(k.h + at + b * N, p->state + (size_t)b * 2 * N, N * sizeof(float));
        memcpy(k.c + at + b * N, p->state + (size_t)b * 2 * N + N, N * sizeof(float));
    }
    dense_rows(B, 4 * N, l->in, p->x + (size_t)row0 * l->in, theta + l->part[0].weight, theta + l->part[0].bias, false,
               gates, 4 * N);
    dense_rows(B, 4 * N, N, k.h + at, theta + l->weight_h, NULL, true, gates, 4 * N);
    for (int b = 0; b < B; b++)
        cells_forward(N, gates + (size_t)b * 4 * N, k.c + at + b * N, k.tanh_c + at + b * N,
                      p->state + (size_t)b * 2 * N, p->y + at + b * N);
}

/* One row: dy (N) and what the next step handed back in dh, dc (N) become dgates (4N) and this row's dc. */
static void cells_backward(int N, const float *gates, const float *c, const float *tanh_c, const float *dy,
                           const float *dh, float *dc, float *dgates)
{
    for (int j = 0; j < N; j++) {
        const float i = gates[j], f = gates[N + j], g = gates[2 * N + j], o = gates[3 * N + j];
        const float dhj = dy[j] + dh[j], dcj = dc[j] + dhj * o * (1 - tanh_c[j] * tanh_c[j]);
        dgates[j] = dcj * g * i * (1 - i);
        dgates[N + j] = dcj * c[j] * f * (1 - f);
        dgates[2 * N + j] = dcj * i * (1 - g * g);
        dgates[3 * N + j] = dhj * tanh_c[j] * o * (1 - o);
        dc[j] = dcj * f;
    }
}

static void backward(const struct layer *l, const float *theta, struct pass *p, const struct span *s, float *dtheta)
{
    const int N = l->cells, E = s->E, R = s->T * E;
    const struct lstm_cache k = cache_of(l, p);
    memset(k.dh, 0, (size_t)E * N * sizeof(float));
    memset(k.dc, 0, (size_t)E * N * sizeof(float));
    for (int t = s->T - 1; t >= 0; t--) {
        for (int e = 0; e < E; e++) {
            const size_t row = (size_t)t * E + e;
            cells_backward(N, k.gates + row * 4 * N, k.c + row * N, k.tanh_c + row * N, p->dy + row * N, k.dh + e * N,
                           k.dc + e * N, k.dgates + row * 4 * N);
        }
        if (t == 0) break;
        dense_rows_back(E, 4 * N, N, k.dgates + (size_t)t * E * 4 * N, 4 * N, theta + l->weight_h, false, k.dh);
        for (int e = 0; e < E; e++) {
            if (!s->start || !s->start[t * E + e]) continue;
            memset(k.dh + e * N, 0, N * sizeof(float));
            memset(k.dc + e * N, 0, N * sizeof(float));
        }
    }
    dense_weights(R, 4 * N, l->in, p->x, k.dgates, 4 * N, dtheta + l->part[0].weight, dtheta + l->part[0].bias);
    dense_weights(R, 4 * N, N, k.h, k.dgates, 4 * N, dtheta + l->weight_h, NULL);
    if (!p->dx) return;
    dense_rows_back(R, 4 * N, l->in, k.dgates, 4 * N, theta + l->part[0].weight, false, p->dx);
    if (l->mask) relu_back((size_t)R * l->in, p->x, p->dx);
}

void lstm_layer(struct layer *l)
{
    l->forward = forward;
    l->backward = backward;
    l->cache = (size_t)LSTM_CACHE * l->cells;
}
