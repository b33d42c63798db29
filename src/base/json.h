/* json.h -- one JSON text (RFC 8259), written piece by piece: commas, lines and escapes are set here. Local. */
#ifndef DUNLIN_BASE_JSON_H
#define DUNLIN_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { JSON_DEEPEST = 8 };

struct json {
    FILE *out;
    int depth;
    bool some[JSON_DEEPEST + 1];  /* what is open at this depth has a member already */
    char close[JSON_DEEPEST + 1]; /* what ends it */
};

/* *j = {.out = FILE} begins a text, whose only value comes without a key. key: of a member of an object; NULL in an
 * array. A text ends with a line's end when its outermost value does. */
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_end(struct json *j); /* of the innermost object or array */

/* Any bytes; NULL is null. What is no UTF-8 becomes U+FFFD, byte by byte. */
void json_text(struct json *j, const char *key, const char *text);
void json_int(struct json *j, const char *key, int64_t value);
/* As it reads back to the same bits; NaN and the infinities, which JSON has no word for, are null. */
void json_real(struct json *j, const char *key, double value);
void json_bool(struct json *j, const char *key, bool value);
/* A number, true, false as it is typed in text, else (and where it is not finite) a text. */
void json_typed(struct json *j, const char *key, const char *text);

#endif
