/* weights.h -- weights that come from elsewhere: of another run's checkpoint, or of a safetensors file that may be
 * anybody's. Local. */
#ifndef DUNLIN_STORE_WEIGHTS_H
#define DUNLIN_STORE_WEIGHTS_H

#include "nn/net.h"
#include "store/checkpoint.h"

/* Are theta (params), read from path, numbers, and the variances among them none below 0? 0, or -1 after error_set(),
 * which says how many are none, and in which tensor the first. */
int weights_check(const char *path, const struct net_facts *net, const float *theta);

/* Reads FILE.safetensors, a checkpoint, or a run folder's newest checkpoint to theta (params). Its tensors must be
 * those of net, by name and shape; an LSTM's may be named as PyTorch's LSTMCell or LSTM have them. 0, or -1 after
 * error_set(), which names each tensor that differs (as many as fit into a line); then what stands in theta does not
 * count. No file that HDF5 could write to may be open. */
int weights_read(const char *file, const struct net *net, float *theta);

/* A checkpoint's own weights to theta (params), or `ema` their average. 0, or -1 after error_set(), also where some are
 * no numbers. */
int weights_of_checkpoint(struct checkpoint_file *f, bool ema, const struct net *net, float *theta);

#endif
