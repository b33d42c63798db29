/* master.h -- rank 0: drains gradients, publishes weights, and keeps the books of the run.
 *
 *   master.c    the loop: drain, apply, publish, target network
 *   rounds.c    the same in rounds (--deterministic)
 *   books.c     what is counted beside weights and counters, as bytes of a checkpoint
 *   progress.c  what people and files see: progress line, rows of run.h5, RUN/status, actors' signs of life
 *   keeper.c    checkpoints: when they are due, what is in them
 *   clerk.c     the thread that writes all these files, and what is done where it cannot
 *   referee.c   evaluations during training
 */
#ifndef DUNLIN_TRAIN_MASTER_H
#define DUNLIN_TRAIN_MASTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/options.h"
#include "optim/optim.h"
#include "setup/setup.h"
#include "share/share.h"
#include "store/checkpoint.h"
#include "store/runfile.h"
#include "store/status.h"
#include "store/writer.h"
#include "turn/master.h"

enum clerk_file { CLERK_CHECKPOINT, CLERK_BEST, CLERK_LOG, CLERK_STATUS, CLERK_FILES };

/* A file that cannot be written at present. */
struct trouble {
    bool now;
    char cause[128];
    int told; /* how often it has been said */
};

/* Sums since the last row of /train. */
struct interval {
    double start; /* seconds */
    int64_t frames, steps, updates, episodes, pushes;
    double ret_sum, ret_max;
    double policy_loss, value_loss, entropy, norm; /* sums over steps (norm: over pushes) */
    double lag_sum;
    int64_t lag_max, dropped;
};

enum { BOOKS_MACHINE = 192 };

struct master {
    const struct option_set *set;
    const struct options *options;
    const struct setup *setup;
    const char *dir;
    struct share *share;
    struct optim *optim;
    struct runfile *runfile;
    int actors;

    struct turn_master turn;      /* T, steps, updates and theta_target, which it does not own */
    struct checkpoint_counters n; /* the rest of the counters: see master_counters() */
    double started;               /* monotonic clock at the start of this session */

    struct interval now;              /* since the last progress line */
    struct interval row;              /* in rounds: since the last row of /train */
    struct run_actor *rows;           /* rank 0 and the actors */
    double *eps_final;                /* by rank: of the actor's first environment; Q methods */
    pid_t *pids;                      /* of ranks on this host, 0 elsewhere */
    uint64_t *births;                 /* that tell them from later processes of the same numbers */
    int64_t lag[RUN_LAG_ROWS];        /* updates by lag, this session's */
    int64_t lag_before[RUN_LAG_ROWS]; /* and those before, as of the checkpoint */
    double next_log, next_look;
    double ret_recent, max_recent; /* mean and largest return of the last interval that had episodes */
    int silences;                  /* events about them so far */
    double *silent_for;            /* by actor, at the last look */
    double longest_silence;        /* from which an actor has come back */
    int64_t first_update;          /* turn.updates at the start of this session */
    bool anyone_lost;              /* an actor died: no collective call from here on */
    bool bad_number;               /* --on-nan stop ends the run, after its checkpoint */
    enum run_state state;
    char reason[256];

    /* rounds */
    struct share_ready *round; /* (actors) */
    struct optim_grad *grads;  /* (actors) */
    int gathered;
    char machine[BOOKS_MACHINE]; /* the program and libraries that the bits depend on */

    /* keeper */
    uint64_t state_id;     /* of the request under way */
    double state_deadline; /* 0: none under way */
    int64_t next_checkpoint;
    double last_checkpoint; /* monotonic; the last one that was written */
    double retry_from;      /* monotonic: after a failure none is tried before, and one is ... */
    double retry_at;        /* ... from here on, due or not; 0: none failed */
    size_t state_bytes;
    uint8_t **states;
    size_t *state_lengths;
    bool *state_seen;

    /* clerk */
    struct writer *writer;
    struct trouble troubles[CLERK_FILES];
    struct checkpoint_image *best, *best_next; /* on their way to the disk; best_next waits for best */
    double best_again;                         /* monotonic: when best_next may be tried */
    bool hung;                                 /* a wait for the disk was in vain: no other follows */

    /* referee */
    uint64_t eval_id;
    int eval_actor; /* -1: none under way */
    int64_t eval_frames, next_eval;
    float *eval_theta; /* (params) */
    double eval_mean;  /* of the last one; NaN: none */
};

/* What main hands over; everything is borrowed. theta0, target0 and counters come from a checkpoint or
 * a fresh start. */
struct master_start {
    const struct option_set *set;
    const struct setup *setup;
    const char *dir;
    struct share *share;
    struct optim *optim;
    struct runfile *runfile;
    size_t state_bytes;
    const float *theta, *target;
    const struct checkpoint_counters *counters;
    const void *books; /* of the sessions before, as in the checkpoint; NULL: none */
    size_t books_bytes;
    const char *machine;     /* see books.c */
    const char (*hosts)[64]; /* by rank */
    const pid_t *pids;
};

/* Memory and first publication. Local. Owner: master_free(). */
void master_init(struct master *m, const struct master_start *start);
void master_free(struct master *m);

/* Ends the run where a signal came or the frames are reached. */
void master_check_stop(struct master *m);
/* Waits for the goodbyes, at most `seconds`, and not for the dead; nor, where `silent` is false, for those that have
 * given no sign of life for long. How many have not come, the dead included. */
int master_farewell(struct master *m, double seconds, bool silent);
/* Once more for the `missing` ones, and an event for each that hangs. */
void master_goodbyes(struct master *m, int missing);

/* Until `frames`, a stop signal or a failure; then checkpoint, stop, byes. state and reason say how it ended. Serves
 * one-sided progress; no collective. */
void master_run(struct master *m);

/* Seconds of training so far, all sessions. */
double master_seconds(const struct master *m);
/* What has been counted until now, as a checkpoint keeps it. */
struct checkpoint_counters master_counters(const struct master *m);
/* Ends the run at the next turn of the loop; the first reason stands. */
void master_end(struct master *m, enum run_state state, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* progress.c */
void progress_init(struct master *m, const struct master_start *start);
void progress_begin(struct master *m); /* RUN/status says running, and no longer what an earlier session ended with */
/* One push, bad or applied, before it counts; lag: updates since its weights. */
void progress_push(struct master *m, const struct share_ready *r, int64_t lag);
void progress_look(struct master *m);             /* both of these; every few milliseconds */
void progress_episodes(struct master *m);         /* takes in those finished */
void progress_watch(struct master *m);            /* signs of life */
double progress_patience(const struct master *m); /* s of silence after which actors are taken for lost */
void progress_log(struct master *m);              /* line, rows, status; every log interval and at the end */
void progress_row(struct master *m);              /* in rounds: a row of /train, where there is anything to tell */
void progress_event(struct master *m, int rank, const char *kind, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
bool progress_lost(const struct master *m, int actor); /* has this actor died or fallen silent */

bool progress_dead(const struct master *m, int actor); /* is its process known to be gone */

/* rounds.c: master_run() with --deterministic. */
void rounds_init(struct master *m);
void rounds_run(struct master *m);

/* books.c: the "state" of rank 0 in a checkpoint. What is there of an older or differently sized run is taken, the rest
 * stays 0. */
size_t books_size(const struct master *m);
void books_save(const struct master *m, void *bytes);
void books_load(struct master *m, const void *bytes, size_t n);

/* keeper.c */
void keeper_init(struct master *m, size_t state_bytes);
void keeper_free(struct master *m);
/* Asks for states where a checkpoint is due, hands it to the clerk once they are there or 2 s are over. */
void keeper_turn(struct master *m);
void keeper_written(struct master *m, bool well); /* the clerk tells how it went */
/* The last one: asks for states; then writes it with those that came, and waits until it is on disk. 0, or -1 after
 * error_set(): tries times it could not be written. */
void keeper_ask(struct master *m, double patience);
int keeper_finish(struct master *m, int tries);
bool keeper_whole(struct master *m); /* has every actor answered the last request */
/* The file RUN/checkpoint-FRAMES.h5 of what c says, with the optimiser's state, in memory. NULL after error_set().
 * Local. */
struct checkpoint_image *keeper_image(const char *dir, struct checkpoint *c, struct optim *optim);

/* clerk.c: hands files to the thread that writes them. All local. */
enum { CLERK_PATIENCE = 600 }; /* s for a last write, after which its file system is given up */
void clerk_init(struct master *m);
void clerk_free(struct master *m);
void clerk_turn(struct master *m); /* takes in what is over, says what failed; every few milliseconds */
bool clerk_busy(const struct master *m, enum clerk_file file);
/* These do not wait. The image becomes the clerk's; NULL: making it failed, with error_text(). */
void clerk_checkpoint(struct master *m, struct checkpoint_image *image); /* not while one is under way */
void clerk_best(struct master *m, struct checkpoint_image *image);
void clerk_log(struct master *m);                                    /* run.h5; rows wait while one is under way */
void clerk_status(struct master *m, const struct status *s);         /* RUN/status; left out while one is under way */
void clerk_trouble(const struct master *m, char *text, size_t size); /* what cannot be written at present, or "" */
/* Waits, serving the actors, until this file (-1: any) is no longer under way. 0, or -1 after error_set(). */
int clerk_wait(struct master *m, int file, double seconds);
/* All that is under way, then closes *runfile. 0, or -1 after error_set(). */
int clerk_finish(struct master *m, struct runfile **runfile);

/* referee.c */
void referee_init(struct master *m);
void referee_free(struct master *m);
void referee_turn(struct master *m);
/* The two halves of a turn: takes what has come of an evaluation under way; asks for one of theta where one is due. */
void referee_take(struct master *m);
void referee_ask(struct master *m, const float *theta);
/* Rank 0 itself evaluates the final weights, once the actors are done; a stop signal ends it. Has it been done now? */
bool referee_final(struct master *m);

#endif
