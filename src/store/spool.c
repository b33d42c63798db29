/* spool.c -- see spool.h. The rest is as in HDF5's own driver for POSIX files (H5FDsec2.c). */
#include "store/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

enum { DRIVER_NUMBER = 517 }; /* of those the HDF Group leaves for anyone's use */

struct waiting {
    struct waiting *next;
    haddr_t at; /* where the bytes go; or, without bytes, the length the file gets */
    size_t n;
    unsigned char bytes[];
};

struct spool {
    H5FD_t base; /* first: HDF5 holds a pointer to it */
    int fd;
    dev_t device;
    ino_t inode;
    haddr_t eoa, eof; /* the end of what HDF5 has allocated; the end of the file once nothing waits */
    struct waiting *first, **last;
};

static int lost;

static int write_at(int fd, const unsigned char *bytes, size_t n, haddr_t at)
{
    while (n) {
        const ssize_t done = pwrite(fd, bytes, n, (off_t)at);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return errno;
        bytes += done;
        at += (haddr_t)done;
        n -= (size_t)done;
    }
    return 0;
}

/* A file that was removed takes whatever is written and gives it to nobody. */
static int drain(struct spool *s)
{
    struct stat st;
    if (s->first && !fstat(s->fd, &st) && !st.st_nlink) return ENOENT;
    while (s->first) {
        struct waiting *w = s->first;
        const int why = w->n ? write_at(s->fd, w->bytes, w->n, w->at) : ftruncate(s->fd, (off_t)w->at) ? errno : 0;
        if (why) return why;
        s->first = w->next;
        free(w);
    }
    s->last = &s->first;
    return 0;
}

static herr_t append(struct spool *s, haddr_t at, const void *bytes, size_t n)
{
    struct waiting *w = malloc(sizeof *w + n);
    if (!w) return -1;
    *w = (struct waiting){.at = at, .n = n};
    if (n) memcpy(w->bytes, bytes, n);
    *s->last = w;
    s->last = &w->next;
    return 0;
}

static H5FD_t *spool_open(const char *name, unsigned flags, hid_t access, haddr_t most)
{
    struct stat st;
    (void)access, (void)most;
    const int fd = open(name, (flags & H5F_ACC_RDWR ? O_RDWR : O_RDONLY) | (flags & H5F_ACC_TRUNC ? O_TRUNC : 0) |
                                  O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return NULL;
    struct spool *s = fstat(fd, &st) ? NULL : calloc(1, sizeof *s);
    if (!s) {
        close(fd);
        return NULL;
    }
    s->fd = fd;
    s->device = st.st_dev;
    s->inode = st.st_ino;
    s->eof = (haddr_t)st.st_size;
    s->last = &s->first;
    return &s->base;
}

int spool_sync(struct spool *spool)
{
    return fsync(spool->fd) ? errno : 0;
}

static herr_t spool_close(H5FD_t *file)
{
    struct spool *s = (struct spool *)file;
    lost = drain(s);
    if (!lost) lost = spool_sync(s);
    while (s->first) {
        struct waiting *w = s->first;
        s->first = w->next;
        free(w);
    }
    if (close(s->fd) && !lost) lost = errno;
    free(s);
    return 0;
}

static int spool_cmp(const H5FD_t *one, const H5FD_t *two)
{
    const struct spool *a = (const struct spool *)one, *b = (const struct spool *)two;
    if (a->device != b->device) return a->device < b->device ? -1 : 1;
    return a->inode < b->inode ? -1 : a->inode > b->inode;
}

static herr_t spool_query(const H5FD_t *file, unsigned long *flags)
{
    (void)file;
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_SUPPORTS_SWMR_IO | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    return 0;
}

static haddr_t spool_get_eoa(const H5FD_t *file, H5FD_mem_t type)
{
    (void)type;
    return ((const struct spool *)file)->eoa;
}

static herr_t spool_set_eoa(H5FD_t *file, H5FD_mem_t type, haddr_t at)
{
    (void)type;
    ((struct spool *)file)->eoa = at;
    return 0;
}

static haddr_t spool_get_eof(const H5FD_t *file, H5FD_mem_t type)
{
    (void)type;
    return ((const struct spool *)file)->eof;
}

static herr_t spool_get_handle(H5FD_t *file, hid_t access, void **handle)
{
    (void)access;
    *handle = file;
    return 0;
}

/* What the file holds, zeros behind its end, with what waits laid over it. */
static herr_t spool_read(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t at, size_t n, void *out)
{
    const struct spool *s = (const struct spool *)file;
    unsigned char *bytes = out;
    (void)type, (void)transfer;
    memset(bytes, 0, n);
    for (size_t done = 0; done < n;) {
        const ssize_t got = pread(s->fd, bytes + done, n - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        done += (size_t)got;
    }
    for (const struct waiting *w = s->first; w; w = w->next) {
        const haddr_t from = w->at > at ? w->at : at;
        const haddr_t to = w->at + w->n < at + n ? w->at + w->n : at + n;
        if (from < to) memcpy(bytes + (from - at), w->bytes + (from - w->at), (size_t)(to - from));
    }
    return 0;
}

static herr_t spool_write(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t at, size_t n, const void *bytes)
{
    struct spool *s = (struct spool *)file;
    (void)type, (void)transfer;
    if (n && append(s, at, bytes, n)) return -1;
    if (at + n > s->eof) s->eof = at + n;
    return 0;
}

static herr_t spool_truncate(H5FD_t *file, hid_t transfer, hbool_t closing)
{
    struct spool *s = (struct spool *)file;
    (void)transfer, (void)closing;
    if (s->eoa == s->eof) return 0;
    if (append(s, s->eoa, NULL, 0)) return -1;
    s->eof = s->eoa;
    return 0;
}

/* Only for a driver that has these does HDF5 mark the file as being written, which readers go by. They need lock
 * nothing: see run_access(). */
static herr_t spool_lock(H5FD_t *file, hbool_t for_writing)
{
    (void)file, (void)for_writing;
    return 0;
}

static herr_t spool_unlock(H5FD_t *file)
{
    (void)file;
    return 0;
}

static const H5FD_class_t SPOOL = {
#if H5_VERSION_GE(1, 13, 0)
    .version = H5FD_CLASS_VERSION,
    .value = DRIVER_NUMBER,
#endif
    .name = "dunlin-spool",
    .maxaddr = ((haddr_t)1 << 62) - 1,
    .fc_degree = H5F_CLOSE_WEAK,
    .open = spool_open,
    .close = spool_close,
    .cmp = spool_cmp,
    .query = spool_query,
    .get_eoa = spool_get_eoa,
    .set_eoa = spool_set_eoa,
    .get_eof = spool_get_eof,
    .get_handle = spool_get_handle,
    .read = spool_read,
    .write = spool_write,
    .truncate = spool_truncate,
    .lock = spool_lock,
    .unlock = spool_unlock,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

int spool_use(hid_t access)
{
    static hid_t driver = H5I_INVALID_HID;
    if (driver < 0) driver = H5FDregister(&SPOOL);
    return driver < 0 || H5Pset_driver(access, driver, NULL) < 0 ? -1 : 0;
}

struct spool *spool_of(hid_t file)
{
    void *spool = NULL;
    return H5Fget_vfd_handle(file, H5P_DEFAULT, &spool) < 0 ? NULL : spool;
}

int spool_drain(struct spool *spool)
{
    return drain(spool);
}

bool spool_waits(const struct spool *spool)
{
    return spool->first != NULL;
}

int spool_lost(void)
{
    return lost;
}
