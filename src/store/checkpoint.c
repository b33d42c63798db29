/* checkpoint.c -- writing checkpoints; reading is checkpoint_read.c, finding whole ones checkpoint_list.c.
 *
 * The HDF5 part is made in memory (the core driver) and written by write(): the seal before it needs its SHA-256, HDF5
 * gives no promise about what is on disk, and a disk that runs full then fails in write(), not inside the library. It
 * takes twice the checkpoint's size in memory while it lasts.
 *
 * /optimizer/LAYER/... where there is one block of optimizer state, /optimizer/actor-N/LAYER/... for several, N from 0
 * (the actor of rank N + 1). /actors/RANK has the attribute "missing" (0 or 1) and, where it is 0, the dataset "state"
 * of bytes. The same run state gives the same bytes: nothing in the file but counters.seconds and /config knows about
 * time and place.
 */
#include "store/checkpoint.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "dunlin/version.h"
#include "store/h5.h"
#include "store/model.h"
#include "store/seal.h"

/* theta's tensors in textbook order below loc/group; "conv0.weight" is conv0/weight there. scratch
 * holds the largest. */
static int put_tensors(hid_t loc, const char *group, const struct net *net, const float *theta, float *scratch,
                       const char *path)
{
    const struct net_facts *facts = net_facts(net);
    for (int i = 0; i < facts->tensor_count; i++) {
        const struct tensor *t = &facts->tensors[i];
        char where[128];
        hsize_t dims[4];
        snprintf(where, sizeof where, "%s/%s", group, t->name);
        char *dot = strrchr(where, '.');
        if (dot) *dot = '/';
        for (int d = 0; d < t->ndim; d++) dims[d] = (hsize_t)t->dims[d];
        tensor_to_textbook(t, theta, scratch);
        if (h5_put_data(loc, where, t->ndim, dims, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, scratch, path)) return -1;
    }
    return 0;
}

static int put_counters(hid_t file, const struct checkpoint_counters *counters, const char *path)
{
    H5_AUTO hid_t group = H5I_INVALID_HID;
    H5_CHECK(group = H5Gcreate2(file, "counters", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), path, "write /counters");
#define X(type, field, help)                                                                                           \
    if (_Generic(counters->field, int64_t : h5_put_int, double : h5_put_real)(group, #field, counters->field, path))   \
        return -1;
    CHECKPOINT_COUNTERS(X)
#undef X
    return 0;
}

static int put_actor(hid_t actors, const struct checkpoint_actor *actor, const char *path)
{
    char name[16];
    H5_AUTO hid_t group = H5I_INVALID_HID;
    const hsize_t bytes = actor->bytes;
    snprintf(name, sizeof name, "%d", actor->rank);
    H5_CHECK(group = H5Gcreate2(actors, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), path, "write /actors");
    if (h5_put_int(group, "missing", !actor->state, path)) return -1;
    if (!actor->state) return 0;
    return h5_put_data(group, "state", 1, &bytes, H5T_STD_U8LE, H5T_NATIVE_UCHAR, actor->state, path);
}

void checkpoint_optim_group(char group[CHECKPOINT_GROUP], int sets, int set, const char *block)
{
    char actor[24] = "";
    if (sets > 1) snprintf(actor, sizeof actor, "/actor-%d", set);
    snprintf(group, CHECKPOINT_GROUP, "optimizer%s%s%.16s", actor, block ? "/" : "", block ? block : "");
}

static int put_optim(hid_t file, const struct checkpoint *c, float *scratch, const char *path)
{
    const struct checkpoint_optim *o = &c->optim;
    H5_AUTO hid_t optimizer = H5I_INVALID_HID;
    H5_CHECK(optimizer = H5Gcreate2(file, "optimizer", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), path,
             "write /optimizer");
    if (h5_put_int(optimizer, "rows", o->sets, path)) return -1;
    if (o->steps >= 0 && h5_put_int(optimizer, "steps", o->steps, path)) return -1;
    for (int i = 0; i < o->sets * o->blocks; i++) {
        char group[CHECKPOINT_GROUP];
        checkpoint_optim_group(group, o->sets, i / o->blocks, o->blocks > 1 ? o->names[i % o->blocks] : NULL);
        if (put_tensors(file, group, c->net, o->state[i], scratch, path)) return -1;
    }
    return 0;
}

static int put_all(hid_t file, const struct checkpoint *c, float *scratch, const char *path)
{
    H5_AUTO hid_t actors = H5I_INVALID_HID;
    if (h5_put_text(file, "version", DUNLIN_VERSION, path) || h5_put_options(file, c->options, path) ||
        put_counters(file, &c->counters, path) || put_tensors(file, "params", c->net, c->theta, scratch, path))
        return -1;
    if (c->model && model_put(file, c->model, path)) return -1;
    if (c->target && put_tensors(file, "target", c->net, c->target, scratch, path)) return -1;
    if (c->average && put_tensors(file, "ema", c->net, c->average, scratch, path)) return -1;
    if (put_optim(file, c, scratch, path)) return -1;
    H5_CHECK(actors = H5Gcreate2(file, "actors", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), path, "write /actors");
    for (int a = 0; a < c->actor_count; a++)
        if (put_actor(actors, &c->actors[a], path)) return -1;
    return 0;
}

/* The file without its seal, malloc'd. HDF5 gives the image from its superblock on, which lies behind
 * the user block. */
static int make_image(const struct checkpoint *c, float *scratch, const char *path, unsigned char **image,
                      size_t *bytes)
{
    static const unsigned char SIGNATURE[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    H5_AUTO hid_t access = H5I_INVALID_HID;
    H5_AUTO hid_t create = H5I_INVALID_HID;
    H5_AUTO hid_t file = H5I_INVALID_HID;
    H5_CHECK(access = H5Pcreate(H5P_FILE_ACCESS), path, "make the file in memory");
    H5_CHECK(create = H5Pcreate(H5P_FILE_CREATE), path, "make the file in memory");
    H5_CHECK(H5Pset_fapl_core(access, (size_t)4 << 20, 0), path, "make the file in memory");
    H5_CHECK(H5Pset_userblock(create, SEAL_BYTES), path, "make the file in memory");
    /* HDF5 first tries to open what it is to create: a name that is no file's, so that no file system is asked */
    H5_CHECK(file = H5Fcreate("/dev/null/image", H5F_ACC_TRUNC, create, access), path, "make the file in memory");
    if (put_all(file, c, scratch, path)) return -1;
    H5_CHECK(H5Fflush(file, H5F_SCOPE_GLOBAL), path, "make the file in memory");
    const ssize_t n = H5Fget_file_image(file, NULL, 0);
    H5_CHECK(n, path, "make the file in memory");
    *image = malloc((size_t)n);
    if (!*image) return error_set("%s: cannot write: no memory for its %zd bytes", path, n);
    H5_CHECK(H5Fget_file_image(file, *image, (size_t)n), path, "make the file in memory");
    *bytes = (size_t)n;
    if (*bytes < sizeof SIGNATURE || memcmp(*image, SIGNATURE, sizeof SIGNATURE) != 0)
        return error_set("%s: cannot write: this HDF5 library makes images of files otherwise", path);
    return 0;
}

struct checkpoint_image {
    char dir[PATH_MAX], name[64];
    unsigned char *bytes; /* without the seal */
    size_t size;
};

struct checkpoint_image *checkpoint_image(const char *dir, const char *name, const struct checkpoint *c)
{
    const struct net_facts *facts = net_facts(c->net);
    char path[PATH_MAX];
    size_t largest = 1;
    for (int i = 0; i < facts->tensor_count; i++)
        if (facts->tensors[i].size > largest) largest = facts->tensors[i].size;
    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path ||
        strlen(name) >= sizeof((struct checkpoint_image *)0)->name)
        return error_set("%.200s...: the name is too long", path), NULL;
    h5_init();
    struct checkpoint_image *image = calloc(1, sizeof *image);
    float *scratch = malloc(largest * sizeof *scratch);
    const int rc = image && scratch ? make_image(c, scratch, path, &image->bytes, &image->size)
                                    : error_set("%s: cannot write: no memory", path);
    free(scratch);
    if (rc) checkpoint_image_free(&image);
    if (!image) return NULL;
    snprintf(image->dir, sizeof image->dir, "%s", dir);
    snprintf(image->name, sizeof image->name, "%s", name);
    return image;
}

int checkpoint_image_write(const struct checkpoint_image *image)
{
    unsigned char seal[SEAL_BYTES];
    char path[PATH_MAX + 64];
    struct stat written;
    if (seal_make(seal, image->bytes, image->size) ||
        file_replace(image->dir, image->name, (struct file_part[]){{seal, SEAL_BYTES}, {image->bytes, image->size}}, 2,
                     1))
        return -1;
    snprintf(path, sizeof path, "%s/%s", image->dir, image->name);
    if (!lstat(path, &written)) checkpoint_vouch(&written);
    return 0;
}

const char *checkpoint_image_name(const struct checkpoint_image *image)
{
    return image->name;
}

void checkpoint_image_free(struct checkpoint_image **image)
{
    if (*image) free((*image)->bytes);
    free(*image);
    *image = NULL;
}

int checkpoint_write(const char *dir, const char *name, const struct checkpoint *c)
{
    struct checkpoint_image *image = checkpoint_image(dir, name, c);
    const int rc = image ? checkpoint_image_write(image) : -1;
    checkpoint_image_free(&image);
    return rc;
}
