/* folder.c -- see folder.h. */
#include "train/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "store/options_file.h"
#include "store/runfile.h"
#include "store/seal.h"
#include "store/tensorboard.h"

static const char PROBE[] = ".dunlin-probe";

/* What is no file name in an environment's name becomes '-'; in a batch job -JOB stands behind the time, as a job array
 * starts many in one second. */
void folder_default(const struct options *o, char dir[OPTION_TEXT])
{
    char stamp[32], name[128];
    const time_t now = time(NULL);
    struct tm tm;
    struct stat st;
    localtime_r(&now, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &tm);
    const char *slash = strrchr(o->env, '/'), *job = getenv("SLURM_JOB_ID");
    snprintf(name, sizeof name, "%.50s-%.20s-%.20s%s%.20s", slash ? slash + 1 : o->env, o->algo, stamp, job ? "-" : "",
             job ? job : "");
    for (char *p = name; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", *p)) *p = '-';
    snprintf(dir, OPTION_TEXT, "runs/%s", name);
    for (int n = 2; !stat(dir, &st) && n < 1000; n++) snprintf(dir, OPTION_TEXT, "runs/%s-%d", name, n);
}

/* Is this what makes a folder that of a run? run.h5, and checkpoint-FRAMES.h5 or checkpoint-best.h5. */
static bool is_run_file(const char *name)
{
    if (!strcmp(name, "run.h5") || !strcmp(name, "checkpoint-best.h5")) return true;
    if (strncmp(name, "checkpoint-", 11)) return false;
    const size_t digits = strspn(name + 11, "0123456789");
    return digits && !strcmp(name + 11 + digits, ".h5");
}

/* What a run leaves besides: its status, the list of its starts that run/train.sbatch keeps, damaged files set aside,
 * and what was half written when it died. */
static bool is_run_remnant(const char *name)
{
    char whole[NAME_MAX + 1];
    const size_t n = strlen(name);
    if (!strcmp(name, "status") || !strcmp(name, "status.new") || !strcmp(name, "starts") || !strcmp(name, PROBE) ||
        !strcmp(name, OPTIONS_FILE) || !strcmp(name, OPTIONS_FILE ".new"))
        return true;
    if (!strncmp(name, "run-damaged-", 12)) return !strcmp(name + 12 + strspn(name + 12, "0123456789"), ".h5");
    if (n < 4 || strcmp(name + n - 4, ".new")) return false;
    snprintf(whole, sizeof whole, "%.*s", (int)(n - 4), name);
    return is_run_file(whole);
}

enum folder_holds folder_holds(const char *dir)
{
    struct stat st;
    if (stat(dir, &st)) return FOLDER_NOTHING;
    if (!S_ISDIR(st.st_mode)) return FOLDER_OTHER;
    DIR *d = opendir(dir);
    enum folder_holds found = FOLDER_NOTHING;
    bool options = false, remnants = false; /* a run writes its options last: alone they are a user's */
    if (!d) return FOLDER_OTHER;
    for (struct dirent *e; (e = readdir(d));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        if (!strcmp(e->d_name, OPTIONS_FILE))
            options = true;
        else if (is_run_remnant(e->d_name))
            remnants = true;
        else if (is_run_file(e->d_name))
            found = FOLDER_RUN;
        else if (found == FOLDER_NOTHING)
            found = FOLDER_OTHER;
    }
    closedir(d);
    return found == FOLDER_NOTHING && options && !remnants ? FOLDER_OTHER : found;
}

static int make_folders(const char *dir)
{
    char path[OPTION_TEXT];
    snprintf(path, sizeof path, "%s", dir);
    for (char *p = path + 1;; p++) {
        if (*p && *p != '/') continue;
        const char c = *p;
        *p = 0;
        if (mkdir(path, 0777) && errno != EEXIST) return -1; /* the user's umask decides */
        *p = c;
        if (!c) return 0;
    }
}

/* The curves that the run in dir has written for TensorBoard to a folder below dir; then the folder, too, where nothing
 * else is in it. */
static void remove_curves(const char *dir)
{
    static struct option_set of_run;
    char run[OPTION_TEXT + 16], above[PATH_MAX], path[PATH_MAX];
    snprintf(run, sizeof run, "%s/run.h5", dir);
    if (access(run, F_OK) || runfile_read_options(run, &of_run) || !of_run.values.tensorboard[0] ||
        tensorboard_check(of_run.values.tensorboard)) /* nothing there can be removed, or it hangs */
        return;
    if (!realpath(dir, above) || !realpath(of_run.values.tensorboard, path)) return;
    const size_t n = strlen(above);
    DIR *d = strncmp(path, above, n) != 0 || (path[n] && path[n] != '/') ? NULL : opendir(path);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));)
        if (tensorboard_is_file(e->d_name)) unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    if (path[n]) rmdir(path);
}

void folder_empty(const char *dir)
{
    remove_curves(dir);
    DIR *d = opendir(dir);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));)
        if (is_run_file(e->d_name) || is_run_remnant(e->d_name)) unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
}

static int try_to_write(const char *dir)
{
    char probe[OPTION_TEXT + 32];
    if (make_folders(dir))
        return error_set("--out %s: cannot be made: %s; give a folder that you may write to", dir, strerror(errno));
    snprintf(probe, sizeof probe, "%s/%s", dir, PROBE);
    const int fd = file_create(probe);
    if (fd < 0)
        return error_set("--out %s: cannot be written to: %s; give a folder that you may write to", dir,
                         strerror(errno));
    close(fd);
    unlink(probe);
    return 0;
}

/* One run at a time: a lock on the folder itself, which ends with this process. File systems without such locks go
 * without. */
static int lock_folder(const char *dir, bool keep)
{
    static char held[OPTION_TEXT]; /* by this process: another descriptor would be refused */
    if (keep && !strcmp(held, dir)) return 0;
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return 0;
    const int why = flock(fd, LOCK_EX | LOCK_NB) ? errno : 0;
    if (!keep || why)
        close(fd);
    else
        snprintf(held, sizeof held, "%s", dir);
    return why == EWOULDBLOCK
               ? error_set("--out %s: a training that is still running writes there; stop it first, or give another "
                           "folder",
                           dir)
               : 0;
}

bool folder_busy(const char *dir)
{
    return lock_folder(dir, false) != 0;
}

int folder_try(const char *dir)
{
    return try_to_write(dir) || lock_folder(dir, false) ? -1 : 0;
}

int folder_hold(const char *dir)
{
    return lock_folder(dir, true);
}

int folder_take(const char *dir)
{
    return try_to_write(dir) || lock_folder(dir, true) ? -1 : 0;
}
