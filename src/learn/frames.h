/* frames.h -- the observations of one environment, kept where they were written: each comes in once, and what the
 * network sees are pointers to the newest few. */
#ifndef DUNLIN_LEARN_FRAMES_H
#define DUNLIN_LEARN_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "dunlin/env.h"

enum { FRAMES_POINTERS_MAX = ENV_STACK_MOST * ENV_PLANES_MOST };

struct frames {
    int N;                      /* observations in the ring */
    int stack;                  /* observations that make one input */
    int planes;                 /* of an observation, one behind the other; 1 of floats */
    size_t size;                /* floats of one observation, all planes */
    float *ring;                /* (N, planes, size / planes) */
    int head;                   /* where the next one goes */
    int recent[ENV_STACK_MOST]; /* places of the stack, newest last */
};

/* Room for N observations; pointers stay good until N - stack more have come. Owner: frames_free(). */
void frames_new(struct frames *f, size_t size, int planes, int stack, int N);
void frames_free(struct frames *f);

/* Where the next observation of the episode is to be written (size floats); the oldest leaves the stack. */
float *frames_next(struct frames *f);

/* The same for an episode's first observation, which fills the whole stack. */
float *frames_first(struct frames *f);

/* The newest observation, (planes, size / planes). */
static inline const float *frames_newest(const struct frames *f)
{
    return f->ring + (size_t)f->recent[f->stack - 1] * f->size;
}

/* x[0 .. stack * planes - 1]: the planes of the stack, those of the newest observation last. */
void frames_stack(const struct frames *f, const float **x);

/* out[i] = in[i] / 255, correctly rounded. */
void frames_convert(const uint8_t *in, float *out, size_t n);

/* The same of n pixels of `planes` (1 to 4) bytes each, in (n, planes), to out (planes, n). */
void frames_split(const uint8_t *in, int planes, float *out, size_t n);

#endif
