/* options_file.h -- RUN/options.ini: what the run uses, as a file that `dunlin train` takes. Local. */
#ifndef DUNLIN_STORE_OPTIONS_FILE_H
#define DUNLIN_STORE_OPTIONS_FILE_H

#include "base/options.h"

#define OPTIONS_FILE "options.ini"

/* Writes dir/options.ini: every option but those of the folder, by section, with where its value came from; `actors`
 * for --actors. 0, or -1 after error_set(). */
int options_file_write(const char *dir, const struct option_set *set, int actors);

#endif
