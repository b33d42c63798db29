/* vector.h -- vectors of floats, as wide as the instruction set a kernel_*.c is being built for, in GCC's and clang's
 * common vector types; and the repetition macros that keep accumulators in registers. An array of accumulators under a
 * loop is the plainer form, but clang 14 then leaves it in memory: named variables are safe
 * with both compilers. */
#ifndef DUNLIN_BASE_VECTOR_H
#define DUNLIN_BASE_VECTOR_H

#if defined __AVX512F__
enum { VECTOR = 16 }; /* floats */
#elif defined __AVX__
enum { VECTOR = 8 };
#else
enum { VECTOR = 4 };
#endif

typedef float vf __attribute__((vector_size(4 * VECTOR)));
typedef int vi __attribute__((vector_size(4 * VECTOR)));
typedef float vf_in_memory __attribute__((vector_size(4 * VECTOR), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))

INLINE vf load(const float *x)
{
    return *(const vf_in_memory *)x;
}
INLINE void store(float *x, vf v)
{
    *(vf_in_memory *)x = v;
}
/* n floats, a multiple of VECTOR: what is read as vectors soon waits for a copy that a compiler makes in smaller
 * pieces. */
INLINE void move(float *to, const float *from, int n)
{
    for (int i = 0; i < n; i += VECTOR) store(to + i, load(from + i));
}
/* max(0, v), and NaN stays NaN */
INLINE vf relu(vf v)
{
    return (vf)((vi)v & ~(v < 0.0f));
}
/* v where x > 0, else 0 */
INLINE vf where_positive(vf x, vf v)
{
    return (vf)((vi)v & (x > 0.0f));
}

/* REPEAT_n(M) is M(0) M(1) ... M(n - 1) */
#define REPEAT_1(M) M(0)
#define REPEAT_2(M) REPEAT_1(M) M(1)
#define REPEAT_3(M) REPEAT_2(M) M(2)
#define REPEAT_4(M) REPEAT_3(M) M(3)
#define REPEAT_5(M) REPEAT_4(M) M(4)
#define REPEAT_6(M) REPEAT_5(M) M(5)
#define REPEAT_7(M) REPEAT_6(M) M(6)
#define REPEAT_8(M) REPEAT_7(M) M(7)
#define REPEAT_9(M) REPEAT_8(M) M(8)
#define REPEAT_10(M) REPEAT_9(M) M(9)
#define REPEAT_11(M) REPEAT_10(M) M(10)
#define REPEAT_12(M) REPEAT_11(M) M(11)
#define REPEAT_13(M) REPEAT_12(M) M(12)
#define REPEAT_14(M) REPEAT_13(M) M(13)
#define REPEAT_15(M) REPEAT_14(M) M(14)
#define REPEAT_16(M) REPEAT_15(M) M(15)
#define REPEAT_17(M) REPEAT_16(M) M(16)
#define REPEAT_18(M) REPEAT_17(M) M(17)
#define REPEAT_19(M) REPEAT_18(M) M(18)
#define REPEAT_20(M) REPEAT_19(M) M(19)

/* One step of summing VECTOR vectors across at once: a and b each hold groups of partial sums; groups of half the
 * length come out, a's first. After log2(VECTOR) steps, element k is the sum of vector k. */
#if defined __AVX512F__
#define FOLD_8(a, b)                                                                                                   \
    (__builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +                           \
     __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#define FOLD_4(a, b)                                                                                                   \
    (__builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +                         \
     __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31))
#define FOLD_2(a, b)                                                                                                   \
    (__builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29) +                         \
     __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31))
#define FOLD_1(a, b)                                                                                                   \
    (__builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30) +                        \
     __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31))
#elif defined __AVX__
#define FOLD_4(a, b)                                                                                                   \
    (__builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11) +                                                         \
     __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15))
#define FOLD_2(a, b)                                                                                                   \
    (__builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13) +                                                         \
     __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15))
#define FOLD_1(a, b)                                                                                                   \
    (__builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14) +                                                        \
     __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15))
#else
#define FOLD_2(a, b) (__builtin_shufflevector(a, b, 0, 1, 4, 5) + __builtin_shufflevector(a, b, 2, 3, 6, 7))
#define FOLD_1(a, b) (__builtin_shufflevector(a, b, 0, 2, 4, 6) + __builtin_shufflevector(a, b, 1, 3, 5, 7))
#endif

/* The first n floats of x, and zeros; and back. n up to VECTOR. */
INLINE vf load_some(const float *x, int n)
{
    if (n == VECTOR) return load(x);
    vf v = {0};
    for (int i = 0; i < n; i++) v[i] = x[i];
    return v;
}
INLINE void store_some(float *x, vf v, int n)
{
    if (n == VECTOR) {
        store(x, v);
        return;
    }
    for (int i = 0; i < n; i++) x[i] = v[i];
}

/* SUMS is the vector of the sums of vectors a0, a1, ...: there are VECTOR of them, REPEAT_VECTOR; sum_across
 * that of one, in all its elements. */
#if defined __AVX512F__
#define REPEAT_VECTOR REPEAT_16
#define SUMS                                                                                                           \
    FOLD_1(FOLD_2(FOLD_4(FOLD_8(a0, a1), FOLD_8(a2, a3)), FOLD_4(FOLD_8(a4, a5), FOLD_8(a6, a7))),                     \
           FOLD_2(FOLD_4(FOLD_8(a8, a9), FOLD_8(a10, a11)), FOLD_4(FOLD_8(a12, a13), FOLD_8(a14, a15))))
#elif defined __AVX__
#define REPEAT_VECTOR REPEAT_8
#define SUMS FOLD_1(FOLD_2(FOLD_4(a0, a1), FOLD_4(a2, a3)), FOLD_2(FOLD_4(a4, a5), FOLD_4(a6, a7)))
#else
#define REPEAT_VECTOR REPEAT_4
#define SUMS FOLD_1(FOLD_2(a0, a1), FOLD_2(a2, a3))
#endif
INLINE vf sum_across(vf v)
{
#if defined __AVX512F__
    v = FOLD_8(v, v);
#endif
#if defined __AVX__
    v = FOLD_4(v, v);
#endif
    v = FOLD_2(v, v);
    return FOLD_1(v, v);
}

#endif
