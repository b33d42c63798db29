/* names.h -- what curves and rows of tables are called: by their folders, or by the settings that tell them apart.
 * Local. */
#ifndef DUNLIN_VIEW_NAMES_H
#define DUNLIN_VIEW_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "view/settings.h"

/* Which settings differ between any two of all (count) that have one environment, and whether the environments do,
 * whose defaults do not count; nor does the seed. differ: (settings_count()). */
void names_differ(const struct settings *const *all, int count, bool *differ);
/* "lr 0.001, t-max 20": those of s where `differ` says so, but for env; "" where it says so of none. To text (size). */
void names_by_settings(const struct settings *s, const bool *differ, char *text, size_t size);
/* How many settings that would name. */
int names_count(const bool *differ);

/* "catch by a3c"; without what is not the same in all (count). */
void names_title(const struct settings *const *all, int count, char *text, size_t size);

#endif
