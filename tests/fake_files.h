/* fake_files.h -- the files of fake_run.h, which alone includes it: images, the writer, run.h5 and RUN/status, as far
 * as rank 0 calls for them. */
#ifndef DUNLIN_TESTS_FAKE_FILES_H
#define DUNLIN_TESTS_FAKE_FILES_H

#include "store/tensorboard.h"
#include "train/files.h"

struct checkpoint_image {
    char name[64];
};
struct checkpoint_image *checkpoint_image(const char *dir, const char *name, const struct checkpoint *c)
{
    (void)dir;
    if (fake.image_fails) {
        error_set("%s: no memory", name);
        return NULL;
    }
    struct checkpoint_image *image = memory_new(1, sizeof *image);
    snprintf(image->name, sizeof image->name, "%s", name);
    fake.image_updates = c->counters.updates;
    note("image %s:%lld:", name, (long long)c->counters.frames);
    for (int i = 0; i < c->actor_count; i++) note("%zu%s", c->actors[i].state ? c->actors[i].bytes : 0, i ? "," : "|");
    note(";");
    return image;
}
int checkpoint_image_write(const struct checkpoint_image *image)
{
    note("write %s;", image->name);
    return fake.disk_fails ? error_set("%s: the disk is full", image->name) : 0;
}
const char *checkpoint_image_name(const struct checkpoint_image *image)
{
    return image->name;
}
void checkpoint_image_free(struct checkpoint_image **image)
{
    free(*image);
    *image = NULL;
}
void checkpoint_prune(const char *dir, const char *written, int keep)
{
    (void)dir;
    note("prune %s %d;", written, keep);
}

/* Work of a writer is done in the order in which it was given, once somebody asks for any. */
struct slot {
    int (*work)(void *arg);
    void *arg;
    double since;
    int turn;
    enum writer_state state;
    char error[256];
};
static struct writer {
    struct slot slots[WRITER_SLOTS];
} writers[2]; /* for the run's folder, and for curves */
static int given;
struct writer *writer_open(void)
{
    struct writer *const w = &writers[fake.writers++];
    memset(w, 0, sizeof *w);
    return w;
}
void writer_close(struct writer **w)
{
    *w = NULL;
}
void writer_give(struct writer *w, int slot, int (*work)(void *arg), void *arg)
{
    EXPECT(w->slots[slot].state == WRITER_FREE);
    w->slots[slot] =
        (struct slot){.work = work, .arg = arg, .since = fake.clock, .turn = ++given, .state = WRITER_BUSY};
}
static void work_on(struct writer *w)
{
    for (struct slot *first; !fake.disk_hangs;) {
        first = NULL;
        for (struct slot *s = w->slots; s < w->slots + WRITER_SLOTS; s++)
            if (s->state == WRITER_BUSY && (!first || s->turn < first->turn)) first = s;
        if (!first || (fake.curves_hang && first == &w->slots[FILE_CURVES])) return;
        first->state = first->work(first->arg) ? WRITER_FAILED : WRITER_DONE;
        snprintf(first->error, sizeof first->error, "%s", error_text());
    }
}
enum writer_state writer_take(struct writer *w, int slot)
{
    if (!w) return WRITER_FREE;
    work_on(w);
    const enum writer_state state = w->slots[slot].state;
    if (state != WRITER_BUSY) w->slots[slot].state = WRITER_FREE;
    if (state == WRITER_FAILED) error_set("%s", w->slots[slot].error);
    return state;
}
bool writer_busy(struct writer *w, int slot, double *seconds)
{
    double longest = 0;
    bool busy = false;
    for (int i = 0; w && i < WRITER_SLOTS; i++) {
        if (w->slots[i].state == WRITER_FREE || (slot >= 0 && i != slot)) continue;
        busy = true;
        if (fake.clock - w->slots[i].since > longest) longest = fake.clock - w->slots[i].since;
    }
    if (seconds) *seconds = longest;
    return busy;
}

void runfile_event(struct runfile *f, const struct run_event *row)
{
    (void)f;
    note("event %d %s;", (int)row->rank, row->kind);
}
void runfile_train(struct runfile *f, const struct run_train *row)
{
    (void)f;
    fake.row = *row;
}
void runfile_eval(struct runfile *f, const struct run_eval *row)
{
    (void)f;
    fake.eval = *row;
    note("eval %g;", row->mean);
}
void runfile_episode(struct runfile *f, const struct run_episode *row)
{
    (void)f, fake.episode = *row;
}
void runfile_lag(struct runfile *f, const int64_t count[RUN_LAG_ROWS])
{
    (void)f, (void)count;
}
void runfile_lag_before(struct runfile *f, const int64_t count[RUN_LAG_ROWS])
{
    (void)f, (void)count;
}
void runfile_actors(struct runfile *f, const struct run_actor *rows)
{
    (void)f, (void)rows;
}
int runfile_gather(struct runfile *f)
{
    (void)f;
    return fake.log_fails ? error_set("run.h5: no room") : 0;
}
bool runfile_many_wait(const struct runfile *f)
{
    (void)f;
    return false;
}
int runfile_gather_many(struct runfile *f)
{
    return runfile_gather(f);
}
int runfile_write(struct runfile *f)
{
    (void)f;
    note("log;");
    return 0;
}
static struct tensorboard {
    char unused;
} board;
struct tensorboard *runfile_curves(const struct runfile *f)
{
    (void)f;
    return fake.curves ? &board : NULL;
}
struct tensorboard *runfile_curves_take(struct runfile *f)
{
    return runfile_curves(f);
}
bool tensorboard_gather(struct tensorboard *c)
{
    return c;
}
int tensorboard_write(struct tensorboard *c)
{
    EXPECT(c == &board);
    note("curves;");
    return fake.curves_fail ? error_set("tb/events: cannot write: it is gone") : 0;
}
void tensorboard_free(struct tensorboard **c)
{
    if (*c) note("free curves;");
    *c = NULL;
}
int runfile_sync(struct runfile *f)
{
    (void)f;
    note("sync;");
    return 0;
}
int runfile_close(struct runfile **f)
{
    *f = NULL;
    note("close;");
    return 0;
}
const char *run_state_name(enum run_state state)
{
    static const char *const names[] = {"running", "done", "stopped", "failed", "lost-actors"};
    return names[state];
}
int status_text(const struct status *s, char **bytes, size_t *n)
{
    fake.status = *s;
    *bytes = memory_new(1, 1);
    *n = 1;
    return 0;
}
int status_put(const char *dir, const char *bytes, size_t n, bool to_disk)
{
    (void)dir, (void)bytes, (void)n;
    if (to_disk) note("status;");
    return 0;
}

#endif
