/* scale_idle.c -- the real window under many actors on few cores: actors that sleep where real ones would play and
 * differentiate, but fetch, write a gradient and push it as they do. Rank 0 applies and publishes as in training. Its orders
 * stand in the T that it publishes: one actor alone times its calls; then 1, 2, 4 ... actors go round, for each t_max. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "app/bench_scale.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"

/* T = order << 32 | t_max << 16 | actors; an order of actors 0 is rest. */
enum { ALONE = 0xffff, LOOK_MS = 40, ROUNDS = 3 };
static const double PATIENCE = 20; /* s for an actor to do what it was told */

struct alone {
    double fetch, push, ask, answer; /* s, medians */
    double fetched, cpu;             /* bytes, and what they cost this rank's core, s */
};

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- an actor ---- */

struct sleeper {
    struct share *share;
    size_t params;
    float *theta, *grad;
    const double *step; /* s of an agent step, by t_max */
    struct rng rng;
};

static int push_one(struct sleeper *a, const struct share_view *view, bool whole)
{
    float *mail = share_begin(a->share);
    if (!mail) return share_stopped(a->share) ? 0 : -1;
    if (whole) memcpy(mail, a->grad, a->params * sizeof *mail);
    share_push(a->share, &(struct share_push){.version = view->version, .scale = whole ? 1 : 0, .steps = 1});
    return 0;
}

/* Fetches whole weights for a while: what they cost either end's core. Then single calls, timed. */
static int time_alone(struct sleeper *a, double seconds)
{
    struct series fetch = {0}, push = {0}, ask = {0}, answer = {0};
    struct share_view view;
    struct alone found = {0};
    int rc = 0;
    const double cpu = cpu_seconds(), begin = bench_clock();
    while (!rc && bench_clock() < begin + seconds / 2) {
        rc = share_fetch(a->share, a->theta, &view);
        found.fetched += (double)(a->params * sizeof(float));
    }
    found.cpu = cpu_seconds() - cpu;
    if (!rc) share_post(a->share, SHARE_POST_EVAL, 1, &found, sizeof found); /* rank 0 reads its own clock now */
    bench_doze(0.02);
    for (int round = 0; !rc && (round < 3 || bench_clock() < begin + seconds); round++) {
        const double t0 = bench_clock();
        rc = share_fetch(a->share, a->theta, &view);
        const double t1 = bench_clock();
        rc = rc || push_one(a, &view, true);
        const double t2 = bench_clock();
        rc = rc || share_flush(a->share) || share_fetch(a->share, NULL, &view);
        const double t3 = bench_clock();
        rc = rc || share_fetch(a->share, NULL, &view);
        const double t4 = bench_clock();
        rc = rc || push_one(a, &view, false);
        const double t5 = bench_clock();
        rc = rc || share_flush(a->share);
        if (!round) continue;
        series_add(&fetch, t1 - t0);
        series_add(&push, t2 - t1);
        series_add(&ask, t4 - t3);
        series_add(&answer, t5 - t4);
    }
    found.fetch = series_median(&fetch);
    found.push = series_median(&push);
    found.ask = series_median(&ask);
    found.answer = series_median(&answer);
    if (!rc) share_post(a->share, SHARE_POST_EVAL, 2, &found, sizeof found);
    series_free(&fetch);
    series_free(&push);
    series_free(&ask);
    series_free(&answer);
    return rc;
}

/* Goes round as long as the order stands. */
static int go_round(struct sleeper *a, int64_t order)
{
    const double rollout = a->step[(order >> 16 & 0xffff) == scale_t_max[1]] * (double)(order >> 16 & 0xffff);
    struct share_view view;
    bench_doze(rollout * rng_uniform(&a->rng)); /* not all at once */
    for (;;) {
        if (share_fetch(a->share, a->theta, &view)) return -1;
        if (view.stop || view.frames != order) return 0;
        bench_doze(rollout * (0.75 + 0.5 * rng_uniform(&a->rng)));
        if (push_one(a, &view, true)) return -1;
    }
}

static int sleep_and_push(struct sleeper *a, int rank, double seconds)
{
    struct share_view view;
    int64_t done = 0;
    for (;;) {
        if (share_fetch(a->share, NULL, &view)) return error_set("rank 0 is silent");
        if (view.stop) break;
        const int actors = (int)(view.frames & 0xffff);
        int rc = 0;
        if (actors == ALONE && rank == 1 && view.frames != done) {
            done = view.frames;
            rc = time_alone(a, seconds);
        } else if (actors != ALONE && rank <= actors) {
            rc = go_round(a, view.frames);
        } else {
            bench_doze(1e-3 * LOOK_MS);
        }
        if (rc) return error_set("rank 0 is silent");
    }
    share_bye(a->share);
    return 0;
}

/* ---- rank 0 ---- */

struct host {
    struct bench_master m;
    int64_t orders;
    double lag;         /* summed */
    double first, last; /* when gradients came, s; 0: none yet */
    int64_t behind;     /* how many came behind the first */
};

static void order(struct host *h, int t_max, int actors)
{
    h->m.frames = ++h->orders << 32 | (int64_t)t_max << 16 | actors;
    share_publish(h->m.share, h->m.version, h->m.frames);
}

/* Serves for a while; returns how many gradients came. */
static int64_t serve(struct host *h, double seconds)
{
    struct share_ready ready[BENCH_DRAIN];
    const double until = bench_clock() + seconds;
    int64_t count = 0;
    do {
        const int n = share_drain(h->m.share, ready, BENCH_DRAIN);
        count += n;
        if (!n) {
            share_idle(h->m.share, 0.002);
            continue;
        }
        for (int i = 0; i < n; i++)
            if (ready[i].push.scale != 0) h->lag += (double)(h->m.version + (uint64_t)i - ready[i].push.version);
        h->last = bench_clock();
        if (!(h->first > 0))
            h->first = h->last;
        else
            h->behind += n;
        bench_apply(&h->m, ready, n);
    } while (bench_clock() < until);
    return count;
}

/* Actor 0 alone. -1 after error_set(). */
static int alone(struct host *h, double seconds, struct idle_found *f)
{
    struct alone a = {0};
    size_t bytes = 0;
    serve(h, 0.05); /* everybody is there and at rest */
    const double idle_cpu = cpu_seconds(), idle_from = bench_clock();
    serve(h, 0.1);
    const double idle = (cpu_seconds() - idle_cpu) / (bench_clock() - idle_from);
    order(h, 0, ALONE);
    const double cpu = cpu_seconds(), from = bench_clock();
    for (uint64_t want = 1; want <= 2; want++) {
        while (share_read_post(h->m.share, 0, SHARE_POST_EVAL, &a, sizeof a, &bytes) < want) {
            serve(h, 0);
            if (bench_clock() > from + seconds + PATIENCE) return error_set("actor 0 has not measured in time");
        }
        if (want == 2) break;
        /* who serves does not idle meanwhile */
        const double spent = (cpu_seconds() - cpu - idle * (bench_clock() - from)) / fmax(1 - idle, 0.1);
        /* nor is it free where a busy machine makes it seem so */
        f->serve = a.fetched > 0 ? fmax(spent, (cpu_seconds() - cpu) / 4) / a.fetched : 0;
        f->drive = a.fetched > 0 ? a.cpu / a.fetched : 0;
    }
    f->fetch = a.fetch;
    f->push = a.push;
    f->ask = a.ask;
    f->answer = a.answer;
    order(h, 0, 0);
    return 0;
}

/* One slice of an order: its rate, lag and what it takes of rank 0's core, into series. Of a few arrivals the time between them
 * tells more than the slice's length. */
static void slice(struct host *h, const struct idle_rate *r, double seconds, struct series to[3])
{
    enum { FEW = 3 };
    order(h, r->t_max, r->actors);
    serve(h, 1e-3 * LOOK_MS + 0.08 + 0.25 * seconds); /* all have seen it and got into their stride */
    h->lag = h->first = 0;
    h->behind = 0;
    const double cpu = cpu_seconds(), from = bench_clock();
    int64_t n = serve(h, 0.75 * seconds);
    while (n < FEW && bench_clock() < from + PATIENCE / 10) n += serve(h, 0.01);
    if (h->behind) series_add(&to[0], (double)h->behind / (h->last - h->first));
    if (n) series_add(&to[1], h->lag / (double)n);
    series_add(&to[2], (cpu_seconds() - cpu) / (bench_clock() - from));
    order(h, 0, 0);
    serve(h, 0.03);
}

/* 1, 2, 4 ... actors for each t_max, in turns; medians. */
static void rounds(struct host *h, double seconds, struct idle_found *f)
{
    struct series all[T_MAXES * IDLE_SIZES][3] = {0};
    for (int t = 0; t < T_MAXES; t++)
        for (int n = 1, i = 0; n <= share_actors(h->m.share) && i < IDLE_SIZES; n *= 2, i++)
            f->rates[f->count++] = (struct idle_rate){.t_max = scale_t_max[t], .actors = n};
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < f->count; i++) slice(h, &f->rates[i], seconds / (ROUNDS * f->count), all[i]);
    for (int i = 0; i < f->count; i++) {
        f->rates[i].updates = series_median(&all[i][0]);
        f->rates[i].lag = series_median(&all[i][1]);
        f->rates[i].cpu = series_median(&all[i][2]);
        for (int k = 0; k < 3; k++) series_free(&all[i][k]);
    }
}

/* To the file that bench scale reads, or as figures. 0, or -1 after error_set(). */
static int tell(const struct scale_words *w, const struct idle_found *f)
{
    char name[64];
    if (!w->tell) {
        for (int i = 0; i < f->count; i++) {
            const struct idle_rate *r = &f->rates[i], *one = r;
            while (one->actors > 1) one--;
            snprintf(name, sizeof name, "scale-idle-t%d-a%d", r->t_max, r->actors);
            bench_print(name, r->updates, one->updates * r->actors, "updates/s");
        }
        return 0;
    }
    FILE *file = fopen(w->tell, "w");
    if (!file) return error_set("%s: cannot be written: %s", w->tell, strerror(errno));
    fprintf(file, "%.9g %.9g %.9g %.9g %.9g %.9g %d\n", f->fetch, f->push, f->ask, f->answer, f->serve, f->drive,
            f->count);
    for (int i = 0; i < f->count; i++)
        fprintf(file, "%d %d %.9g %.9g %.9g\n", f->rates[i].t_max, f->rates[i].actors, f->rates[i].updates,
                f->rates[i].lag, f->rates[i].cpu);
    return fclose(file) ? error_set("%s: cannot be written: %s", w->tell, strerror(errno)) : 0;
}

int scale_idle_read(const char *path, struct idle_found *f)
{
    FILE *file = fopen(path, "r");
    *f = (struct idle_found){0};
    if (!file) return error_set("%s: the ranks have left nothing there: %s", path, strerror(errno));
    int count = 0, bad = fscanf(file, "%lf %lf %lf %lf %lf %lf %d", &f->fetch, &f->push, &f->ask, &f->answer, &f->serve,
                                &f->drive, &count) != 7;
    for (; !bad && f->count < count && f->count < T_MAXES * IDLE_SIZES; f->count++) {
        struct idle_rate *r = &f->rates[f->count];
        bad = fscanf(file, "%d %d %lf %lf %lf", &r->t_max, &r->actors, &r->updates, &r->lag, &r->cpu) != 5;
    }
    fclose(file);
    return bad ? error_set("%s: what the ranks left there is cut off", path) : 0;
}

static int run_host(struct share *share, const struct bench *b, const struct scale_words *w, struct optim *optim)
{
    struct host h = {.m = {.share = share, .optim = optim, .lr = 1e-6f}};
    struct idle_found found = {0};
    float *theta = memory_floats((size_t)b->params);
    share_start(share, theta, NULL, 0, 0);
    free(theta);
    int rc = alone(&h, 0.1 * b->seconds, &found);
    if (!rc) rounds(&h, 0.9 * b->seconds, &found);
    share_stop(share, 1);
    if (share_wait_bye(share, PATIENCE)) rc = error_set("an actor does not say goodbye");
    return rc || tell(w, &found) ? -1 : 0;
}

int scale_idle(const struct bench *b, const struct scale_words *w)
{
    struct bench_ranks r;
    struct optim *optim = NULL;
    const struct optim_config config = {.kind = OPTIM_SHARED_RMSPROP, .decay = 0.99, .eps = 0.1};
    int rc = 2;
    bench_ranks_begin(&r);
    bool ok = true;
    if (!b->params || !(w->step[0] > 0)) ok = !error_set("under mpirun bench scale wants --step US and --params N");
    if (ok && r.rank == 0) ok = (optim = optim_new(&config, (size_t)b->params, r.size - 1)) != NULL;
    if (bench_ranks_agree(&r, ok)) {
        const size_t params = (size_t)b->params;
        r.share = share_open(MPI_COMM_WORLD, &(struct share_config){.params = params, .episodes = 16, .world = w->far});
        if (r.rank == 0) {
            rc = run_host(r.share, b, w, optim);
            if (rc) log_error("%s", error_text());
        } else {
            struct sleeper a = {.share = r.share, .params = params, .step = w->step};
            a.theta = memory_floats(params);
            a.grad = memory_floats(params);
            a.rng = rng_make(1, r.rank, RNG_TEST, 0);
            for (size_t i = 0; i < params; i++) a.grad[i] = 0.01f * (float)(rng_uniform(&a.rng) - 0.5);
            setpriority(PRIO_PROCESS, 0, 5); /* as actor_run() does, to let the master in */
            rc = sleep_and_push(&a, r.rank, 0.1 * b->seconds);
            if (rc) log_error("%s", error_text());
            free(a.theta);
            free(a.grad);
        }
    }
    optim_free(&optim);
    bench_ranks_end(&r, rc < 0);
    return r.rank == 0 || rc != 2 ? rc : 0;
}
