/* folder.c -- is the folder that runs would go to good for them: writing, renaming, locking, flushing, HDF5 with a
 * reader beside the writer, room. All is really done, in a folder of our own below it that is removed again. */
#include "doctor/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "store/runfile.h"
#include "store/seal.h"

enum { MB = 1000000, TABLES = 50 * MB }; /* run.h5 and what else lies beside checkpoints, about */

/* Kinds of file systems (statfs(2)) that matter; not all are in the kernel's header. */
static const struct kind {
    long magic;
    const char *name;
    bool network, memory;
} kinds[] = {{NFS_SUPER_MAGIC, "NFS", true, false},      {0x517b, "SMB", true, false},
             {0xff534d42, "CIFS", true, false},          {(long)0xfe534d42, "SMB2", true, false},
             {0x0bd00bd0, "Lustre", false, false},       {0x47504653, "GPFS", false, false},
             {0x19830326, "BeeGFS", false, false},       {0x00c36400, "CephFS", false, false},
             {0x65735546, "FUSE", true, false},          {TMPFS_MAGIC, "tmpfs", false, true},
             {RAMFS_MAGIC, "ramfs", false, true},        {OVERLAYFS_SUPER_MAGIC, "overlay", false, false},
             {EXT4_SUPER_MAGIC, "ext4", false, false},   {0x58465342, "xfs", false, false},
             {BTRFS_SUPER_MAGIC, "btrfs", false, false}, {0x2fc12fc1, "zfs", false, false}};

static struct kind kind_of(long magic)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if ((unsigned int)kinds[i].magic == (unsigned int)magic) return kinds[i];
    return (struct kind){.magic = magic, .name = "a file system of another kind"};
}

/* The folder, or the nearest above it that exists: training would make the rest. -1: something that is no folder is in
 * the way, in path. */
static int nearest(const char *dir, char path[PATH_MAX])
{
    struct stat st;
    snprintf(path, PATH_MAX, "%s", *dir ? dir : "runs");
    while (stat(path, &st)) {
        char *slash = strrchr(path, '/');
        if (!slash) {
            memcpy(path, ".", 2);
            return 0;
        }
        *(slash == path ? slash + 1 : slash) = 0;
        if (!strcmp(path, "/")) return 0;
    }
    return S_ISDIR(st.st_mode) ? 0 : -1;
}

static void judge_room(struct doctor *d, const char *path, double checkpoints)
{
    static const char mend[] = "remove files, lower --checkpoint-keep, or give another folder with --out";
    struct statfs st;
    if (statfs(path, &st)) return;
    const struct kind kind = kind_of((long)st.f_type);
    const double room = (double)st.f_bavail * (double)st.f_bsize, need = checkpoints + TABLES;
    if (st.f_files > 0 && st.f_ffree < 64)
        doctor_say(d, DOCTOR_FAIL, "room", "remove files, or give another folder with --out",
                   "%s: no more files fit (%s)", path, kind.name);
    else if (room < need)
        doctor_say(d, DOCTOR_FAIL, "room", mend,
                   "%s: %.0f MB are free, a run's checkpoints and tables want about %.0f (%s)", path, room / MB,
                   need / MB, kind.name);
    else if (room < 5 * need)
        doctor_say(d, DOCTOR_WARN, "room", mend, "%s: %.0f MB are free, each run wants about %.0f (%s)", path,
                   room / MB, need / MB, kind.name);
    else
        doctor_say(d, DOCTOR_OK, "room", NULL, "%s: %.0f MB free, a run wants about %.0f (%s)", path, room / MB,
                   need / MB, kind.name);
    if (kind.memory)
        doctor_say(d, DOCTOR_WARN, "lasting", "give a folder on a disk with --out",
                   "%s is in memory (%s): what is written there is gone after a restart of the machine", path,
                   kind.name);
    if (kind.network)
        doctor_say(d, DOCTOR_WARN, "lasting",
                   "read run.h5 after the run, or give a local or parallel file system with --out",
                   "%s is on %s: checkpoints and tables are safe there, but readers beside a running training may see "
                   "old or half-written tables",
                   path, kind.name);
}

/* Written, flushed, renamed over what was there, read again; and how long the disk takes. */
static int try_replace(struct doctor *d, const char *dir)
{
    static const char text[2][8] = {"before", "after"};
    char path[PATH_MAX], back[8] = "";
    const double start = clock_seconds();
    for (int i = 0; i < 2; i++) {
        const struct file_part part = {text[i], sizeof text[i]};
        if (!file_replace(dir, "probe", &part, 1, 1)) continue;
        doctor_say(d, DOCTOR_FAIL, "rename", "give another folder with --out", "%s", error_text());
        return -1;
    }
    const double seconds = (clock_seconds() - start) / 2;
    snprintf(path, sizeof path, "%.4000s/probe", dir);
    FILE *f = fopen(path, "rb");
    const bool whole = f && fread(back, 1, sizeof back, f) == sizeof back && !memcmp(back, text[1], sizeof back);
    if (f) fclose(f);
    unlink(path);
    if (!whole) {
        doctor_say(d, DOCTOR_FAIL, "rename", "give another folder with --out",
                   "a file that was renamed over another is not what is read afterwards");
        return -1;
    }
    if (seconds > 1)
        doctor_say(d, DOCTOR_WARN, "rename", "give a faster folder with --out, or a larger --checkpoint-every",
                   "flushing a small file takes %.1f s: the actors wait that long at each checkpoint", seconds);
    else
        doctor_say(d, DOCTOR_OK, "rename", NULL, "written, flushed and renamed in %.1f ms", 1e3 * seconds);
    return 0;
}

static void try_lock(struct doctor *d, const char *dir)
{
    const int a = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), b = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int mine = a >= 0 && flock(a, LOCK_EX | LOCK_NB) ? errno : 0;
    const int theirs = b >= 0 && !mine && flock(b, LOCK_EX | LOCK_NB) ? errno : 0;
    if (mine)
        doctor_say(d, DOCTOR_WARN, "locking", "never start two trainings into one folder here",
                   "this file system has no locks (%s): a second training into a run's folder would not be noticed",
                   strerror(mine));
    else if (theirs != EWOULDBLOCK)
        doctor_say(d, DOCTOR_WARN, "locking", "never start two trainings into one folder here",
                   "locks are granted twice here: a second training into a run's folder would not be noticed");
    else
        doctor_say(d, DOCTOR_OK, "locking", NULL, "a second lock is refused");
    if (a >= 0) close(a);
    if (b >= 0) close(b);
}

/* A run file with a row, read while it is written and once more when it is closed. */
static void try_hdf5(struct doctor *d, const char *dir)
{
    static struct option_set set;
    struct provenance prov = {0};
    struct run_train *rows = NULL;
    char path[PATH_MAX];
    options_init(&set);
    snprintf(path, sizeof path, "%.4000s/run.h5", dir);
    struct runfile *f = runfile_create(dir, &set, &prov, 2);
    bool ok = f != NULL;
    const char *when = "making it";
    if (ok) {
        runfile_train(f, &(struct run_train){.frames = 4711});
        when = "writing";
        ok = !runfile_flush(f);
    }
    if (ok) {
        when = "reading beside the writer";
        ok = runfile_read(path, RUN_TABLE_TRAIN, (void **)&rows) == 1 && rows[0].frames == 4711;
        free(rows);
        rows = NULL;
    }
    if (f && runfile_close(&f) && ok) {
        when = "closing";
        ok = false;
    }
    if (ok) {
        when = "reading what was closed";
        ok = runfile_read(path, RUN_TABLE_TRAIN, (void **)&rows) == 1 && rows[0].frames == 4711;
        free(rows);
    }
    if (ok)
        doctor_say(d, DOCTOR_OK, "hdf5", NULL, "a run file was written, read beside its writer, closed and read");
    else
        doctor_say(d, DOCTOR_FAIL, "hdf5", "export HDF5_USE_FILE_LOCKING=FALSE, or give another folder with --out",
                   "%s: %s", when, error_text());
    unlink(path);
}

void doctor_folder(struct doctor *d, const char *dir, double checkpoints)
{
    char path[PATH_MAX], own[PATH_MAX];
    if (nearest(dir, path)) {
        doctor_say(d, DOCTOR_FAIL, "folder", "give another folder with --out", "%s, where a run would go, is no folder",
                   path);
        return;
    }
    snprintf(own, sizeof own, "%.4000s/.dunlin-doctor-XXXXXX", path);
    if (!mkdtemp(own)) {
        doctor_say(d, DOCTOR_FAIL, "folder", "give a folder that you may write to with --out",
                   "%s, where a run would go%s%s: nothing can be made there: %s", path, *dir ? " for --out " : "", dir,
                   strerror(errno));
        return;
    }
    doctor_say(d, DOCTOR_OK, "folder", NULL, "%s can be written to", path);
    judge_room(d, path, checkpoints);
    if (!try_replace(d, own)) {
        try_lock(d, own);
        try_hdf5(d, own);
    }
    rmdir(own);
}
