/* error.c -- the line of the last failure; one per thread, as rank 0 has one that writes files. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char text[1024];

int error_set(const char *fmt, ...)
{
    char line[sizeof text]; /* the arguments may point into text */
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    snprintf(text, sizeof text, "%s", line);
    return -1;
}

const char *error_text(void)
{
    return text;
}
