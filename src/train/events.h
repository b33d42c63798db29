/* events.h -- what happens to a run, for people (a line of log) and for readers of run.h5 (a row of /events). */
#ifndef DUNLIN_TRAIN_EVENTS_H
#define DUNLIN_TRAIN_EVENTS_H

struct run;

/* kind: a word of at most 31 characters. Local. */
void run_event(struct run *run, int rank, const char *kind, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
