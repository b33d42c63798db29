/* message.h -- protocol buffers, written: a message is its fields one behind the other, each a number that names it and
 * a value. Local. */
#ifndef DUNLIN_STORE_MESSAGE_H
#define DUNLIN_STORE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

/* Owner: message_free(). It grows; a process that gets no memory ends with a line. */
struct message {
    unsigned char *bytes;
    size_t size, room;
};

void message_free(struct message *m);
void message_bytes(struct message *m, const void *bytes, size_t n); /* as they are, no field */
/* A field: a whole number, 32 or 64 bits of a float or double, text, bytes; another message, which is freed. */
void message_int(struct message *m, int field, uint64_t value);
void message_float(struct message *m, int field, float value);
void message_double(struct message *m, int field, double value);
void message_text(struct message *m, int field, const char *text);
void message_blob(struct message *m, int field, const void *bytes, size_t n);
void message_part(struct message *m, int field, struct message *part);

#endif
