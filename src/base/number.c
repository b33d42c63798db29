/* number.c -- see number.h. */
#include "base/number.h"

#include <ctype.h>
#include <stdlib.h>

int number_whole(const char *text)
{
    enum { MOST = 1000000 };
    char *end;
    if (!isdigit((unsigned char)*text)) return -1;
    const long n = strtol(text, &end, 10);
    return *end || n > MOST ? -1 : (int)n;
}

int number_of(const char *variable)
{
    const char *text = getenv(variable);
    return text ? number_whole(text) : -1;
}
