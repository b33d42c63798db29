/* networks.h -- the networks that --net names: each is a row, a name and the list of its hidden layers. */
#ifndef DUNLIN_NN_NETWORKS_H
#define DUNLIN_NN_NETWORKS_H

#include <stdbool.h>

struct builder;

enum { NETWORK_LAYERS = 8 };

/* A hidden layer as its network's row lists it. add puts it on top of what is there: 0, or -1 after error_set() where
 * it does not fit. */
struct network_layer {
    int (*add)(struct builder *b, const struct network_layer *row);
    int n;              /* channels of a convolution, width of a dense layer */
    int kernel, stride; /* of a convolution: kernel x kernel */
};

struct network {
    const char *name;
    const char *usage, *help;                    /* for `dunlin list` */
    bool widths;                                 /* NAME:64,64 puts dense layers of these widths in the list's place */
    struct network_layer layers[NETWORK_LAYERS]; /* ends where add is NULL, if before */
};

/* The network that spec names ("small", "mlp:64,64"): 0, or -1 after error_set(). */
int network_of(const char *spec, struct network *network);

#endif
