/* tables.h -- the tables of run.h5 as data, made from the lists of rows.h, and their HDF5 side: one-dimensional
 * datasets of a compound type. All local; all return -1 after error_set(), which names path, unless said otherwise. */
#ifndef DUNLIN_STORE_TABLES_H
#define DUNLIN_STORE_TABLES_H

#include "store/h5.h"
#include "store/rows.h"

enum { RUN_TABLE_COUNT = RUN_TABLE_ACTORS + 1 };

enum field_kind { FIELD_INT, FIELD_REAL, FIELD_FLOAT, FIELD_TEXT };

struct table_field {
    const char *field; /* the member's name in the struct */
    enum field_kind kind;
    size_t offset, bytes; /* in the struct */
};

struct table {
    const char *name;
    size_t row; /* bytes of a row */
    const struct table_field *fields;
    int field_count;
    int frames_at; /* offset of the frames by which a resume cuts; -1: rewritten in place, of fixed length */
    int chunk;     /* rows */
};

extern const struct table RUN_TABLES[RUN_TABLE_COUNT];

/* The column's name in the file: the member's, but for `ret`, which is "return" there. */
const char *table_field_name(const struct table_field *field);

/* The compound type of a row, in memory and in the file; < 0 where HDF5 fails. */
hid_t table_type(const struct table *table);
/* A new dataset /NAME: without end and compressed (where this HDF5 can), or of `rows` zeroed rows where the table is
 * rewritten in place. */
int table_create(hid_t file, const struct table *table, int64_t rows, const char *path);
/* Opens it; refuses what is no list of compounds, lies in other
 * files, or is longer than its file can hold. Reading matches members by name: a column that this program does not
 * know is left out, one that the file does not have stays 0. */
int table_open(hid_t file, const struct table *table, hid_t *set, int64_t *rows, const char *path);
int table_read(hid_t set, hid_t type, int64_t at, int64_t n, void *rows, const char *path);
/* Writes rows at .. at + n - 1, extending the table to end there; the same call may be repeated after a failure. */
int table_append(hid_t set, hid_t type, int64_t at, int64_t n, const void *rows, const char *path);

/* One chunk, whose first row is `at`, of n rows and zeros behind them, past all filters; the table, which is of
 * table_create(), ends with the n. */
int table_put_plain(hid_t set, const struct table *table, int64_t at, int64_t n, const void *rows, const char *path);

/* Nothing in a strange file but what Dunlin would write: before all of it is copied. 0, or -1 after error_set(). */
int run_check(hid_t file, const char *path);
/* Opens a run file for reading, as a finished or as a live (or killed) one. */
int run_open(const char *path, hid_t *file);
/* Access properties of run files: libver latest; no locks, which network file systems may not have, and which protect
 * nothing here: a run file is written by the process that made it and never opened for writing again. */
hid_t run_access(void);

#endif
