/* plan.c -- see plan.h. */
#include "train/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/left.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/memory_left.h"
#include "base/resume_words.h"
#include "job/launch.h"
#include "store/run_folders.h"
#include "store/status.h"
#include "store/tensorboard.h"
#include "store/weights.h"
#include "train/folder.h"
#include "train/room.h"
#include "train/run.h"

/* Do the weights that are to be started with fit. */
static int try_weights(const struct setup *setup)
{
    const char *const from = setup->options->init_from;
    if (!from[0]) return 0;
    float *theta = memory_floats(setup->facts->params);
    const int rc = weights_read(from, setup->net, theta);
    free(theta);
    return rc ? error_set("--init-from: %s", error_text()) : 0;
}

/* Lays the words over the stored options; only what may change may differ. */
static int lay_words_over(struct plan *plan, const struct setup *setup, int argc, char **argv, bool resume)
{
    char stored[OPTION_TEXT], given[OPTION_TEXT];
    const char *folder;
    const struct option_set before = plan->set;
    if (options_read_args(&plan->set, argc, argv, resume ? &folder : NULL) || setup_whole_env(&plan->set)) return -1;
    setup_choose_net(&setup->world, &plan->set.values);
    options_keep_first(&plan->set, &before); /* a batch job says it at each start: the run began with its own */
    for (int i = 0; i < option_count(); i++) {
        if (option_may_change(i) || option_of_start(i)) continue;
        options_format(&before.values, i, stored, sizeof stored);
        options_format(&plan->set.values, i, given, sizeof given);
        if (!options_same(i, &before.values, &plan->set.values))
            return error_set(
                "--%s %s: the run in %s has %s, and this may not change on resume; leave it out, or start a new run",
                option_key(i), given, plan->dir, stored);
    }
    options_settle(&plan->set);
    if (plan->set.values.actors && plan_check_ranks(plan, (int)plan->set.values.actors + 1)) return -1;
    return setup_check(&plan->set);
}

/* Has the run ended with all its frames? One that was killed before that, as in its last evaluation, goes on. */
static void look_at_end(struct plan *plan)
{
    enum run_state state;
    char reason[256], reached[OPTION_TEXT + 16];
    if (status_read_state(plan->dir, &state, reason, sizeof reason)) return;
    snprintf(reached, sizeof reached, RUN_REACHED "%s:", plan->set.values.stop_at);
    plan->reached = state == RUN_DONE && !strncmp(reason, reached, strlen(reached));
    plan->over = plan->reached;
    if (plan->over || plan->frames < plan->set.values.frames) return;
    plan->hopeless = state == RUN_FAILED && !strncmp(reason, RUN_HOPELESS, strlen(RUN_HOPELESS));
    plan->over = state == RUN_DONE || plan->hopeless;
}

int plan_tell_over(const struct plan *plan)
{
    if (plan->reached) {
        log_root("%s: --stop-at %s was reached; another --stop-at, or --stop-at=, trains on from %lld frames",
                 plan->dir, plan->set.values.stop_at, (long long)plan->frames);
        return 0;
    }
    log_root("%s: already at %lld of %lld frames%s; --frames M trains on", plan->dir, (long long)plan->frames,
             (long long)plan->set.values.frames, plan->hopeless ? ", and failed" : "");
    return plan->hopeless ? 1 : 0;
}

/* 0, or -1 after error_set(), whose advice throws nothing away: what is damaged or foreign here may be mended. */
static int go_on(struct plan *plan, struct setup *setup, struct restore *restore, int argc, char **argv, bool resume,
                 bool hold)
{
    if (setup_whole_env(&plan->set)) return -1;
    if (hold && folder_hold(plan->dir)) return -1; /* what is read from here on nobody else writes to */
    const struct option_set words = plan->set;
    const bool library = words.origin[option_find("env")] >= ORIGIN_FILE && world_library(words.values.env);
    const int none =
        restore_choose(plan->dir, library ? words.values.env : NULL, words.values.python, restore, setup, &plan->set);
    char runs[1024];
    if (none == 1 && *run_folders_advice(plan->dir, runs, sizeof runs))
        error_set("%s is not the folder of a run%s; name the one that goes on: dunlin resume RUN", plan->dir, runs);
    else if (none == 1)
        error_set("%s holds no whole checkpoint-*.h5 to resume from; nothing there is touched: a new start needs "
                  "another folder, `dunlin train ... --out FOLDER`",
                  plan->dir);
    if (none > 1)
        error_set("%s: no checkpoint there can be gone on from, for the reasons above; nothing there is touched: mend "
                  "them, or start anew in another folder, `dunlin train ... --out FOLDER`",
                  plan->dir);
    if (none) return -1;
    snprintf(plan->checkpoint, sizeof plan->checkpoint, "%s", checkpoint_path(restore->file));
    plan->ranks = (int)restore->counters.ranks;
    plan->frames = restore->counters.frames;
    if (lay_words_over(plan, setup, argc, argv, resume)) return -1;
    look_at_end(plan);
    return 0;
}

int plan_check_ranks(const struct plan *plan, int ranks)
{
    if (!plan->ranks || plan->ranks == ranks || !plan->set.values.deterministic) return 0;
    return error_set("--deterministic: the run in %s has %d ranks, and with %d it would not be the same: start it with "
                     "mpirun -n %d, or alone with --actors %d",
                     plan->dir, plan->ranks, ranks, plan->ranks, plan->ranks - 1);
}

static int refuse_run(const struct plan *plan)
{
    const struct options *o = &plan->set.values;
    char words[RESUME_WORDS];
    return error_set("--out %s: a run lies there already; give another folder, `%s` to go on with it, or --force to "
                     "throw it away",
                     plan->dir, resume_words(plan->dir, o->env, o->python, words, sizeof words));
}

static int make(struct plan *plan, struct setup *setup, struct restore *restore, int argc, char **argv, bool resume,
                bool hold)
{
    const char *folder = NULL;
    options_init(&plan->set);
    if (options_read_args(&plan->set, argc, argv, resume ? &folder : NULL)) return -1;
    if (resume) {
        if (!folder) return error_set("resume needs the folder of a run: dunlin resume RUN [--KEY VALUE ...]");
        for (int i = 0; i < option_count(); i++) /* those that its help and completions do not have either */
            if (plan->set.origin[i] == ORIGIN_COMMAND && option_may_change(i) && !option_of_resume(i))
                return error_set("--%s: resume goes on in the folder that it is given, and throws nothing away; leave "
                                 "it out, or start anew: dunlin train ... --out FOLDER --force",
                                 option_key(i));
        snprintf(plan->dir, sizeof plan->dir, "%s", folder);
        struct stat st;
        char run[1024];
        if (!stat(folder, &st) && !S_ISDIR(st.st_mode))
            return error_set("resume goes on with a run's folder, and %s is a file%s", folder,
                             run_folders_advice(folder, run, sizeof run));
        return go_on(plan, setup, restore, argc, argv, resume, hold);
    }
    if (plan->set.values.out[0]) snprintf(plan->dir, sizeof plan->dir, "%s", plan->set.values.out);
    const enum folder_holds found = plan->dir[0] ? folder_holds(plan->dir) : FOLDER_NOTHING;
    if (found == FOLDER_RUN && plan->set.values.or_resume && !plan->set.values.force)
        return go_on(plan, setup, restore, argc, argv, resume, hold);
    if (setup_complete(&plan->set)) return -1;
    if (!plan->dir[0]) folder_default(&plan->set.values, plan->dir);
    if (found == FOLDER_RUN && !plan->set.values.force) return refuse_run(plan);
    if (found == FOLDER_OTHER)
        return error_set(
            "--out %s: exists and is not the folder of a run; give another folder (nothing there is touched)",
            plan->dir);
    return setup_open(setup, &plan->set.values, true) || try_weights(setup) ? -1 : 0;
}

/* Can there be the folder that curves are to go to; one in the run's own will be made with it. */
static int try_tensorboard(const struct plan *plan)
{
    const char *const dir = plan->set.values.tensorboard;
    const size_t n = strlen(plan->dir);
    if (!dir[0] || (!strncmp(dir, plan->dir, n) && dir[n] == '/')) return 0;
    return tensorboard_check(dir);
}

static int draw(struct plan *plan, struct setup *setup, struct restore *restore, int argc, char **argv, bool resume,
                bool hold)
{
    memset(plan, 0, sizeof *plan);
    memset(setup, 0, sizeof *setup);
    memset(restore, 0, sizeof *restore);
    if (!make(plan, setup, restore, argc, argv, resume, hold) && !try_tensorboard(plan) && !need_env(setup, &plan->env))
        return 0;
    restore_close(restore);
    setup_close(setup);
    return -1;
}

int plan_make(struct plan *plan, struct setup *setup, struct restore *restore, int argc, char **argv, bool resume)
{
    return draw(plan, setup, restore, argc, argv, resume, true);
}

struct trial {
    struct plan plan;
    int argc;
    char **argv;
    bool resume;
};

/* 0, or 2 after error_set(). */
static int try_plan(void *arg)
{
    struct trial *t = arg;
    struct setup setup;
    struct restore restore;
    if (plan_make(&t->plan, &setup, &restore, t->argc, t->argv, t->resume)) return 2;
    const int rc = !t->plan.over && room_check(&setup, &t->plan) ? 2 : 0;
    restore_close(&restore);
    setup_close(&setup);
    return rc;
}

int plan_check(struct plan *plan, int argc, char **argv, bool resume)
{
    const struct watched w = {.what = "the environment's trial before the start", .tell = 10, .most = 600};
    struct trial *t = memory_new(1, sizeof *t);
    *t = (struct trial){.argc = argc, .argv = argv, .resume = resume};
    const int rc = left_run(&w, try_plan, t, sizeof *t);
    *plan = t->plan;
    free(t);
    return rc < 0 ? 1 : rc;
}
