/* canvas.h -- what a recording shows: the environment's picture, enlarged, and under it score, value and the value's
 * curve. Local. */
#ifndef DUNLIN_PLAY_CANVAS_H
#define DUNLIN_PLAY_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

struct canvas {
    int height, width; /* of rgb, both even, as video codecs want them */
    uint8_t *rgb;      /* (height, width, 3) owner: canvas_free() */
    int source_height, source_width, scale;
    uint8_t *source;         /* (source_height, source_width, 3): drawn by the caller, then canvas_draw() */
    double *curve;           /* (columns) of values: step t's is in column t % columns, until a later step takes it */
    int columns, step_width; /* step_width: pixels of a column */
    int64_t curve_count;     /* steps taken in so far */
    double low, high;        /* of all values so far, and 0 */
};

/* For pictures of height * width pixels, enlarged by a whole number until they are 250 wide. steps: of an episode at
 * the most, where that is known, by which the curve is stretched; 0: not known. Owner: canvas_free(). */
void canvas_init(struct canvas *c, int height, int width, int steps);
void canvas_free(struct canvas *c);

/* The value curve starts anew. */
void canvas_restart(struct canvas *c);

/* Fills rgb from source. score: the return so far. value: what the agent expects of this state, named by letter ('V' or
 * 'Q'); NULL where it was not asked, at an episode's end. */
void canvas_draw(struct canvas *c, double score, char letter, const double *value);

#endif
