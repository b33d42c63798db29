/* resume_words.h -- what to type so that a run goes on. Local. */
#ifndef DUNLIN_BASE_RESUME_WORDS_H
#define DUNLIN_BASE_RESUME_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/options.h"

/* Does an environment's name hold whose code runs (lib:PATH.so, gym:FILE.py:FUNCTION, gym:MODULE:ID, gym:ID?key=value)?
 * Such a one is named again on each resume, and is not taken from a folder. */
bool resume_names_code(const char *env);

enum { RESUME_WORDS = 6 * OPTION_TEXT + 64 }; /* bytes that are enough: */
/* The words that a run goes on with, as they are typed: dunlin resume DIR, and where its environment `env` is a library
 * or Python's code --env ENV, which no folder's own word replaces; --python PYTHON where that is not "". env may be "":
 * not known. Cut to `size`; returns `text`. */
const char *resume_words(const char *dir, const char *env, const char *python, char *text, size_t size);

#endif
