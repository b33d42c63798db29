/* layer.h -- what a layer is to the network: a table of functions over rows, and its memory in a workspace.
 *
 * A layer is one file and one function that adds it to a network being built (builder.h); networks.c lists who has
 * which.
 * Every layer reads x (rows, in) and answers y (rows, out). Backward, dy is the gradient at the layer's sum before its
 * activation: whoever reads an activation applies its derivative, a function of x alone, to the gradient it hands down
 * (a ReLU's dx is 0 where x is 0), because it has x at hand anyway. A map of C channels lies as (height, width, C).
 */
#ifndef DUNLIN_NN_LAYER_H
#define DUNLIN_NN_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nn/activation.h"

enum { PASS_BLOCKS = 16, SQUARED = 2 };

/* A layer's share of a workspace; its own struct begins with this one. Row r of a (rows, n) array begins at r * n. */
struct pass {
    int rows;                   /* of the workspace */
    const float *const *frames; /* (rows, C or 1) borrowed planes or vectors: what the network reads */
    const struct pass *below;   /* NULL for a first layer, which reads frames and not x */
    const struct pass *beside;  /* of the layer that joins two: the second one below */
    const float *x;             /* (rows, in) y of the layer below */
    float *y;                   /* (rows, out) */
    float *dx;                  /* (rows, in) dy of the layer below; NULL where nobody asks for it */
    float *dy;                  /* (rows, out) */
    float *state;               /* (B, state_dim) recurrent state of the rows being computed, else NULL */
    const int *before;          /* (B) for the rows being computed: net_forward_after(); NULL: none */
    bool factors;               /* backward: the gradient of its matrix in facts.wide is asked for as factors */
    double squares[SQUARED]; /* sums of squares of the gradients of tensors layer.squared, left by backward; -1: not */

    /* What a layer whose y is a map says of its pixels to the layer above. */
    uint8_t *fresh;   /* (rows; fresh_row bytes apart) 1 where the pixel is not as in row from[r] */
    size_t fresh_row; /* 0: the same of all rows */
    int *from;        /* (rows) the row that other pixels were taken from, -1: none */

    void *block[PASS_BLOCKS]; /* pass_memory() */
    int blocks;
};

/* The rollout that backward runs over: row t * E + e. */
struct span {
    int T, E;
    const uint8_t *start; /* (T, E) or NULL */
};

/* A layer of a network; its own struct begins with this one. */
struct layer {
    const struct layer_ops *ops;
    int in, out; /* floats of a row */
    int below;   /* the layer it reads; -1: the input */
    int beside;  /* the second one that it reads, -1: none */
    enum activation activation, below_activation;
    bool given;           /* y is the input itself: it has no dy */
    bool wide;            /* a matrix of its is in facts.wide */
    int squared[SQUARED]; /* the tensors whose sums of squares backward leaves in pass.squares; -1: none */
};

struct layer_ops {
    /* rows row0 .. row0 + B - 1 of y */
    void (*forward)(const struct layer *l, const float *theta, struct pass *p, int row0, int B);
    /* dx, where it is not NULL, and this layer's tensors in dtheta, over all T * E rows. NULL: none. */
    void (*backward)(const struct layer *l, const float *theta, struct pass *p, const struct span *s, float *dtheta);
    size_t pass_size; /* bytes of its own struct pass */
    /* Takes what a workspace needs besides y and dy, by pass_memory(). NULL: nothing. */
    void (*open)(const struct layer *l, struct pass *p);
    /* Floats that open takes for each row, about. NULL: 0. */
    size_t (*row_floats)(const struct layer *l);
    /* theta stays as it is for so many forward passes of B rows; 0: no longer. NULL: nothing is gained. */
    void (*prepare)(const struct layer *l, const float *theta, struct pass *p, int B, int passes);
    /* Nothing is known any longer of what dtheta holds: net_forget(). NULL: nothing ever is. */
    void (*forget)(struct pass *p);
};

/* n elements of `size` bytes, 0, until the workspace is freed. */
void *pass_memory(struct pass *p, size_t n, size_t size);
float *pass_floats(struct pass *p, size_t n);
/* Of a layer that takes nothing over from earlier rows: every one of its pixels is fresh. */
void pass_all_fresh(struct pass *p, int pixels);

#endif
