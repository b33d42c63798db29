/* report.h -- how a run reaches people (a line on stderr), readers of run.h5 and RUN/status. All local. */
#ifndef DUNLIN_TRAIN_REPORT_H
#define DUNLIN_TRAIN_REPORT_H

#include <stdbool.h>

#include "base/process.h"
#include "train/dropped.h"

struct evaluations;
struct files;
struct ranks;
struct run;
struct sums;

struct report {
    struct run *run;
    struct ranks *ranks;
    struct sums *sums;
    struct files *files;
    const struct evaluations *evaluations;
    struct process_id master;
    double *eps_final;             /* (1 + actors) by rank: of the actor's first environment; its own */
    double next;                   /* monotonic: when the next row is due, soon at first */
    double next_line;              /* and line */
    double ended;                  /* monotonic: training was over; 0: it goes on */
    struct dropped before;         /* at the last line */
    bool last;                     /* the last line is out */
    bool dropping;                 /* something was dropped between the last two */
    double ret_recent, max_recent; /* mean and largest return of the last interval that had episodes */
};

void report_init(struct report *p, struct run *run, struct ranks *ranks, struct sums *sums, struct files *files,
                 const struct evaluations *evaluations);
void report_free(struct report *p);
void report_begin(struct report *p); /* RUN/status says running, no longer what an earlier session ended with */
/* Rows and status every log interval, and in a run's first one at 0.1 s, 0.2 s, 0.4 s ..., for runs that are short; a
 * line every log interval. */
void report_turn(struct report *p, double now);
void report_log(struct report *p);   /* line, rows, status */
void report_last(struct report *p);  /* the same once the run is over, where that is not done */
void report_ended(struct report *p); /* what follows is no training: it does not count in speeds */
void report_row(struct report *p);   /* in rounds: a row of /train, where there is anything to tell */

#endif
