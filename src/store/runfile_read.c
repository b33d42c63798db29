/* runfile_read.c -- reading run.h5, live, finished or killed; in a process of its own (guard.h), from which rows and
 * text come through a pipe. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "store/guard.h"
#include "store/runfile.h"
#include "store/seal.h"
#include "store/tables.h"

enum { BLOCK = 16384, MAX_SESSIONS = 100000 };

int runfile_found(const char *path)
{
    static const unsigned char HDF5[8] = "\x89HDF\r\n\x1a\n"; /* without a user block */
    unsigned char begin[sizeof HDF5] = {0};
    const int fd = file_open(path);
    if (fd < 0) return -1;
    const bool whole = read(fd, begin, sizeof begin) == sizeof begin;
    close(fd);
    return whole && !memcmp(begin, HDF5, sizeof HDF5) ? 0 : error_set("%.400s: is no HDF5 file", path);
}

int runfile_table_of(const char *name)
{
    for (int t = 0; t < RUN_TABLE_COUNT; t++)
        if (!strcmp(name, RUN_TABLES[t].name)) return t;
    return error_set("there is no table '%s': train, episodes, eval, lag, events, actors", name);
}

struct reading {
    const char *path;
    enum runfile_table table;
    runfile_take *take;
    void *arg;
    int64_t rows;
};

static int send_blocks(const struct reading *what, char *block, FILE *out)
{
    const struct table *table = &RUN_TABLES[what->table];
    H5_AUTO hid_t file = H5I_INVALID_HID;
    H5_AUTO hid_t set = H5I_INVALID_HID;
    H5_AUTO hid_t type = H5I_INVALID_HID;
    int64_t rows;
    if (run_open(what->path, &file) || table_open(file, table, &set, &rows, what->path)) return 1;
    if ((type = table_type(table)) < 0) return h5_fail(what->path, "read a table"), 1;
    if (fwrite(&rows, sizeof rows, 1, out) != 1) return error_set("%s: a pipe broke", what->path), 1;
    for (int64_t at = 0; at < rows; at += BLOCK) {
        const int64_t n = rows - at < BLOCK ? rows - at : BLOCK;
        memset(block, 0, (size_t)n * table->row);
        if (table_read(set, type, at, n, block, what->path)) return 1;
        if (guard_write(block, table->row, (size_t)n, out) != (size_t)n)
            return error_set("%s: a pipe broke", what->path), 1;
    }
    return 0;
}

static int send_rows(void *arg, FILE *out)
{
    const struct reading *what = arg;
    char *block = malloc(BLOCK * RUN_TABLES[what->table].row);
    if (!block) return error_set("%s: no memory to read it", what->path), 1;
    const int rc = send_blocks(what, block, out);
    free(block);
    return rc;
}

static int take_blocks(const struct reading *what, int64_t rows, char *block, FILE *in)
{
    const size_t row = RUN_TABLES[what->table].row;
    if (what->take(what->arg, block, 0, rows)) return -1;
    for (int64_t at = 0; at < rows;) {
        const int64_t n = (int64_t)fread(block, row, rows - at < BLOCK ? (size_t)(rows - at) : BLOCK, in);
        if (!n) return 0; /* why, the child says */
        if (what->take(what->arg, block, n, rows)) return -1;
        at += n;
    }
    return 0;
}

/* More than rows were told of is not read. */
static int take_rows(void *to, FILE *in)
{
    struct reading *what = to;
    char *block = NULL;
    if (fread(&what->rows, sizeof what->rows, 1, in) != 1) return 0;
    if (what->rows < 0 || !(block = malloc(BLOCK * RUN_TABLES[what->table].row)))
        return error_set("%s: no memory to read it", what->path);
    const int rc = take_blocks(what, what->rows, block, in);
    free(block);
    return rc;
}

int64_t runfile_each(const char *path, enum runfile_table table, runfile_take *take, void *arg)
{
    struct reading what = {.path = path, .table = table, .take = take, .arg = arg};
    h5_init();
    return guard_pipe(send_rows, &what, path, take_rows, &what) ? -1 : what.rows;
}

struct collecting {
    const char *path;
    size_t row;
    char *rows;
    int64_t count, room;
};

static int collect(void *arg, const void *rows, int64_t n, int64_t total)
{
    struct collecting *c = arg;
    while (c->count + n > c->room || !c->rows) { /* as they come: a total is soon told */
        const int64_t room = 2 * c->room + BLOCK < total + 1 ? 2 * c->room + BLOCK : total + 1;
        char *more = realloc(c->rows, (size_t)room * c->row);
        if (!more) return error_set("%s: no memory for its %lld rows", c->path, (long long)total);
        c->rows = more;
        c->room = room;
    }
    memcpy(c->rows + (size_t)c->count * c->row, rows, (size_t)n * c->row);
    c->count += n;
    return 0;
}

int64_t runfile_read(const char *path, enum runfile_table table, void **rows)
{
    struct collecting c = {.path = path, .row = RUN_TABLES[table].row};
    const int64_t n = runfile_each(path, table, collect, &c);
    if (n < 0) free(c.rows);
    *rows = n < 0 ? NULL : c.rows;
    return n;
}

struct printing {
    const char *path, *prefix, *skip; /* skip: a key that is left out, or NULL */
    FILE *out;
};

/* One attribute as "PREFIXkey value". `frames` of /config is the budget; beside the frames trained it needs another
 * name. */
static herr_t print_attribute(hid_t object, const char *key, const H5A_info_t *info, void *arg)
{
    const struct printing *p = arg;
    char value[2048], name[256], text[4 * sizeof value];
    (void)info;
    if (p->skip && !strcmp(key, p->skip)) return 0;
    if (h5_get_text(object, key, value, sizeof value, p->path)) return -1;
    fprintf(p->out, "%s%s %s\n", p->prefix,
            !strcmp(key, "frames") ? "frames-budget" : text_shown(key, name, sizeof name),
            text_shown(value, text, sizeof text));
    return 0;
}

static int print_attributes(hid_t file, const char *group, const char *prefix, const char *skip, const char *path,
                            FILE *out)
{
    H5_AUTO hid_t object = H5I_INVALID_HID;
    struct printing p = {path, prefix, skip, out};
    if (!h5_exists(file, group)) return error_set("%s: there is no /%s: not a run file of Dunlin", path, group);
    H5_CHECK(object = H5Gopen2(file, group, H5P_DEFAULT), path, "read the settings");
    error_set("%s", "");
    if (H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, NULL, print_attribute, &p) < 0)
        return *error_text() ? -1 : h5_fail(path, "read the settings");
    return 0;
}

/* The settings in force are those of the last start. */
static int send_info(void *arg, FILE *out)
{
    const char *path = arg;
    H5_AUTO hid_t file = H5I_INVALID_HID;
    H5_AUTO hid_t sessions = H5I_INVALID_HID;
    H5G_info_t info;
    char group[64] = "config", prefix[64];
    if (run_open(path, &file)) return 1;
    if (!h5_exists(file, "sessions")) return error_set("%s: there is no /sessions: not a run file of Dunlin", path), 1;
    if ((sessions = H5Gopen2(file, "sessions", H5P_DEFAULT)) < 0 || H5Gget_info(sessions, &info) < 0)
        return h5_fail(path, "read /sessions"), 1;
    int found[2] = {0, 0}; /* how many, and the last */
    for (int s = 1; s < MAX_SESSIONS && (hsize_t)found[0] < info.nlinks; s++) {
        snprintf(group, sizeof group, "%d", s);
        if (h5_exists(sessions, group)) found[0]++, found[1] = s;
    }
    snprintf(group, sizeof group, "%s", "config");
    if (found[0]) snprintf(group, sizeof group, "sessions/%d/config", found[1]);
    if (print_attributes(file, group, "", NULL, path, out) ||
        print_attributes(file, "provenance", "", "seed", path, out))
        return 1;
    fprintf(out, "sessions %d\n", 1 + found[0]);
    for (int s = 1; s <= found[1]; s++) {
        snprintf(group, sizeof group, "sessions/%d", s);
        snprintf(prefix, sizeof prefix, "session-%d-", s);
        if (h5_exists(file, group) && print_attributes(file, group, prefix, NULL, path, out)) return 1;
    }
    return 0;
}

static int send_options(void *arg, FILE *out)
{
    static struct option_set set;
    const char *path = arg;
    H5_AUTO hid_t file = H5I_INVALID_HID;
    options_init(&set);
    if (run_open(path, &file) || h5_get_options(file, &set, path)) return 1;
    return fwrite(&set, sizeof set, 1, out) == 1 ? 0 : (error_set("%s: a pipe broke", path), 1);
}

int runfile_read_options(const char *path, struct option_set *options)
{
    char *bytes;
    size_t n;
    h5_init();
    if (guard_run(send_options, (void *)(uintptr_t)path, path, &bytes, &n)) return -1;
    const bool whole = n == sizeof *options;
    if (whole) memcpy(options, bytes, n);
    free(bytes);
    return whole ? 0 : error_set("%s: a pipe broke", path);
}

/* The text that send_info() writes, its end included. */
static int send_whole_info(void *arg, FILE *out)
{
    return send_info(arg, out) || fputc(0, out);
}

char *runfile_info(const char *path)
{
    char *text;
    size_t n;
    h5_init();
    return guard_run(send_whole_info, (void *)(uintptr_t)path, path, &text, &n) ? NULL : text;
}

static int flushed(void)
{
    return fflush(stdout) || ferror(stdout) ? error_set("cannot write to standard output") : 0;
}

int runfile_print_info(const char *path)
{
    char *text = runfile_info(path);
    if (!text) return -1;
    fputs(text, stdout);
    free(text);
    return flushed();
}
