/* change.h -- which pixels of a convolution see something else than they saw a step before.
 *
 * From one step of a game to the next most of the picture stays: a pixel of the result whose patch of the input is the
 * same, under the same weights, is the same. And most of a stack of frames is still: where all frames agree, a sum over
 * them of frame times weight is frame times the sum of the weights. A frame has one plane, or one for each colour. Both
 * are found by comparing frames, never assumed, so that a game whose whole picture moves is computed as if this file
 * did not exist.
 *
 * Marks of a row, in bytes (change_bytes()), filled when the row is computed:
 *   fresh (rows, cols)          1: the pixel's patch differs from that of the row before, or there is no row before
 *   still (rows, cols)          1: all frames agree on the patch; planes only
 *   steps (C - P, cells)        1: plane k + P differs from plane k in this cell; P planes a frame; planes only
 * A cell is stride x stride values of the input; a patch is kernel / stride cells across. Local,
 * all of it. */
#ifndef DUNLIN_NN_CHANGE_H
#define DUNLIN_NN_CHANGE_H

#include "nn/conv.h"

size_t change_bytes(const struct conv *l);

/* Fills the marks of `row`. before: an earlier row of the workspace, computed with the same weights, or -1. Returns
 * whether there is anything to be taken over from it: where not, every pixel is fresh. */
bool change_mark(const struct conv *l, const struct conv_pass *p, int row, int before);

static inline uint8_t *change_marks(const struct conv_pass *p, int row)
{
    return p->marks + (size_t)row * p->mark_bytes;
}
static inline const uint8_t *change_fresh(const struct conv_pass *p, int row)
{
    return change_marks(p, row);
}
static inline const uint8_t *change_still(const struct conv *l, const struct conv_pass *p, int row)
{
    return l->planes ? change_marks(p, row) + (size_t)l->rows * l->cols : NULL;
}

/* The pixels that are fresh and, as asked, still or not, in order; how many. fresh NULL: all are; still
 * NULL: none is. */
int change_list(const uint8_t *fresh, const uint8_t *still, bool of_still, int pixels, int *list);

#endif
