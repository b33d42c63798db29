/* queue.c -- see queue.h. */
#include "store/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { QUEUE_BYTES = 16 << 20, KEPT_BYTES = 1 << 20 };

void queue_init(struct queue *q, const struct table *table)
{
    *q = (struct queue){.table = table, .set = H5I_INVALID_HID, .type = H5I_INVALID_HID};
}

int queue_open(struct queue *q, hid_t file, const char *path)
{
    int64_t rows;
    H5_CHECK(q->type = table_type(q->table), path, "open a table");
    if (table_open(file, q->table, &q->set, &rows, path)) return -1;
    if (q->table->frames_at < 0) return 0; /* rewritten in place */
    q->count = q->in_file = rows % q->table->chunk;
    q->begin = rows - q->count;
    if (!q->count) return 0;
    q->room = q->table->chunk;
    q->rows = memory_new((size_t)q->room, q->table->row);
    return table_read(q->set, q->type, q->begin, q->count, q->rows, path);
}

/* Room for one more row. */
static void make_room(struct queue *q)
{
    const size_t row = q->table->row;
    const int64_t most = (int64_t)(QUEUE_BYTES / row);
    if (q->count < q->room) return;
    if (q->room == most) {
        const int64_t waiting = q->count - q->in_file, gone = waiting / 4;
        char *first = q->rows + (size_t)q->in_file * row;
        memmove(first, first + (size_t)gone * row, (size_t)(waiting - gone) * row);
        q->count -= gone;
        q->dropped += gone;
        return;
    }
    const int64_t room = 2 * q->room + 64 < most ? 2 * q->room + 64 : most;
    char *rows = memory_new((size_t)room, row);
    if (q->count) memcpy(rows, q->rows, (size_t)q->count * row);
    free(q->rows);
    q->rows = rows;
    q->room = room;
}

void queue_add(struct queue *q, const void *row)
{
    make_room(q);
    memcpy(q->rows + (size_t)q->count++ * q->table->row, row, q->table->row);
}

int64_t queue_whole(const struct queue *q)
{
    return q->count - q->count % q->table->chunk;
}

/* Behind whole chunks; what an outage of the disk let grow is given back. */
static void leave(struct queue *q, int64_t whole)
{
    const size_t row = q->table->row;
    q->begin += whole;
    q->count -= whole;
    if ((size_t)q->room * row <= KEPT_BYTES) {
        memmove(q->rows, q->rows + (size_t)whole * row, (size_t)q->count * row);
        return;
    }
    q->room = q->table->chunk;
    char *rows = memory_new((size_t)q->room, row);
    memcpy(rows, q->rows + (size_t)whole * row, (size_t)q->count * row);
    free(q->rows);
    q->rows = rows;
}

static int write_whole(struct queue *q, int64_t whole, const char *path)
{
    const int64_t done = q->plain ? q->table->chunk : 0;
    const char *rows = q->rows + (size_t)done * q->table->row;
    if (done && table_put_plain(q->set, q->table, q->begin, done, q->rows, path)) return -1;
    if (done < whole && table_append(q->set, q->type, q->begin + done, whole - done, rows, path)) return -1;
    leave(q, whole);
    q->in_file = 0;
    q->plain = false;
    return 0;
}

int queue_write(struct queue *q, bool rest, const char *path)
{
    const int64_t whole = queue_whole(q);
    rest = rest && q->count - whole > (whole ? 0 : q->in_file);
    if (!whole && !rest) return 0;
    if (whole && write_whole(q, whole, path)) return -1;
    if (rest) {
        if (table_put_plain(q->set, q->table, q->begin, q->count, q->rows, path)) return -1;
        q->in_file = q->count;
        q->plain = true;
    }
    H5_CHECK(H5Dflush(q->set), path, "write");
    return 0;
}

void queue_free(struct queue *q)
{
    h5_release(&q->set);
    h5_release(&q->type);
    free(q->rows);
    q->rows = NULL;
}
