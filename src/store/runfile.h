/* runfile.h -- RUN/run.h5: single writer, multiple readers. Only rank 0 calls these.
 *
 * While the run goes on, and after a kill: h5py.File(p, 'r', libver='latest', swmr=True). A clean end leaves a file
 * that opens plainly. All groups, tables and attributes are made before SWMR starts; no variable-length types. Groups
 * /config (a dataset of key, value, origin rows and attributes key = value),
 * /provenance (attributes), /sessions/N. */
#ifndef DUNLIN_STORE_RUNFILE_H
#define DUNLIN_STORE_RUNFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/options.h"
#include "store/provenance.h"
#include "store/rows.h"

struct runfile;
struct tensorboard;

/* A new file dir/run.h5 for `ranks` ranks. NULL after error_set(), also where there is one already. Owner:
 * runfile_close(). */
struct runfile *runfile_create(const char *dir, const struct option_set *options, const struct provenance *prov,
                               int ranks);
/* Goes on with an old one: salvages its rows into a new file, cut to those with frames <= `frames` (the checkpoint's),
 * adds /sessions/N with `resumed_at`, those frames, and renames it over the old one. A damaged old file is set aside as
 * run-damaged-N.h5 with a line of log, once a fresh one is whole. NULL after error_set(), the old file as it was: full
 * disk, or one that cannot read. */
struct runfile *runfile_resume(const char *dir, const struct option_set *options, const struct provenance *prov,
                               int ranks, int64_t frames, int session);
/* From here on rows of /train and /eval go to TensorBoard's folder dir, too (tensorboard.h), from `frames` on. 0, or -1
 * after error_set(). */
int runfile_tensorboard(struct runfile *f, const char *dir, int64_t frames);
/* They are written for themselves, in the steps that tensorboard.h names: nothing below waits for them or fails with
 * them. Borrowed; NULL where none were asked for. Local. */
struct tensorboard *runfile_curves(const struct runfile *f);
/* The same, and no further row goes there: the caller's, so that run.h5 can be closed while a write of them hangs. */
struct tensorboard *runfile_curves_take(struct runfile *f);
/* Rows are kept in memory and written by runfile_flush(), which makes them visible to readers. -1 after error_set()
 * where writing fails (disk full, folder gone): rows stay in memory, bounded, and the next flush tries again. */
void runfile_train(struct runfile *f, const struct run_train *row);
void runfile_episode(struct runfile *f, const struct run_episode *row);
void runfile_eval(struct runfile *f, const struct run_eval *row);
void runfile_event(struct runfile *f, const struct run_event *row);
void runfile_lag(struct runfile *f, const int64_t count[RUN_LAG_ROWS]); /* this session's: added to those before it */
/* What the sessions before counted, for who knows it better than the old file (which goes on to the moment
 * of a kill). */
void runfile_lag_before(struct runfile *f, const int64_t count[RUN_LAG_ROWS]);
void runfile_actors(struct runfile *f, const struct run_actor *rows); /* one per rank */
int runfile_flush(struct runfile *f);
/* The same in steps. gather hands the rows to HDF5, where what was gathered before is on disk (else they stay where
 * they are); write brings it to the file, calls nothing of HDF5's and may run in another thread (writer.h), during
 * which only rows may be added. 0, or -1 after error_set(). Local. */
int runfile_gather(struct runfile *f);
int runfile_write(struct runfile *f);
/* Do so many episodes wait that compressing them at once would hold up who gathers? Then gather_many hands over whole
 * chunks of them; what they wrote was written before. Local. */
bool runfile_many_wait(const struct runfile *f);
int runfile_gather_many(struct runfile *f);
/* What was written is on the disk itself: a crash of the machine leaves it readable. As runfile_write(), may run in
 * another thread. */
int runfile_sync(struct runfile *f);
/* Flushes and closes, to the disk, so that the file opens plainly. 0, or -1 after error_set(). *f becomes NULL. */
int runfile_close(struct runfile **f);

/* Reading, in a process of its own with limits where the file may be damaged (dunlin info, plot). */
/* Could this be a run.h5: is there an HDF5 file. 0, or -1 after error_set(). */
int runfile_found(const char *path);
/* -1 for an unknown name; error_set() lists the names. */
int runfile_table_of(const char *name);
/* Goes through a table in pieces: take(arg, rows, n, total) gets n rows, of total in all, with n 0 before the first
 * row; it returns 0, or -1 after error_set(), which ends it. The count of rows or -1 after error_set(): what was taken
 * until then does not count. */
typedef int runfile_take(void *arg, const void *rows, int64_t n, int64_t total);
int64_t runfile_each(const char *path, enum runfile_table table, runfile_take *take, void *arg);
/* All rows of a table that is known to be small: malloc'd to *rows, of its struct in rows.h; returns the count or -1
 * after error_set(). */
int64_t runfile_read(const char *path, enum runfile_table table, void **rows);
/* Writes a table as CSV with a header line to stdout: 0, or -1 after error_set(). */
int runfile_print_csv(const char *path, enum runfile_table table);
/* /config of the first start, with origin STORED. 0, or -1 after error_set(). */
int runfile_read_options(const char *path, struct option_set *options);
/* Prints the attributes of /config and /provenance as `key value` lines to stdout; the option frames as frames-budget;
 * of a resumed run the options of its last start, and each later start's provenance with session-N- before the key. 0,
 * or -1 after error_set(). */
int runfile_print_info(const char *path);
/* The same text, malloc'd; NULL after error_set(). */
char *runfile_info(const char *path);

#endif
