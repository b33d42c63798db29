/* rng.h -- random streams, named by seed, rank and purpose, so that one actor can be replayed alone.
 *
 * xoshiro256++ 1.0 (Blackman and Vigna 2019, "Scrambled linear pseudorandom number generators"), seeded by SplitMix64
 * as its authors advise. Written by hand because an environment's stream must be a plain value: stored in a checkpoint,
 * passed as an argument, the same bits on every machine. C's rand() is none of these.
 */
#ifndef DUNLIN_RNG_H
#define DUNLIN_RNG_H

#include <math.h>
#include <stdint.h>

/* A stream is its four words: copy them to save it, copy them back to go on. */
struct rng {
    uint64_t s[4];
};

/* What a stream is for. New purposes are added at the end: the numbers name streams in stored runs. */
enum rng_purpose {
    RNG_INIT,     /* weights at the start of a run */
    RNG_ENV,      /* the environment's own chance, no-op starts included */
    RNG_POLICY,   /* which action an actor draws */
    RNG_EXPLORE,  /* which final epsilon an actor gets */
    RNG_EVAL_ENV, /* the same two for evaluation */
    RNG_EVAL_POLICY,
    RNG_TEST,
    RNG_REPLAY, /* which steps an actor learns from */
};

/* One step of SplitMix64: advances *x, returns 64 mixed bits. */
static inline uint64_t rng_splitmix(uint64_t *x)
{
    uint64_t z = (*x += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

/* The stream named by (seed, rank, purpose, index); index tells apart the environments of one actor. */
static inline struct rng rng_make(uint64_t seed, int rank, enum rng_purpose purpose, int index)
{
    struct rng r;
    uint64_t x = seed;
    x = rng_splitmix(&x) ^ (uint64_t)(uint32_t)rank;
    x = rng_splitmix(&x) ^ ((uint64_t)purpose << 32 | (uint32_t)index);
    for (int i = 0; i < 4; i++) r.s[i] = rng_splitmix(&x);
    return r;
}

/* 64 uniform bits. */
static inline uint64_t rng_bits(struct rng *r)
{
    uint64_t *s = r->s, sum = s[0] + s[3];
    const uint64_t out = ((sum << 23) | (sum >> 41)) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return out;
}

/* Uniform in [0, 1), a multiple of 2^-53. */
static inline double rng_uniform(struct rng *r)
{
    return (double)(rng_bits(r) >> 11) * (1.0 / 9007199254740992.0);
}

/* Uniform integer in [0, n), n >= 1: multiply and shift; the bias is below n / 2^32. */
static inline int rng_below(struct rng *r, int n)
{
    return (int)(((rng_bits(r) >> 32) * (uint64_t)(uint32_t)n) >> 32);
}

/* Standard normal (Box and Muller 1958). One draw a call: no half of a pair is kept outside the stream. */
static inline double rng_normal(struct rng *r)
{
    const double u = 1.0 - rng_uniform(r), v = rng_uniform(r);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

#endif
