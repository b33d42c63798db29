/* doctor.h -- `dunlin doctor [what dunlin train would be given]`: what this machine or allocation would trip over.
 *
 * Alone it starts itself under mpirun as `dunlin train` would, and watches over that; under a launcher all ranks gather
 * facts (facts.h, mpi.h), try messages and a real window, and rank 0 judges and reports (ranks.h). */
#ifndef DUNLIN_DOCTOR_DOCTOR_H
#define DUNLIN_DOCTOR_DOCTOR_H

/* argv stands behind the subcommand. Alone, or collective over all ranks (MPI_Init included). Status: 0 nothing would
 * fail, 1 something would, 2 wrong usage. */
int doctor_main(int argc, char **argv);

#endif
