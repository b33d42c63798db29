/* wire.c -- see wire.h. */
#include "share/wire.h"

#include <math.h>
#include <string.h>

#include "optim/norm.h"
#include "share/kernel_wire.h"

enum { WORD = 16, MOST = 4 };          /* entries of a word of marks; at most one entry in so many is sent */
static const double SIGNIFICANT = 2.0; /* times the root mean square */

size_t wire_room(enum share_wire wire, size_t n)
{
    switch (wire) {
    case SHARE_WIRE_BF16:
        return n * sizeof(uint16_t);
    case SHARE_WIRE_SIGNIFICANT:
        return n / WORD * sizeof(uint16_t) + n / MOST * sizeof(float);
    case SHARE_WIRE_FLOAT32:
        break;
    }
    return n * sizeof(float);
}

void wire_add(float *rest, const float *grad, float scale, size_t n)
{
    static void(*const table[]) WIRE_ADD_ARGS = KERNEL_TABLE(wire_add);
    table[cpu_isa()](rest, grad, scale, n);
}

/* Where all magnitudes are alike none is twice their root mean square: the largest then, as many as there
 * is room for. */
static size_t pack_significant(float *rest, size_t n, unsigned char *bytes)
{
    static float(*const largest[]) WIRE_LARGEST_ARGS = KERNEL_TABLE(wire_largest);
    static void(*const mark[]) WIRE_MARK_ARGS = KERNEL_TABLE(wire_mark);
    const float rms = (float)(SIGNIFICANT * optim_norm(rest, n) / sqrt((double)n)), most = largest[cpu_isa()](rest, n);
    uint16_t *const marks = (uint16_t *)(void *)bytes;
    unsigned char *to = bytes + n / WORD * sizeof *marks;
    size_t room = n / MOST;
    mark[cpu_isa()](rest, fmaxf(fminf(rms, most), 1e-30F), marks, n);
    for (size_t w = 0; w < n / WORD; w++) {
        unsigned sent = 0;
        for (unsigned left = marks[w]; left && room; left &= left - 1, room--) {
            const int i = __builtin_ctz(left);
            memcpy(to, &rest[w * WORD + (size_t)i], sizeof *rest);
            rest[w * WORD + (size_t)i] = 0;
            to += sizeof *rest;
            sent |= 1U << i;
        }
        marks[w] = (uint16_t)sent;
    }
    return (size_t)(to - bytes);
}

size_t wire_pack(enum share_wire wire, float *rest, size_t n, void *bytes)
{
    static void(*const round[]) WIRE_ROUND_ARGS = KERNEL_TABLE(wire_round);
    if (wire == SHARE_WIRE_SIGNIFICANT) return pack_significant(rest, n, bytes);
    if (wire == SHARE_WIRE_BF16) {
        round[cpu_isa()](rest, bytes, n);
    } else {
        memcpy(bytes, rest, n * sizeof *rest);
        memset(rest, 0, n * sizeof *rest);
    }
    return wire_room(wire, n);
}

static void unpack_bf16(const unsigned char *bytes, float *grad, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t upper;
        memcpy(&upper, bytes + i * sizeof upper, sizeof upper);
        const uint32_t bits = (uint32_t)upper << 16;
        memcpy(&grad[i], &bits, sizeof bits);
    }
}

static void unpack_significant(const unsigned char *bytes, size_t count, float *grad, size_t n)
{
    size_t at = n / WORD * sizeof(uint16_t);
    memset(grad, 0, n * sizeof *grad);
    if (count < at) return;
    for (size_t w = 0; w < n / WORD; w++) {
        uint16_t marks;
        memcpy(&marks, bytes + w * sizeof marks, sizeof marks);
        for (unsigned left = marks; left && at + sizeof *grad <= count; left &= left - 1, at += sizeof *grad)
            memcpy(&grad[w * WORD + (size_t)__builtin_ctz(left)], bytes + at, sizeof *grad);
    }
}

void wire_unpack(enum share_wire wire, const void *bytes, size_t count, float *grad, size_t n)
{
    if (wire == SHARE_WIRE_SIGNIFICANT)
        unpack_significant(bytes, count, grad, n);
    else if (wire == SHARE_WIRE_BF16 && count == wire_room(wire, n))
        unpack_bf16(bytes, grad, n);
    else
        memset(grad, 0, n * sizeof *grad);
}
