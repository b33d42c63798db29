/* say.c -- see say.h. */
#include "check/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { COLUMNS = 80, INDENT = 23 };

static int said[CHECK_LEVELS];

/* Bytes of text that go on this line: whole words where one ends in time. */
static int words_that_fit(const char *text)
{
    const int room = COLUMNS - INDENT, n = (int)strlen(text);
    if (n <= room) return n;
    for (int i = room; i > 0; i--)
        if (text[i] == ' ') return i;
    const char *space = strchr(text, ' ');
    return space ? (int)(space - text) : n;
}

void check_say(enum check_level level, const char *name, const char *fmt, ...)
{
    static const char *const levels[CHECK_LEVELS] = {"ok", "doubtful", "wrong"};
    char text[1024], shown[2048];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    said[level]++;
    text_shown(text, shown, sizeof shown);
    printf("%-10s%-13s", levels[level], name);
    for (const char *at = shown;;) {
        const int n = words_that_fit(at);
        printf("%.*s\n", n, at);
        at += n;
        if (!*at++) break;
        printf("%*s", INDENT, "");
    }
    fflush(stdout);
}

int check_said(enum check_level level)
{
    return said[level];
}
