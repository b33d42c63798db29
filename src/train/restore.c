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

/* One block for shared statistics; for those of each actor as many as there were actors. */
static int load_optim(struct checkpoint_file *f, const char *path, const struct setup *setup, struct optim *optim,
                      float *scratch)
{
    const bool shared = !strcmp(setup->options->optimizer, optim_name(OPTIM_SHARED_RMSPROP));
    const int have = checkpoint_optim_rows(f);
    if (have < 0) return -1;
    if (shared ? have != 1 : have < 1)
        return error_set("%s: /optimizer holds %d blocks of state, %s has %s", path, have, setup->options->optimizer,
                         shared ? "one" : "one for each actor");
    for (int i = 0; i < have; i++) {
        char group[64] = "optimizer";
        if (have > 1) snprintf(group, sizeof group, "optimizer/actor-%d", i);
        float *to = optim && i < optim_state_rows(optim) ? optim_state(optim, i) : scratch;
        const int rc = checkpoint_read_tensors(f, group, setup->net, to);
        if (rc) return rc > 0 ? error_set("%s: there is no /%s", path, group) : -1;
    }
    return 0;
}

static int load_books(struct checkpoint_file *f, struct restore *r)
{
    const int rc = checkpoint_read_actor(f, 0, &r->books, &r->books_bytes);
    if (rc) r->books = NULL, r->books_bytes = 0; /* frame 0 has none */
    return rc < 0 ? -1 : 0;
}

int restore_load(const char *path, const struct setup *setup, struct restore *r)
{
    struct checkpoint_file *f = checkpoint_open(path);
    if (!f) return -1;
    float *scratch = memory_floats(setup->facts->params);
    int rc = checkpoint_read_counters(f, &r->counters);
    if (!rc && (rc = checkpoint_read_tensors(f, "params", setup->net, r->theta)) > 0)
        rc = error_set("%s: there is no /params", path);
    if (!rc && r->target && (rc = checkpoint_read_tensors(f, "target", setup->net, r->target)) > 0)
        rc = error_set("%s: there is no /target, which %s needs", path, setup->options->algo);
    if (!rc) rc = load_optim(f, path, setup, r->optim, scratch);
    if (!rc) rc = load_books(f, r);
    free(scratch);
    checkpoint_close(&f);
    return rc;
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

static int try_load(const char *path, const struct setup *setup, int64_t frames)
{
    struct restore r = {.theta = memory_floats(setup->facts->params)};
    if (setup->algo->has_target) r.target = memory_floats(setup->facts->params);
    int rc = restore_load(path, setup, &r);
    if (!rc && r.counters.frames != frames)
        rc = error_set("%s: holds the state of %" PRId64 " frames: another checkpoint's, renamed", path,
                       r.counters.frames);
    free(r.theta);
    free(r.target);
    free(r.books);
    return rc;
}

/* 0; 1 where this file is not to be gone on from; -1 where no other would be either: environment or network do not
 * open. */
static int try_one(const char *path, int64_t frames, const struct option_set *run, struct option_set *stored)
{
    struct checkpoint_file *f = checkpoint_open(path);
    if (!f) return 1;
    options_init(stored);
    const int rc = checkpoint_read_options(f, stored);
    checkpoint_close(&f);
    if (rc || setup_check(stored)) return 1;
    if (run && compare(path, stored, run)) return 1;
    struct setup setup;
    const int closed = setup_open(&setup, &stored->values, true);
    const int loaded = closed ? 0 : try_load(path, &setup, frames);
    setup_close(&setup);
    return closed ? (run ? -1 : 1) : loaded ? 1 : 0;
}

/* One pass over the checkpoints, newest first; run NULL: none is compared with run.h5. */
static int choose(const char *dir, const struct option_set *run, char *path, size_t size, struct option_set *stored)
{
    int64_t frames = INT64_MAX;
    for (;;) {
        int rc = checkpoint_before(dir, &frames, path, size);
        if (rc) return rc;
        rc = try_one(path, frames, run, stored);
        if (rc <= 0) return rc;
        log_root("%s; trying the one before it", error_text());
    }
}

int restore_choose(const char *dir, char *path, size_t size, struct option_set *stored)
{
    static struct option_set of_run;
    char run[OPTION_TEXT + 16];
    snprintf(run, sizeof run, "%s/run.h5", dir);
    if (access(run, F_OK) || runfile_read_options(run, &of_run)) return choose(dir, NULL, path, size, stored);
    const int rc = choose(dir, &of_run, path, size, stored);
    if (rc <= 0) return rc;
    log_root("%s: no checkpoint fits it: trying them without", run); /* it may be what is foreign here */
    return choose(dir, NULL, path, size, stored);
}
