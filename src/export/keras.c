/* keras.c -- a weights file of Keras 3, FILE.weights.h5: /layers/CLASS/vars/0, 1, ..., where CLASS is a layer's class
 * in small letters with the number of its kind in the model behind it (dense, dense_1, ...), in the order in which
 * Keras lists a model's layers: from the input on, the policy's before the critic's at each depth.
 *
 * Keras has the channels last, and so the matrix behind a map reads it as (height, width, channels); its matrices are
 * (in, out). Two layers that Keras does not have are of run/python/dunlin.py: obs_norm (count, mean, variance) and
 * log_sigma. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "export/export.h"
#include "store/h5.h"

enum { CONVS, DENSES, LSTMS, NORMS, CLASSES };
static const char *const CLASS[CLASSES] = {"conv2d", "dense", "lstm_cell", "layer_normalization"};

enum { KERAS_NAME = 48 };

struct keras {
    hid_t file;
    const struct exported *e;
    int count[CLASSES];
};

/* Variable k of a layer. */
static int put(struct keras *w, const char *layer, int k, int ndim, const int *shape, const float *x)
{
    char where[96];
    hsize_t dims[4];
    snprintf(where, sizeof where, "layers/%s/vars/%d", layer, k);
    for (int d = 0; d < ndim; d++) dims[d] = (hsize_t)shape[d];
    return h5_put_data(w->file, where, ndim, dims, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, x, "the weights");
}

static int put_tensor(struct keras *w, const char *layer, int k, const struct tensor *t)
{
    float *x = graph_floats(t, w->e->theta);
    const int rc = put(w, layer, k, t->ndim, t->dims, x);
    free(x);
    return rc;
}

/* (out, in) to (in, out); of a matrix that reads a map of step s from (C, height, width) to (height, width, C). */
static int put_matrix(struct keras *w, const char *layer, int k, const struct tensor *t, const struct step *s)
{
    const int out = t->dims[0], in = t->dims[1], C = s->C ? s->C : 1, pixels = in / C;
    float *x = graph_floats(t, w->e->theta), *y = memory_floats(t->size);
    for (int i = 0; i < in; i++) {
        const size_t from = (size_t)(i % C * pixels + i / C);
        for (int o = 0; o < out; o++) y[(size_t)i * (size_t)out + (size_t)o] = x[(size_t)o * (size_t)in + from];
    }
    const int rc = put(w, layer, k, 2, (const int[]){in, out}, y);
    free(x);
    free(y);
    return rc;
}

/* (out, in, kh, kw) to (kh, kw, in, out) */
static int put_conv(struct keras *w, const char *layer, const struct tensor *t)
{
    const int *d = t->dims, window = d[2] * d[3];
    float *x = graph_floats(t, w->e->theta), *y = memory_floats(t->size);
    for (int o = 0; o < d[0]; o++)
        for (int i = 0; i < d[1]; i++)
            for (int p = 0; p < window; p++)
                y[((size_t)p * (size_t)d[1] + (size_t)i) * (size_t)d[0] + (size_t)o] =
                    x[((size_t)o * (size_t)d[1] + (size_t)i) * (size_t)window + (size_t)p];
    const int rc = put(w, layer, 0, 4, (const int[]){d[2], d[3], d[1], d[0]}, y);
    free(x);
    free(y);
    return rc;
}

/* The name of the next layer of a class. */
static void next_of(struct keras *w, int class, char layer[KERAS_NAME])
{
    char number[16] = "";
    const int n = w->count[class]++;
    if (n) snprintf(number, sizeof number, "_%d", n);
    snprintf(layer, KERAS_NAME, "%s%s", CLASS[class], number);
}

static int put_norm(struct keras *w, const struct step *s)
{
    char layer[KERAS_NAME];
    if (!s->gain) return 0;
    next_of(w, NORMS, layer);
    return put_tensor(w, layer, 0, s->gain) || put_tensor(w, layer, 1, s->shift) ? -1 : 0;
}

static int put_step(struct keras *w, const struct step *s)
{
    static const struct step row = {.C = 0};
    const int class = s->kind == STEP_CONV ? CONVS : s->kind == STEP_LSTM ? LSTMS : DENSES;
    char layer[KERAS_NAME];
    if (put_norm(w, s)) return -1;
    next_of(w, class, layer);
    if (class == CONVS) return put_conv(w, layer, s->weight) || put_tensor(w, layer, 1, s->bias) ? -1 : 0;
    if (put_matrix(w, layer, 0, s->weight, s)) return -1;
    if (class == DENSES) return put_tensor(w, layer, 1, s->bias);
    return put_matrix(w, layer, 1, s->weight_h, &row) || put_tensor(w, layer, 2, s->bias) ? -1 : 0;
}

/* Layers at the same depth of both trunks, one behind the other; the trunks are alike. */
static int put_layers(struct keras *w)
{
    const struct graph *g = w->e->graph;
    int policy = 0;
    while (policy < g->count && !g->steps[policy].trunk) policy++;
    for (int i = 0; i < policy; i++) {
        if (put_step(w, &g->steps[i])) return -1;
        if (policy + i < g->count && put_step(w, &g->steps[policy + i])) return -1;
    }
    return 0;
}

static int put_all(struct keras *w)
{
    const struct net_facts *n = w->e->facts;
    const struct graph *g = w->e->graph;
    if (put_layers(w)) return -1;
    if (g->free && put_tensor(w, "log_sigma", 0, g->free)) return -1;
    for (int i = 0, k = 0; g->mean && i < n->tensor_count; i++)
        if (n->tensors[i].start == TENSOR_MOMENTS && put_tensor(w, "obs_norm", k++, &n->tensors[i])) return -1;
    return 0;
}

int export_keras(const struct exported *e, struct message *file)
{
    static const char WHAT[] = "the weights";
    struct keras w = {.e = e};
    H5_AUTO hid_t access = H5I_INVALID_HID;
    H5_AUTO hid_t made = H5I_INVALID_HID;
    h5_init();
    H5_CHECK(access = H5Pcreate(H5P_FILE_ACCESS), WHAT, "make the file in memory");
    H5_CHECK(H5Pset_fapl_core(access, (size_t)1 << 20, 0), WHAT, "make the file in memory");
    /* a name that is no file's: HDF5 first tries to open what it is to create */
    H5_CHECK(made = H5Fcreate("/dev/null/weights", H5F_ACC_TRUNC, H5P_DEFAULT, access), WHAT,
             "make the file in memory");
    w.file = made;
    if (put_all(&w)) return -1;
    H5_CHECK(H5Fflush(made, H5F_SCOPE_GLOBAL), WHAT, "make the file in memory");
    const ssize_t n = H5Fget_file_image(made, NULL, 0);
    H5_CHECK(n, WHAT, "make the file in memory");
    unsigned char *image = memory_new((size_t)n, 1);
    const ssize_t got = H5Fget_file_image(made, image, (size_t)n);
    if (got == n) message_bytes(file, image, (size_t)n);
    free(image);
    return got == n ? 0 : h5_fail(WHAT, "make the file in memory");
}
