/* writer.h -- a thread that does work which may take long or never come back: writing to a slow, full or hung file
 * system. Rank 0 goes on meanwhile, serves its actors and gives them signs of life. What it is given must call neither
 * MPI nor HDF5, of which one thread at a time may know (Debian's HDF5 is built without locks, MPI runs as
 * MPI_THREAD_SERIALIZED).
 */
#ifndef DUNLIN_STORE_WRITER_H
#define DUNLIN_STORE_WRITER_H

#include <stdbool.h>

/* One piece of work per slot at a time; slots are served in the order in which they were given theirs. */
enum { WRITER_SLOTS = 8 };

enum writer_state { WRITER_FREE, WRITER_BUSY, WRITER_DONE, WRITER_FAILED };

struct writer;

/* Owner: writer_close(). Where the system gives no thread, work is done at once, by the caller
 * of writer_give(). Local. */
struct writer *writer_open(void);
/* Waits for what was given. Only while nothing hangs: see writer_busy(). */
void writer_close(struct writer **w);

/* Hands work(arg) to the thread; the slot must be free. work returns 0, or -1 after error_set(); arg is the thread's
 * until the slot is taken back. Local, does not wait. */
void writer_give(struct writer *w, int slot, int (*work)(void *arg), void *arg);
/* DONE or FAILED (after error_set() with work's line) once, when the work is over; then the slot is free. NULL is fine.
 * Local. */
enum writer_state writer_take(struct writer *w, int slot);
/* Is work of this slot (< 0: of any) not yet taken back; *seconds: for how long it has been under way. NULL is fine.
 * Local. */
bool writer_busy(struct writer *w, int slot, double *seconds);

#endif
