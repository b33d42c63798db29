/* ending.h -- who is waited for at an end, and how long; seconds. One table, since the waits lie within each other: a
 * plain mpirun kills its ranks a second after SIGINT or SIGTERM, and actors notice (share/life.c, share/watch.c) that
 * rank 0 is gone: within a second where its process can be seen, after --patience where it cannot. Who counts as
 * silent, and so is not waited for, is said in share/serve.c and train/ranks.c; a final evaluation ends by itself or
 * by a signal. */
#ifndef DUNLIN_JOB_ENDING_H
#define DUNLIN_JOB_ENDING_H

/* ---- rank 0 waits for its actors ---- */
static const double ENDING_STATES = 2;         /* their states for the last checkpoint, and their goodbyes */
static const double ENDING_STATES_HURRY = .25; /* the same before mpirun's SIGKILL: who is late is left out */
static const double ENDING_MISSING = 10;       /* once more for those that have not said goodbye; not for the silent */
static const double ENDING_PART = 10;          /* that they know how to leave: together, or each alone */
static const double ENDING_ALONE = 1;          /* that they have left alone, before those on this host are killed */
/* in rounds (--deterministic) all states are needed, or the newest checkpoint is the last */
static const double ENDING_ROUND = 20;        /* the end of the round */
static const double ENDING_ROUND_HURRY = .4;  /* the same before mpirun's SIGKILL */
static const double ENDING_ROUND_STATES = 60; /* states and goodbyes, once the round is whole */
static const double ENDING_ROUND_BROKEN = 1;  /* goodbyes, where it is not: there is nothing to save */

/* ---- rank 0 waits for the disk ---- */
static const double ENDING_DISK = 600;             /* for a last write; then its file system is given up */
static const double ENDING_CURVES = 10;            /* the same of the curves for TensorBoard, which run.h5 has, too */
static const double ENDING_CURVES_HURRY = .25;     /* the same before mpirun's SIGKILL */
enum { ENDING_TRIES = 3, ENDING_TRIES_HURRY = 1 }; /* at the last checkpoint */

/* ---- beside the job: the guard of a typed mpirun (leave.c), our own launcher (launch.c) ---- */
static const double ENDING_GUARD = 12;     /* the guard: for mpirun to go, once rank 0 is gone without goodbye */
static const double ENDING_GUARD_TERM = 5; /* between its SIGTERM and its SIGKILL */
static const double ENDING_OVER = 20;      /* the launcher: for mpirun to go, once RUN/status says that it is over */
static const double ENDING_GONE = 15;      /* the same once rank 0 is gone without a word */
static const double ENDING_EMPTY = 1;      /* the same once it is over and all ranks have ended */
static const double ENDING_UNBEGUN = 10;   /* the same where a rank died, or a signal came, before the run began */
static const double ENDING_TERM = 1;       /* between its SIGTERM and its SIGKILL */
static const double ENDING_ORPHANS = 5;    /* ranks that outlived mpirun: for their checkpoint */
static const double ENDING_ORPHANED = 120; /* all of a run whose launcher is gone: the same */

#endif
