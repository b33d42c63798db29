/* tensor.c -- tensors as views into theta: between the stored order and the textbook's. */
#include "nn/net.h"

/* The stored axes, padded in front to four: how many, and how far apart their steps lie in the textbook array. */
static void stored_axes(const struct tensor *t, size_t dims[4], size_t stride[4])
{
    size_t step[4] = {0}, s = 1;
    for (int k = t->nview - 1; k >= 0; k--) {
        step[k] = s;
        s *= (size_t)t->view[k];
    }
    for (int k = 0; k < 4; k++) {
        const int axis = k - (4 - t->nview);
        dims[k] = axis < 0 ? 1 : (size_t)t->view[t->perm[axis]];
        stride[k] = axis < 0 ? 0 : step[t->perm[axis]];
    }
}

/* Copies between theta + offset and a textbook array; exactly one of out and in is NULL. */
static void reorder(const struct tensor *t, float *stored, const float *in, const float *from, float *out)
{
    size_t d[4], s[4], i = 0;
    stored_axes(t, d, s);
    for (size_t a = 0; a < d[0]; a++)
        for (size_t b = 0; b < d[1]; b++)
            for (size_t c = 0; c < d[2]; c++)
                for (size_t e = 0; e < d[3]; e++, i++) {
                    const size_t book = a * s[0] + b * s[1] + c * s[2] + e * s[3];
                    if (out)
                        out[book] = from[i];
                    else
                        stored[i] = in[book];
                }
}

void tensor_to_textbook(const struct tensor *t, const float *theta, float *out)
{
    reorder(t, NULL, NULL, theta + t->offset, out);
}

void tensor_from_textbook(const struct tensor *t, float *theta, const float *in)
{
    reorder(t, theta + t->offset, in, NULL, NULL);
}
