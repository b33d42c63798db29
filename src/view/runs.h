/* runs.h -- which runs the words of the command line mean. Local. */
#ifndef DUNLIN_VIEW_RUNS_H
#define DUNLIN_VIEW_RUNS_H

#include <stdbool.h>
#include <stddef.h>

/* The run.h5 of a run given as its folder or as the file itself, to path (size); *folder: it is the folder. 0, or -1
 * after error_set(). */
int runs_find(const char *what, char *path, size_t size, bool *folder);

/* The folder's own name of such a run, to name (size). */
void runs_name(const char *what, bool folder, char *name, size_t size);

/* What the status in a run's folder says: the name of an enum run_state, or "gone" where that is running and its rank
 * 0, of this machine, has ended, so that nobody is left to correct it; "" where nothing says. */
const char *runs_state(const char *folder);

/* Runs, each as it could be typed. */
struct runs {
    char **what;
    int count, room;
};

/* The runs that the words (count) mean: a folder that is no run stands for all in it, to RUNS_DEEPEST folders below, in
 * the order of their names; one without a run stands for itself, so that whoever reads it says what is wrong.
 * Owner: runs_free(). */
enum { RUNS_DEEPEST = 4 };
void runs_gather(struct runs *r, const char *const *words, int count);
void runs_free(struct runs *r);
/* Is any of them there? Else what was typed is wrong, not what a run holds. */
bool runs_any(const struct runs *r);

/* What the names have in common, at their beginning, to name (size), with a '*' for what differs; "" where that is
 * nothing. */
void runs_common_name(const char *const *names, int count, char *name, size_t size);

#endif
