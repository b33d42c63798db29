/* builder.h -- a network while its layers are put one on another, and what it is made of.
 *
 * A tensor is one call of builder_tensor(): offsets, files, start values and tests all read that table. */
#ifndef DUNLIN_NN_BUILDER_H
#define DUNLIN_NN_BUILDER_H

#include "nn/layer.h"
#include "nn/net.h"
#include "nn/networks.h"

enum { NET_LAYERS = 2 * (2 * NETWORK_LAYERS + 3) + 1, NET_TENSORS = 96, NET_PLANES = 64, NET_WIDEST = 65536 };

struct net {
    struct net_facts facts;
    struct tensor tensors[NET_TENSORS];
    struct layer *layers[NET_LAYERS];
    int count;
};

/* What a layer leaves to the next: a map (height, width, C), or where C is 0 a row of floats. */
struct shape {
    int C, height, width;
    int floats;
    bool frames; /* nothing is there yet: the network's input, borrowed planes (C > 0) or a vector */
};

struct builder {
    struct net *net;
    const char *name;           /* of the network */
    const char *prefix;         /* of the tensors' names: "" or, of a critic of its own, "v_" */
    enum activation activation; /* of dense layers */
    bool layer_norm;            /* sums are normalised before each activation */
    bool moments;               /* an input layer tells the moments of what it reads */
    struct shape top;           /* of what is there already */
    int below;                  /* the layer that is there on top; -1: none */
    int convs, denses;          /* so many have been named */
};

/* A layer on top; `size` bytes of its own struct, 0 behind struct layer. Owner: the network. */
void *builder_layer(struct builder *b, const struct layer_ops *ops, size_t size, struct shape y,
                    enum activation activation);
/* Appends tensor LAYER.PART to theta and returns its offset. t has ndim, dims, fan_in, start, pixels, and, where it is
 * not stored as in the textbook, nview, view and perm. */
size_t builder_tensor(struct builder *b, const char *layer, const char *part, struct tensor t);

/* The matrix's gradient may be factors: the last layer's, which leaves them where pass.factors is set. */
void builder_wide(struct builder *b, struct grad_wide matrix);

/* A matrix (n, floats of what is below) that reads it: a map lies as (height, width, C), and the textbook flattens (C,
 * height, width). by_input: stored as (floats, n). */
struct tensor builder_matrix(const struct builder *b, int n, bool by_input);

/* A network of a row that need not be in the table, whatever config->spec says; else as net_new(). */
struct net *net_new_of(const struct network *network, const struct net_config *config);

#endif
