/* ranks.h -- what rank 0 knows of each rank: host, process, signs of life, and how much has come from it. All local. */
#ifndef DUNLIN_TRAIN_RANKS_H
#define DUNLIN_TRAIN_RANKS_H

#include <stdbool.h>
#include <stdint.h>

struct run;

/* Arrays are the ranks' own. */
struct ranks {
    struct run *run;
    struct run_actor *rows; /* (1 + actors) by rank, as RUN/status and /actors show them */
    double *silent_for;     /* (actors) s, at the last look */
    double longest_silence; /* s from which an actor has come back */
    int silences;           /* events about them so far */
    bool anyone_lost;       /* an actor died: no collective call from here on */
};

/* Owner: ranks_free(). */
void ranks_init(struct ranks *ranks, struct run *run);
void ranks_free(struct ranks *ranks);

/* One push of an actor, applied or not. */
void ranks_push(struct ranks *ranks, int actor, int64_t frames, bool applied);
/* Looks for signs of life; an event where one is missed, has come back, or a process is gone. Ends the run where all
 * are lost. Every few milliseconds. */
void ranks_watch(struct ranks *ranks);
bool ranks_lost(const struct ranks *ranks, int actor); /* has it ended, died or fallen silent */
bool ranks_dead(const struct ranks *ranks, int actor); /* is its process known to be gone */
bool ranks_gone(const struct ranks *ranks, int rank);  /* is it so now: asks the system; false where that cannot tell */
double ranks_patience(const struct ranks *ranks); /* s of silence after which who cannot be looked up is given up */
bool ranks_ended(const struct ranks *ranks, int actor); /* has it said goodbye while the run goes on */
/* Has it been silent for longer than that, though its process may be there and come back. */
bool ranks_overdue(const struct ranks *ranks, int actor);
/* Is it dead, or silent for too long where its process cannot be looked up. */
bool ranks_hopeless(const struct ranks *ranks, int actor);

#endif
