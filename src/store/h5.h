/* h5.h -- how store/ talks to HDF5: every call is checked, and a failing one (disk full, folder gone, a strange file)
 * is the user's one line, not the end of the process.
 *
 * Handles are declared H5_AUTO and released when the scope is left, so that a failure returns at once:
 *
 *   H5_AUTO hid_t file = H5I_INVALID_HID;
 *   H5_CHECK(file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), path, "open");
 */
#ifndef DUNLIN_STORE_H5_H
#define DUNLIN_STORE_H5_H

#define H5_USE_110_API /* the same calls on 1.12 and later */
#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/options.h"

#define H5_AUTO __attribute__((cleanup(h5_release)))

/* Returns -1 from the calling function where a call of HDF5 answers < 0; doing completes "PATH: cannot ...". */
#define H5_CHECK(call, path, doing)                                                                                    \
    do {                                                                                                               \
        if ((call) < 0) return h5_fail((path), (doing));                                                               \
    } while (0)

/* Before the first call of HDF5: its own printing and its clean-up at exit are switched off. Any number of times. */
void h5_init(void);

/* error_set("PATH: cannot DOING: REASON") with the innermost reason that HDF5 has, the errno text where there is one;
 * -1. */
int h5_fail(const char *path, const char *doing);

/* A name by which HDF5, which opens by name alone, opens the file that fd is open on, whatever path leads to now. */
enum { H5_OF_FD = 40 };
const char *h5_of_fd(int fd, char name[H5_OF_FD]);

/* Gives a handle of any kind back; < 0 is fine. *id becomes H5I_INVALID_HID. */
void h5_release(hid_t *id);

/* Is there something at loc/path, each step of it by a hard link; false also where that cannot be said. */
bool h5_exists(hid_t loc, const char *path);

/* Is all of a dataset in its own file, in chunks of bounded size, with no filter but HDF5's own for compression: a
 * stranger's may name other files (external storage, virtual datasets), and is asked for nothing else before. 0, or -1
 * after error_set(). */
int h5_own_storage(hid_t set, const char *where, const char *path);
/* Goes through all objects of a strange file, which are groups and datasets of their own storage, not deeper than
 * anybody writes them and no more than most; 0, or -1 after error_set(). each (NULL: none): < 0 ends it, after
 * error_set(). */
typedef int h5_each(hid_t set, const char *where, void *arg);
int h5_walk(hid_t file, int most, h5_each *each, void *arg, const char *path);

/* A fixed-length UTF-8 string type of `bytes` (at least 1), zero padded, as numpy's S has it. */
hid_t h5_text_type(size_t bytes);

/* Attributes of an object: text (fixed length), int64, double. 0, or -1 after error_set(), which names path. */
int h5_put_text(hid_t object, const char *key, const char *value, const char *path);
int h5_put_int(hid_t object, const char *key, int64_t value, const char *path);
int h5_put_real(hid_t object, const char *key, double value, const char *path);
/* Reading refuses what is no scalar of that class, and text longer than size - 1. 1 where there is
 * no such attribute. */
int h5_get_text(hid_t object, const char *key, char *value, size_t size, const char *path);
int h5_get_int(hid_t object, const char *key, int64_t *value, const char *path);
int h5_get_real(hid_t object, const char *key, double *value, const char *path);

/* A new dataset below loc, its groups made as needed; no time is stored with it. */
int h5_put_data(hid_t loc, const char *where, int ndim, const hsize_t *dims, hid_t file_type, hid_t mem_type,
                const void *data, const char *path);

/* /config below loc: one text attribute per option, and the dataset "options" of (key, value, origin) rows, by which
 * h5py users see where each value came from. */
int h5_put_options(hid_t loc, const struct option_set *options, const char *path);
/* The attributes of /config with origin STORED, but for options of one start only. */
int h5_get_options(hid_t loc, struct option_set *options, const char *path);

#endif
