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

    bool disk_fails, disk_hangs, image_fails, log_fails, curves, curves_fail, curves_hang;
    int writers;          /* opened */
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

#include "fake_files.h"

#endif
