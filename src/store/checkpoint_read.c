/* checkpoint_read.c -- reading checkpoints. The seal has been verified, so what HDF5 sees is what was written; yet it
 * may have been written by another version, for another net, or by somebody who made a seal for it. So the file is
 * first read through in a process of its own (guard.h), and opened here only where that came back, both from one image
 * in memory, so that what was verified is what is read; every tensor's type and shape is compared before a byte is
 * read, and no size that the file tells decides how much memory is taken, beyond bounds given here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "store/checkpoint.h"
#include "store/guard.h"
#include "store/h5.h"
#include "store/model.h"
#include "store/safetensors.h"
#include "store/seal.h"

enum { MAX_OPTIM_ROWS = 1 << 20, MAX_DIMS = 8, MAX_OBJECTS = 1 << 22 };
static const hsize_t MAX_STATE = (hsize_t)1 << 32; /* bytes of one actor */

struct checkpoint_file {
    hid_t file;
    char path[4096];
    unsigned char *bytes; /* of the whole file, seal included: HDF5 sees it as a user block */
    size_t size;
    struct stat seen;
};

/* HDF5's own copies of a file's image are this one: it is read alone. */
static void *image_malloc(size_t size, H5FD_file_image_op_t op, void *f)
{
    (void)size, (void)op;
    return ((struct checkpoint_file *)f)->bytes;
}

static void *image_copy(void *to, const void *from, size_t size, H5FD_file_image_op_t op, void *f)
{
    (void)from, (void)size, (void)op, (void)f;
    return to;
}

static void *image_realloc(void *bytes, size_t size, H5FD_file_image_op_t op, void *f)
{
    (void)bytes, (void)size, (void)op, (void)f;
    return NULL;
}

static herr_t image_free(void *bytes, H5FD_file_image_op_t op, void *f)
{
    (void)bytes, (void)op, (void)f;
    return 0;
}

static void *image_udata_copy(void *f)
{
    return f;
}

static herr_t image_udata_free(void *f)
{
    (void)f;
    return 0;
}

static int open_file(struct checkpoint_file *f)
{
    static int count;
    H5FD_file_image_callbacks_t same = {image_malloc,     image_copy, image_realloc, image_free, image_udata_copy,
                                        image_udata_free, f};
    char name[64];
    H5_AUTO hid_t access = H5I_INVALID_HID;
    H5_CHECK(access = H5Pcreate(H5P_FILE_ACCESS), f->path, "open");
    H5_CHECK(H5Pset_fapl_core(access, (size_t)1 << 16, 0), f->path, "open");
    H5_CHECK(H5Pset_file_image_callbacks(access, &same), f->path, "open");
    H5_CHECK(H5Pset_file_image(access, f->bytes, f->size), f->path, "open");
    /* an image's name is that of no file, and no other image's: by it HDF5 tells open files apart */
    snprintf(name, sizeof name, "/dev/null/checkpoint-%d", count++);
    H5_CHECK(f->file = H5Fopen(name, H5F_ACC_RDONLY, access), f->path, "open");
    return 0;
}

/* Only numbers and texts of fixed size, and no more of them than fit into the file. */
static int plain(const struct checkpoint_file *f, hid_t set, const char *where)
{
    const char *path = f->path;
    H5_AUTO hid_t plist = H5I_INVALID_HID;
    H5_AUTO hid_t type = H5I_INVALID_HID;
    H5_AUTO hid_t space = H5I_INVALID_HID;
    if (h5_own_storage(set, where, path)) return -1;
    H5_CHECK(plist = H5Dget_create_plist(set), path, "read it");
    H5_CHECK(type = H5Dget_type(set), path, "read it");
    H5_CHECK(space = H5Dget_space(set), path, "read it");
    if (H5Pget_layout(plist) == H5D_CHUNKED || H5Tdetect_class(type, H5T_VLEN) != 0 ||
        H5Tdetect_class(type, H5T_REFERENCE) != 0 || H5Tis_variable_str(type) != 0)
        return error_set("%s: %s is stored in a way in which Dunlin stores nothing", path, where);
    const hssize_t n = H5Sget_simple_extent_npoints(space);
    const size_t one = H5Tget_size(type);
    if (n < 0 || one < 1 || (uint64_t)n > f->size / one)
        return error_set("%s: %s says that it holds %lld values of %zu bytes, more than the file has", path, where,
                         (long long)n, one);
    return 0;
}

/* Reads one dataset as the functions below would. */
static int read_set(hid_t set, const char *name, void *arg)
{
    const struct checkpoint_file *f = arg;
    const char *path = f->path;
    H5_AUTO hid_t type = H5I_INVALID_HID;
    H5_AUTO hid_t space = H5I_INVALID_HID;
    if (plain(f, set, name)) return -1;
    H5_CHECK(type = H5Dget_type(set), path, "read it");
    H5_CHECK(space = H5Dget_space(set), path, "read it");
    const size_t bytes = (size_t)H5Sget_simple_extent_npoints(space) * H5Tget_size(type);
    void *data = malloc(bytes + 8);
    if (!data) return error_set("%s: no memory to read it", path);
    const bool as_float = H5Tget_class(type) == H5T_FLOAT && H5Tget_size(type) == 4;
    const herr_t rc = H5Dread(set, as_float ? H5T_NATIVE_FLOAT : type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
    free(data);
    return rc < 0 ? h5_fail(path, "read it") : 0;
}

/* In a process of its own: all that the functions below may be asked for. */
static int try_all(void *arg, FILE *out)
{
    static struct option_set options;
    struct checkpoint_file *f = arg;
    struct checkpoint_counters counters;
    (void)out;
    options_init(&options);
    error_set("%s", "");
    if (open_file(f) || checkpoint_read_counters(f, &counters) || checkpoint_read_options(f, &options) ||
        checkpoint_optim_sets(f) < 0)
        return 1;
    if (h5_walk(f->file, MAX_OBJECTS, read_set, f, f->path)) return 1;
    h5_release(&f->file);
    return 0;
}

struct checkpoint_file *checkpoint_open(const char *path)
{
    struct checkpoint_file *f = calloc(1, sizeof *f);
    if (!f || (size_t)snprintf(f->path, sizeof f->path, "%s", path) >= sizeof f->path) {
        error_set("%.200s: cannot open: %s", path, f ? "the name is too long" : "no memory");
        free(f);
        return NULL;
    }
    f->file = H5I_INVALID_HID;
    lstat(path, &f->seen); /* before it is read: who replaces it meanwhile is not taken for what was read */
    f->bytes = seal_read(path, &f->size);
    h5_init();
    if (!f->bytes || guard_run(try_all, f, path, NULL, NULL) || open_file(f)) checkpoint_close(&f);
    return f;
}

void checkpoint_close(struct checkpoint_file **f)
{
    if (!*f) return;
    h5_release(&(*f)->file);
    free((*f)->bytes);
    free(*f);
    *f = NULL;
}

const char *checkpoint_path(const struct checkpoint_file *f)
{
    return f->path;
}

const struct stat *checkpoint_stat(const struct checkpoint_file *f)
{
    return &f->seen;
}

int checkpoint_read_counters(struct checkpoint_file *f, struct checkpoint_counters *c)
{
    if (!h5_exists(f->file, "counters")) return error_set("%s: there is no /counters: not a checkpoint", f->path);
    H5_AUTO hid_t group = H5I_INVALID_HID;
    H5_CHECK(group = H5Gopen2(f->file, "counters", H5P_DEFAULT), f->path, "read /counters");
    memset(c, 0, sizeof *c);
    int rc;
#define X(type, field, help)                                                                                           \
    rc = _Generic(c->field, int64_t : h5_get_int, double : h5_get_real)(group, #field, &c->field, f->path);            \
    if (rc) return rc > 0 ? error_set("%s: /counters has no " #field, f->path) : -1;
    CHECKPOINT_COUNTERS(X)
#undef X
#define X(type, field, help)                                                                                           \
    if (_Generic(c->field, int64_t : c->field < 0 || c->field > INT64_MAX / 4, double : false))                        \
        return error_set("%s: /counters says " #field " %lld: damaged", f->path, (long long)c->field);
    CHECKPOINT_COUNTERS(X)
#undef X
    if (!(c->seconds >= 0 && c->seconds < 1e12))
        return error_set("%s: /counters says seconds %g: damaged", f->path, c->seconds);
    return 0;
}

int checkpoint_read_options(struct checkpoint_file *f, struct option_set *options)
{
    return h5_get_options(f->file, options, f->path);
}

int checkpoint_read_model(struct checkpoint_file *f, struct model *model)
{
    return model_get(f->file, model, f->path);
}

static void shape_text(char *text, size_t size, int ndim, const hsize_t *dims)
{
    size_t n = (size_t)snprintf(text, size, "%s", ndim ? "" : "a single value");
    for (int d = 0; d < ndim && n < size; d++)
        n += (size_t)snprintf(text + n, size - n, "%s%llu", d ? " x " : "", (unsigned long long)dims[d]);
}

/* What stands at loc/where against what tensor t wants: 0, or -1 with the line that names both. */
static int compare(hid_t set, const char *where, const struct tensor *t, const char *path)
{
    H5_AUTO hid_t space = H5I_INVALID_HID;
    H5_AUTO hid_t type = H5I_INVALID_HID;
    hsize_t expected[4], dims[H5S_MAX_RANK];
    char found_text[256], expected_text[128];
    H5_CHECK(space = H5Dget_space(set), path, "read a tensor");
    H5_CHECK(type = H5Dget_type(set), path, "read a tensor");
    for (int d = 0; d < t->ndim; d++) expected[d] = (hsize_t)t->dims[d];
    shape_text(expected_text, sizeof expected_text, t->ndim, expected);
    if (H5Tequal(type, H5T_IEEE_F32LE) <= 0)
        return error_set("%s: %s holds %zu-byte %s, 4-byte floats (little endian) are expected", path, where,
                         H5Tget_size(type),
                         H5Tget_class(type) == H5T_FLOAT     ? "floats of another kind"
                         : H5Tget_class(type) == H5T_INTEGER ? "integers"
                                                             : "values of another kind");
    const int ndim = H5Sget_simple_extent_dims(space, dims, NULL);
    H5_CHECK(ndim, path, "read a tensor");
    bool same = ndim == t->ndim;
    for (int d = 0; same && d < ndim; d++) same = dims[d] == expected[d];
    if (same) return 0;
    shape_text(found_text, sizeof found_text, ndim < MAX_DIMS ? ndim : MAX_DIMS, dims);
    return error_set("%s: %s has shape %s, this net's is %s: written for another net or environment", path, where,
                     found_text, expected_text);
}

static herr_t count_set(hid_t object, const char *name, const H5O_info_t *info, void *count)
{
    (void)object, (void)name;
    *(int *)count += info->type == H5O_TYPE_DATASET;
    return 0;
}

static int read_tensor(struct checkpoint_file *f, const char *group, const struct tensor *t, float *theta,
                       float *scratch)
{
    char where[160];
    snprintf(where, sizeof where, "/%.100s/%s", group, t->name);
    char *dot = strrchr(where, '.');
    if (dot) *dot = '/';
    if (!h5_exists(f->file, where))
        return error_set("%s: there is no %s, which this net has: written for another net or environment", f->path,
                         where);
    H5_AUTO hid_t set = H5I_INVALID_HID;
    H5_CHECK(set = H5Dopen2(f->file, where, H5P_DEFAULT), f->path, "read a tensor");
    if (compare(set, where, t, f->path) || plain(f, set, where)) return -1;
    H5_CHECK(H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, scratch), f->path, "read a tensor");
    tensor_from_textbook(t, theta, scratch);
    return 0;
}

int checkpoint_read_tensors(struct checkpoint_file *f, const char *group, const struct net *net, float *theta)
{
    const struct net_facts *facts = net_facts(net);
    if (!h5_exists(f->file, group)) return 1;
    size_t largest = 1;
    for (int i = 0; i < facts->tensor_count; i++)
        if (facts->tensors[i].size > largest) largest = facts->tensors[i].size;
    float *scratch = malloc(largest * sizeof *scratch);
    if (!scratch) return error_set("%s: no memory to read it", f->path);
    int rc = 0;
    for (int i = 0; i < facts->tensor_count && !rc; i++) rc = read_tensor(f, group, &facts->tensors[i], theta, scratch);
    free(scratch);
    if (rc) return rc;
    int count = 0;
    H5_CHECK(
        H5Ovisit_by_name2(f->file, group, H5_INDEX_NAME, H5_ITER_INC, count_set, &count, H5O_INFO_BASIC, H5P_DEFAULT),
        f->path, "read the tensors");
    if (count != facts->tensor_count)
        return error_set("%s: /%s holds %d tensors, this net has %d: written for another net", f->path, group, count,
                         facts->tensor_count);
    return 0;
}

struct list {
    struct safe_tensor *tensors;
    int count;
    const char *path;
};

static herr_t list_set(hid_t object, const char *name, const H5O_info_t *info, void *arg)
{
    struct list *l = arg;
    hsize_t dims[H5S_MAX_RANK];
    if (info->type != H5O_TYPE_DATASET) return 0;
    H5_AUTO hid_t set = H5I_INVALID_HID;
    H5_AUTO hid_t type = H5I_INVALID_HID;
    H5_AUTO hid_t space = H5I_INVALID_HID;
    H5_CHECK(set = H5Dopen2(object, name, H5P_DEFAULT), l->path, "read a tensor");
    H5_CHECK(type = H5Dget_type(set), l->path, "read a tensor");
    H5_CHECK(space = H5Dget_space(set), l->path, "read a tensor");
    const int ndim = H5Sget_simple_extent_dims(space, dims, NULL);
    H5_CHECK(ndim, l->path, "read a tensor");
    struct safe_tensor *t = &l->tensors[l->count];
    if (l->count == SAFE_TENSORS || ndim > SAFE_DIMS || strlen(name) >= sizeof t->name)
        return error_set("%s: %.100s is no tensor of a network here", l->path, name);
    l->count++;
    memcpy(t->name, name, strlen(name) + 1);
    char *slash = strrchr(t->name, '/');
    if (slash) *slash = '.';
    snprintf(t->type, sizeof t->type, "%s", H5Tequal(type, H5T_IEEE_F32LE) > 0 ? "F32" : "another");
    t->ndim = ndim;
    for (int d = 0; d < ndim; d++) t->dims[d] = (int64_t)dims[d];
    return 0;
}

int checkpoint_list_tensors(struct checkpoint_file *f, const char *group, struct safe_tensor **list, int *count)
{
    struct list l = {.tensors = calloc(SAFE_TENSORS, sizeof *l.tensors), .path = f->path};
    if (!l.tensors) return error_set("%s: no memory to read it", f->path);
    error_set("%s", "");
    *list = l.tensors;
    if (!h5_exists(f->file, group)) return error_set("%s: there is no /%s", f->path, group);
    if (H5Ovisit_by_name2(f->file, group, H5_INDEX_NAME, H5_ITER_INC, list_set, &l, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
        return *error_text() ? -1 : h5_fail(f->path, "read the tensors");
    *count = l.count;
    return 0;
}

int checkpoint_optim_steps(struct checkpoint_file *f, int64_t *steps)
{
    H5_AUTO hid_t group = H5I_INVALID_HID;
    H5_CHECK(group = H5Gopen2(f->file, "optimizer", H5P_DEFAULT), f->path, "read /optimizer");
    const int rc = h5_get_int(group, "steps", steps, f->path);
    if (rc > 0 || (!rc && *steps < 0)) return error_set("%s: /optimizer says no number of steps", f->path);
    return rc;
}

int checkpoint_optim_sets(struct checkpoint_file *f)
{
    if (!h5_exists(f->file, "optimizer")) return 0;
    H5_AUTO hid_t group = H5I_INVALID_HID;
    int64_t rows;
    H5_CHECK(group = H5Gopen2(f->file, "optimizer", H5P_DEFAULT), f->path, "read /optimizer");
    const int rc = h5_get_int(group, "rows", &rows, f->path);
    if (rc) return rc > 0 ? error_set("%s: /optimizer has no attribute rows", f->path) : -1;
    if (rows < 0 || rows > MAX_OPTIM_ROWS)
        return error_set("%s: /optimizer says %" PRId64 " rows: not written by Dunlin", f->path, rows);
    return (int)rows;
}

int checkpoint_read_actor(struct checkpoint_file *f, int rank, void **state, size_t *bytes)
{
    char where[48];
    hsize_t dims[H5S_MAX_RANK];
    *state = NULL;
    *bytes = 0;
    snprintf(where, sizeof where, "/actors/%d/state", rank);
    if (!h5_exists(f->file, where)) return 1;
    H5_AUTO hid_t set = H5I_INVALID_HID;
    H5_AUTO hid_t space = H5I_INVALID_HID;
    H5_AUTO hid_t type = H5I_INVALID_HID;
    H5_CHECK(set = H5Dopen2(f->file, where, H5P_DEFAULT), f->path, "read an actor's state");
    H5_CHECK(space = H5Dget_space(set), f->path, "read an actor's state");
    H5_CHECK(type = H5Dget_type(set), f->path, "read an actor's state");
    if (H5Sget_simple_extent_dims(space, dims, NULL) != 1 || H5Tget_class(type) != H5T_INTEGER ||
        H5Tget_size(type) != 1 || dims[0] > MAX_STATE)
        return error_set("%s: %s is no list of at most %llu bytes", f->path, where, (unsigned long long)MAX_STATE);
    if (plain(f, set, where)) return -1;
    *state = malloc((size_t)dims[0] + 1);
    if (!*state)
        return error_set("%s: no memory for the %llu bytes of %s", f->path, (unsigned long long)dims[0], where);
    if (H5Dread(set, H5T_NATIVE_UCHAR, H5S_ALL, H5S_ALL, H5P_DEFAULT, *state) < 0) {
        free(*state);
        *state = NULL;
        return h5_fail(f->path, "read an actor's state");
    }
    *bytes = (size_t)dims[0];
    return 0;
}
