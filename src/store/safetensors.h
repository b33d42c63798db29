/* safetensors.h -- weights in the format of Hugging Face's safetensors: 8 bytes of length, a JSON header that names
 * tensors, the floats. Names and shapes are PyTorch's: an LSTM's are those of LSTMCell, lstm.weight_ih, lstm.weight_hh,
 * lstm.bias_ih, and lstm.bias_hh of zeros; all others are Dunlin's own. Local. */
#ifndef DUNLIN_STORE_SAFETENSORS_H
#define DUNLIN_STORE_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "nn/net.h"

enum { SAFE_NAME = 96, SAFE_DIMS = 8, SAFE_TENSORS = 4096 };

/* A line of the header's metadata; both are text. */
struct safe_fact {
    const char *key, *value;
};

/* The whole file, malloc'd, the caller's; its size to *size. NULL after error_set(). */
unsigned char *safetensors_make(const struct safe_fact *facts, int fact_count, const struct net *net,
                                const float *theta, size_t *size);

/* A tensor as a stranger's header tells of it. */
struct safe_tensor {
    char name[SAFE_NAME], type[16]; /* "F32" */
    int ndim;
    int64_t dims[SAFE_DIMS];
    uint64_t offset; /* in the file, of as many bytes as dims say where type is F32: they are in the file */
};

enum { SAFE_HEADER_MOST = 100 << 20 }; /* bytes: the format's own bound */

/* How long the header says that it is, from a file's first 8 bytes. */
uint64_t safetensors_header(const unsigned char bytes[8]);
/* Reads the `length` bytes of a header, behind which lie `data` bytes; nothing is read outside of them, whatever they
 * are. path is for the line. The tensors, malloc'd, the caller's; NULL after error_set(). */
struct safe_tensor *safetensors_read(const char *path, const unsigned char *header, size_t length, uint64_t data,
                                     int *count);

#endif
