/* options_said.h -- what the tests of options look at: the last error, and whether it says what it must. */
#ifndef DUNLIN_OPTIONS_SAID_H
#define DUNLIN_OPTIONS_SAID_H

#include "base/error.h"
#include "testing.h"

/* The last error is one line that holds each of the words given (NULL ends them). */
static inline void expect_error(const char *first, ...)
{
    va_list ap;
    va_start(ap, first);
    for (const char *word = first; word; word = va_arg(ap, const char *))
        if (!strstr(error_text(), word)) fail_msg("'%s' is missing in: %s", word, error_text());
    va_end(ap);
    for (const char *c = error_text(); *c; c++) EXPECT((unsigned char)*c >= ' ');
    EXPECT(strlen(error_text()) > 10);
}

#endif
