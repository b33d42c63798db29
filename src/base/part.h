/* part.h -- a file that nobody is to see before it is whole: written beside its place under another name, which
 * rename() then puts there. Local. */
#ifndef DUNLIN_BASE_PART_H
#define DUNLIN_BASE_PART_H

#include <limits.h>
#include <stdbool.h>

/* Makes the file beside `path`: its name to `part`, PATH.part-PID, in which a long name of the path is cut so that what
 * fits there fits here. The descriptor to write to, the caller's, or -1 after error_set(). Until part_end() a signal to
 * end (SIGINT, SIGTERM, SIGHUP) removes `part` and ends the process with 128 + its number; an ignored one, as under
 * nohup, stays so. One at a time. */
int part_create(const char *path, char part[PATH_MAX]);
/* Puts `part` in its place where it is to be kept, else removes it. 0, or -1 after error_set(). */
int part_end(const char *part, const char *path, bool keep);

#endif
