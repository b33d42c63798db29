/* judge_mpi.h -- findings about the start, the MPI library and the network between hosts, from facts of all ranks. Pure
 * functions of the facts. */
#ifndef DUNLIN_DOCTOR_JUDGE_MPI_H
#define DUNLIN_DOCTOR_JUDGE_MPI_H

#include "doctor/hosts.h"
#include "doctor/say.h"

void doctor_judge_start(struct doctor *d, const struct doctor_plan *p);   /* build, hosts, root, tmp */
void doctor_judge_mpi(struct doctor *d, const struct doctor_plan *p);     /* settings, messages, single copies */
void doctor_judge_network(struct doctor *d, const struct doctor_plan *p); /* names, interfaces; several hosts only */

#endif
