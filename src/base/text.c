/* text.c -- see text.h. */
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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

bool text_ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n > m && !strcmp(text + n - m, end);
}
