/* scripted.c -- a synthetic actor of bench server: no environment, no network; it pushes when told, with a gradient
 * that is written anew each time, as a real one is. Actor 0 also times its own pushes, fetches and waits, alone. */
#include "bench/scripted.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/memory.h"
#include "measure/probe.h"

static const double NAP = 0.0015; /* s; by then the master has gone to sleep */
/* s after an order: sixteen that looked each millisecond for the next would take a core from the master's threads */
static const double QUIET = 0.02;

/* Two threads, one asleep on a futex: how fast can anybody be woken and answer. */
struct floor {
    _Atomic uint32_t asked, answered;
    int core;
    pthread_t thread;
};

static void *answer(void *arg)
{
    struct floor *f = arg;
    probe_pin(f->core);
    for (uint32_t seen = 0; seen != UINT32_MAX;) {
        syscall(SYS_futex, &f->asked, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
        const uint32_t now = atomic_load(&f->asked);
        if (now == seen) continue;
        atomic_store(&f->answered, seen = now);
    }
    return NULL;
}

static void ask(struct floor *f, uint32_t n)
{
    atomic_store(&f->asked, n);
    syscall(SYS_futex, &f->asked, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    while (atomic_load(&f->answered) != n) {
        cpu_pause();
        if (probe_cores() == 1) clock_sleep(0); /* the other cannot run while we look */
    }
}

struct timing {
    struct series copy, push, fetch, wake, floor;
};

/* One push of `grad`, timed from its first byte until rank 0 is called. -1: the master is gone. */
static int push_once(struct share *s, const float *grad, size_t params, float scale, double *seconds)
{
    float *mail = share_begin(s);
    if (!mail) return -1;
    const double start = clock_seconds();
    if (grad && scale != 0) memcpy(mail, grad, params * sizeof *mail);
    share_push(s, &(struct share_push){.scale = scale, .steps = 1});
    *seconds = clock_seconds() - start;
    return 0;
}

/* Pushes with the master awake and at work, and fetches of what it has just written, with a copy of our own between. */
static int time_copies(struct share *s, size_t params, float *const buffer[3], struct timing *t)
{
    struct share_view view;
    double push;
    double start = clock_seconds();
    memcpy(buffer[1], buffer[0], params * sizeof(float));
    series_add(&t->copy, clock_seconds() - start);
    if (push_once(s, buffer[0], params, 1, &push) || share_flush(s)) return -1;
    series_add(&t->push, push);
    start = clock_seconds();
    if (share_fetch(s, buffer[2], &view)) return -1;
    series_add(&t->fetch, clock_seconds() - start);
    return 0;
}

static int time_wake(struct share *s, struct floor *f, uint32_t n, struct timing *t)
{
    double ignored;
    clock_sleep(NAP);
    double start = clock_seconds();
    ask(f, n);
    series_add(&t->floor, clock_seconds() - start);
    clock_sleep(NAP);
    start = clock_seconds();
    if (push_once(s, NULL, 0, 0, &ignored) || share_flush(s)) return -1; /* scale 0: nothing to apply */
    series_add(&t->wake, clock_seconds() - start);
    return 0;
}

static int measure(struct share *s, size_t params, double seconds, float *const buffer[3])
{
    struct floor floor = {.core = probe_cores() - 1};
    struct timing t = {0};
    int rc = 0;
    uint32_t n = 0;
    if (pthread_create(&floor.thread, NULL, answer, &floor)) return error_set("no second thread");
    const double end = clock_seconds() + seconds;
    do {
        for (int i = 0; i < 4 && !rc; i++) rc = time_copies(s, params, buffer, &t);
        if (!rc) rc = time_wake(s, &floor, ++n, &t);
    } while (!rc && clock_seconds() < end);
    ask(&floor, UINT32_MAX);
    pthread_join(floor.thread, NULL);
    const struct scripted_figures figures = {.copy = series_median(&t.copy),
                                             .push = series_median(&t.push),
                                             .fetch = series_median(&t.fetch),
                                             .wake = series_median(&t.wake),
                                             .floor = series_median(&t.floor),
                                             .samples = t.wake.n};
    if (!rc) share_post(s, SHARE_POST_EVAL, 1, &figures, sizeof figures);
    series_free(&t.copy);
    series_free(&t.push);
    series_free(&t.fetch);
    series_free(&t.wake);
    series_free(&t.floor);
    return rc;
}

/* One push that was ordered, with factors or whole. -1: the master is gone. */
static int push_made(struct share *s, const struct grad_form *form, const float *grad)
{
    float *mail = share_begin(s);
    if (!mail) return -1;
    grad_copy(form, mail, grad);
    share_push(s, &(struct share_push){.scale = 1, .steps = 1, .factors = (uint32_t)form->factors});
    return 0;
}

int scripted_run(struct share *share, const struct grad_form *factored, double seconds)
{
    const size_t params = factored->params;
    const struct grad_form whole = grad_form_of(params, &factored->wide, 0);
    float *buffer[3], *factors = memory_floats(params);
    struct share_view view = {0};
    struct rng rng = rng_make(1, 0, RNG_TEST, 0);
    int64_t done = 0;
    int rc = 0, me = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &me);
    for (int i = 0; i < 3; i++) buffer[i] = memory_floats(params);
    made_gradient(&whole, &rng, buffer[0]);
    rng = rng_make(1, me, RNG_TEST, 0); /* each actor has other inputs at 0 */
    if (factored->factors) made_gradient(factored, &rng, factors);
    memcpy(buffer[1], buffer[0], params * sizeof(float));
    while (!rc && !(rc = share_wait(share, view.publication + 1, &view)) && !view.stop) {
        const int what = (int)(view.frames & 255);
        if (view.frames >> 8 == done) continue;
        done = view.frames >> 8;
        const bool with = what > ORDER_FACTORS;
        if (what == ORDER_MEASURE) {
            if (me == 1) rc = measure(share, params, seconds, buffer);
        } else if (me <= what - (with ? ORDER_FACTORS : 0)) {
            rc = push_made(share, with ? factored : &whole, with ? factors : buffer[0]);
        }
        if (what && what != ORDER_MEASURE) clock_sleep(QUIET);
    }
    for (int i = 0; i < 3; i++) free(buffer[i]);
    free(factors);
    if (rc) return error_set("rank 0 is silent");
    share_bye(share);
    return 0;
}
