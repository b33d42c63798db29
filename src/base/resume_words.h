/* resume_words.h -- what to type so that a run goes on. Local. */
#ifndef DUNLIN_BASE_RESUME_WORDS_H
#define DUNLIN_BASE_RESUME_WORDS_H

#include <stddef.h>

#include "base/options.h"

enum { RESUME_WORDS = 6 * OPTION_TEXT + 64 }; /* bytes that are enough: */
/* The words that a run goes on with, as they are typed: dunlin resume DIR, and where its environment `env` is a library
 * or Python's code --env ENV, which no folder's own word replaces; --python PYTHON where that is not "". env may be "":
 * not known. Cut to `size`; returns `text`. */
const char *resume_words(const char *dir, const char *env, const char *python, char *text, size_t size);

#endif
