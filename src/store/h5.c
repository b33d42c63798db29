/* h5.c -- see h5.h. */
#include "store/h5.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum { MAX_ATTRIBUTES = 1024 }; /* more than any version writes: a bound for the reader of strange files */
enum { MAX_DEPTH = 8 };         /* twice what any version writes */
enum { CHUNK_MOST = 1 << 20 };  /* bytes; Dunlin's have 40 thousand */

const char *h5_of_fd(int fd, char name[H5_OF_FD])
{
    snprintf(name, H5_OF_FD, "/proc/self/fd/%d", fd);
    return name;
}

void h5_init(void)
{
    /* At exit the library would flush what a failed close left open, and print about it; what must be flushed is
     * closed. */
    H5dont_atexit();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

/* Keeps the description of the innermost record, which is the last one on the way down. */
static herr_t keep_reason(unsigned n, const H5E_error2_t *record, void *out)
{
    (void)n;
    if (record->desc && *record->desc) snprintf(out, 512, "%s", record->desc);
    return 0;
}

int h5_fail(const char *path, const char *doing)
{
    char reason[512] = "HDF5 gives no reason";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_reason, reason);
    /* a failing system call is told as "..., errno = 28, error message = 'No space left on device', ..." */
    const char *from = strstr(reason, "error message = '");
    if (from) {
        char text[256];
        snprintf(text, sizeof text, "%s", from + strlen("error message = '"));
        text[strcspn(text, "'")] = '\0';
        snprintf(reason, sizeof reason, "%s", text);
    }
    for (char *c = reason; *c; c++)
        if (*c == '\n') *c = ' ';
    H5Eclear2(H5E_DEFAULT);
    return error_set("%s: cannot %s: %s", path, doing, reason);
}

void h5_release(hid_t *id)
{
    if (*id >= 0) H5Idec_ref(*id);
    *id = H5I_INVALID_HID;
}

bool h5_exists(hid_t loc, const char *path)
{
    char part[512];
    for (const char *end = path + (*path == '/');; end++) {
        end = strchr(end, '/');
        const size_t n = end ? (size_t)(end - path) : strlen(path);
        if (n >= sizeof part) return false;
        memcpy(part, path, n);
        part[n] = '\0';
        H5L_info_t link; /* a soft or external link may lead anywhere, to other files too: Dunlin writes none */
        if (H5Lexists(loc, part, H5P_DEFAULT) <= 0 || H5Lget_info(loc, part, &link, H5P_DEFAULT) < 0 ||
            link.type != H5L_TYPE_HARD)
            return false;
        if (!end) return H5Oexists_by_name(loc, part, H5P_DEFAULT) > 0;
    }
}

/* A chunk is read whole, whatever is asked of it. */
static int small_chunks(hid_t set, hid_t plist, const char *where, const char *path)
{
    H5_AUTO hid_t type = H5I_INVALID_HID;
    hsize_t dims[H5S_MAX_RANK];
    H5_CHECK(type = H5Dget_type(set), path, "read it");
    const int rank = H5Pget_chunk(plist, H5S_MAX_RANK, dims);
    H5_CHECK(rank, path, "read it");
    uint64_t bytes = H5Tget_size(type);
    for (int d = 0; d < rank && bytes <= CHUNK_MOST; d++) bytes *= dims[d] <= CHUNK_MOST ? dims[d] : CHUNK_MOST + 1;
    if (bytes <= CHUNK_MOST) return 0;
    return error_set("%s: %s is stored in chunks of more than the %d MB that one may have", path, where,
                     CHUNK_MOST >> 20);
}

int h5_own_storage(hid_t set, const char *where, const char *path)
{
    H5_AUTO hid_t plist = H5I_INVALID_HID;
    H5_CHECK(plist = H5Dget_create_plist(set), path, "read it");
    const H5D_layout_t layout = H5Pget_layout(plist);
    const int filters = H5Pget_nfilters(plist);
    bool own = (layout == H5D_CONTIGUOUS || layout == H5D_COMPACT || layout == H5D_CHUNKED) && filters >= 0 &&
               H5Pget_external_count(plist) == 0;
    for (int i = 0; i < filters; i++) {
        unsigned flags, config;
        size_t values = 0;
        const H5Z_filter_t filter = H5Pget_filter2(plist, (unsigned)i, &flags, &values, NULL, 0, NULL, &config);
        own &= filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE || filter == H5Z_FILTER_FLETCHER32;
    }
    if (!own) return error_set("%s: %s is stored in a way in which Dunlin stores nothing", path, where);
    return layout == H5D_CHUNKED ? small_chunks(set, plist, where, path) : 0;
}

struct walk {
    const char *path;
    h5_each *each;
    void *arg;
    int objects, most;
};

static herr_t visit(hid_t root, const char *name, const H5O_info_t *info, void *arg)
{
    struct walk *w = arg;
    int depth = 1;
    for (const char *c = name; *c; c++) depth += *c == '/';
    if (++w->objects > w->most) return error_set("%s: holds more than %d objects", w->path, w->most);
    if (depth > MAX_DEPTH) return error_set("%s: holds groups in groups, more than %d deep", w->path, MAX_DEPTH);
    if (info->type == H5O_TYPE_GROUP) return 0;
    if (info->type != H5O_TYPE_DATASET) return error_set("%s: /%s is neither group nor dataset", w->path, name);
    H5_AUTO hid_t set = H5I_INVALID_HID;
    H5_CHECK(set = H5Dopen2(root, name, H5P_DEFAULT), w->path, "read it");
    if (h5_own_storage(set, name, w->path)) return -1;
    return w->each ? w->each(set, name, w->arg) : 0;
}

int h5_walk(hid_t file, int most, h5_each *each, void *arg, const char *path)
{
    struct walk w = {path, each, arg, 0, most};
    error_set("%s", "");
    if (H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, visit, &w, H5O_INFO_BASIC) >= 0) return 0;
    return *error_text() ? -1 : h5_fail(path, "read it");
}

hid_t h5_text_type(size_t bytes)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    if (type < 0) return type;
    if (H5Tset_size(type, bytes ? bytes : 1) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0 ||
        H5Tset_cset(type, H5T_CSET_UTF8) < 0) {
        H5Tclose(type);
        return H5I_INVALID_HID;
    }
    return type;
}

static int put(hid_t object, const char *key, hid_t file_type, hid_t mem_type, const void *value, const char *path)
{
    H5_AUTO hid_t space = H5I_INVALID_HID;
    H5_AUTO hid_t attribute = H5I_INVALID_HID;
    H5_CHECK(space = H5Screate(H5S_SCALAR), path, "write an attribute");
    H5_CHECK(attribute = H5Acreate2(object, key, file_type, space, H5P_DEFAULT, H5P_DEFAULT), path,
             "write an attribute");
    H5_CHECK(H5Awrite(attribute, mem_type, value), path, "write an attribute");
    return 0;
}

int h5_put_data(hid_t loc, const char *where, int ndim, const hsize_t *dims, hid_t file_type, hid_t mem_type,
                const void *data, const char *path)
{
    H5_AUTO hid_t space = H5I_INVALID_HID;
    H5_AUTO hid_t links = H5I_INVALID_HID;
    H5_AUTO hid_t plist = H5I_INVALID_HID;
    H5_AUTO hid_t set = H5I_INVALID_HID;
    H5_CHECK(space = H5Screate_simple(ndim, dims, NULL), path, "write a dataset");
    H5_CHECK(links = H5Pcreate(H5P_LINK_CREATE), path, "write a dataset");
    H5_CHECK(H5Pset_create_intermediate_group(links, 1), path, "write a dataset");
    H5_CHECK(plist = H5Pcreate(H5P_DATASET_CREATE), path, "write a dataset");
    H5_CHECK(H5Pset_obj_track_times(plist, 0), path, "write a dataset");
    H5_CHECK(set = H5Dcreate2(loc, where, file_type, space, links, plist, H5P_DEFAULT), path, "write a dataset");
    H5_CHECK(H5Dwrite(set, mem_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), path, "write a dataset");
    return 0;
}

int h5_put_text(hid_t object, const char *key, const char *value, const char *path)
{
    H5_AUTO hid_t type = H5I_INVALID_HID;
    H5_CHECK(type = h5_text_type(strlen(value)), path, "write an attribute");
    return put(object, key, type, type, value, path);
}

int h5_put_int(hid_t object, const char *key, int64_t value, const char *path)
{
    return put(object, key, H5T_STD_I64LE, H5T_NATIVE_INT64, &value, path);
}

int h5_put_real(hid_t object, const char *key, double value, const char *path)
{
    return put(object, key, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value, path);
}

/* Opens a scalar attribute of the class; 1 where there is none. */
static int get(hid_t object, const char *key, H5T_class_t class, hid_t *attribute, hid_t *type, const char *path)
{
    const htri_t there = H5Aexists(object, key);
    H5_CHECK(there, path, "read an attribute");
    if (!there) return 1;
    H5_AUTO hid_t space = H5I_INVALID_HID;
    H5_CHECK(*attribute = H5Aopen(object, key, H5P_DEFAULT), path, "read an attribute");
    H5_CHECK(*type = H5Aget_type(*attribute), path, "read an attribute");
    H5_CHECK(space = H5Aget_space(*attribute), path, "read an attribute");
    if (H5Tget_class(*type) != class || H5Sget_simple_extent_npoints(space) != 1)
        return error_set("%s: attribute %s is not the %s expected: not written by Dunlin", path, key,
                         class == H5T_STRING ? "text" : "number");
    return 0;
}

int h5_get_text(hid_t object, const char *key, char *value, size_t size, const char *path)
{
    H5_AUTO hid_t attribute = H5I_INVALID_HID;
    H5_AUTO hid_t type = H5I_INVALID_HID;
    const int rc = get(object, key, H5T_STRING, &attribute, &type, path);
    if (rc) return rc;
    const size_t n = H5Tget_size(type);
    if (H5Tis_variable_str(type) != 0)
        return error_set("%s: attribute %s is a text of variable length: not written by Dunlin", path, key);
    if (n >= size)
        return error_set("%s: attribute %s is %zu bytes long, at most %zu are expected", path, key, n, size - 1);
    memset(value, 0, size);
    H5_CHECK(H5Aread(attribute, type, value), path, "read an attribute");
    return 0;
}

static int get_number(hid_t object, const char *key, H5T_class_t wanted, hid_t native, void *value, const char *path)
{
    H5_AUTO hid_t attribute = H5I_INVALID_HID;
    H5_AUTO hid_t type = H5I_INVALID_HID;
    const int rc = get(object, key, wanted, &attribute, &type, path);
    if (rc) return rc;
    H5_CHECK(H5Aread(attribute, native, value), path, "read an attribute");
    return 0;
}

int h5_get_int(hid_t object, const char *key, int64_t *value, const char *path)
{
    return get_number(object, key, H5T_INTEGER, H5T_NATIVE_INT64, value, path);
}

int h5_get_real(hid_t object, const char *key, double *value, const char *path)
{
    return get_number(object, key, H5T_FLOAT, H5T_NATIVE_DOUBLE, value, path);
}

struct stored_option {
    char key[32], value[OPTION_TEXT], origin[16];
};

static hid_t stored_option_type(void)
{
    const hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(struct stored_option));
    H5_AUTO hid_t key = h5_text_type(sizeof((struct stored_option *)0)->key);
    H5_AUTO hid_t value = h5_text_type(sizeof((struct stored_option *)0)->value);
    H5_AUTO hid_t origin = h5_text_type(sizeof((struct stored_option *)0)->origin);
    if (type < 0 || H5Tinsert(type, "key", HOFFSET(struct stored_option, key), key) < 0 ||
        H5Tinsert(type, "value", HOFFSET(struct stored_option, value), value) < 0 ||
        H5Tinsert(type, "origin", HOFFSET(struct stored_option, origin), origin) < 0) {
        if (type >= 0) H5Tclose(type);
        return H5I_INVALID_HID;
    }
    return type;
}

int h5_put_options(hid_t loc, const struct option_set *options, const char *path)
{
    struct stored_option rows[OPTIONS_MOST] = {0};
    const int n = option_count();
    const hsize_t dim = (hsize_t)n;
    H5_AUTO hid_t group = H5I_INVALID_HID;
    H5_CHECK(group = H5Gcreate2(loc, "config", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), path, "write /config");
    for (int i = 0; i < n; i++) {
        options_format(&options->values, i, rows[i].value, sizeof rows[i].value);
        snprintf(rows[i].key, sizeof rows[i].key, "%s", option_key(i));
        snprintf(rows[i].origin, sizeof rows[i].origin, "%s", option_origin_name(options->origin[i]));
        if (h5_put_text(group, rows[i].key, rows[i].value, path)) return -1;
    }
    H5_AUTO hid_t type = H5I_INVALID_HID;
    H5_AUTO hid_t space = H5I_INVALID_HID;
    H5_AUTO hid_t plist = H5I_INVALID_HID;
    H5_AUTO hid_t data = H5I_INVALID_HID;
    H5_CHECK(type = stored_option_type(), path, "write /config");
    H5_CHECK(space = H5Screate_simple(1, &dim, NULL), path, "write /config");
    H5_CHECK(plist = H5Pcreate(H5P_DATASET_CREATE), path, "write /config");
    H5_CHECK(H5Pset_obj_track_times(plist, 0), path, "write /config");
    H5_CHECK(data = H5Dcreate2(group, "options", type, space, H5P_DEFAULT, plist, H5P_DEFAULT), path, "write /config");
    H5_CHECK(H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, rows), path, "write /config");
    return 0;
}

int h5_get_options(hid_t loc, struct option_set *options, const char *path)
{
    if (!h5_exists(loc, "config")) return error_set("%s: there is no /config: not written by Dunlin", path);
    H5_AUTO hid_t group = H5I_INVALID_HID;
    H5O_info_t info;
    H5_CHECK(group = H5Gopen2(loc, "config", H5P_DEFAULT), path, "read /config");
    H5_CHECK(H5Oget_info2(group, &info, H5O_INFO_NUM_ATTRS), path, "read /config");
    if (info.num_attrs > MAX_ATTRIBUTES) return error_set("%s: /config has too many attributes", path);
    for (hsize_t a = 0; a < info.num_attrs; a++) {
        char key[64], value[OPTION_TEXT];
        const ssize_t n = H5Aget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, a, key, sizeof key, H5P_DEFAULT);
        H5_CHECK(n, path, "read /config");
        if ((size_t)n >= sizeof key) return error_set("%s: /config holds '%s...', which is no option", path, key);
        const int rc = h5_get_text(group, key, value, sizeof value, path);
        if (rc) return rc > 0 ? error_set("%s: /config/%s vanished", path, key) : -1;
        const int i = option_find(key);
        if (i >= 0 && option_of_start(i)) continue;
        if (options_set(options, key, value, ORIGIN_STORED, path)) return -1;
    }
    return 0;
}
