/* tables.c -- see tables.h. */
#include "store/tables.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "store/guard.h"
#include "store/seal.h"

enum { PACKED_MOST = 100, LENGTH_ONLY = 32 << 20, MAX_OBJECTS = 1 << 20 };

#define KIND(field)                                                                                                    \
    _Generic((field), int64_t : FIELD_INT, double : FIELD_REAL, float : FIELD_FLOAT, char * : FIELD_TEXT)
#define ROW(name) ((struct name *)0)

#define X(type, field) {#field, KIND(ROW(NOW)->field), offsetof(struct NOW, field), sizeof ROW(NOW)->field},
#define NOW run_train
static const struct table_field TRAIN[] = {RUN_TRAIN(X)};
#undef NOW
#define NOW run_episode
static const struct table_field EPISODES[] = {RUN_EPISODES(X)};
#undef NOW
#define NOW run_eval
static const struct table_field EVAL[] = {RUN_EVAL(X)};
#undef NOW
#define NOW run_lag
static const struct table_field LAG[] = {RUN_LAG(X)};
#undef NOW
#define NOW run_event
static const struct table_field EVENTS[] = {RUN_EVENTS(X)};
#undef NOW
#define NOW run_actor
static const struct table_field ACTORS[] = {RUN_ACTORS(X)};
#undef NOW
#undef X

#define COUNT(list) (int)(sizeof(list) / sizeof *(list))
const struct table RUN_TABLES[RUN_TABLE_COUNT] = {
    {"train", sizeof(struct run_train), TRAIN, COUNT(TRAIN), offsetof(struct run_train, frames), 256},
    {"episodes", sizeof(struct run_episode), EPISODES, COUNT(EPISODES), offsetof(struct run_episode, frames), 1024},
    {"eval", sizeof(struct run_eval), EVAL, COUNT(EVAL), offsetof(struct run_eval, frames), 64},
    {"lag", sizeof(struct run_lag), LAG, COUNT(LAG), -1, 0},
    {"events", sizeof(struct run_event), EVENTS, COUNT(EVENTS), offsetof(struct run_event, frames), 32},
    {"actors", sizeof(struct run_actor), ACTORS, COUNT(ACTORS), -1, 0},
};

const char *table_field_name(const struct table_field *field)
{
    return strcmp(field->field, "ret") == 0 ? "return" : field->field; /* no name for a member in C */
}

static hid_t field_type(const struct table_field *field)
{
    switch (field->kind) {
    case FIELD_INT:
        return H5Tcopy(H5T_NATIVE_INT64);
    case FIELD_REAL:
        return H5Tcopy(H5T_NATIVE_DOUBLE);
    case FIELD_FLOAT:
        return H5Tcopy(H5T_NATIVE_FLOAT);
    case FIELD_TEXT:
        break;
    }
    return h5_text_type(field->bytes);
}

hid_t table_type(const struct table *table)
{
    hid_t type = H5Tcreate(H5T_COMPOUND, table->row);
    for (int i = 0; type >= 0 && i < table->field_count; i++) {
        H5_AUTO hid_t field = field_type(&table->fields[i]);
        if (field < 0 || H5Tinsert(type, table_field_name(&table->fields[i]), table->fields[i].offset, field) < 0)
            h5_release(&type);
    }
    return type;
}

/* Measured on rows of catch and cartpole, chunks of 40 kB: level 1 makes 3.5 and 7.8 bytes of the 40 of an episode, at
 * 106 to 120 MB/s of a core; level 6 makes 3.2 and 7.4 at 57 to 76. */
static herr_t set_packed(hid_t plist, hsize_t chunk)
{
    if (H5Pset_chunk(plist, 1, &chunk) < 0) return -1;
    if (H5Zfilter_avail(H5Z_FILTER_SHUFFLE) <= 0 || H5Zfilter_avail(H5Z_FILTER_DEFLATE) <= 0) return 0; /* unpacked */
    return H5Pset_shuffle(plist) < 0 ? -1 : H5Pset_deflate(plist, 1);
}

int table_create(hid_t file, const struct table *table, int64_t rows, const char *path)
{
    const bool fixed = table->frames_at < 0;
    const hsize_t dim = fixed ? (hsize_t)rows : 0, most = fixed ? dim : H5S_UNLIMITED, chunk = (hsize_t)table->chunk;
    H5_AUTO hid_t type = H5I_INVALID_HID;
    H5_AUTO hid_t space = H5I_INVALID_HID;
    H5_AUTO hid_t plist = H5I_INVALID_HID;
    H5_AUTO hid_t set = H5I_INVALID_HID;
    H5_CHECK(type = table_type(table), path, "make a table");
    H5_CHECK(space = H5Screate_simple(1, &dim, &most), path, "make a table");
    H5_CHECK(plist = H5Pcreate(H5P_DATASET_CREATE), path, "make a table");
    if (fixed)
        H5_CHECK(H5Pset_alloc_time(plist, H5D_ALLOC_TIME_EARLY), path, "make a table");
    else
        H5_CHECK(set_packed(plist, chunk), path, "make a table");
    H5_CHECK(set = H5Dcreate2(file, table->name, type, space, H5P_DEFAULT, plist, H5P_DEFAULT), path, "make a table");
    return 0;
}

/* How many bytes datasets can have in a file of its length: rows that Dunlin writes pack 13 times at most, for their
 * seconds are of a clock; of the rows that a killed writer had in its hands, length alone may be there. */
static uint64_t most_bytes(bool packed, const char *path)
{
    return guard_size(path, packed) * (packed ? PACKED_MOST : 1) + LENGTH_ONLY;
}

static bool is_packed(hid_t set)
{
    H5_AUTO hid_t plist = H5Dget_create_plist(set);
    return plist >= 0 && H5Pget_nfilters(plist) > 0;
}

/* A table's bytes; of a dataset that has more than fits, UINT64_MAX. */
static uint64_t bytes_of(uint64_t values, size_t one)
{
    return one && values > UINT64_MAX / one ? UINT64_MAX : values * one;
}

struct check {
    const char *path;
    uint64_t bytes[2]; /* of all datasets until now, unpacked and packed: each may name the same place of the file */
};

static int no_longer_than_file(hid_t set, const char *where, void *arg)
{
    struct check *all = arg;
    H5_AUTO hid_t type = H5I_INVALID_HID;
    H5_AUTO hid_t space = H5I_INVALID_HID;
    H5_CHECK(type = H5Dget_type(set), all->path, "read it");
    H5_CHECK(space = H5Dget_space(set), all->path, "read it");
    const hssize_t n = H5Sget_simple_extent_npoints(space);
    const bool packed = is_packed(set);
    const uint64_t most = most_bytes(packed, all->path);
    const uint64_t bytes = n < 0 ? UINT64_MAX : bytes_of((uint64_t)n, H5Tget_size(type));
    if (bytes > most || all->bytes[packed] > most - bytes)
        return error_set("%s: with /%s it says that it holds more than the file has", all->path, where);
    all->bytes[packed] += bytes;
    return 0;
}

int run_check(hid_t file, const char *path)
{
    struct check all = {.path = path};
    return h5_walk(file, MAX_OBJECTS, no_longer_than_file, &all, path);
}

int table_open(hid_t file, const struct table *table, hid_t *set, int64_t *rows, const char *path)
{
    H5_AUTO hid_t type = H5I_INVALID_HID;
    H5_AUTO hid_t space = H5I_INVALID_HID;
    hsize_t dims[H5S_MAX_RANK];
    if (!h5_exists(file, table->name)) return error_set("%s: there is no table /%s", path, table->name);
    H5_CHECK(*set = H5Dopen2(file, table->name, H5P_DEFAULT), path, "open a table");
    if (h5_own_storage(*set, table->name, path)) return -1;
    H5_CHECK(type = H5Dget_type(*set), path, "open a table");
    H5_CHECK(space = H5Dget_space(*set), path, "open a table");
    if (H5Tget_class(type) != H5T_COMPOUND || H5Sget_simple_extent_dims(space, dims, NULL) != 1 ||
        dims[0] > INT64_MAX / 1024 || H5Tdetect_class(type, H5T_VLEN) != 0 || H5Tdetect_class(type, H5T_REFERENCE) != 0)
        return error_set("%s: /%s is no table of Dunlin's", path, table->name);
    if (bytes_of(dims[0], H5Tget_size(type)) > most_bytes(is_packed(*set), path))
        return error_set("%s: /%s says that it holds %llu rows, more than the file has", path, table->name,
                         (unsigned long long)dims[0]);
    *rows = (int64_t)dims[0];
    return 0;
}

/* The file's rows at .. at + n - 1, and n rows of memory. */
static int select_rows(hid_t set, int64_t at, int64_t n, hid_t *in_file, hid_t *in_memory, const char *path)
{
    const hsize_t start = (hsize_t)at, count = (hsize_t)n;
    H5_CHECK(*in_file = H5Dget_space(set), path, "select rows");
    H5_CHECK(H5Sselect_hyperslab(*in_file, H5S_SELECT_SET, &start, NULL, &count, NULL), path, "select rows");
    H5_CHECK(*in_memory = H5Screate_simple(1, &count, NULL), path, "select rows");
    return 0;
}

int table_read(hid_t set, hid_t type, int64_t at, int64_t n, void *rows, const char *path)
{
    H5_AUTO hid_t in_file = H5I_INVALID_HID;
    H5_AUTO hid_t in_memory = H5I_INVALID_HID;
    if (select_rows(set, at, n, &in_file, &in_memory, path)) return -1;
    H5_CHECK(H5Dread(set, type, in_memory, in_file, H5P_DEFAULT, rows), path, "read a table");
    return 0;
}

int table_append(hid_t set, hid_t type, int64_t at, int64_t n, const void *rows, const char *path)
{
    const hsize_t end = (hsize_t)at + (hsize_t)n;
    H5_AUTO hid_t in_file = H5I_INVALID_HID;
    H5_AUTO hid_t in_memory = H5I_INVALID_HID;
    H5_CHECK(H5Dset_extent(set, &end), path, "write a table");
    if (select_rows(set, at, n, &in_file, &in_memory, path)) return -1;
    H5_CHECK(H5Dwrite(set, type, in_memory, in_file, H5P_DEFAULT, rows), path, "write a table");
    return 0;
}

int table_put_plain(hid_t set, const struct table *table, int64_t at, int64_t n, const void *rows, const char *path)
{
    const hsize_t start = (hsize_t)at, end = (hsize_t)(at + n);
    const size_t bytes = (size_t)table->chunk * table->row;
    H5_AUTO hid_t plist = H5I_INVALID_HID;
    H5_CHECK(plist = H5Dget_create_plist(set), path, "write a table");
    const uint32_t none = (1u << H5Pget_nfilters(plist)) - 1; /* a filter whose bit is set is left out */
    H5_CHECK(H5Dset_extent(set, &end), path, "write a table");
    char *chunk = memory_new(bytes, 1);
    memcpy(chunk, rows, (size_t)n * table->row);
    const herr_t rc = H5Dwrite_chunk(set, H5P_DEFAULT, none, &start, bytes, chunk);
    free(chunk);
    H5_CHECK(rc, path, "write a table");
    return 0;
}

/* HDF5 keeps 1 MB of chunks for each table and lets its cache of metadata grow to 32 MB with the file; who appends
 * rows, or reads them in order, touches the ends alone: 64 KB hold the last chunk of any table. A long run's memory
 * then stays flat. */
static herr_t small_cache(hid_t access)
{
    H5AC_cache_config_t config = {.version = H5AC__CURR_CACHE_CONFIG_VERSION};
    if (H5Pget_mdc_config(access, &config) < 0) return -1;
    config.set_initial_size = 1;
    config.initial_size = config.min_size = config.max_size = (size_t)1 << 18;
    config.incr_mode = H5C_incr__off;
    config.flash_incr_mode = H5C_flash_incr__off;
    config.decr_mode = H5C_decr__off;
    return H5Pset_mdc_config(access, &config) < 0 ? -1 : H5Pset_cache(access, 0, 61, (size_t)64 << 10, 1.0);
}

hid_t run_access(void)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access < 0) return access;
    if (small_cache(access) < 0) h5_release(&access);
    if (access < 0) return access;
    if (H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST) < 0) h5_release(&access);
#if H5_VERSION_GE(1, 10, 7)
    if (access >= 0 && H5Pset_file_locking(access, 0, 1) < 0) h5_release(&access);
#endif
    return access;
}

int run_open(const char *path, hid_t *file)
{
    H5_AUTO hid_t access = H5I_INVALID_HID;
    char name[H5_OF_FD];
    struct stat st;
    H5_CHECK(access = run_access(), path, "open");
    /* A reader beside the writer tries again where a checksum does not fit, each time after twice the wait, from 1 ns:
     * HDF5's own 100 times would never end on a damaged file; these are 17 ms. */
    H5_CHECK(H5Pset_metadata_read_attempts(access, 24), path, "open");
    const int fd = file_open(path);
    if (fd < 0) return -1;
    const bool plain = !fstat(fd, &st) && S_ISREG(st.st_mode);
    h5_of_fd(fd, name);
    /* a second go: the writer may have closed the file between the first two */
    for (int go = 0; plain && *file < 0 && go < 2; go++) {
        if (go) clock_sleep(0.05);
        *file = H5Fopen(name, H5F_ACC_RDONLY, access);
        if (*file < 0) *file = H5Fopen(name, H5F_ACC_RDONLY | H5F_ACC_SWMR_READ, access);
    }
    close(fd);
    if (!plain) return error_set("%s: not a file", path);
    H5_CHECK(*file, path, "open");
    return 0;
}
