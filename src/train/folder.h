/* folder.h -- RUN, the folder of a run: its name, what may lie there, and that one training at a time writes to it.
 * Local. */
#ifndef DUNLIN_TRAIN_FOLDER_H
#define DUNLIN_TRAIN_FOLDER_H

#include <stdbool.h>

#include "base/options.h"

/* The folder where none is given: runs/ENV-ALGO-TIME, with -2, -3 ... where that is there already. */
void folder_default(const struct options *o, char dir[OPTION_TEXT]);

enum folder_holds { FOLDER_NOTHING, FOLDER_RUN, FOLDER_OTHER };
/* What lies there: nothing, or what a run left behind before its first file; a run; something else. */
enum folder_holds folder_holds(const char *dir);

/* Is a training of another process going there? */
bool folder_busy(const char *dir);
/* Makes the folder, tries to write there, and sees that no other training does. 0, or -1 after error_set(). */
int folder_try(const char *dir);
/* From here to the end of the process a folder that is there is this process's, as by folder_take(), and nothing is
 * written. 0, or -1 after error_set(). */
int folder_hold(const char *dir);
/* Makes the folder, tries to write there, and from here to the end of the process the folder is this process's: another
 * one is refused. 0, or -1 after error_set(). */
int folder_take(const char *dir);
/* Removes the files of a run, by their exact names, and the curves that it wrote for TensorBoard below dir, and nothing
 * else. */
void folder_empty(const char *dir);

#endif
