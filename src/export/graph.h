/* graph.h -- a network as other programs know one: its layers in the order in which they are computed, each with its
 * tensors. Made from the tensors' names; what has no row here is refused. Local. */
#ifndef DUNLIN_EXPORT_GRAPH_H
#define DUNLIN_EXPORT_GRAPH_H

#include "nn/model.h"
#include "nn/net.h"

enum step_kind { STEP_CONV, STEP_DENSE, STEP_LSTM, STEP_HEAD };

/* A layer. It reads the one before it in its trunk, or the input. */
struct step {
    enum step_kind kind;
    char name[16];                 /* of its tensors: "conv0", "v_lstm", "pi" */
    const struct tensor *weight;   /* conv (out, in, kh, kw), else (out, in); of an LSTM (4 cells, in), gates i f g o */
    const struct tensor *bias;     /* (out) */
    const struct tensor *weight_h; /* of an LSTM: (4 cells, cells) */
    const struct tensor *gain, *shift; /* (out) of its normalisation before the activation; NULL: it has none */
    enum activation activation;
    int stride;           /* of a convolution */
    int C, height, width; /* of the planes or the map that it reads; C 0: a row of floats */
    int trunk;            /* 0; 1: the critic's own */
};

enum { GRAPH_STEPS = 32 };

struct graph {
    struct step steps[GRAPH_STEPS]; /* trunk 0, then trunk 1, each from the input on; of the heads q, or pi and v */
    int count;
    bool critic;                          /* is there trunk 1 */
    const struct tensor *free;            /* pi.log_sigma; NULL: there is none */
    const struct tensor *mean, *variance; /* the input is normalised by these; NULL: it is not */
};

/* 0, or -1 after error_set(): a tensor is of no layer known here. The graph points into the net. */
int graph_make(struct graph *g, const struct net *net, const struct net_config *config);

/* Floats of a tensor in its textbook shape, malloc'd, the caller's; never NULL. */
float *graph_floats(const struct tensor *t, const float *theta);

#endif
