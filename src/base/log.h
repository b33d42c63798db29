/* log.h -- lines for people, on stderr. Facts of the run are said once (by rank 0), facts of a process
 * with its rank. */
#ifndef DUNLIN_BASE_LOG_H
#define DUNLIN_BASE_LOG_H

/* Tells the log which rank this process is; before it, and for ranks < 0, lines carry no rank and log_root prints. */
void log_set_rank(int rank);

/* A line of the run: printed by rank 0 alone. */
void log_root(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A line of this process: "dunlin: rank 3: ...". */
void log_rank(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A failure the user reads: "dunlin: ...", from any rank. */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Columns of the terminal that shows stderr, also where a launcher of ours stands between; 0: none does, and a line
 * stays one line. Longer lines are broken at blanks. */
int log_columns(void);
/* Tells those whom this process starts what log_columns() says here. */
void log_share_columns(void);

#endif
