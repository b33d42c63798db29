/* restore.c -- see restore.h. */
#include "train/restore.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "store/runfile.h"
#include "store/weights.h"

/* The same blocks for every actor that there was, or one set for all. */
static int load_optim(struct checkpoint_file *f, const char *path, const struct setup *setup, struct optim *optim,
                      float *scratch)
{
    const struct optim_row *row = optim_row(optim_kind_of(setup->options->optimizer));
    const int have = checkpoint_optim_sets(f), blocks = optim_blocks(row);
    if (have < 0) return -1;
    if (row->per_actor ? have < 1 : have != 1)
        return error_set("%s: /optimizer holds %d blocks of state, %s has %s", path, have, setup->options->optimizer,
                         row->per_actor ? "one for each actor" : "one");
    for (int i = 0; i < have * blocks; i++) {
        const int set = i / blocks, b = i % blocks;
        char group[CHECKPOINT_GROUP];
        checkpoint_optim_group(group, have, set, blocks > 1 ? row->blocks[b] : NULL);
        float *to = optim && set < optim_sets(optim) ? optim_state(optim, set, b) : scratch;
        const int rc = checkpoint_read_tensors(f, group, setup->net, to);
        if (rc) return rc > 0 ? error_set("%s: there is no /%s", path, group) : -1;
    }
    int64_t steps = 0;
    if (row->counts && checkpoint_optim_steps(f, &steps)) return -1;
    if (optim) *optim_steps(optim) = steps;
    return 0;
}

static int load_totals(struct checkpoint_file *f, struct restore_parts *parts)
{
    const int rc = checkpoint_read_actor(f, 0, &parts->totals, &parts->totals_bytes);
    if (rc) parts->totals = NULL, parts->totals_bytes = 0; /* frame 0 has none */
    return rc < 0 ? -1 : 0;
}

/* Floats that an option brings beside theta, from the group of that name: of a run that was without it they begin as
 * theta. */
static int load_beside(struct checkpoint_file *f, const struct setup *setup, const char *group, const float *theta,
                       float *to)
{
    const int rc = checkpoint_read_tensors(f, group, setup->net, to);
    if (rc <= 0) return rc ? rc : weights_check(checkpoint_path(f), setup->facts, to);
    struct option_set *stored = memory_new(1, sizeof *stored);
    options_init(stored);
    const int unread = checkpoint_read_options(f, stored);
    const bool none = *group == 't' ? !stored->values.target_every : stored->values.ema <= 0;
    free(stored);
    if (unread || !none)
        return error_set("%s: there is no /%s, which %s needs", checkpoint_path(f), group,
                         *group == 't' ? setup->options->algo : "ema");
    memcpy(to, theta, setup->facts->params * sizeof *to);
    return 0;
}

int restore_load(struct restore *r, const struct setup *setup, struct restore_parts *parts)
{
    struct checkpoint_file *f = r->file;
    const char *path = checkpoint_path(f);
    float *scratch = memory_floats(setup->facts->params);
    int rc = checkpoint_read_counters(f, &r->counters);
    if (!rc && (rc = checkpoint_read_tensors(f, "params", setup->net, parts->theta)) > 0)
        rc = error_set("%s: there is no /params", path);
    if (!rc) rc = weights_check(path, setup->facts, parts->theta);
    if (!rc && parts->target) rc = load_beside(f, setup, "target", parts->theta, parts->target);
    if (!rc && parts->average) rc = load_beside(f, setup, "ema", parts->theta, parts->average);
    if (!rc) rc = load_optim(f, path, setup, parts->optim, scratch);
    if (!rc) rc = load_totals(f, parts);
    free(scratch);
    return rc;
}

void restore_close(struct restore *r)
{
    checkpoint_close(&r->file);
}

static int compare(const char *path, const struct option_set *stored, const struct option_set *run)
{
    char here[OPTION_TEXT], there[OPTION_TEXT];
    const int i = options_other_run(stored, run);
    if (i < 0) return 0;
    options_format(&stored->values, i, here, sizeof here);
    options_format(&run->values, i, there, sizeof there);
    return error_set("%s: of another run: %s is %.100s, in this folder's run.h5 it is %.100s", path, option_key(i),
                     here, there);
}

static int try_load(struct restore *r, const struct setup *setup, int64_t frames)
{
    struct restore_parts parts = {.theta = memory_floats(setup->facts->params)};
    if (setup_target(setup)) parts.target = memory_floats(setup->facts->params);
    if (setup->options->ema > 0) parts.average = memory_floats(setup->facts->params);
    int rc = restore_load(r, setup, &parts);
    if (!rc && r->counters.frames != frames)
        rc = error_set("%s: holds the state of %" PRId64 " frames: another checkpoint's, renamed",
                       checkpoint_path(r->file), r->counters.frames);
    free(parts.theta);
    free(parts.target);
    free(parts.average);
    free(parts.totals);
    return rc;
}

/* An older checkpoint is of the run, and could be gone on from. */
static int try_older(struct checkpoint_file *f, const struct setup *setup, const struct option_set *run, int64_t frames)
{
    static struct option_set stored;
    struct restore r = {.file = f};
    options_init(&stored);
    if (checkpoint_read_options(f, &stored) || compare(checkpoint_path(f), &stored, run)) return -1;
    return try_load(&r, setup, frames);
}

void restore_vouch(const struct restore *r, const struct setup *setup, const struct option_set *run, const char *dir)
{
    static const char OR_ELSE[] = "it does not count as one that is kept";
    struct checkpoint_file *f;
    int64_t frames = r->counters.frames;
    checkpoint_vouch(checkpoint_stat(r->file));
    for (int64_t n = 1; n < run->values.checkpoint_keep && !checkpoint_open_before(dir, &frames, OR_ELSE, &f);) {
        if (try_older(f, setup, run, frames))
            log_root("%s; %s", error_text(), OR_ELSE);
        else
            checkpoint_vouch(checkpoint_stat(f)), n++;
        checkpoint_close(&f);
    }
}

struct search {
    const char *dir, *library, *python;
    const struct option_set *run; /* run.h5's; NULL: there is none */
    struct restore *r;
    struct setup *setup;
    struct option_set *stored;
    struct option_set opened; /* what setup was opened with */
    bool open, whole;         /* is setup open; was there a checkpoint that is whole */
    bool again;               /* the second pass: only those that run.h5 did not fit, and no line comes twice */
    bool told;                /* all this, by our own launcher, which has gone through them before us */
    int64_t frames;           /* of the one that was chosen */
};

/* An environment opens once a process, so the checkpoints of one run share it. */
static int open_setup(struct search *s)
{
    if (s->open && options_other_run(&s->opened, s->stored) < 0) return 0;
    if (s->open) setup_close(s->setup);
    s->opened = *s->stored;
    s->open = !setup_open(s->setup, &s->stored->values, true);
    if (!s->open) setup_close(s->setup);
    return s->open ? 0 : -1;
}

/* The library that was named, in the place of the one stored. 0, or -1 after error_set(): none was named, or another
 * than the run's. */
static int choose_library(const struct search *s)
{
    const int env = option_find("env");
    struct options named = s->stored->values;
    if (!world_library(s->stored->values.env)) return 0;
    if (setup_library_named(s->dir, s->stored->values.env, s->library)) return -1;
    snprintf(named.env, sizeof named.env, "%s", s->library);
    if (!options_same(env, &named, &s->stored->values))
        return error_set("--env %.200s: the environment of the run in %s is %.200s, and this may not change on resume, "
                         "but for the folder it lies in",
                         s->library, s->dir, s->stored->values.env);
    memcpy(s->stored->values.env, named.env, sizeof named.env);
    return 0;
}

/* After a failure: what is not there any more may lie elsewhere. */
static void tell_elsewhere(const struct search *s)
{
    char why[512];
    const char *const env = s->stored->values.env;
    if (world_is_there(env)) return;
    snprintf(why, sizeof why, "%s", error_text());
    error_set("%s; where it lies elsewhere now, add --env %.4sFOLDER/%.200s", why, env, world_library(env));
}

enum { PASSED_OVER = 1, TOLD_BEFORE };

/* 0; PASSED_OVER where this file is not to be gone on from, TOLD_BEFORE where the first pass has said so; -1 where no
 * other would be either: environment or network do not open. */
static int try_one(struct search *s, int64_t frames)
{
    options_init(s->stored);
    if (checkpoint_read_options(s->r->file, s->stored) || setup_check(s->stored))
        return s->again ? TOLD_BEFORE : PASSED_OVER;
    const bool foreign = s->run && compare(checkpoint_path(s->r->file), s->stored, s->run);
    if (foreign != s->again) return s->again ? TOLD_BEFORE : PASSED_OVER;
    if (choose_library(s)) return -1;
    snprintf(s->stored->values.python, sizeof s->stored->values.python, "%s", s->python); /* never stored */
    if (open_setup(s)) {
        tell_elsewhere(s);
        return s->run && !s->again ? -1 : PASSED_OVER;
    }
    return try_load(s->r, s->setup, frames) ? PASSED_OVER : 0;
}

/* One pass over the checkpoints, newest first. */
static int choose(struct search *s)
{
    int64_t frames = INT64_MAX;
    char why[1024];
    for (;;) {
        int rc = checkpoint_open_before(s->dir, &frames, s->again || s->told ? "" : NULL, &s->r->file);
        if (rc) return rc;
        s->whole = true;
        rc = try_one(s, frames);
        s->frames = frames;
        if (!rc) return 0;
        restore_close(s->r);
        if (rc < 0) return rc;
        if (rc == TOLD_BEFORE || s->told) continue;
        snprintf(why, sizeof why, "%s", error_text());
        log_root("%s; %s", why,
                 checkpoint_is_before(s->dir, frames) ? "trying the one before it" : "there is none before it");
    }
}

/* Those that fit run.h5, then those that do not. */
static int choose_either(struct search *s)
{
    s->again = s->whole = false;
    const int rc = choose(s);
    if (rc <= 0 || !s->run || !s->whole) return rc;
    if (!s->told) /* it may be what is foreign here */
        log_root("%s/run.h5: no checkpoint fits it: trying them without", s->dir);
    s->again = true;
    return choose(s);
}

int restore_choose(const char *dir, const char *library, const char *python, struct restore *r, struct setup *setup,
                   struct option_set *stored)
{
    static struct option_set of_run;
    char run[OPTION_TEXT + 16];
    const char *const launcher = getenv("DUNLIN_CHECKPOINT");
    struct search s = {.dir = dir,
                       .library = library,
                       .python = python,
                       .r = r,
                       .setup = setup,
                       .stored = stored,
                       .told = launcher != NULL};
    snprintf(run, sizeof run, "%s/run.h5", dir);
    if (!access(run, F_OK) && !runfile_read_options(run, &of_run)) s.run = &of_run;
    int rc = choose_either(&s);
    if (s.told && (rc || s.frames != strtoll(launcher, NULL, 10))) { /* another one: what is wrong has not been told */
        if (!rc) restore_close(r);
        s.told = false;
        rc = choose_either(&s);
    }
    if (rc && s.open) setup_close(setup);
    return rc > 0 && s.whole ? 2 : rc;
}
