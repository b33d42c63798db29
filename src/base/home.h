/* home.h -- ~ at the start of a path where no shell has seen it. Local. */
#ifndef DUNLIN_BASE_HOME_H
#define DUNLIN_BASE_HOME_H

#include <stddef.h>

/* `path` with the home folder in the place of a leading ~ or ~USER, also behind lib: or gym:; written to text. `path`
 * itself where there is no such ~, nobody of that name, or no room. */
const char *home_path(const char *path, char *text, size_t size);

#endif
