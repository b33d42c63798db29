/* scale_idle.c -- see scale_idle.h. 1, 2, 4 ... of the actors go round in turns, for each t_max. */
#include "bench/scale_idle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "measure/mpi_ranks.h"
#include "measure/probe.h"

enum { ROUNDS = 3 };
static const double PATIENCE = 10; /* s for every actor to push once or twice: over TCP 128 take longer than a slice */

/* For so long, and until so many gradients have come, within PATIENCE. Returns how many. */
static int64_t serve(struct idle_master *h, double seconds, int64_t least)
{
    const double from = clock_seconds();
    int64_t n = idle_serve(h, seconds);
    while (n < least && clock_seconds() < from + PATIENCE) n += idle_serve(h, 0.01);
    return n;
}

/* One slice of an order: its rate, lag and what it takes of rank 0's core, into series. Of a few arrivals the time
 * between them tells more than the slice's length. */
static void slice(struct idle_master *h, const struct idle_rate *r, double seconds, struct series to[3])
{
    const int64_t few = r->actors > 4 ? 2 * r->actors : 8;
    idle_order(h, r->t_max, r->actors);
    serve(h, 1e-3 * IDLE_LOOK_MS + 0.08 + 0.25 * seconds, r->actors); /* all have seen it and got into their stride */
    h->lag = h->first = 0;
    h->behind = 0;
    const double cpu = probe_cpu_seconds(), from = clock_seconds();
    const int64_t n = serve(h, 0.75 * seconds, few);
    if (h->behind) series_add(&to[0], (double)h->behind / (h->last - h->first));
    if (n) series_add(&to[1], h->lag / (double)n);
    series_add(&to[2], (probe_cpu_seconds() - cpu) / (clock_seconds() - from));
    idle_order(h, 0, 0);
    const double end = clock_seconds();
    while (idle_serve(h, 0.03) && clock_seconds() < end + PATIENCE) {} /* what is still under way is no next slice's */
}

/* 1, 2, 4 ... actors for each t_max, in turns; medians. */
static void rounds(struct idle_master *h, double seconds, struct idle_found *f)
{
    struct series all[T_MAXES * IDLE_SIZES][3] = {0};
    for (int t = 0; t < T_MAXES; t++)
        for (int n = 1, i = 0; n <= share_actors(h->turn.share) && i < IDLE_SIZES; n *= 2, i++)
            f->rates[f->count++] = (struct idle_rate){.t_max = idle_t_max[t], .actors = n};
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
            probe_print(name, r->updates, one->updates * r->actors, "updates/s");
        }
        return 0;
    }
    FILE *file = fopen(w->tell, "w");
    if (!file) return error_set("%s: cannot be written: %s", w->tell, strerror(errno));
    fprintf(file, "%.9g %.9g %.9g %.9g %.9g %.9g %.9g %d\n", f->alone.fetch, f->alone.push, f->alone.borrow,
            f->alone.ask, f->alone.answer, f->alone.serve, f->alone.drive, f->count);
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
    struct idle_costs *a = &f->alone;
    int count = 0, bad = fscanf(file, "%lf %lf %lf %lf %lf %lf %lf %d", &a->fetch, &a->push, &a->borrow, &a->ask,
                                &a->answer, &a->serve, &a->drive, &count) != 8;
    for (; !bad && f->count < count && f->count < T_MAXES * IDLE_SIZES; f->count++) {
        struct idle_rate *r = &f->rates[f->count];
        bad = fscanf(file, "%d %d %lf %lf %lf", &r->t_max, &r->actors, &r->updates, &r->lag, &r->cpu) != 5;
    }
    fclose(file);
    return bad ? error_set("%s: what the ranks left there is cut off", path) : 0;
}

static int run_host(struct share *share, const struct bench *b, const struct scale_words *w, struct optim *optim)
{
    struct idle_master h;
    struct idle_found found = {0};
    idle_begin(&h, share, optim, (size_t)b->params);
    int rc = idle_alone(&h, 0, 0.1 * b->seconds, &found.alone);
    if (!rc) rounds(&h, 0.9 * b->seconds, &found);
    if (idle_end(&h)) rc = -1;
    return rc || tell(w, &found) ? -1 : 0;
}

int scale_idle(const struct bench *b, const struct scale_words *w)
{
    struct mpi_ranks r;
    struct optim *optim = NULL;
    const struct optim_config config = {.kind = OPTIM_SHARED_RMSPROP, .decay = 0.99, .eps = 0.1, .wide = b->wide};
    const size_t params = (size_t)b->params;
    struct idle_part part = {.whole = grad_form_of(params, &b->wide, 0)};
    int rc = 2;
    for (int t = 0; t < T_MAXES; t++) {
        part.step[t] = w->step[t];
        part.form[t] = grad_form_of(params, &b->wide, b->rows[t]);
    }
    mpi_ranks_begin(&r);
    bool ok = true;
    if (!params || !(w->step[0] > 0)) ok = !error_set("under mpirun bench scale wants --step US and --params N");
    if (ok && r.rank == 0) ok = (optim = optim_new(&config, params, r.size - 1)) != NULL;
    if (mpi_ranks_agree(&r, ok)) {
        const struct share_config share = {.params = params, .wide = b->wide, .episodes = 16, .world = w->far};
        r.share = share_open(MPI_COMM_WORLD, &share);
        rc = r.rank == 0 ? run_host(r.share, b, w, optim) : idle_actor(r.share, r.rank, &part);
        if (rc) log_error("%s", error_text());
    }
    optim_free(&optim);
    mpi_ranks_end(&r, rc < 0);
    return r.rank == 0 || rc != 2 ? rc : 0;
}
