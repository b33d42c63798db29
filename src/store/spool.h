/* spool.h -- a file driver for HDF5 whose writes do not fail: they wait in memory, in order, until spool_drain() brings
 * them to the file.
 *
 * Why: after a failing write (a full disk) HDF5 1.10 goes on with its tables out of step, and says nothing [tried: rows
 * that are written once there is room again read as zeros]. With this driver it never sees one. Since writes reach the
 * file in the order HDF5 made them, readers beside the writer, and whoever salvages the file after a kill, find what
 * they would have found a moment earlier. And as draining calls nothing of HDF5's, another thread may do it (writer.h):
 * a file system that does not answer holds up nobody else.
 */
#ifndef DUNLIN_STORE_SPOOL_H
#define DUNLIN_STORE_SPOOL_H

#include "store/h5.h"

/* Makes files that are opened with these access properties, or created over a file that is there, use the driver. < 0
 * where HDF5 fails. Local. */
int spool_use(hid_t access);

struct spool;
/* Of a file opened with the driver; valid until it is closed. NULL where HDF5 fails. Local. */
struct spool *spool_of(hid_t file);
/* Writes what waits. 0 where nothing waits any more, or the errno of the write that failed (ENOENT: the file was
 * removed). HDF5 must not be asked for anything of this file meanwhile; and while something waits, the caller gives
 * HDF5 no more to write, so that the memory it takes is bounded. Local; calls no HDF5. */
int spool_drain(struct spool *spool);
/* All that was written is on the disk itself. 0, or errno. Local; calls no HDF5. */
int spool_sync(struct spool *spool);
bool spool_waits(const struct spool *spool);

/* The errno that the closing of the last file of this driver ended with: what then still waited is lost. 0: nothing
 * did. */
int spool_lost(void);

#endif
