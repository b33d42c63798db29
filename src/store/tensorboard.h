/* tensorboard.h -- the curves of a run while it goes on, in a folder as TensorBoard reads it: a file for each session.
 * Rows wait in memory until they are written, and then a while where they cannot be. Local. */
#ifndef DUNLIN_STORE_TENSORBOARD_H
#define DUNLIN_STORE_TENSORBOARD_H

#include <stdbool.h>

#include "store/rows.h"

struct tensorboard;

/* Is this the name of a file that a run wrote? */
bool tensorboard_is_file(const char *name);
/* Can there be such a folder: 0, or -1 after error_set(). Writes nothing; gives up a file system that hangs, as
 * tensorboard_open() does. */
int tensorboard_check(const char *dir);
/* Makes the folder where it is not there. frames: of the checkpoint that is gone on from, 0 at a fresh start. NULL
 * after error_set(). Owner: tensorboard_free(), for which NULL is fine, as it is below. */
struct tensorboard *tensorboard_open(const char *dir, int64_t frames);
void tensorboard_free(struct tensorboard **c);
void tensorboard_train(struct tensorboard *c, const struct run_train *row);
void tensorboard_eval(struct tensorboard *c, const struct run_eval *row);
/* In steps, as a run file is written (runfile.h): gather hands over what waits, where what was gathered before is
 * written, and says whether there is anything to write; write may run in another thread: 0, or -1 after error_set(),
 * and the same call may be repeated. */
bool tensorboard_gather(struct tensorboard *c);
int tensorboard_write(struct tensorboard *c);

#endif
