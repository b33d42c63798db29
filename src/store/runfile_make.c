/* runfile_make.c -- see runfile_make.h.
 *
 * Everything is created before single writer, multiple readers starts, as HDF5 asks: groups, attributes, tables. Of an
 * old file the rows up to the checkpoint's frames are taken over, read by column name, so that a file of an older
 * version gets the columns it lacks, as zeros. The last rows of a killed writer may be there in length only, as zeros:
 * no real row is all zero, such are left out.
 *
 * The disk may be full: HDF5 sees no write that fails (spool.h), and what waits goes to the disk after each block.
 */
#include "store/runfile_make.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "store/guard.h"
#include "store/seal.h"
#include "store/spool.h"
#include "store/tables.h"

enum { BLOCK = 16384, MAX_SESSIONS = 100000 };

static bool all_zero(const char *row, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (row[i]) return false;
    return true;
}

/* Keeps those of n rows that stay; their count. */
static int64_t keep(const struct table *table, char *rows, int64_t n, int64_t frames)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        const char *row = rows + (size_t)i * table->row;
        int64_t at;
        memcpy(&at, row + table->frames_at, sizeof at);
        if (at > frames || all_zero(row, table->row)) continue;
        memmove(rows + (size_t)kept++ * table->row, row, table->row);
    }
    return kept;
}

static int cannot_write(const struct run_recipe *recipe, int why)
{
    error_set("%s: cannot write: %s", recipe->path, strerror(why));
    return RUN_MAKE_NEW_BAD;
}

static int drain(hid_t file, const struct run_recipe *recipe)
{
    struct spool *spool = recipe->in_memory ? NULL : spool_of(file);
    const int why = spool ? spool_drain(spool) : 0;
    return why ? cannot_write(recipe, why) : 0;
}

static int copy_rows(hid_t old, hid_t file, const struct table *table, char *block, const struct run_recipe *recipe)
{
    H5_AUTO hid_t type = H5I_INVALID_HID;
    H5_AUTO hid_t from = H5I_INVALID_HID;
    H5_AUTO hid_t to = H5I_INVALID_HID;
    int64_t rows, none, written = 0;
    if ((type = table_type(table)) < 0) return h5_fail(recipe->path, "make a table"), RUN_MAKE_NEW_BAD;
    if (table_open(old, table, &from, &rows, recipe->old)) return RUN_MAKE_OLD_BAD;
    if (table_open(file, table, &to, &none, recipe->path)) return RUN_MAKE_NEW_BAD;
    if (table->frames_at < 0 && rows != none) return 0; /* another histogram */
    for (int64_t at = 0; at < rows; at += BLOCK) {
        const int64_t n = rows - at < BLOCK ? rows - at : BLOCK;
        memset(block, 0, (size_t)n * table->row);
        if (table_read(from, type, at, n, block, recipe->old)) return RUN_MAKE_OLD_BAD;
        const int64_t kept = table->frames_at < 0 ? n : keep(table, block, n, recipe->frames);
        const bool bad = table->frames_at < 0 ? H5Dwrite(to, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, block) < 0
                                              : kept && table_append(to, type, written, kept, block, recipe->path);
        if (bad || drain(file, recipe)) return RUN_MAKE_NEW_BAD;
        written += kept;
    }
    return 0;
}

/* The rows of the old file, but for /actors, whose ranks are those of this start. */
static int copy_tables(hid_t old, hid_t file, const struct run_recipe *recipe)
{
    size_t widest = 0;
    int rc = 0;
    for (int t = 0; t < RUN_TABLE_COUNT; t++)
        if (RUN_TABLES[t].row > widest) widest = RUN_TABLES[t].row;
    char *block = malloc(BLOCK * widest);
    if (!block) return error_set("%s: no memory to copy it", recipe->path), RUN_MAKE_NEW_BAD;
    for (int t = 0; t < RUN_TABLE_COUNT && !rc; t++)
        if (t != RUN_TABLE_ACTORS) rc = copy_rows(old, file, &RUN_TABLES[t], block, recipe);
    free(block);
    return rc;
}

/* The fields as text attributes of object. */
static int put_provenance(hid_t object, const struct provenance *prov, const char *path)
{
#define X(field, bytes, help)                                                                                          \
    if (h5_put_text(object, #field, prov->field, path)) return -1;
    PROVENANCE(X)
#undef X
    return 0;
}

/* /config and /provenance of this start below loc. */
static int put_start(hid_t loc, hid_t provenance, const struct run_recipe *recipe)
{
    if (h5_put_options(loc, recipe->options, recipe->path)) return -1;
    return put_provenance(provenance, recipe->prov, recipe->path);
}

static int put_first(hid_t file, const struct run_recipe *recipe)
{
    H5_AUTO hid_t provenance = H5I_INVALID_HID;
    H5_AUTO hid_t sessions = H5I_INVALID_HID;
    H5_CHECK(provenance = H5Gcreate2(file, "provenance", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), recipe->path, "make");
    H5_CHECK(sessions = H5Gcreate2(file, "sessions", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), recipe->path, "make");
    return put_start(file, provenance, recipe);
}

/* A session may have been started, and have died, before its first checkpoint: then its number is taken. */
static int put_session(hid_t file, const struct run_recipe *recipe)
{
    H5_AUTO hid_t group = H5I_INVALID_HID;
    char name[32];
    int session = recipe->session;
    do snprintf(name, sizeof name, "sessions/%d", session);
    while (h5_exists(file, name) && session++ < MAX_SESSIONS);
    H5_CHECK(group = H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), recipe->path, "make /sessions");
    snprintf(name, sizeof name, "%lld", (long long)recipe->frames);
    if (h5_put_text(group, "resumed_at", name, recipe->path)) return -1;
    return put_start(group, group, recipe);
}

/* Rows of another run are not gone on with. */
static int same_run(hid_t old, const struct run_recipe *recipe)
{
    static struct option_set before;
    options_init(&before);
    if (h5_get_options(old, &before, recipe->old)) return -1;
    const int i = options_other_run(&before, recipe->options);
    return i < 0 ? 0 : error_set("%s: of another run: it has another %s", recipe->old, option_key(i));
}

static int copy_groups(hid_t old, hid_t file, const struct run_recipe *recipe)
{
    static const char *const GROUPS[] = {"config", "provenance", "sessions"};
    for (size_t g = 0; g < sizeof GROUPS / sizeof *GROUPS; g++) {
        H5_AUTO hid_t group = H5I_INVALID_HID;
        if (!h5_exists(old, GROUPS[g])) return error_set("%s: there is no /%s", recipe->old, GROUPS[g]);
        H5_CHECK(group = H5Gopen2(old, GROUPS[g], H5P_DEFAULT), recipe->old, "copy its groups");
        H5_CHECK(H5Ocopy(old, GROUPS[g], file, GROUPS[g], H5P_DEFAULT, H5P_DEFAULT), recipe->old, "copy its groups");
    }
    return 0;
}

static int fill(hid_t old, hid_t file, const struct run_recipe *recipe)
{
    for (int t = 0; t < RUN_TABLE_COUNT; t++)
        if (table_create(file, &RUN_TABLES[t], t == RUN_TABLE_ACTORS ? recipe->ranks : RUN_LAG_ROWS, recipe->path))
            return RUN_MAKE_NEW_BAD;
    if (old < 0) return put_first(file, recipe) ? RUN_MAKE_NEW_BAD : 0;
    if (same_run(old, recipe) || copy_groups(old, file, recipe)) return RUN_MAKE_OLD_BAD;
    if (put_session(file, recipe)) return RUN_MAKE_NEW_BAD;
    return copy_tables(old, file, recipe);
}

/* Do its bytes come from the disk; holes, of which a stranger's may have many, need none. */
static int can_read(int fd, const char *path)
{
    char piece[1 << 16];
    ssize_t n = 1;
    for (uint64_t left = guard_size(path, false); left && n; left -= (uint64_t)n) {
        n = read(fd, piece, left < sizeof piece ? (size_t)left : sizeof piece);
        if (n < 0) return error_set("%s: cannot read: %s", path, strerror(errno));
    }
    return 0;
}

/* A link, no right to read, a disk that does not answer or cannot read: no damage. */
static int open_old(const struct run_recipe *recipe, hid_t *old)
{
    const int there = file_open(recipe->old);
    if (there < 0) return RUN_MAKE_NEW_BAD;
    const int unread = recipe->in_memory ? can_read(there, recipe->old) : 0;
    close(there);
    if (unread) return RUN_MAKE_NEW_BAD;
    return run_open(recipe->old, old) || run_check(*old, recipe->old) ? RUN_MAKE_OLD_BAD : 0;
}

static hid_t create(const struct run_recipe *recipe)
{
    enum { STEP = 1 << 20 }; /* bytes by which memory grows */
    H5_AUTO hid_t access = run_access();
    if (access < 0) return access;
    if (recipe->in_memory) {
        if (H5Pset_fapl_core(access, STEP, 0) < 0) return H5I_INVALID_HID;
    } else {
        const int fd = file_create(recipe->path);
        if (fd < 0) return H5I_INVALID_HID;
        close(fd);
        if (spool_use(access) < 0) return H5I_INVALID_HID;
    }
    return H5Fcreate(recipe->path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
}

int run_make(const struct run_recipe *recipe)
{
    H5_AUTO hid_t old = H5I_INVALID_HID;
    h5_init();
    int rc = recipe->old ? open_old(recipe, &old) : 0;
    if (rc) return rc;
    error_set("%s", "");
    hid_t file = create(recipe);
    if (file < 0) return *error_text() ? 0 : h5_fail(recipe->path, "create"), RUN_MAKE_NEW_BAD;
    rc = fill(old, file, recipe);
    if (rc) {
        h5_release(&file);
        return rc;
    }
    if (H5Fclose(file) < 0) return h5_fail(recipe->path, "write"), RUN_MAKE_NEW_BAD;
    return !recipe->in_memory && spool_lost() ? cannot_write(recipe, spool_lost()) : 0;
}
