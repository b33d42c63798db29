/* judge.h -- findings about cores, limits and pieces, from facts of all ranks. Pure functions of the facts. */
#ifndef DUNLIN_DOCTOR_JUDGE_H
#define DUNLIN_DOCTOR_JUDGE_H

#include "doctor/hosts.h"
#include "doctor/say.h"

void doctor_judge_cores(struct doctor *d, const struct doctor_plan *p);  /* cores, binding, load, yield, blas */
void doctor_judge_memory(struct doctor *d, const struct doctor_plan *p); /* shm, memory, files, locked */
/* ale, mujoco, gnuplot; env: what would be trained, as typed after --env */
void doctor_judge_pieces(struct doctor *d, const struct doctor_plan *p, const char *env);

#endif
