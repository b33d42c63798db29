/* safetensors_read.c -- the header of a stranger's file: JSON as the format allows it and no more, read once from left
 * to right, every step within the header's bytes. No number that it tells decides how much memory is taken. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/safetensors.h"

struct scan {
    const unsigned char *at, *end;
    const char *path;
    uint64_t length, data; /* bytes of the header, and behind it */
    struct safe_tensor *tensors;
    int count, room;
};

static int bad(const struct scan *s, const char *what)
{
    return error_set("%s: its header is no safetensors header: %s", s->path, what);
}

static void blanks(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r')) s->at++;
}

/* Is c next, behind blanks; steps over it. */
static bool next(struct scan *s, char c)
{
    blanks(s);
    if (s->at >= s->end || *s->at != (unsigned char)c) return false;
    s->at++;
    return true;
}

/* A string, cut to size - 1 bytes where it is longer: *cut. An escape becomes '?', which no name here has. */
static int string(struct scan *s, char *text, size_t size, bool *cut)
{
    size_t n = 0;
    if (!next(s, '"')) return bad(s, "a string is missing");
    for (*cut = false; s->at < s->end && *s->at != '"'; s->at++) {
        unsigned char c = *s->at;
        if (c < 0x20) return bad(s, "a control character in a string");
        if (c == '\\') {
            if (++s->at >= s->end) break;
            c = '?';
        }
        if (n + 1 < size)
            text[n++] = (char)c;
        else
            *cut = true;
    }
    text[n] = '\0';
    return next(s, '"') ? 0 : bad(s, "a string does not end");
}

static int number(struct scan *s, uint64_t *value)
{
    blanks(s);
    const unsigned char *first = s->at;
    for (*value = 0; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++) {
        if (*value > (UINT64_MAX >> 8) / 10) return bad(s, "a number is too large");
        *value = *value * 10 + (uint64_t)(*s->at - '0');
    }
    return s->at > first ? 0 : bad(s, "a whole number is missing");
}

/* [n, n, ...], at most `most` of them. */
static int numbers(struct scan *s, uint64_t *values, int most, int *count)
{
    *count = 0;
    if (!next(s, '[')) return bad(s, "a list of numbers is missing");
    if (next(s, ']')) return 0;
    do {
        if (*count == most) return bad(s, "a list has too many numbers");
        if (number(s, &values[(*count)++])) return -1;
    } while (next(s, ','));
    return next(s, ']') ? 0 : bad(s, "a list does not end");
}

/* Strings by name, which are not needed. */
static int metadata(struct scan *s)
{
    char text[8];
    bool cut;
    if (!next(s, '{')) return bad(s, "__metadata__ is no object");
    if (next(s, '}')) return 0;
    do {
        if (string(s, text, sizeof text, &cut)) return -1;
        if (!next(s, ':')) return bad(s, "a colon is missing");
        if (string(s, text, sizeof text, &cut)) return -1;
    } while (next(s, ','));
    return next(s, '}') ? 0 : bad(s, "__metadata__ does not end");
}

struct extent {
    uint64_t dims[SAFE_DIMS], offsets[2];
    int ndim, ends; /* -1: not told */
};

/* One of the three facts of a tensor. */
static int fact(struct scan *s, struct safe_tensor *t, struct extent *e)
{
    char key[16];
    bool cut;
    if (string(s, key, sizeof key, &cut)) return -1;
    if (!next(s, ':')) return bad(s, "a colon is missing");
    if (!strcmp(key, "dtype")) return string(s, t->type, sizeof t->type, &cut);
    if (!strcmp(key, "shape")) return numbers(s, e->dims, SAFE_DIMS, &e->ndim);
    if (!strcmp(key, "data_offsets")) return numbers(s, e->offsets, 2, &e->ends);
    return bad(s, "a tensor has a fact that is none of dtype, shape and data_offsets");
}

/* Where the tensor's floats lie, which must be in the file. */
static int place(struct scan *s, struct safe_tensor *t, const struct extent *e)
{
    uint64_t n = 1;
    if (!t->type[0] || e->ndim < 0 || e->ends != 2) return bad(s, "a tensor lacks dtype, shape or data_offsets");
    if (e->offsets[0] > e->offsets[1] || e->offsets[1] > s->data)
        return error_set("%s: %s lies outside of the file: it is cut, or not whole", s->path, t->name);
    for (int d = 0; d < e->ndim; d++) {
        if (e->dims[d] > INT32_MAX || (e->dims[d] && n > s->data / e->dims[d]))
            return error_set("%s: %s says a shape of more numbers than the file has", s->path, t->name);
        n *= e->dims[d];
        t->dims[d] = (int64_t)e->dims[d];
    }
    t->ndim = e->ndim;
    if (!strcmp(t->type, "F32") && e->offsets[1] - e->offsets[0] != 4 * n)
        return error_set("%s: %s has %llu bytes, and its shape wants %llu", s->path, t->name,
                         (unsigned long long)(e->offsets[1] - e->offsets[0]), (unsigned long long)(4 * n));
    t->offset = 8 + s->length + e->offsets[0];
    return 0;
}

static int tensor(struct scan *s, const char *name, bool cut)
{
    struct extent e = {.ndim = -1, .ends = -1};
    if (cut) return bad(s, "a name is too long");
    if (s->count == SAFE_TENSORS) return bad(s, "too many tensors");
    if (s->count == s->room) {
        s->room = s->room ? 2 * s->room : 32;
        struct safe_tensor *more = realloc(s->tensors, (size_t)s->room * sizeof *more);
        if (!more) return error_set("%s: no memory to read it", s->path);
        s->tensors = more;
    }
    for (int i = 0; i < s->count; i++)
        if (!strcmp(s->tensors[i].name, name)) return error_set("%s: %s is there twice", s->path, name);
    struct safe_tensor *t = &s->tensors[s->count++];
    memset(t, 0, sizeof *t);
    memcpy(t->name, name, strlen(name) + 1);
    if (!next(s, '{')) return bad(s, "a tensor is no object");
    do
        if (fact(s, t, &e)) return -1;
    while (next(s, ','));
    return next(s, '}') ? place(s, t, &e) : bad(s, "a tensor does not end");
}

static int header(struct scan *s)
{
    char name[SAFE_NAME];
    bool cut;
    if (!next(s, '{')) return bad(s, "it does not begin with a brace");
    if (!next(s, '}')) {
        do {
            if (string(s, name, sizeof name, &cut)) return -1;
            if (!next(s, ':')) return bad(s, "a colon is missing");
            if (strcmp(name, "__metadata__") ? tensor(s, name, cut) : metadata(s)) return -1;
        } while (next(s, ','));
        if (!next(s, '}')) return bad(s, "it does not end");
    }
    blanks(s);
    return s->at == s->end ? 0 : bad(s, "something stands behind its end");
}

uint64_t safetensors_header(const unsigned char bytes[8])
{
    uint64_t length = 0;
    for (int b = 0; b < 8; b++) length |= (uint64_t)bytes[b] << (8 * b);
    return length;
}

struct safe_tensor *safetensors_read(const char *path, const unsigned char *bytes, size_t length, uint64_t data,
                                     int *count)
{
    struct scan s = {.at = bytes, .end = bytes + length, .path = path, .length = length, .data = data};
    if (header(&s)) {
        free(s.tensors);
        return NULL;
    }
    *count = s.count;
    return s.tensors ? s.tensors : calloc(1, sizeof *s.tensors);
}
