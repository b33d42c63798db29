/* queue.h -- the rows of one table that grows at its end, on their way to HDF5. They wait in memory, bounded: where too
 * many do, the oldest quarter goes and is counted. All local.
 *
 * Whole chunks are written once, compressed by HDF5. A chunk that fills slowly is written each time as it is, in its
 * place: compressed anew it would take another place each time, and while readers look on HDF5 gives none back. Such a
 * chunk stays so until a resume makes the file anew; where many rows come it is one in many. */
#ifndef DUNLIN_STORE_QUEUE_H
#define DUNLIN_STORE_QUEUE_H

#include <stdbool.h>

#include "store/tables.h"

struct queue {
    const struct table *table;
    hid_t set, type;
    int64_t begin;   /* the number of the first of rows: the first of a chunk */
    int64_t in_file; /* so many of rows are in the file already */
    bool plain;      /* and lie there uncompressed */
    char *rows;
    int64_t count, room;
    int64_t dropped; /* for whom it may concern, who sets it to 0 */
};

/* An empty one, before queue_open(). */
void queue_init(struct queue *q, const struct table *table);
/* The table of a file that is open for writing: rows are added behind its end, where it grows. 0, or -1 after
 * error_set(). */
int queue_open(struct queue *q, hid_t file, const char *path);
void queue_add(struct queue *q, const void *row);
/* So many rows are whole chunks, and not yet with HDF5. */
int64_t queue_whole(const struct queue *q);
/* Hands HDF5 the whole chunks, and with rest what is behind them, too; readers then see them. 0, or -1 after
 * error_set(), and may be repeated. */
int queue_write(struct queue *q, bool rest, const char *path);
/* Gives back all but the file. */
void queue_free(struct queue *q);

#endif
