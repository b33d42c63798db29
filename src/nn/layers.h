/* layers.h -- the layers there are: each function adds one to a network being built. A new one is its file and a line
 * here. 0, or -1 after error_set() where it does not fit what is below. */
#ifndef DUNLIN_NN_LAYERS_H
#define DUNLIN_NN_LAYERS_H

#include "nn/builder.h"
#include "nn/networks.h"

/* conv.c: a convolution with ReLU: row->n channels, kernel, stride. Over planes or a map. This and the next two with
 * builder.layer_norm: a linear layer, and one that normalises and has the activation. */
int conv_add(struct builder *b, const struct network_layer *row);
/* dense.c: a dense layer of width row->n with the builder's activation. Over anything. */
int dense_add(struct builder *b, const struct network_layer *row);
/* fc.c: the same over a map, where fc_fits(). */
bool fc_fits(const struct shape *below, int width);
void fc_add(struct builder *b, int width);
/* layer_norm.c: over the sums of the layer on top, which is called NAME: of each pixel, or of the row. */
void layer_norm_add(struct builder *b, const char *name, enum activation activation);
/* lstm.c: so many cells, over a row of floats. */
void lstm_add(struct builder *b, int cells);
/* normal.c: the vector, normalised by the moments in theta. */
void normal_add(struct builder *b);
/* normal.c: the moments' tensors, at theta's end. */
void moments_add(struct builder *b, bool returns);
/* input.c: planes side by side, or the vector, as one row of floats; nothing where what is below is one already. */
void input_add(struct builder *b);
/* dense.c: the linear layer on top, of which the answers are: Q, or what describes the policy, and with critic V. */
void heads_add(struct builder *b, bool critic);
/* dense.c: V alone, on top of a critic of its own. */
void value_add(struct builder *b);
/* join.c: the answers of layer `policy` and of the layer on top side by side. */
void join_add(struct builder *b, int policy);

#endif
