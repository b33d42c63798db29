/* files.h -- the files of a run while it goes on: handed to a thread that writes them (store/writer.h), so that a slow,
 * full or hung file system costs no update and no sign of life. All local. */
#ifndef DUNLIN_TRAIN_FILES_H
#define DUNLIN_TRAIN_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "store/checkpoint.h"
#include "store/status.h"
#include "store/writer.h"

struct run;
struct runfile;
struct tensorboard;

/* LOG is run.h5; CURVES those for TensorBoard */
enum file_kind { FILE_CHECKPOINT, FILE_BEST, FILE_LOG, FILE_STATUS, FILE_CURVES, FILE_KINDS };

/* A file that cannot be written at present. */
struct file_trouble {
    bool now;
    char cause[128];
    int told; /* how often it has been said */
};

struct files {
    struct run *run;
    struct writer *writer, *curves; /* curves lie elsewhere, and hold nothing up: NULL until there are some */
    struct tensorboard *board;      /* those that are left when run.h5 is closed; or NULL */
    struct file_trouble troubles[FILE_KINDS];
    enum writer_state checkpoint;              /* what became of the last one: for files_take_checkpoint() */
    struct checkpoint_image *best, *best_next; /* on their way to the disk; best_next waits for best */
    double best_again;                         /* monotonic: when best_next may be tried */
    bool log_to_disk;                          /* the next write of run.h5 goes to the disk itself */
    bool hung;                                 /* a wait for the disk was in vain: no other follows */
};

void files_init(struct files *f, struct run *run);
void files_free(struct files *f);
/* Takes in what is over; an event for what failed, or can be written again. Every few milliseconds. */
void files_turn(struct files *f);
bool files_busy(const struct files *f, enum file_kind kind);
void files_trouble(const struct files *f, char *text, size_t size); /* what cannot be written at present, or "" */

/* These do not wait, unless the run is over. The image becomes theirs; NULL: making it failed, with error_text(). */
void files_checkpoint(struct files *f, struct checkpoint_image *image); /* not while one is under way */
void files_best(struct files *f, struct checkpoint_image *image);
void files_log(struct files *f, bool to_disk); /* run.h5 and curves; rows, and a wish for the disk, wait their turn */
void files_status(struct files *f, const struct status *s); /* RUN/status; left out while one is under way */
/* What became of the last checkpoint: WRITER_DONE or WRITER_FAILED once, otherwise WRITER_FREE. */
enum writer_state files_take_checkpoint(struct files *f);

/* Waits, serving the actors, until this file (-1: any of the run's folder) is no longer under way. 0, or -1 after
 * error_set(). */
int files_wait(struct files *f, int kind);
/* All that is under way, then closes *runfile; not the curves. 0, or -1 after error_set(). */
int files_finish(struct files *f, struct runfile **runfile);
/* Then what waits of the curves, whose folder may hang where the run's does not; a line where they are given up. */
void files_finish_curves(struct files *f);

#endif
