/* say.h -- findings: one line each, on stdout:
 *   ok NAME: what  |  warn NAME: what; mend: line  |  fail NAME: what; mend: line */
#ifndef DUNLIN_DOCTOR_SAY_H
#define DUNLIN_DOCTOR_SAY_H

#include <stdio.h>

enum doctor_level { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };
struct doctor {
    FILE *out; /* borrowed */
    int count[3];
};
/* One line. mend is NULL for DOCTOR_OK alone; what: a format. */
void doctor_say(struct doctor *d, enum doctor_level level, const char *name, const char *mend, const char *what, ...)
    __attribute__((format(printf, 5, 6)));
/* The last line; returns the status. */
int doctor_verdict(struct doctor *d);

#endif
