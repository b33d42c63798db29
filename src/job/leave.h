/* leave.h -- the end of a job in which somebody has died or hangs. All local. */
#ifndef DUNLIN_JOB_LEAVE_H
#define DUNLIN_JOB_LEAVE_H

/* Before MPI_Init: starts a small process beside rank 0 that ends a typed mpirun where rank 0 is gone for 12 s without
 * leave_well() and mpirun still waits. On other ranks, under our own launcher and under srun, which see to it
 * themselves: nothing. */
void leave_guarded(void);
/* From here on what a process of this rank leaves behind becomes a child of this rank. */
void leave_adopt(void);
/* Ends the processes that this rank has left running, and says how many: they hold the pipes that a launcher reads to
 * their end. */
int leave_no_children(void);
/* From here on rank 0 may go. */
void leave_well(void);
/* Ends all ranks of the job; this rank has written all it had to. Any of them call it, and do not come back. */
_Noreturn void leave_by_force(int status);

#endif
