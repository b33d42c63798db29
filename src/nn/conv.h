/* conv.h -- what conv.c and conv_back.c share. */
#ifndef DUNLIN_NN_CONV_H
#define DUNLIN_NN_CONV_H

#include "nn/kernels.h"
#include "nn/layer.h"

enum { GATHERED = 20 }; /* patches that are gathered at a time: they stay in the first-level cache */

/* J: kernel rows that one pixel of the input met; the bordered dz is (PH, PW, O). */
struct border {
    int J, PH, PW;
    size_t weights, dz; /* floats */
};
struct border border_of(const struct layer *l);

/* A layer's scratch, in floats. */
struct conv_scratch {
    float *patches; /* (GATHERED, PATCH) */
    float *few;     /* (GATHERED, max(O, stride C)) rows of results, or of dz */
    float *still; /* (weights / C) the weights summed over planes, or what each plane's gradient gets besides; of a map,
                       (weights) zeros */
    /* backward */
    float *part;     /* (weights) */
    float *bias;     /* (O) */
    float *turned;   /* (weights) reordered */
    float *bordered; /* (PH, PW, O) */
    float *sum;      /* (rows, cols, O) dz, over the steps in which a pixel saw the same */
    float *dx[2]; /* (in and slack) of one row: of the steps from it on, and of those after the pixel's next change */
};
/* Places in scratch; NULL gives their distances from NULL's, of which only the returned end is of use. */
size_t conv_scratch_of(const struct layer *l, float *scratch, struct conv_scratch *s);

/* What row `row` of the rollout shows this layer; *map holds the one plane of a map. */
struct conv_input conv_input_of(const struct layer *l, const struct pass *p, int row, const float **map);

/* s->few (n, width) = the sums of the listed pixels, at most GATHERED, of a result `cols` wide over `in`: bias and ReLU
 * as in struct conv_job. w (runs of in, width). */
void conv_gathered(const struct conv_input *in, int cols, const int *list, int n, const float *w, int width,
                   const float *bias, const struct conv_scratch *s);

/* Is it worth taking such lists of fresh pixels one by one, and not the whole row. */
bool conv_few(const struct layer *l, int moving, int still);

void conv_backward(const struct layer *l, const float *theta, struct pass *p, const struct span *s, float *dtheta);

#endif
