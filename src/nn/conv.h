/* conv.h -- a convolution's sizes, and what conv*.c and change.c share of a workspace. */
#ifndef DUNLIN_NN_CONV_H
#define DUNLIN_NN_CONV_H

#include "nn/kernels.h"
#include "nn/layers.h"

enum { LISTED = 64 }; /* pixels of a list that are taken at a time: what they meet stays in the first-level cache */

/* (C, height, width) to (O, rows, cols) */
struct conv {
    struct layer layer;
    int C, height, width, O, kernel, stride, rows, cols;
    bool planes; /* reads pass.frames, not pass.x */
    int frame;   /* planes of an observation, which come and leave together; 1 over a map */
    size_t weight,
        bias; /* offsets in theta; stored (C, kernel, kernel, O) over planes, (kernel, kernel, C, O) over a map */
};

/* J: kernel rows that one pixel of the input met; the bordered dz is (PH, PW, O). */
struct border {
    int J, PH, PW;
    size_t weights, dz; /* floats */
};
struct border border_of(const struct conv *l);

/* Memory of a workspace; but for marks all of it is scratch. */
struct conv_pass {
    struct pass pass;
    uint8_t *marks; /* (rows, mark_bytes): change.h; pass.fresh lies first */
    size_t mark_bytes;
    uint8_t *cells;  /* (2 + frame, cells of an input), in 2 x height x width bytes */
    int *list;       /* (2 rows cols + height width) */
    float *few;      /* (LISTED, max(O, stride C)) rows of results, or of dz */
    float *still;    /* (weights * frame / C) the weights summed over observations, or what each one's gradient gets
                       besides; of a map, nothing */
    float *part;     /* (weights) */
    float *bias;     /* (O) */
    float *turned;   /* (weights) reordered */
    float *bordered; /* (PH, PW, O) */
    float *sum;      /* (rows, cols, O) dz, over the steps in which a pixel saw the same */
    float *dx[2]; /* (in and slack) of one row: of the steps from it on, and of those after the pixel's next change */
};

/* What row `row` of the rollout shows this layer; *map holds the one plane of a map. */
struct conv_input conv_input_of(const struct conv *l, const struct pass *p, int row, const float **map);

/* at[i] = where pixel list[i] of a result `cols` wide begins in a plane of `in` (struct conv_input), of the first
 * LISTED of n; returns how many these are. */
int conv_places(const struct conv_input *in, int cols, const int *list, int n, int *at);

/* Is it worth taking such lists of fresh pixels one by one, and not the whole row. */
bool conv_few(const struct conv *l, int moving, int still);

void conv_forward(const struct layer *l, const float *theta, struct pass *p, int row0, int B);
void conv_backward(const struct layer *l, const float *theta, struct pass *p, const struct span *s, float *dtheta);

/* conv_plain.c: a convolution of any sizes. */
extern const struct layer_ops conv_plain_ops;

#endif
