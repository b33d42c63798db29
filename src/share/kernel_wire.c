/* kernel_wire.c -- see kernel_wire.h. Plain loops of 16 that compilers turn into vector code. */
#include "share/kernel_wire.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 16 };

void KERNEL(wire_add) WIRE_ADD_ARGS
{
    for (size_t i = 0; i < n; i++) rest[i] += scale * grad[i];
}

void KERNEL(wire_round) WIRE_ROUND_ARGS
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        float sent;
        memcpy(&bits, &rest[i], sizeof bits);
        bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000; /* to nearest, ties to even */
        memcpy(&sent, &bits, sizeof sent);
        bf16[i] = (uint16_t)(bits >> 16);
        rest[i] -= sent;
    }
}

float KERNEL(wire_largest) WIRE_LARGEST_ARGS
{
    float most[BLOCK] = {0};
    for (size_t i = 0; i < n; i += BLOCK)
        for (int l = 0; l < BLOCK; l++) {
            const float x = fabsf(rest[i + (size_t)l]);
            most[l] = x > most[l] ? x : most[l];
        }
    for (int l = 1; l < BLOCK; l++) most[0] = most[l] > most[0] ? most[l] : most[0];
    return most[0];
}

void KERNEL(wire_mark) WIRE_MARK_ARGS
{
    for (size_t i = 0; i < n; i += BLOCK) {
        unsigned word = 0;
        for (int l = 0; l < BLOCK; l++) word |= (unsigned)(fabsf(rest[i + (size_t)l]) >= least) << l;
        bits[i / BLOCK] = (uint16_t)word;
    }
}
