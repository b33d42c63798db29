/* settings.h -- what a run was made with, and what tells runs apart. Local. */
#ifndef DUNLIN_VIEW_SETTINGS_H
#define DUNLIN_VIEW_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/options.h"

enum { SETTINGS_RESUMES = 64 };

struct settings {
    struct options values; /* those of the last start; an option that the run's program did not know has its default */
    int64_t actors;        /* of the first start */
    int64_t resumed_at[SETTINGS_RESUMES]; /* frames; of the first so many resumes, as far as the file says where */
    int resumes;
};

/* Of a run.h5. 0, or -1 after error_set(). */
int settings_read(struct settings *s, const char *path);

/* Settings have a place each: those of options as there, then the number of actors. */
int settings_count(void);
const char *settings_key(int i);
/* The key as a title beside a run's figures: frames, its budget, is frames-budget there, as `dunlin info` says it. */
const char *settings_title(int i);
bool settings_is_text(int i); /* and neither a number nor true or false */
/* Returns text (size). */
const char *settings_text(const struct settings *s, int i, char *text, size_t size);
/* Is setting i the same in both? A library is known by its name, wherever it lies. True of what says nothing about a
 * run: where it and its curves for TensorBoard lie, how it was started. */
bool settings_same(int i, const struct settings *a, const struct settings *b);
/* Gives each of all (count) a group, from 0 in the order in which they come: runs that differ in the seed alone. Of one
 * seed a group has one run: to train the same again may be to compare. Returns how many groups there are. */
int settings_group(const struct settings *const *all, int count, int *group);

#endif
