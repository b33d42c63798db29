/* checkpoints.h -- when a checkpoint is due, and what is in it: weights, counters, and the state of every actor that
 * hands one in. All local. */
#ifndef DUNLIN_TRAIN_CHECKPOINTS_H
#define DUNLIN_TRAIN_CHECKPOINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "optim/optim.h"
#include "store/checkpoint.h"

struct files;
struct ranks;
struct run;
struct totals;

struct checkpoints {
    struct run *run;
    const struct ranks *ranks;
    struct files *files;
    const struct totals *totals;
    uint64_t state_id;      /* of the last request for states */
    double deadline;        /* monotonic: it waits no longer; 0: none under way */
    int64_t next;           /* T from which one is due */
    double last;            /* monotonic; the last one that was written */
    int64_t written, saved; /* frames of the one given to the files last; of the last one on disk */
    double retry_from;      /* monotonic: after a failure none is tried before, and one is ... */
    double retry_at;        /* ... from here on, due or not; 0: none failed */
    size_t state_bytes;
    uint8_t **states; /* (actors, state_bytes) its own, as what follows */
    size_t *lengths;  /* (actors) */
    bool *seen;       /* (actors) */
};

/* state_bytes: an actor's state, at most. */
void checkpoints_init(struct checkpoints *k, struct run *run, const struct ranks *ranks, struct files *files,
                      const struct totals *totals, size_t state_bytes);
void checkpoints_free(struct checkpoints *k);
/* Asks for states where a checkpoint is due, and hands it to the files once they are there or 2 s are over. */
void checkpoints_turn(struct checkpoints *k);
void checkpoints_news(struct checkpoints *k);        /* after files_turn(): how the last one went */
bool checkpoints_asked(const struct checkpoints *k); /* are states awaited */
/* The last one: asks for states; then writes it with those that came, and waits until it is on disk. 0, or -1 after
 * error_set(): tries times it could not be written. */
void checkpoints_ask(struct checkpoints *k, double patience);
int checkpoints_finish(struct checkpoints *k, int tries);
bool checkpoints_whole(struct checkpoints *k); /* has every actor answered the last request */

/* The file RUN/checkpoint-FRAMES.h5 of what c says, with the optimiser's state, in memory. NULL after error_set(). */
struct checkpoint_image *checkpoints_image(const char *dir, struct checkpoint *c, struct optim *optim);

#endif
