/* say.h -- findings, one line each on stdout, cut into several at 80 columns. Local. */
#ifndef DUNLIN_CHECK_SAY_H
#define DUNLIN_CHECK_SAY_H

enum check_level { CHECK_OK, CHECK_DOUBTFUL, CHECK_WRONG, CHECK_LEVELS };

/* Prints a finding and counts it. */
void check_say(enum check_level level, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Findings so far. */
int check_said(enum check_level level);

#endif
