/* idle.c -- see idle.h. */
#include "measure/idle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "measure/probe.h"

/* T = order << 32 | about << 16 | what. what: so many actors go round with t_max `about`; or the actor `about` does
 * this: */
enum { ALONE = 0xffff, ABSENT = 0xfffe };
enum { POSTS = 4 };                /* ids of an order's posts: POSTS * order + 1, 2 */
static const double PATIENCE = 20; /* s for an actor to do what it was told */

const int idle_t_max[T_MAXES] = {5, 20};

/* An actor's post. */
struct alone {
    double fetch, push, borrow, ask, answer; /* s, medians */
    double fetched, cpu;                     /* bytes, and what they cost this rank's core, s */
};
static const double ALONE_SHARE = 0.5; /* of the time for whole fetches in a row */

/* ---- an actor ---- */

struct sleeper {
    struct share *share;
    const struct idle_part *part;
    float *theta, *grad;
    float *factored[T_MAXES]; /* (params) what of them travels, by t_max; NULL: whole */
    struct rng rng;
};

/* grad NULL: there is nothing to apply. */
static int push_one(struct sleeper *a, const struct share_view *view, const struct grad_form *form, const float *grad)
{
    float *mail = share_begin(a->share);
    if (!mail) return share_stopped(a->share) ? 0 : -1;
    if (grad) grad_copy(form, mail, grad);
    share_push(a->share,
               &(struct share_push){
                   .version = view->version, .scale = grad != NULL, .steps = 1, .factors = (uint32_t)form->factors});
    return 0;
}

/* One round of single calls. */
static int time_round(struct sleeper *a, struct alone *t)
{
    struct share_view view;
    const double t0 = clock_seconds();
    int rc = share_fetch(a->share, a->theta, &view);
    const double t1 = clock_seconds();
    rc = rc || push_one(a, &view, &a->part->whole, a->grad);
    const double t2 = clock_seconds();
    rc = rc || share_flush(a->share);
    const double t3 = clock_seconds();
    rc = rc || !share_borrow(a->share, a->theta, &view);
    const double t4 = clock_seconds();
    rc = rc || share_fetch(a->share, NULL, &view);
    const double t5 = clock_seconds();
    rc = rc || share_fetch(a->share, NULL, &view);
    const double t6 = clock_seconds();
    rc = rc || push_one(a, &view, &a->part->whole, NULL);
    const double t7 = clock_seconds();
    rc = rc || share_flush(a->share);
    t->fetch = t1 - t0;
    t->push = t2 - t1;
    t->borrow = t4 - t3;
    t->ask = t6 - t5;
    t->answer = t7 - t6;
    return rc ? -1 : 0;
}

/* Single calls, timed. */
static int time_calls(struct sleeper *a, double seconds, struct alone *found)
{
    struct series all[5] = {0};
    const double begin = clock_seconds();
    int rc = 0;
    for (int round = 0; !rc && (round < 3 || clock_seconds() < begin + seconds); round++) {
        struct alone t;
        rc = time_round(a, &t);
        const double each[] = {t.fetch, t.push, t.borrow, t.ask, t.answer};
        for (int i = 0; i < 5 && round; i++) series_add(&all[i], each[i]);
    }
    found->fetch = series_median(&all[0]);
    found->push = series_median(&all[1]);
    found->borrow = series_median(&all[2]);
    found->ask = series_median(&all[3]);
    found->answer = series_median(&all[4]);
    for (int i = 0; i < 5; i++) series_free(&all[i]);
    return rc;
}

/* Whole weights for a while: what they cost either end's core; rank 0 reads its own clock at the first post. Then
 * single calls. */
static int time_alone(struct sleeper *a, int64_t order)
{
    const double seconds = 1e-3 * (double)(order >> 48);
    const uint64_t id = POSTS * (uint64_t)(order >> 32 & 0xffff);
    struct share_view view;
    struct alone found = {0};
    int rc = 0;
    const double cpu = probe_cpu_seconds(), begin = clock_seconds();
    do {
        rc = share_fetch(a->share, a->theta, &view);
        found.fetched += (double)(a->part->whole.params * sizeof(float));
    } while (!rc && clock_seconds() < begin + ALONE_SHARE * seconds);
    found.cpu = probe_cpu_seconds() - cpu;
    if (rc) return rc;
    share_post(a->share, SHARE_POST_EVAL, id + 1, &found, sizeof found);
    clock_sleep(0.02);
    if (time_calls(a, (1 - ALONE_SHARE) * seconds, &found)) return -1;
    share_post(a->share, SHARE_POST_EVAL, id + 2, &found, sizeof found);
    return 0;
}

/* Rank 0 has seen to it that it is gone by then. */
static int fetch_unserved(struct sleeper *a, int64_t order)
{
    struct share_view view;
    clock_sleep(0.1);
    if (share_fetch(a->share, a->theta, &view)) return -1;
    share_post(a->share, SHARE_POST_EVAL, POSTS * (uint64_t)(order >> 32 & 0xffff) + 1, NULL, 0);
    return 0;
}

/* Goes round as long as the order stands. */
static int go_round(struct sleeper *a, int64_t order)
{
    const int t_max = (int)(order >> 16 & 0xffff), t = t_max == idle_t_max[1];
    const double rollout = a->part->step[t] * t_max;
    const float *grad = a->factored[t] ? a->factored[t] : a->grad;
    struct share_view view;
    clock_sleep(rollout * rng_uniform(&a->rng)); /* not all at once */
    for (;;) {
        if (!share_borrow(a->share, a->theta, &view)) return -1;
        if (view.stop || view.frames != order) return 0;
        clock_sleep(rollout * (0.75 + 0.5 * rng_uniform(&a->rng)));
        if (push_one(a, &view, &a->part->form[t], grad)) return -1;
    }
}

static int obey(struct sleeper *a, int rank)
{
    struct share_view view;
    int64_t done = 0;
    for (;;) {
        if (share_fetch(a->share, NULL, &view)) return -1;
        if (view.stop) return 0;
        const int what = (int)(view.frames & 0xffff), about = (int)(view.frames >> 16 & 0xffff);
        const bool single = what == ALONE || what == ABSENT;
        int rc = 0;
        if (single ? about != rank - 1 || view.frames == done : rank > what) {
            clock_sleep(1e-3 * IDLE_LOOK_MS);
            continue;
        }
        done = view.frames;
        rc = what == ALONE ? time_alone(a, done) : what == ABSENT ? fetch_unserved(a, done) : go_round(a, done);
        if (rc) return rc;
    }
}

int idle_actor(struct share *share, int rank, const struct idle_part *part)
{
    const size_t params = part->whole.params;
    struct sleeper a = {.share = share, .part = part};
    a.theta = memory_floats(params);
    a.grad = memory_floats(params);
    a.rng = rng_make(1, rank, RNG_TEST, 0);
    made_gradient(&part->whole, &a.rng, a.grad);
    for (int t = 0; t < T_MAXES; t++) {
        if (!part->form[t].factors) continue;
        a.factored[t] = memory_floats(params);
        made_gradient(&part->form[t], &a.rng, a.factored[t]);
    }
    setpriority(PRIO_PROCESS, 0, 5); /* as in training, to let the master in */
    const int rc = obey(&a, rank);
    free(a.theta);
    free(a.grad);
    for (int t = 0; t < T_MAXES; t++) free(a.factored[t]);
    if (rc) return error_set("rank 0 is silent");
    share_bye(share);
    return 0;
}

/* ---- rank 0 ---- */

static void publish_order(struct idle_master *h, int about, int what, double seconds)
{
    h->orders = (h->orders + 1) & 0xffff;
    h->turn.frames = (int64_t)fmin(1e3 * seconds, 30000) << 48 | h->orders << 32 | (int64_t)about << 16 | what;
    share_publish(h->turn.share, (uint64_t)h->turn.updates, h->turn.frames);
}

void idle_order(struct idle_master *h, int t_max, int actors)
{
    publish_order(h, t_max, actors, 0);
}

/* Of turn_master: a gradient that is about to be applied. */
static void on_gradient(void *arg, const struct share_ready *ready, int64_t lag)
{
    struct idle_master *h = arg;
    if (ready->push.scale != 0) h->lag += (double)lag;
    h->last = clock_seconds();
}

void idle_begin(struct idle_master *h, struct share *share, struct optim *optim, size_t params)
{
    float *theta = memory_floats(params);
    *h = (struct idle_master){
        .turn = {.share = share, .optim = optim, .params = params, .lr = 1e-6, .seen = on_gradient, .arg = h}};
    share_start(share, theta, NULL, 0, 0);
    free(theta);
}

int64_t idle_serve(struct idle_master *h, double seconds)
{
    const double until = clock_seconds() + seconds;
    int64_t count = 0;
    do {
        const int n = turn_master_serve(&h->turn);
        count += n;
        if (!n)
            share_idle(h->turn.share, 0.002);
        else if (!(h->first > 0))
            h->first = h->last;
        else
            h->behind += n;
    } while (clock_seconds() < until);
    return count;
}

/* Serves until the actor's post of that number of the present order is there. */
static int await_post(struct idle_master *h, int actor, int number, double seconds, struct alone *a)
{
    const uint64_t want = POSTS * (uint64_t)h->orders + (uint64_t)number;
    const double until = clock_seconds() + seconds + PATIENCE;
    size_t bytes = 0;
    while (share_read_post(h->turn.share, actor, SHARE_POST_EVAL, a, sizeof *a, &bytes) < want) {
        idle_serve(h, 0);
        if (clock_seconds() > until)
            return error_set("rank %d has not answered for %g s", actor + 1, seconds + PATIENCE);
    }
    return 0;
}

int idle_alone(struct idle_master *h, int actor, double seconds, struct idle_costs *costs)
{
    struct alone a = {0};
    idle_serve(h, 0.05); /* everybody is there and at rest */
    const double idle_cpu = probe_cpu_seconds(), idle_from = clock_seconds();
    idle_serve(h, 0.1);
    const double idle = (probe_cpu_seconds() - idle_cpu) / (clock_seconds() - idle_from);
    publish_order(h, actor, ALONE, seconds);
    const double cpu = probe_cpu_seconds(), from = clock_seconds();
    if (await_post(h, actor, 1, seconds, &a)) return -1;
    /* who serves does not idle meanwhile; nor is it free where a busy machine makes it seem so */
    const double all = probe_cpu_seconds() - cpu, spent = (all - idle * (clock_seconds() - from)) / fmax(1 - idle, 0.1);
    *costs = (struct idle_costs){.serve = fmax(spent, all / 4) / a.fetched, .drive = a.cpu / a.fetched};
    if (await_post(h, actor, 2, seconds, &a)) return -1;
    costs->fetch = a.fetch;
    costs->push = a.push;
    costs->borrow = a.borrow;
    costs->ask = a.ask;
    costs->answer = a.answer;
    idle_order(h, 0, 0);
    return 0;
}

int idle_absent(struct idle_master *h, int actor)
{
    struct alone a;
    size_t bytes = 0;
    publish_order(h, actor, ABSENT, 0);
    idle_serve(h, 2e-3 * IDLE_LOOK_MS); /* it has seen the order */
    clock_sleep(0.33);
    const bool served =
        share_read_post(h->turn.share, actor, SHARE_POST_EVAL, &a, sizeof a, &bytes) >= POSTS * (uint64_t)h->orders + 1;
    if (await_post(h, actor, 1, 0, &a)) return -1;
    idle_order(h, 0, 0);
    return served;
}

int idle_end(struct idle_master *h)
{
    share_stop(h->turn.share, 1);
    const int missing = share_wait_bye(h->turn.share, PATIENCE);
    return missing ? error_set("%d actors have not said goodbye within %g s", missing, PATIENCE) : 0;
}
