/* net.c -- act and learn of one core, in microseconds per step, over what the core cannot beat: the floating-point
 * operations at the peak of its multiply-adds, or the weights read at the speed at which the same bytes can be read
 * when nothing else is done, whichever takes longer. act reads the weights once per call (E rows); learn reads them
 * once per update and writes as large a gradient. fc reads only the rows of weights whose input is not 0 (nn/fc.c), so
 * act may beat the memory bound.
 *
 * Acting fills the rows that learning then reads, as in training; pictures are noise, weights those of a start. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "bench/figures.h"
#include "measure/probe.h"
#include "nn/peak.h"

enum { SHAPES = 3, PLANES = 64, STACK_MOST = 8, SUBJECTS = 6 };
static const struct shape {
    int T, E;
} shapes[SHAPES] = {{5, 1}, {20, 1}, {5, 8}};
static const double SLICE = 0.012, PEAK_SLICE = 0.001; /* s */

struct subject {
    char name[96];
    struct net *net;
    const struct net_facts *facts;
    float *theta, *dtheta;
    float *frames; /* (PLANES, frame) noise */
    size_t frame;
    struct net_work *work[SHAPES];
    float *state; /* (8, state_dim) */
    uint8_t *start;
    double forward, backward;                       /* floating-point operations per row */
    struct series act[SHAPES], learn[SHAPES], read; /* s per step; bytes/s */
};

/* A multiply-add counts as two. */
static void count_flops(struct subject *s)
{
    const struct net_facts *f = s->facts;
    bool first = true;
    for (int i = 0; i < f->tensor_count; i++) {
        const struct tensor *t = &f->tensors[i];
        const double ops = 2 * (double)t->size * t->pixels;
        if (t->ndim < 2) continue;
        s->forward += ops;
        s->backward += first ? ops : 2 * ops; /* nobody wants the gradient of a picture */
        first = false;
    }
}

static int subject_open(struct subject *s, const char *spec, int lstm, bool norm)
{
    struct rng rng = rng_make(1, 0, RNG_INIT, 0);
    memset(s, 0, sizeof *s);
    snprintf(s->name, sizeof s->name, "%.60s%s", spec, norm ? "-norm" : "");
    if (lstm) snprintf(s->name + strlen(s->name), 16, "-lstm%d", lstm);
    s->net = bench_net_new(spec, lstm, norm);
    if (!s->net) return -1;
    s->facts = net_facts(s->net);
    s->theta = memory_floats(s->facts->params);
    s->dtheta = memory_floats(s->facts->params);
    net_init(s->net, NET_INIT_UNIFORM, s->theta, &rng);
    s->frame = s->facts->input.C > 0 ? (size_t)s->facts->input.height * (size_t)s->facts->input.width
                                     : (size_t)s->facts->input.dim;
    s->frames = memory_floats(PLANES * s->frame);
    for (size_t i = 0; i < PLANES * s->frame; i++) s->frames[i] = (float)rng_uniform(&rng);
    s->state = memory_floats(8 * (size_t)s->facts->state_dim);
    s->start = memory_new(64, 1);
    for (int i = 0; i < SHAPES; i++) s->work[i] = net_work_new(s->net, shapes[i].T * shapes[i].E);
    count_flops(s);
    return 0;
}

static void subject_close(struct subject *s)
{
    for (int i = 0; i < SHAPES; i++) {
        net_work_free(&s->work[i]);
        series_free(&s->act[i]);
        series_free(&s->learn[i]);
    }
    series_free(&s->read);
    net_free(&s->net);
    free(s->theta);
    free(s->dtheta);
    free(s->frames);
    free(s->state);
    free(s->start);
}

/* One rollout: T acts of E rows, then the update. Adds its seconds. */
static void rollout(struct subject *s, int shape, double *act, double *learn)
{
    const int T = shapes[shape].T, E = shapes[shape].E, C = s->facts->input.C > 0 ? s->facts->input.C : 1;
    const float *x[8 * STACK_MOST];
    double t0 = clock_seconds();
    for (int t = 0; t < T; t++) {
        for (int e = 0; e < E; e++)
            for (int c = 0; c < C; c++)
                x[e * C + c] =
                    s->frames + (size_t)((e * T + t + c) % PLANES) * s->frame; /* stacks overlap, as when playing */
        net_forward(s->net, s->theta, s->work[shape], t * E, E, x, s->facts->state_dim ? s->state : NULL);
    }
    double t1 = clock_seconds();
    *act += t1 - t0;
    for (int r = 0; r < T * E; r++) {
        float *dout = net_dout(s->work[shape], r);
        for (int i = 0; i < s->facts->out_dim; i++) dout[i] = 0.01f * (float)(i - r % 7);
    }
    t0 = clock_seconds();
    net_backward(s->net, s->theta, s->work[shape], T, E, s->facts->state_dim ? s->start : NULL, s->dtheta);
    *learn += clock_seconds() - t0;
}

static void slice(struct subject *s, int shape)
{
    const double end = clock_seconds() + SLICE;
    double act = 0, learn = 0, steps = 0;
    net_forget(s->work[shape]); /* the other shapes have written to the same gradient */
    memset(s->state, 0, 8 * (size_t)s->facts->state_dim * sizeof *s->state);
    do {
        rollout(s, shape, &act, &learn);
        steps += shapes[shape].T * shapes[shape].E;
    } while (clock_seconds() < end);
    series_add(&s->act[shape], act / steps);
    series_add(&s->learn[shape], learn / steps);
}

/* Bytes/s at which the weights are read by who does nothing else. */
static void read_slice(struct subject *s)
{
    double bytes = 0;
    peak_read(s->theta, s->facts->params);
    const double start = clock_seconds();
    do {
        peak_read(s->theta, s->facts->params);
        bytes += (double)s->facts->params * sizeof *s->theta;
    } while (clock_seconds() < start + PEAK_SLICE);
    series_add(&s->read, bytes / (clock_seconds() - start));
}

static void flops_slice(struct series *flops)
{
    double done = 0;
    const double start = clock_seconds();
    do done += peak_flops(20000);
    while (clock_seconds() < start + PEAK_SLICE);
    series_add(flops, done / (clock_seconds() - start));
}

static void report(const struct subject *s, double peak)
{
    char name[160];
    const double bandwidth = series_median(&s->read), weights = (double)s->facts->params * sizeof(float) / bandwidth;
    log_root("%s: %zu parameters, %.4g Mflop to act, %.4g to learn; its weights are read at %.4g GB/s", s->name,
             s->facts->params, s->forward / 1e6, s->backward / 1e6, bandwidth / 1e9);
    for (int i = 0; i < SHAPES; i++) {
        const int T = shapes[i].T, E = shapes[i].E;
        const double act = fmax(s->forward / peak, weights / E),
                     learn = fmax(s->backward / peak, 2 * weights / (T * E));
        snprintf(name, sizeof name, "net-%s-act-%d-%d", s->name, T, E);
        probe_print(name, 1e6 * series_median(&s->act[i]), 1e6 * act, "us");
        snprintf(name, sizeof name, "net-%s-learn-%d-%d", s->name, T, E);
        probe_print(name, 1e6 * series_median(&s->learn[i]), 1e6 * learn, "us");
    }
}

int bench_net(const struct bench *b)
{
    static struct subject subject[SUBJECTS];
    const char *const all[] = {"small", "nature", "mlp"};
    struct series flops = {0};
    int n = 0, rc = 0;
    if (b->net)
        rc = subject_open(&subject[n++], b->net, b->lstm, b->norm);
    else
        for (int i = 0; i < SUBJECTS && !rc;
             i++) /* each without normalised layers, where they are not asked for, and with */
            if (i % 2 || !b->norm) rc = subject_open(&subject[n++], all[i / 2], b->lstm, i % 2);
    if (rc) {
        log_error("%s", error_text());
        return 2;
    }
    probe_pin(probe_cores() - 1);
    cpu_flush_denormals();
    const double end = clock_seconds() + b->seconds;
    do {
        for (int i = 0; i < n; i++)
            for (int j = 0; j < SHAPES; j++) {
                flops_slice(&flops);
                read_slice(&subject[i]);
                slice(&subject[i], j);
            }
    } while (clock_seconds() < end);
    const double peak = series_median(&flops);
    log_root("kernels %s; multiply-adds at %.4g GFLOP/s", net_kernel_name(), peak / 1e9);
    for (int i = 0; i < n; i++) {
        report(&subject[i], peak);
        subject_close(&subject[i]);
    }
    series_free(&flops);
    return 0;
}
