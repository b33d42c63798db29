/* message.c -- see message.h. */
#include "store/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { VARINT = 0, BITS_64 = 1, LENGTH = 2, BITS_32 = 5 };

void message_free(struct message *m)
{
    free(m->bytes);
    *m = (struct message){0};
}

void message_bytes(struct message *m, const void *bytes, size_t n)
{
    if (m->size + n > m->room) {
        m->room = 2 * (m->size + n) + 64;
        unsigned char *more = memory_new(m->room, 1);
        if (m->size) memcpy(more, m->bytes, m->size);
        free(m->bytes);
        m->bytes = more;
    }
    if (n) memcpy(m->bytes + m->size, bytes, n);
    m->size += n;
}

/* Seven bits a byte, the lowest first. */
static void varint(struct message *m, uint64_t value)
{
    unsigned char bytes[10];
    size_t n = 0;
    do {
        bytes[n] = (unsigned char)(value & 0x7f);
        value >>= 7;
        bytes[n++] |= value ? 0x80 : 0;
    } while (value);
    message_bytes(m, bytes, n);
}

static void key(struct message *m, int field, int kind)
{
    varint(m, (uint64_t)field << 3 | (uint64_t)kind);
}

static void little(struct message *m, uint64_t bits, int n)
{
    unsigned char bytes[8];
    for (int b = 0; b < n; b++) bytes[b] = (unsigned char)(bits >> (8 * b));
    message_bytes(m, bytes, (size_t)n);
}

void message_int(struct message *m, int field, uint64_t value)
{
    key(m, field, VARINT);
    varint(m, value);
}

void message_float(struct message *m, int field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    key(m, field, BITS_32);
    little(m, bits, 4);
}

void message_double(struct message *m, int field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    key(m, field, BITS_64);
    little(m, bits, 8);
}

void message_blob(struct message *m, int field, const void *bytes, size_t n)
{
    key(m, field, LENGTH);
    varint(m, n);
    message_bytes(m, bytes, n);
}

void message_text(struct message *m, int field, const char *text)
{
    message_blob(m, field, text, strlen(text));
}

void message_part(struct message *m, int field, struct message *part)
{
    message_blob(m, field, part->bytes, part->size);
    message_free(part);
}
