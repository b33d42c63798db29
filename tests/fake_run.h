/* fake_run.h -- for the tests of rank 0's room: all that it calls outside of itself and of turn, as a test wants it:
 * shared memory with gradients that a test puts there, a clock that goes on only while rank 0 sleeps, files that fail
 * or hang, processes that die. What rank 0 does is written down word by word in fake.trace. */
#ifndef DUNLIN_TESTS_FAKE_RUN_H
#define DUNLIN_TESTS_FAKE_RUN_H

#include "testing.h"

#include <signal.h>
#include <time.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/process.h"
#include "job/signals.h"
#include "share/share.h"
#include "store/checkpoint.h"
#include "store/runfile.h"
#include "store/status.h"
#include "store/writer.h"

enum { ACTORS = 3, WAITING = 200, EPISODES = 200 };

static struct {
    double clock;       /* s */
    void (*step)(void); /* at each sleep of rank 0, or NULL */
    char trace[16384];

    struct share_ready waiting[WAITING]; /* gradients */
    int waits;
    double silence[ACTORS]; /* s; -1: it said goodbye */
    struct share_episode episodes[ACTORS][EPISODES];
    int episode_count[ACTORS];
    int64_t episodes_lost, image_updates; /* the last image's */
    uint64_t post[ACTORS][SHARE_POST_KINDS];
    unsigned char bytes[ACTORS][SHARE_POST_KINDS][SHARE_EVAL_BYTES];
    size_t length[ACTORS][SHARE_POST_KINDS];
    float *theta, *next, *grad; /* (params) */
    size_t params;
    int missing; /* goodbyes */

    bool gone[ACTORS + 1]; /* by rank: its process */
    bool unseen;           /* no process can be looked up; else those of all ranks but the last */
    int signal;

    bool disk_fails, disk_hangs, image_fails, log_fails, curves, curves_fail;
    struct run_train row; /* the last */
    struct run_eval eval;
    struct run_episode episode;
    struct status status;
} fake;

__attribute__((format(printf, 1, 2))) static void note(const char *fmt, ...)
{
    const size_t at = strlen(fake.trace);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(fake.trace + at, sizeof fake.trace - at, fmt, ap);
    va_end(ap);
}

/* What was noted since the last call. */
static const char *noted(void)
{
    static char text[sizeof fake.trace];
    memcpy(text, fake.trace, sizeof text);
    fake.trace[0] = 0;
    return text;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    (void)id;
    t->tv_sec = (time_t)fake.clock;
    t->tv_nsec = (long)(1e9 * (fake.clock - (double)t->tv_sec));
    return 0;
}

/* ---- share ---- */

static void push(int actor, struct share_push p)
{
    fake.waiting[fake.waits++] = (struct share_ready){actor, fake.grad, p};
}

int share_actors(const struct share *s)
{
    (void)s;
    return ACTORS;
}
bool share_remote(const struct share *s)
{
    (void)s;
    return false;
}
int share_drain(struct share *s, struct share_ready *ready, int max)
{
    (void)s;
    const int n = fake.waits < max ? fake.waits : max;
    memcpy(ready, fake.waiting, (size_t)n * sizeof *ready);
    memmove(fake.waiting, fake.waiting + n, (size_t)(fake.waits - n) * sizeof *ready);
    fake.waits -= n;
    return n;
}
void share_ack(struct share *s, const struct share_ready *ready, int n)
{
    (void)s, (void)ready;
    note("ack %d;", n);
}
const float *share_theta(const struct share *s)
{
    (void)s;
    return fake.theta;
}
float *share_next(struct share *s)
{
    (void)s;
    return fake.next;
}
int share_theta_buffer(const struct share *s)
{
    (void)s;
    return 0;
}
int share_next_buffer(struct share *s)
{
    (void)s;
    return 1;
}
void share_start(struct share *s, const float *theta, const float *target, uint64_t version, int64_t frames)
{
    (void)s, (void)theta, (void)target;
    note("start %d %d;", (int)version, (int)frames);
}
void share_publish(struct share *s, uint64_t version, int64_t frames)
{
    (void)s;
    memcpy(fake.theta, fake.next, fake.params * sizeof *fake.theta);
    note("publish %d %d;", (int)version, (int)frames);
}
void share_publish_target(struct share *s, const float *target)
{
    (void)s;
    note("target %g;", (double)target[0]);
}
void share_ask_eval(struct share *s, int actor, const float *theta, uint64_t id, uint64_t version)
{
    (void)s;
    note("ask-eval %d %d %d %g;", actor, (int)id, (int)version, (double)theta[0]);
}
void share_ask_state(struct share *s, uint64_t id)
{
    (void)s;
    note("ask-state %d;", (int)id);
}
uint64_t share_read_post(struct share *s, int actor, enum share_post kind, void *bytes, size_t cap, size_t *n)
{
    (void)s;
    *n = fake.length[actor][kind] < cap ? fake.length[actor][kind] : cap;
    memcpy(bytes, fake.bytes[actor][kind], *n);
    return fake.post[actor][kind];
}
int share_take_episodes(struct share *s, int actor, struct share_episode *out, int max, int64_t *dropped)
{
    (void)s;
    int *const count = &fake.episode_count[actor], n = *count < max ? *count : max;
    memcpy(out, fake.episodes[actor], (size_t)n * sizeof *out);
    memmove(fake.episodes[actor], fake.episodes[actor] + n, (size_t)(*count - n) * sizeof *out);
    *count -= n;
    *dropped += fake.episodes_lost;
    fake.episodes_lost = 0;
    return n;
}
double share_silence(const struct share *s, int actor)
{
    (void)s;
    return fake.silence[actor];
}
void share_idle(struct share *s, double seconds)
{
    (void)s;
    fake.clock += seconds;
    if (fake.step) fake.step();
}
static void nothing(struct share *s)
{
    (void)s;
}
void share_beat(struct share *s) __attribute__((alias("nothing")));
void share_away(struct share *s) __attribute__((alias("nothing")));
void share_back(struct share *s) __attribute__((alias("nothing")));
void share_stop(struct share *s, int reason)
{
    (void)s;
    note("stop %d;", reason);
}
int share_wait_bye(struct share *s, double seconds)
{
    share_idle(s, seconds);
    return fake.missing;
}

/* ---- processes and signals ---- */

int signals_stop(void)
{
    return fake.signal;
}
bool signals_hurry(void)
{
    return fake.signal && fake.signal != SIGUSR1;
}
const char *signals_name(int sig)
{
    return sig ? "SIGFAKE" : "";
}

/* ---- files ---- */

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

/* Work is done in the order in which it was given, once somebody asks for any. */
static struct slot {
    int (*work)(void *arg);
    void *arg;
    double since;
    int turn;
    enum writer_state state;
    char error[256];
} slots[WRITER_SLOTS];
static int given;
struct writer *writer_open(void)
{
    memset(slots, 0, sizeof slots);
    return (struct writer *)(void *)slots;
}
void writer_close(struct writer **w)
{
    *w = NULL;
}
void writer_give(struct writer *w, int slot, int (*work)(void *arg), void *arg)
{
    (void)w;
    EXPECT(slots[slot].state == WRITER_FREE);
    slots[slot] = (struct slot){.work = work, .arg = arg, .since = fake.clock, .turn = ++given, .state = WRITER_BUSY};
}
static void work_on(void)
{
    for (struct slot *first; !fake.disk_hangs;) {
        first = NULL;
        for (struct slot *s = slots; s < slots + WRITER_SLOTS; s++)
            if (s->state == WRITER_BUSY && (!first || s->turn < first->turn)) first = s;
        if (!first) return;
        first->state = first->work(first->arg) ? WRITER_FAILED : WRITER_DONE;
        snprintf(first->error, sizeof first->error, "%s", error_text());
    }
}
enum writer_state writer_take(struct writer *w, int slot)
{
    (void)w;
    work_on();
    const enum writer_state state = slots[slot].state;
    if (state != WRITER_BUSY) slots[slot].state = WRITER_FREE;
    if (state == WRITER_FAILED) error_set("%s", slots[slot].error);
    return state;
}
bool writer_busy(struct writer *w, int slot, double *seconds)
{
    (void)w;
    double longest = 0;
    bool busy = false;
    for (int i = 0; i < WRITER_SLOTS; i++) {
        if (slots[i].state == WRITER_FREE || (slot >= 0 && i != slot)) continue;
        busy = true;
        if (fake.clock - slots[i].since > longest) longest = fake.clock - slots[i].since;
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
bool runfile_curves_gather(struct runfile *f)
{
    (void)f;
    return fake.curves;
}
int runfile_curves_write(struct runfile *f)
{
    (void)f;
    note("curves;");
    return fake.curves_fail ? error_set("tb/events: cannot write: it is gone") : 0;
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
