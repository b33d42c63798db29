/* kernel_wire.h -- the loops of wire.c, one build per instruction set (base/cpu.h). */
#ifndef DUNLIN_SHARE_KERNEL_WIRE_H
#define DUNLIN_SHARE_KERNEL_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

/* All: n a multiple of 16. rest (n) += scale * grad (n). */
#define WIRE_ADD_ARGS (float *rest, const float *grad, float scale, size_t n)
KERNEL_DECLARE(void, wire_add, WIRE_ADD_ARGS)

/* bf16 (n): rest rounded; rest keeps the difference. */
#define WIRE_ROUND_ARGS (float *rest, uint16_t *bf16, size_t n)
KERNEL_DECLARE(void, wire_round, WIRE_ROUND_ARGS)

/* The largest magnitude. */
#define WIRE_LARGEST_ARGS (const float *rest, size_t n)
KERNEL_DECLARE(float, wire_largest, WIRE_LARGEST_ARGS)

/* Bit i of bits (n / 16 words): |rest[i]| >= least. */
#define WIRE_MARK_ARGS (const float *rest, float least, uint16_t *bits, size_t n)
KERNEL_DECLARE(void, wire_mark, WIRE_MARK_ARGS)

#endif
