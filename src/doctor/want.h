/* want.h -- the memory that training would take on each host, from where training itself has it. Local. */
#ifndef DUNLIN_DOCTOR_WANT_H
#define DUNLIN_DOCTOR_WANT_H

#include "doctor/hosts.h"
#include "doctor/scale.h"

/* want (p->n): of the host of each entry of facts; all 0 where there is no setup, but for checkpoints of a network of
 * the usual size. */
void doctor_want(const struct doctor_setup *s, const struct doctor_plan *p, struct doctor_want *want);
/* Is there too little of it on some host: then nothing of that size is tried. */
bool doctor_lacks(const struct doctor_plan *p);

#endif
