/* scalars.h -- rows of run.h5 as TensorBoard's event files have them: records of a length, its checksum, an Event
 * message and its checksum. A scalar's step is the frames, time is Unix time. Local. */
#ifndef DUNLIN_STORE_SCALARS_H
#define DUNLIN_STORE_SCALARS_H

#include "store/message.h"
#include "store/rows.h"

/* What a file begins with; frames > 0: what other files of the folder say of later frames does not count. */
void scalars_begin(struct message *file, double time, int64_t frames);
/* train/COLUMN or eval/COLUMN of a row, of those that are known. */
void scalars_train(struct message *file, double time, const struct run_train *row);
void scalars_eval(struct message *file, double time, const struct run_eval *row);

#endif
