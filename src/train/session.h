/* session.h -- private to train.c and session.c: one process's view of a session under MPI, and what comes before the
 * window. */
#ifndef DUNLIN_TRAIN_SESSION_H
#define DUNLIN_TRAIN_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "optim/optim.h"
#include "setup/setup.h"
#include "store/checkpoint.h"
#include "store/provenance.h"
#include "store/runfile.h"
#include "train/actor.h"
#include "train/plan.h"
#include "train/restore.h"
#include "train/room.h"
#include "train/totals.h"

enum { SESSION_OVER = -1 };

/* One process's view of the session. */
struct session {
    int rank, size;
    struct plan plan;
    struct setup setup;
    struct restore restore; /* rank 0, until all ranks have what is theirs */
    struct actor actor;     /* ranks > 0 */
    char (*hosts)[HOST];    /* rank 0 */
    struct provenance prov;
    struct optim *optim;                 /* rank 0 */
    float *theta, *target, *average;     /* rank 0 */
    struct checkpoint_counters counters; /* rank 0 */
    void *totals;                        /* rank 0: what it counted up to the checkpoint; NULL: nothing */
    size_t totals_bytes;
    char machine[TOTALS_MACHINE]; /* rank 0 */
    struct runfile *runfile;      /* rank 0 */
    uint64_t state_bytes;         /* of an actor, the largest over ranks */
};

/* Collective: true where every rank has ok; otherwise the line of the lowest rank that has not is logged by rank 0. */
bool session_agree(struct session *s, bool ok);

/* Collective, everything before the window: one build on all ranks, the plan, environments and networks, the folder,
 * and the start values, from the seed or from a checkpoint. The words stand behind the subcommand. 0 go on;
 * SESSION_OVER: nothing is left to train, and nothing was touched; 2 wrong usage, with its line logged. *s was zeroed,
 * but for rank, size and the provenance. Owner of what it takes: session_release(). */
int session_prepare(struct session *s, int argc, char **argv, bool resume);

/* Rank 0, local, once the window is there: the run's folder and files, and the first lines of the log. window: the MPI
 * component that carries it. 0, or -1 after error_set(). */
int session_open_files(struct session *s, const char *window);

/* Local. */
void session_release(struct session *s);

#endif
