/* frames.h -- the observations of one environment, kept where they were written: each comes in once, and what the
 * network sees are pointers to the newest few. */
#ifndef DUNLIN_LEARN_FRAMES_H
#define DUNLIN_LEARN_FRAMES_H

#include <stddef.h>
#include <stdint.h>

enum { FRAMES_STACK_MAX = 16 };

struct frames {
    int N;                        /* observations in the ring */
    int stack;                    /* observations that make one input */
    size_t size;                  /* floats of one observation */
    float *ring;                  /* (N, size) */
    int head;                     /* where the next one goes */
    int recent[FRAMES_STACK_MAX]; /* places of the stack, newest last */
};

/* Room for N observations; pointers stay good until N - stack more have come. Owner: frames_free(). */
void frames_new(struct frames *f, size_t size, int stack, int N);
void frames_free(struct frames *f);

/* Where the next observation of the episode is to be written (size floats); the oldest leaves the stack. */
float *frames_next(struct frames *f);

/* The same for an episode's first observation, which fills the whole stack. */
float *frames_first(struct frames *f);

/* x[0 .. stack - 1]: the stack, newest last. */
void frames_stack(const struct frames *f, const float **x);

/* out[i] = in[i] / 255, correctly rounded. */
void frames_convert(const uint8_t *in, float *out, size_t n);

#endif
