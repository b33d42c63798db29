/* plan.c -- see plan.h. */
#include "train/plan.h"

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

static const char PROBE[] = ".dunlin-probe";

/* runs/catch-a3c-20260102-030405, in a batch job with -JOB behind it (a job array starts many in one second), and with
 * -2, -3
 * ... where that is there already; what is no file name in an environment's name becomes '-'. */
static void default_folder(struct plan *plan)
{
    const struct options *o = &plan->set.values;
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
    snprintf(plan->dir, sizeof plan->dir, "runs/%s", name);
    for (int n = 2; !stat(plan->dir, &st) && n < 1000; n++)
        snprintf(plan->dir, sizeof plan->dir, "runs/%s-%d", name, n);
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
    if (!strcmp(name, "status") || !strcmp(name, "status.new") || !strcmp(name, "starts") || !strcmp(name, PROBE))
        return true;
    if (!strncmp(name, "run-damaged-", 12)) return !strcmp(name + 12 + strspn(name + 12, "0123456789"), ".h5");
    if (n < 4 || strcmp(name + n - 4, ".new")) return false;
    snprintf(whole, sizeof whole, "%.*s", (int)(n - 4), name);
    return is_run_file(whole);
}

/* 1: a run lies there; 2: something else does; 0: nothing, or an empty folder. */
static int what_lies_in(const char *dir)
{
    struct stat st;
    if (stat(dir, &st)) return 0;
    if (!S_ISDIR(st.st_mode)) return 2;
    DIR *d = opendir(dir);
    int found = 0;
    if (!d) return 2;
    for (struct dirent *e; (e = readdir(d));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || is_run_remnant(e->d_name)) continue;
        if (is_run_file(e->d_name))
            found = 1;
        else if (!found)
            found = 2;
    }
    closedir(d);
    return found;
}

/* An agent of one rank tells what the algorithm refuses. */
static int try_agent(const struct setup *setup)
{
    const struct agent_config config = setup_agent_config(setup, 1);
    struct agent *agent = agent_new(&config, &setup->world, setup->net);
    if (!agent) return -1;
    agent_free(&agent);
    return 0;
}

/* Lays the words over the stored options; only what may change may differ. */
static int lay_words_over(struct plan *plan, int argc, char **argv)
{
    char stored[OPTION_TEXT], given[OPTION_TEXT];
    const char *positional;
    const struct option_set before = plan->set;
    if (options_read_args(&plan->set, argc, argv, &positional)) return -1;
    for (int i = 0; i < option_count(); i++) {
        if (option_may_change(i) || option_of_start(i)) continue;
        options_format(&before.values, i, stored, sizeof stored);
        options_format(&plan->set.values, i, given, sizeof given);
        if (strcmp(stored, given))
            return error_set(
                "--%s %s: the run in %s has %s, and this may not change on resume; leave it out, or start a new run",
                option_key(i), given, plan->dir, stored);
    }
    if (plan->set.values.actors && plan_check_ranks(plan, (int)plan->set.values.actors + 1)) return -1;
    return setup_check(&plan->set);
}

/* 0; 1 where no checkpoint of the folder is whole; -1 after error_set(). */
static int go_on(struct plan *plan, struct setup *setup, struct restore *restore, int argc, char **argv)
{
    const int none = restore_choose(plan->dir, restore, setup, &plan->set);
    if (none > 0)
        error_set("%s holds no whole checkpoint-*.h5 to resume from: start it again with `dunlin train ... --out %s "
                  "--force`",
                  plan->dir, plan->dir);
    if (none) return none == 1 ? 1 : -1;
    snprintf(plan->checkpoint, sizeof plan->checkpoint, "%s", checkpoint_path(restore->file));
    plan->ranks = (int)restore->counters.ranks;
    return lay_words_over(plan, argc, argv);
}

int plan_check_ranks(const struct plan *plan, int ranks)
{
    if (!plan->ranks || plan->ranks == ranks || !plan->set.values.deterministic) return 0;
    return error_set("--deterministic: the run in %s has %d ranks, and with %d it would not be the same: start it with "
                     "mpirun -n %d, or alone with --actors %d",
                     plan->dir, plan->ranks, ranks, plan->ranks, plan->ranks - 1);
}

static int make(struct plan *plan, struct setup *setup, struct restore *restore, int argc, char **argv, bool resume)
{
    const char *positional = NULL;
    options_init(&plan->set);
    if (options_read_args(&plan->set, argc, argv, &positional)) return -1;
    if (resume) {
        if (!positional) return error_set("resume needs the folder of a run: dunlin resume RUN [--KEY VALUE ...]");
        snprintf(plan->dir, sizeof plan->dir, "%s", positional);
        return go_on(plan, setup, restore, argc, argv);
    }
    if (positional)
        return error_set(
            "train takes one FILE.ini and --KEY VALUE pairs; \"%s\" is neither (see `dunlin train --help`)",
            positional);
    if (plan->set.values.out[0]) snprintf(plan->dir, sizeof plan->dir, "%s", plan->set.values.out);
    const int found = plan->dir[0] ? what_lies_in(plan->dir) : 0;
    if (found == 1 && plan->set.values.or_resume && !plan->set.values.force) {
        const int none = go_on(plan, setup, restore, argc, argv);
        if (none <= 0) return none;
    }
    if (setup_complete(&plan->set)) return -1;
    if (!plan->dir[0]) default_folder(plan);
    if (found == 1 && !plan->set.values.force)
        return error_set("--out %s: a run lies there already; give another folder, `dunlin resume %s` to go on with "
                         "it, or --force to "
                         "throw it away",
                         plan->dir, plan->dir);
    if (found == 2)
        return error_set(
            "--out %s: exists and is not the folder of a run; give another folder (nothing there is touched)",
            plan->dir);
    return setup_open(setup, &plan->set.values, true);
}

int plan_make(struct plan *plan, struct setup *setup, struct restore *restore, int argc, char **argv, bool resume)
{
    memset(plan, 0, sizeof *plan);
    memset(setup, 0, sizeof *setup);
    memset(restore, 0, sizeof *restore);
    if (!make(plan, setup, restore, argc, argv, resume) && !try_agent(setup)) return 0;
    restore_close(restore);
    setup_close(setup);
    return -1;
}

int plan_check(struct plan *plan, int argc, char **argv, bool resume)
{
    struct setup setup;
    struct restore restore;
    if (plan_make(plan, &setup, &restore, argc, argv, resume)) return -1;
    restore_close(&restore);
    setup_close(&setup);
    return 0;
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

/* Removes the files of a run, by their exact names: whatever else lies there stays. */
static void empty_folder(const char *dir)
{
    DIR *d = opendir(dir);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));)
        if (is_run_file(e->d_name) || is_run_remnant(e->d_name)) unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
}

static int try_folder(const struct plan *plan)
{
    char probe[OPTION_TEXT + 32];
    if (make_folders(plan->dir))
        return error_set("--out %s: cannot be made: %s; give a folder that you may write to", plan->dir,
                         strerror(errno));
    snprintf(probe, sizeof probe, "%s/%s", plan->dir, PROBE);
    const int fd = open(probe, O_CREAT | O_WRONLY | O_TRUNC, 0666);
    if (fd < 0)
        return error_set("--out %s: cannot be written to: %s; give a folder that you may write to", plan->dir,
                         strerror(errno));
    close(fd);
    unlink(probe);
    return 0;
}

/* One run at a time: a lock on the folder itself, which ends with this process. File systems without such locks go
 * without. */
static int lock_folder(const char *dir, bool keep)
{
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return 0;
    const int why = flock(fd, LOCK_EX | LOCK_NB) ? errno : 0;
    if (!keep || why) close(fd);
    return why == EWOULDBLOCK
               ? error_set("--out %s: a training that is still running writes there; stop it first, or give another "
                           "folder",
                           dir)
               : 0;
}

int plan_try_folder(const struct plan *plan)
{
    return try_folder(plan) || lock_folder(plan->dir, false) ? -1 : 0;
}

int plan_prepare_folder(const struct plan *plan)
{
    if (try_folder(plan) || lock_folder(plan->dir, true)) return -1;
    if (!plan->checkpoint[0] && plan->set.values.force) empty_folder(plan->dir);
    return 0;
}
