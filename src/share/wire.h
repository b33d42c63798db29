/* wire.h -- gradients with fewer bytes, for the way between nodes. Private to src/share.
 *
 * Both forms feed their error back: what a message loses stays in `rest` and is part of the next one, so that over time
 * all of every gradient arrives, a little late (Seide et al. 2014, "1-bit stochastic gradient descent"; Karimireddy et
 * al. 2019, arXiv:1901.09847, why that converges where plain rounding need not).
 *
 *   bf16         the upper 16 bits of each float, rounded to nearest: half of the bytes, a relative error of 1/512 at
 *                most.
 *   significant  a bit per entry, then as floats those entries whose sum so far is at least twice the root mean square
 *                of all: a quarter of them at most (Chebyshev), so 28 % of the bytes, and of usual gradients 2 to 10 %.
 *                After Grounds and Kudenko 2008 ("Parallel reinforcement learning with linear function approximation"),
 *                where agents tell each other only the changes of weights that matter. We differ: they compare with a
 *                fixed threshold, which would have to follow the learning rate, the loss and the layer; and theirs are
 *                changes of weights, ours of what rank 0 makes one of: RMSProp sees an entry as 0 until its sum
 *                arrives.
 *
 * Bytes are in the order of this machine: rank 0 checks at the start that all ranks run the same build. */
#ifndef DUNLIN_SHARE_WIRE_H
#define DUNLIN_SHARE_WIRE_H

#include "share/share.h"

/* The most bytes that n floats take, n a multiple of 16; fewer than n floats do. */
size_t wire_room(enum share_wire wire, size_t n);
/* rest (n) += scale * grad (n). */
void wire_add(float *rest, const float *grad, float scale, size_t n);
/* Takes from rest (n) what this message carries and writes it to bytes (wire_room()). Returns how many were written. */
size_t wire_pack(enum share_wire wire, float *rest, size_t n, void *bytes);
/* What was packed, as floats, to grad (n). Whatever the bytes are, nothing else is touched. */
void wire_unpack(enum share_wire wire, const void *bytes, size_t count, float *grad, size_t n);

#endif
