/* thin.h -- a curve of any length in bounded memory: up to THIN_MOST points are kept as they come; of more, neighbours
 * are laid together in groups of two, four, ... */
#ifndef DUNLIN_VIEW_THIN_H
#define DUNLIN_VIEW_THIN_H

#include <stdint.h>

#include "view/figure.h"

enum { THIN_MOST = 1 << 17 }; /* a hundredth of a long run, the window of its running mean, is over 600 groups */

struct thin {
    struct figure_group *groups; /* NULL: none yet */
    int64_t count, each, room;   /* groups, the last of which may be unfilled; points that fill one */
    int64_t filled, total;       /* points of the last group, of all */
};

/* *t = {0} is an empty one. Points that are no numbers are left out: figures of a run with a fault can still be
 * drawn. */
void thin_add(struct thin *t, double x, double y);
/* In the order of x, when all are there. */
void thin_sort(struct thin *t);
void thin_free(struct thin *t);

#endif
