/* text.c -- see text.h. */
#include "base/text.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/number.h"

const char *text_span(double seconds, char text[TEXT_FIGURE])
{
    if (!isfinite(seconds) || seconds < 0 || seconds > 1e9)
        snprintf(text, TEXT_FIGURE, "?");
    else if (seconds >= 3600)
        snprintf(text, TEXT_FIGURE, "%dh%02dm", (int)(seconds / 3600), (int)(seconds / 60) % 60);
    else
        snprintf(text, TEXT_FIGURE, "%dm%02ds", (int)(seconds / 60), (int)seconds % 60);
    return text;
}

const char *text_figure(double x, const char *fmt, char text[TEXT_FIGURE])
{
    if (isnan(x)) return strcpy(text, "-");
    snprintf(text, TEXT_FIGURE, fmt, x);
    return text;
}

const char *text_grouped(int64_t n, char text[TEXT_FIGURE])
{
    char digits[24];
    const int count = snprintf(digits, sizeof digits, "%lld", (long long)n);
    int at = 0;
    for (int i = 0; i < count; i++) {
        text[at++] = digits[i];
        if (digits[i] != '-' && i + 1 < count && (count - 1 - i) % 3 == 0) text[at++] = ',';
    }
    text[at] = '\0';
    return text;
}

const char *text_number(double x, char text[TEXT_FIGURE])
{
    const char *point = localeconv()->decimal_point;
    if (x == floor(x) && fabs(x) < 1e15) { /* 150000, not 1.5e+05; no -0 */
        snprintf(text, TEXT_FIGURE, "%.0f", x + 0);
        return text;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, TEXT_FIGURE, "%.*g", digits, x);
        if (strtod(text, NULL) == x) break;
    }
    char *at = strcmp(point, ".") ? strstr(text, point) : NULL;
    if (at) {
        memmove(at + 1, at + strlen(point), strlen(at + strlen(point)) + 1);
        *at = '.';
    }
    return text;
}

int text_columns(void)
{
    enum { LEAST = 40, MOST = 1000 };
    struct winsize size = {0};
    const char *said = getenv("COLUMNS");
    int columns = 0;
    if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size)) columns = size.ws_col;
    if (columns <= 0 && said) columns = number_whole(said);
    if (columns <= 0) columns = TEXT_WIDTH;
    return columns < LEAST ? LEAST : columns > MOST ? MOST : columns;
}

int text_length(const char *text)
{
    int n = 0;
    for (; *text; n++) {
        const int bytes = text_character(text);
        text += bytes ? bytes : 1;
    }
    return n;
}

/* Bytes of the first n characters. */
static size_t bytes_of(const char *text, int n)
{
    const char *at = text;
    for (; n > 0 && *at; n--) {
        const int bytes = text_character(at);
        at += bytes ? bytes : 1;
    }
    return (size_t)(at - text);
}

const char *text_cut(const char *text, int columns, char *cut, size_t size)
{
    const int n = text_length(text), left = columns > 3 ? columns - 3 : 0, head = left / 2;
    if (n <= columns)
        snprintf(cut, size, "%s", text);
    else
        snprintf(cut, size, "%.*s...%s", (int)bytes_of(text, head), text, text + bytes_of(text, n - left + head));
    return cut;
}

int text_character(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    const int n = s[0] < 0x20 || s[0] == 0x7F ? 0
                  : s[0] < 0x80               ? 1
                  : s[0] < 0xC2               ? 0
                  : s[0] < 0xE0               ? 2
                  : s[0] < 0xF0               ? 3
                  : s[0] < 0xF5               ? 4
                                              : 0;
    for (int i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F)) return 0;
    if ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F)) return 0;
    if (s[0] == 0xC2 && s[1] < 0xA0) return 0; /* C1 */
    return n;
}

const char *text_shown(const char *foreign, char *text, size_t size)
{
    size_t n = 0;
    while (*foreign) {
        const int length = text_character(foreign);
        if (n + (size_t)(length ? length : 4) >= size) break;
        if (length)
            memcpy(text + n, foreign, (size_t)length);
        else
            snprintf(text + n, size - n, "\\x%02x", (unsigned)(unsigned char)*foreign);
        n += (size_t)(length ? length : 4);
        foreign += length ? length : 1;
    }
    text[n] = '\0';
    return text;
}

const char *text_typed(const char *word, char *text, size_t size)
{
    static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,=@%+";
    size_t n = 0;
    if (*word && !word[strspn(word, PLAIN)]) {
        snprintf(text, size, "%s", word);
        return text;
    }
    n += (size_t)snprintf(text, size, "'");
    for (; *word && n + 6 < size; word++)
        n += (size_t)snprintf(text + n, size - n, *word == '\'' ? "'\\''" : "%c", *word);
    snprintf(text + n, size - n, "'");
    return text;
}

/* Bytes of the word at text: up to a blank outside []. */
static int word_length(const char *text)
{
    int n = 0;
    for (int depth = 0; text[n] && (text[n] != ' ' || depth > 0); n++) depth += (text[n] == '[') - (text[n] == ']');
    return n;
}

int text_wrapped(FILE *out, const char *line, int hang, int width)
{
    bool first = true; /* of a part */
    int column = 0;
    for (const char *c = line; *c;) {
        const int blanks = (int)strspn(c, " "), n = word_length(c + blanks);
        if (!first && column + blanks + n > width) {
            fprintf(out, "\n%*s%.*s", hang, "", n, c + blanks);
            column = hang + n;
        } else {
            fprintf(out, "%.*s", blanks + n, c);
            column += blanks + n;
            first = false;
        }
        c += blanks + n;
    }
    return putc('\n', out);
}

int text_help(FILE *out, const char *lines)
{
    char line[1024];
    int rc = 0;
    for (const char *c = lines; *c && rc >= 0; c += *c == '\n') {
        const int n = (int)strcspn(c, "\n"), indent = (int)strspn(c, " ");
        snprintf(line, sizeof line, "%.*s", n, c);
        const char *gap = indent < n ? strstr(line + indent, "  ") : NULL;
        rc = text_wrapped(out, line, gap ? (int)(gap - line) + (int)strspn(gap, " ") : indent + 2, TEXT_WIDTH);
        c += n;
    }
    return rc;
}

bool text_ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n > m && !strcmp(text + n - m, end);
}
