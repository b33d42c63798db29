/* layer.h -- what the files of src/nn share: a layer is a pair of functions over rows, and its place in theta.
 *
 * Every layer reads x (rows, in) and answers y (rows, out). Backward, dy is the gradient at the layer's sum before its
 * ReLU: whoever reads an activation applies the ReLU's derivative to the gradient it hands down (dx is 0 where x is 0),
 * because it has x at hand anyway. A map of C channels lies as (height, width, C).
 */
#ifndef DUNLIN_NN_LAYER_H
#define DUNLIN_NN_LAYER_H

#include "nn/net.h"

enum { NET_LAYERS = 12, NET_TENSORS = 32, NET_PARTS = 2, NET_PLANES = 64 };

/* A layer's share of a workspace. Row r of a (rows, n) array begins at r * n. */
struct pass {
    int rows;                   /* of the workspace */
    const float *const *planes; /* (rows, C) borrowed frames; the first layer of a convolutional network reads these */
    const float *x;             /* (rows, in) y of the layer below, or the copied input vectors */
    float *y;                   /* (rows, out) */
    float *dx;                  /* (rows, in) dy of the layer below; NULL for the first layer */
    float *dy;                  /* (rows, out) */
    float *cache;               /* (rows, cache) what forward leaves for backward besides y */
    float *scratch;             /* (scratch) */
    float *state;               /* (B, 2 cells) recurrent state of the rows being computed, else NULL */
    const int *before;          /* (B) for the rows being computed: net_forward_after(); NULL: none */
    double squares;             /* sum of squares of part[0].weight's gradient, where the layer says that it knows */
    /* the wide dense layer */
    bool factors;  /* the weight's gradient is asked for as factors */
    float *gram;   /* scratch: (2, most factors, most factors) */
    uint8_t *zero; /* (in) rows of the weight's gradient that are 0 in the block it was written to last, which is */
    const float *zeros_of;
    uint8_t *ends[2]; /* scratch: (rows) */
    int *folded;      /* scratch: (rows) */
    /* convolutions: change.h */
    uint8_t *marks; /* (rows, mark_bytes) */
    size_t mark_bytes;
    const uint8_t *below; /* (rows, below_bytes) marks of the convolution below, its fresh pixels first */
    size_t below_bytes;
    int *from; /* (rows) the row that unchanged pixels were taken from, -1: none; of the wide dense layer, that below's
                */
    uint8_t *cells; /* scratch: (2, cells of an input), at most height x width of them */
    int *list;      /* scratch: 2 rows cols + height width; of the wide dense layer 2 in */
};

/* The rollout that backward runs over: row t * E + e. */
struct span {
    int T, E;
    const uint8_t *start; /* (T, E) or NULL */
};

struct layer_part { /* a dense layer may answer several tensors side by side: pi and v */
    int n;
    size_t weight, bias; /* offsets in theta */
};

struct layer {
    /* rows row0 .. row0 + B - 1 of y */
    void (*forward)(const struct layer *l, const float *theta, const struct pass *p, int row0, int B);
    /* dx and this layer's tensors in dtheta, over all T * E rows */
    void (*backward)(const struct layer *l, const float *theta, struct pass *p, const struct span *s, float *dtheta);
    int in, out; /* floats of a row */
    size_t cache,
        scratch;  /* floats: a row of pass.cache, the whole of pass.scratch (of the wide dense layer (rows, out)) */
    bool relu;    /* y = max(0, sum) */
    bool mask;    /* the layer below ends in a ReLU */
    bool squares; /* backward leaves pass.squares */
    struct layer_part part[NET_PARTS];
    int parts;
    /* convolution: (C, height, width) to (O, rows, cols) */
    int C, height, width, O, kernel, stride, rows, cols;
    bool planes; /* reads pass.planes, not pass.x */
    /* LSTM */
    int cells;
    size_t weight_h; /* part[0] is weight_x and bias */
};

/* Fill in functions, cache and scratch; sizes, offsets and flags are set by net.c. */
void conv_layer(struct layer *l);
void fc_layer(struct layer *l);
void dense_layer(struct layer *l);
void lstm_layer(struct layer *l);

/* Y (B, n; rows ldy apart) = bias + X (B, in) W^T, W (n, in); add: Y += X W^T instead. One row goes through gemv. */
void dense_rows(int B, int n, int in, const float *X, const float *W, const float *bias, bool add, float *Y, int ldy);
/* dX (B, in) = dY W, or += where add. */
void dense_rows_back(int B, int n, int in, const float *dY, int ldy, const float *W, bool add, float *dX);
/* dW (n, in) = dY^T X; db (n) = sum of rows of dY where db is not NULL. */
void dense_weights(int B, int n, int in, const float *X, const float *dY, int ldy, float *dW, float *db);
/* dx = 0 where x <= 0, n floats. */
void relu_back(size_t n, const float *x, float *dx);

#endif
