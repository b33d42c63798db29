/* json.c -- see json.h. */
#include "base/json.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void write_text(FILE *out, const char *text)
{
    putc('"', out);
    while (*text) {
        const unsigned char c = (unsigned char)*text, next = (unsigned char)text[1];
        const int length = text_character(text);
        int taken = 1;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            fprintf(out, "\\u%04x", (unsigned)c);
        else if (c == 0xC2 && next >= 0x80 && next < 0xA0) /* C1 */
            fprintf(out, "\\u%04x", (unsigned)next), taken = 2;
        else if (!length)
            fputs("\\ufffd", out);
        else
            fwrite(text, 1, (size_t)(taken = length), out);
        text += taken;
    }
    putc('"', out);
}

/* What stands before a value: comma, new line and key. */
static void begin(struct json *j, const char *key)
{
    if (j->some[j->depth]) putc(',', j->out);
    if (j->depth) fprintf(j->out, "\n%*s", 2 * j->depth, "");
    j->some[j->depth] = true;
    if (!key) return;
    write_text(j->out, key);
    fputs(": ", j->out);
}

/* The outermost value ends the text. */
static void end(const struct json *j)
{
    if (!j->depth) putc('\n', j->out);
}

static void open(struct json *j, const char *key, char first, char last)
{
    assert(j->depth < JSON_DEEPEST);
    begin(j, key);
    putc(first, j->out);
    j->close[++j->depth] = last;
    j->some[j->depth] = false;
}

void json_object(struct json *j, const char *key)
{
    open(j, key, '{', '}');
}

void json_array(struct json *j, const char *key)
{
    open(j, key, '[', ']');
}

void json_end(struct json *j)
{
    assert(j->depth > 0);
    const bool some = j->some[j->depth];
    const char last = j->close[j->depth--];
    if (some) fprintf(j->out, "\n%*s", 2 * j->depth, "");
    putc(last, j->out);
    end(j);
}

void json_text(struct json *j, const char *key, const char *text)
{
    begin(j, key);
    if (text)
        write_text(j->out, text);
    else
        fputs("null", j->out);
    end(j);
}

void json_int(struct json *j, const char *key, int64_t value)
{
    begin(j, key);
    fprintf(j->out, "%lld", (long long)value);
    end(j);
}

void json_real(struct json *j, const char *key, double value)
{
    char text[TEXT_FIGURE];
    begin(j, key);
    fputs(isfinite(value) ? text_number(value, text) : "null", j->out);
    end(j);
}

void json_bool(struct json *j, const char *key, bool value)
{
    begin(j, key);
    fputs(value ? "true" : "false", j->out);
    end(j);
}

/* Is text a number as JSON writes them, and finite? */
static bool is_number(const char *text)
{
    static const char DIGITS[] = "0123456789";
    const char *c = text + (*text == '-');
    size_t n = strspn(c, DIGITS);
    if (!n || (*c == '0' && n > 1)) return false;
    c += n;
    if (*c == '.') {
        n = strspn(++c, DIGITS);
        if (!n) return false;
        c += n;
    }
    if (*c == 'e' || *c == 'E') {
        c += 1 + (c[1] == '+' || c[1] == '-');
        n = strspn(c, DIGITS);
        if (!n) return false;
        c += n;
    }
    return !*c && isfinite(strtod(text, NULL));
}

void json_typed(struct json *j, const char *key, const char *text)
{
    if (strcmp(text, "true") && strcmp(text, "false") && !is_number(text)) {
        json_text(j, key, text);
        return;
    }
    begin(j, key);
    fputs(text, j->out);
    end(j);
}
