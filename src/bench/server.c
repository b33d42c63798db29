/* server.c -- the master against its bounds, on real windows with synthetic actors (scripted.c).
 *
 * server-apply-kK   gradients/s while K wait: drain, RMSProp, publication, ack; over the slower of two bounds: the
 *                   roots and divisions of RMSProp on data in the nearest cache, and the reading of theta, g and the K
 *                   gradients once.
 * server-factors-kK the same of gradients with factors (grad.h), as actors of a convolutional network push them, over
 *                   the slower of the roots and divisions of all entries and the reading of theta, g and what the K
 *                   gradients hold. The ratio may exceed 1: the row of an input that was 0 at every step costs
 *                   neither root nor division.
 * With --threads 1,2 each of them for each number of threads, in turn; server-apply-tT-kK is that of T threads, if T
 * is not 1.
 * server-push       bytes/s of a gradient copied to its mailbox and pushed, over memcpy between own buffers
 * server-fetch      bytes/s of weights that rank 0 has just written, over the same
 * server-wakeup     median time from a push to its ack with rank 0 asleep, over a bare futex there and back
 * server-idle       of a core, while nothing waits
 *
 * Rank 0 has a core to itself where there are two; the actors share the others and sleep unless told to push. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "bench/figures.h"
#include "bench/scripted.h"
#include "measure/mpi_ranks.h"
#include "measure/probe.h"
#include "nn/peak.h"
#include "turn/master.h"

enum { KS = 7, ROOT_FLOATS = 2048, ROWS = 5 /* t-max 5, one environment */ };
static const int ks[KS] = {1, 2, 4, 8, 16, 32, 64}; /* as far as there are actors: without mpirun to 16 */
static const double PATIENCE = 20;                  /* s for an actor to do what it was told */

struct server {
    struct turn_master turn;
    struct grad_form form[2]; /* whole; with factors, or whole too, and then not measured */
    int actors;
    int64_t orders;
    float *streams;                    /* (2 + the largest K, params) what a pass over K gradients reads, elsewhere */
    float *root[3];                    /* (ROOT_FLOATS) */
    int threads[BENCH_THREADS], kinds; /* (kinds) */
    struct series apply[BENCH_THREADS][2][KS], read[2][KS], arithmetic; /* by form, s per gradient */
};

/* Publishes an order, with the same weights. */
static void order(struct server *s, int what)
{
    struct share *const share = s->turn.share;
    s->turn.frames = ++s->orders << 8 | what;
    memcpy(share_next(share), share_theta(share), s->form[0].params * sizeof(float));
    optim_copied(s->turn.optim, share_theta_buffer(share), share_next_buffer(share));
    share_publish(share, (uint64_t)s->turn.updates, s->turn.frames);
}

/* Lets k actors push, and takes and applies all k in one pass, timed. -1 after error_set(). */
static int apply_slice(struct server *s, int k, int form, struct series *seconds)
{
    struct share_ready ready[SHARE_DRAIN_MOST];
    int n = 0;
    double busy = 0, start = clock_seconds();
    const double until = start + PATIENCE;
    order(s, form ? ORDER_FACTORS + k : k);
    while (n < k) { /* drains that find something count, waiting does not */
        start = clock_seconds();
        const int more = share_drain(s->turn.share, ready + n, k - n);
        if (more) busy += clock_seconds() - start;
        n += more;
        if (!more) share_idle(s->turn.share, 0.002);
        if (start > until) return error_set("%d of %d actors have not pushed within %g s", k - n, k, PATIENCE);
    }
    clock_sleep(0.0005); /* the actors go to sleep */
    start = clock_seconds();
    turn_master_apply(&s->turn, ready, k);
    series_add(seconds, (busy + clock_seconds() - start) / k);
    return 0;
}

static void arithmetic_slice(struct server *s)
{
    const int blocks = (int)(s->form[0].params / ROOT_FLOATS) + 1;
    peak_root(s->root[0], s->root[1], s->root[2], ROOT_FLOATS);
    const double start = clock_seconds();
    for (int i = 0; i < blocks; i++) peak_root(s->root[0], s->root[1], s->root[2], ROOT_FLOATS);
    const double each = (clock_seconds() - start) / ((double)blocks * ROOT_FLOATS);
    series_add(&s->arithmetic, each * (double)s->form[0].params);
}

/* What a pass over k gradients has to read. */
static size_t pass_floats(const struct server *s, int k, int form)
{
    return 2 * s->form[form].params + (size_t)k * grad_floats(&s->form[form]);
}

/* Reads as many bytes as a pass over k gradients has to, twice over: the second time they lie as near as they fit. */
static void read_slice(struct server *s, int k, int form, struct series *seconds)
{
    const size_t floats = pass_floats(s, k, form);
    peak_read(s->streams, floats);
    const double start = clock_seconds();
    peak_read(s->streams, floats);
    series_add(seconds, (clock_seconds() - start) / k);
}

/* Whole gradients, or with factors: one form after the other, as each leaves its own traces (src/optim/wide.h). */
static int measure_apply(struct server *s, int form, double seconds)
{
    const double end = clock_seconds() + seconds;
    for (int round = 0; round < 3 || clock_seconds() < end; round++) {
        for (int i = 0; i < KS && ks[i] <= s->actors; i++) {
            arithmetic_slice(s);
            read_slice(s, ks[i], form, &s->read[form][i]);
            for (int t = 0; t < s->kinds; t++) {
                if (optim_threads(s->turn.optim, s->threads[t])) return -1;
                if (apply_slice(s, ks[i], form, &s->apply[t][form][i])) return -1;
                if (!round) series_free(&s->apply[t][form][i]); /* the first touches the pages */
            }
            if (!round) series_free(&s->read[form][i]);
        }
    }
    order(s, ORDER_REST);
    return 0;
}

/* Actor 0 measures; we only serve. -1 after error_set(). */
static int measure_copies(struct server *s, double seconds, struct scripted_figures *figures)
{
    const double until = clock_seconds() + seconds + PATIENCE;
    size_t bytes = 0;
    order(s, ORDER_MEASURE);
    while (!share_read_post(s->turn.share, 0, SHARE_POST_EVAL, figures, sizeof *figures, &bytes)) {
        if (!turn_master_serve(&s->turn)) share_idle(s->turn.share, 0.002);
        if (clock_seconds() > until) return error_set("actor 0 has not measured within %g s", seconds + PATIENCE);
    }
    order(s, ORDER_REST);
    return 0;
}

/* Of a core, in percent. */
static double measure_idle(struct server *s, double seconds)
{
    const double cpu = probe_cpu_seconds(), start = clock_seconds();
    while (clock_seconds() < start + seconds)
        if (!turn_master_serve(&s->turn)) share_idle(s->turn.share, 0.002);
    return 100 * (probe_cpu_seconds() - cpu) / (clock_seconds() - start);
}

static void report_apply(const struct server *s, int form)
{
    char name[48];
    const double arithmetic = 1 / series_median(&s->arithmetic);
    if (form)
        log_root(
            "with factors of %d rows a gradient has %zu bytes; inputs that were 0 in every row need neither roots nor "
            "divisions, so the ratio may exceed 1",
            s->form[form].factors, sizeof(float) * grad_floats(&s->form[form]));
    for (int i = 0; i < KS && ks[i] <= s->actors; i++) {
        const double read = 1 / series_median(&s->read[form][i]);
        log_root("%2d waiting%s: reading alone %.4g gradients/s (%.4g GB/s)", ks[i], form ? ", factors" : "", read,
                 1e-9 * read * sizeof(float) * (double)pass_floats(s, ks[i], form) / ks[i]);
        for (int t = 0; t < s->kinds; t++) {
            char threads[16] = "";
            if (s->threads[t] > 1) snprintf(threads, sizeof threads, "t%d-", s->threads[t]);
            snprintf(name, sizeof name, "server-%s-%sk%d", form ? "factors" : "apply", threads, ks[i]);
            probe_print(name, 1 / series_median(&s->apply[t][form][i]), fmin(arithmetic, read), "gradients/s");
        }
    }
}

static void report(const struct server *s, const struct scripted_figures *f, double idle)
{
    const double bytes = (double)s->form[0].params * sizeof(float);
    log_root("%zu parameters, %s; roots and divisions alone: %.4g gradients/s", s->form[0].params,
             share_component(s->turn.share), 1 / series_median(&s->arithmetic));
    report_apply(s, 0);
    if (s->form[1].factors) report_apply(s, 1);
    probe_print("server-push", bytes / f->push, bytes / f->copy, "bytes/s");
    probe_print("server-fetch", bytes / f->fetch, bytes / f->copy, "bytes/s");
    probe_print("server-wakeup", 1e6 * f->wake, 1e6 * f->floor, "us");
    probe_print("server-idle", idle, 100, "percent");
}

static int run_server(struct server *s, double seconds)
{
    struct scripted_figures figures = {0};
    const size_t params = s->form[0].params,
                 read = (size_t)(2 + (s->actors < ks[KS - 1] ? s->actors : ks[KS - 1])) * params;
    float *theta = memory_floats(params);
    s->streams = memory_floats(read);
    memset(s->streams, 1, read * sizeof(float)); /* untouched pages would all be one page of zeros */
    for (int i = 0; i < 3; i++) s->root[i] = memory_floats(ROOT_FLOATS);
    for (int i = 0; i < ROOT_FLOATS; i++) s->root[0][i] = s->root[1][i] = 0.01f * (float)(i + 1);
    share_start(s->turn.share, theta, NULL, 0, 0);
    const int forms = 1 + (s->form[1].factors > 0);
    int rc = 0;
    for (int form = 0; form < forms && !rc; form++) rc = measure_apply(s, form, 0.6 * seconds / forms);
    if (!rc) rc = measure_copies(s, 0.25 * seconds, &figures);
    if (!rc)
        report(s, &figures, measure_idle(s, 0.15 * seconds));
    else
        log_error("%s", error_text());
    share_stop(s->turn.share, 1);
    if (share_wait_bye(s->turn.share, PATIENCE)) rc = -1;
    for (int i = 0; i < 3; i++) free(s->root[i]);
    for (int i = 0; i < 2 * KS; i++) {
        for (int t = 0; t < s->kinds; t++) series_free(&s->apply[t][i / KS][i % KS]);
        series_free(&s->read[i / KS][i % KS]);
    }
    series_free(&s->arithmetic);
    free(s->streams);
    free(theta);
    return rc;
}

/* The network of --net, or so many parameters. 0, or -1 after error_set(). */
static int look_at_model(const struct bench *b, struct server *s)
{
    if (b->params) {
        for (int i = 0; i < 2; i++) s->form[i] = grad_form_of((size_t)b->params, &b->wide, i * b->rows[0]);
        return 0;
    }
    struct net *net = bench_net_new(b->net ? b->net : "small", b->lstm, false);
    if (!net) return -1;
    const struct net_facts *facts = net_facts(net);
    for (int i = 0; i < 2; i++) s->form[i] = grad_form_of(facts->params, &facts->wide, i * ROWS);
    net_free(&net);
    return 0;
}

static bool threaded(const struct server *s)
{
    bool any = false;
    for (int t = 0; t < s->kinds; t++) any |= s->threads[t] > 1;
    return any;
}

int bench_server(const struct bench *b)
{
    struct server s = {.turn.lr = 7e-4};
    struct mpi_ranks r;
    int rc = 0;
    mpi_ranks_begin(&r);
    const int cores = probe_cores();
    s.actors = r.size - 1;
    memcpy(s.threads, b->threads_text ? b->threads : (int[BENCH_THREADS]){1}, sizeof s.threads);
    while (s.kinds < BENCH_THREADS && s.threads[s.kinds]) s.kinds++;
    bool ok = !look_at_model(b, &s);
    if (ok && r.rank == 0) {
        const struct optim_config optim = {
            .kind = OPTIM_SHARED_RMSPROP, .decay = 0.99, .eps = 0.1, .wide = s.form->wide};
        ok = (s.turn.optim = optim_new(&optim, s.form->params, s.actors)) != NULL;
    }
    if (mpi_ranks_agree(&r, ok)) {
        const struct share_config config = {.params = s.form->params, .wide = s.form->wide, .episodes = 16};
        r.share = share_open(MPI_COMM_WORLD, &config);
        s.turn.share = r.share;
        s.turn.params = s.form->params;
        /* several threads go where the actors sleep */
        if (r.rank || !threaded(&s)) probe_pin(r.rank == 0 ? cores - 1 : (r.rank - 1) % (cores > 1 ? cores - 1 : 1));
        if (r.rank == 0 && cores < 2) log_root("only one core: rank 0 shares it with the actors");
        rc = r.rank == 0 ? run_server(&s, b->seconds) : scripted_run(r.share, &s.form[1], 0.25 * b->seconds);
        if (rc && r.rank) log_error("%s", error_text());
    } else {
        rc = 2;
    }
    optim_free(&s.turn.optim);
    mpi_ranks_end(&r, rc < 0);
    return r.rank == 0 || rc != 2 ? rc : 0;
}
