/* scale_measured.c -- see scale_measured.h. Costs come from other parts of bench, each started under mpirun (bench
 * actor for each t_max, bench server for each rank of factors, and the sleeping actors twice: by shared memory and over
 * TCP), and from loops of our own for the forms of the wire. What the user gives is not measured. */
#include "bench/scale_measured.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "bench/scale_threads.h"
#include "job/mpirun.h"
#include "measure/made.h"
#include "measure/probe.h"
#include "setup/setup.h"

enum { TEXT = 8192, SHAPE = 256 /* of --factors */ };
static const double WAKE = 5e-5; /* s, where nothing is measured */

/* Runs words under mpirun and keeps what it prints. 0, or -1 after error_set(). */
static int capture(int ranks, const char *const *words, const char *extra, char text[TEXT])
{
    int from;
    size_t n = 0;
    struct mpirun start = mpirun_attached(ranks, words);
    start.environment = extra;
    const pid_t pid = mpirun_start(&start, &from);
    if (pid < 0) return -1;
    for (ssize_t got = 1; got > 0 || (got < 0 && errno == EINTR);)
        if ((got = read(from, text + n, TEXT - 1 - n)) > 0) n += (size_t)got;
    close(from);
    text[n] = 0;
    if (mpirun_wait(pid)) return error_set("`dunlin bench %s` has failed, which measures for the model", words[1]);
    return 0;
}

/* A figure among printed lines; 0 after error_set() where it is missing. */
static double figure(const char *text, const char *name)
{
    const size_t length = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        double value;
        if (!strncmp(line, name, length) && sscanf(line + length, " value %lf", &value) == 1 && value > 0) return value;
    }
    error_set("bench did not print %s", name);
    return 0;
}

/* The rollout with its gradient, written as float32, for each t_max. */
static int measure_steps(const struct bench *b, struct scale_measured *m)
{
    char seconds[32], t_max[32], text[TEXT];
    const char **words = memory_new((size_t)b->argc + 10, sizeof *words);
    int rc = 0;
    snprintf(seconds, sizeof seconds, "%g", 0.08 * b->seconds);
    for (int t = 0; t < T_MAXES && !rc; t++) {
        int n = 0;
        words[n++] = "bench";
        words[n++] = "actor";
        words[n++] = "--seconds";
        words[n++] = seconds;
        for (int i = 0; i < b->argc; i++) words[n++] = b->argv[i];
        snprintf(t_max, sizeof t_max, "--t-max=%d", idle_t_max[t]);
        words[n++] = t_max;
        words[n++] = "--wire=float32"; /* the others write a whole gradient, which comes on top: scale_costs_of() */
        words[n++] = "--combine=none";
        words[n++] = "--combine-most=0";
        words[n++] = "--combine-age=0";
        words[n] = NULL;
        if ((rc = capture(2, words, NULL, text))) break;
        const double rate = figure(text, "actor-train");
        if (!(rate > 0)) rc = -1;
        m->compute[t] = idle_t_max[t] * m->repeat / fmax(rate, 1e-9);
    }
    free(words);
    return rc;
}

/* Rank 0's rates NAME-k1 ... as seconds. 0, or -1 after error_set(). */
static int read_applies(const char *text, const char *name, double apply[SCALE_APPLIES])
{
    static const int ks[SCALE_APPLIES] = {1, 2, 4, 8, 16};
    char full[32];
    for (int i = 0; i < SCALE_APPLIES; i++) {
        snprintf(full, sizeof full, "%s-k%d", name, ks[i]);
        const double rate = figure(text, full);
        if (!(rate > 0)) return -1;
        apply[i] = 1 / rate;
        /* a longer pass costs no more per gradient than a shorter one; where it seems to, a neighbour took the core */
        if (i) apply[i] = fmin(apply[i], apply[i - 1]);
    }
    return 0;
}

/* --params N --factors ..., as bench.h says, behind `words`. */
static void add_shape(const struct scale_measured *m, int rows0, int rows1, char text[2][SHAPE], const char **words)
{
    const struct grad_wides *wide = &m->whole.form.wide;
    const int matrices = grad_wide_count(wide);
    int n = 0;
    snprintf(text[0], SHAPE, "%zu", m->whole.form.params);
    for (int i = 0; i < matrices; i++) {
        const struct grad_wide *w = &wide->at[i];
        n += snprintf(text[1] + n, (size_t)(SHAPE - n), "%s%zu,%d,%d:%d", i ? "+" : "", w->offset, w->in, w->out,
                      w->dense);
    }
    snprintf(text[1] + n, (size_t)(SHAPE - n), ",%d,%d", rows0, rows1);
    words[0] = "--params";
    words[1] = text[0];
    words[2] = matrices ? "--factors" : NULL;
    words[3] = text[1];
    words[4] = NULL;
}

/* Whole gradients, and factors of each rank there is: those of the second t_max by a start of its own. */
static int measure_server(const struct bench *b, struct scale_measured *m)
{
    char seconds[32], shape[2][SHAPE], text[TEXT];
    const char *words[9] = {"bench", "server", "--seconds", seconds};
    for (int t = 0; t < T_MAXES; t++) {
        if (t && !m->factored[t].form.factors) break;
        snprintf(seconds, sizeof seconds, "%g", (m->factored[1].form.factors ? 0.12 : 0.2) * b->seconds);
        add_shape(m, m->factored[t].form.factors, 0, shape, words + 4);
        if (capture(17, words, NULL, text)) return -1;
        if (m->factored[t].form.factors && read_applies(text, "server-factors", m->factored[t].apply)) return -1;
        if (t) break;
        if (read_applies(text, "server-apply", m->whole.apply)) return -1;
        const double push = figure(text, "server-push"), wake = figure(text, "server-wakeup");
        if (!(push > 0) || !(wake > 0)) return -1;
        m->whole.push = m->whole.bytes / push;
        m->near.wake = 1e-6 * wake / 2; /* it is the way there and back */
    }
    return 0;
}

/* `actors` that sleep, by shared memory or over TCP of this machine. */
static int run_idle(const struct bench *b, const struct scale_measured *m, bool far, int actors,
                    struct idle_found *found)
{
    char seconds[32], shape[2][SHAPE], steps[80], path[PATH_MAX], text[TEXT];
    const char *words[16] = {"bench", "scale", "--seconds", seconds, "--step", steps, "--tell", path};
    int n = 8;
    const char *tmp = getenv("TMPDIR");
    snprintf(path, sizeof path, "%.4000s/dunlin-scale-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    const int fd = mkstemp(path);
    if (fd < 0) return error_set("%s: cannot be made: %s", path, strerror(errno));
    close(fd);
    if (far) words[n++] = "--far";
    add_shape(m, m->factored[0].form.factors, m->factored[1].form.factors, shape, words + n);
    snprintf(seconds, sizeof seconds, "%g", (far ? 0.25 : 0.4) * b->seconds);
    snprintf(steps, sizeof steps, "%.6g,%.6g", 1e6 * m->compute[0] / idle_t_max[0],
             1e6 * m->compute[1] / idle_t_max[1]);
    int rc = capture(1 + actors, words,
                     far ? "OMPI_MCA_btl=tcp,self OMPI_MCA_osc=pt2pt OMPI_MCA_btl_tcp_if_include=lo" : NULL, text);
    if (!rc) rc = scale_idle_read(path, found);
    unlink(path);
    return rc;
}

static void set_form(struct scale_form *f, struct grad_form form)
{
    f->form = form;
    f->bytes = (double)(sizeof(float) * grad_floats(&form));
}

/* What more threads of rank 0 leave as it is, and its looks; setup NULL: of no network. */
static void measure_rank0(const struct setup *setup, struct scale_measured *m)
{
    const bool measures = setup && m->checked;
    struct scale_form *forms[] = {&m->whole, &m->factored[0], &m->factored[1]};
    for (int i = 0; i < 1 + T_MAXES; i++) {
        struct scale_form *f = forms[i];
        const bool again = i && !f->form.factors;
        f->serial = again      ? m->whole.serial
                    : measures ? scale_serial_measure(setup, &f->form)
                               : scale_serial_said(f->form.factors > 0);
    }
    m->near.scan = m->checked ? scale_scan_measure() : SCALE_SCAN;
}

/* What is pushed, from the options of training; every --wire and --combine is simulated. */
static int look_at_net(const struct bench *b, struct scale_measured *m)
{
    static struct option_set set;
    struct setup setup = {0};
    struct options *o = &set.values;
    int rc = bench_options(b, &set);
    if (!rc) {
        m->most = o->combine_most ? (int)o->combine_most : SCALE_MOST;
        o->wire = WIRE_FLOAT32;
        o->combine = COMBINE_NONE;
        o->combine_most = o->combine_age = 0;
        rc = setup_open(&setup, o, true);
    }
    if (!rc) {
        m->repeat = setup.world.spec.action_repeat;
        const size_t params = b->params ? (size_t)b->params : setup.facts->params;
        const struct grad_wides wide = b->params ? (struct grad_wides){0} : setup.facts->wide;
        m->threads = o->master_threads ? (int)o->master_threads : 1;
        const int envs = setup_agent_config(&setup, 1).factors ? (int)o->envs_per_actor : 0;
        set_form(&m->whole, grad_form_of(params, &wide, 0));
        for (int t = 0; t < T_MAXES; t++) set_form(&m->factored[t], grad_form_of(params, &wide, idle_t_max[t] * envs));
        measure_rank0(b->params ? NULL : &setup, m);
    }
    setup_close(&setup);
    return rc ? -1 : 0;
}

/* What was not measured. A copy into the mailbox takes as long as its bytes. */
static void complete_forms(const struct scale_words *w, struct scale_measured *m)
{
    if (w->push > 0) m->whole.push = w->push;
    for (int i = 0; i < SCALE_APPLIES && w->apply > 0; i++) m->whole.apply[i] = w->apply;
    for (int t = 0; t < T_MAXES; t++) {
        struct scale_form *f = &m->factored[t];
        f->push = w->push > 0 ? w->push : m->whole.push * f->bytes / m->whole.bytes;
        if (w->apply > 0 || !m->factored[t].form.factors) memcpy(f->apply, m->whole.apply, sizeof f->apply);
    }
}

static void derive_far(const struct scale_words *w, struct scale_measured *m)
{
    const struct idle_costs *f = &m->idle_far.alone;
    m->far = m->near;
    m->far.serve = f->serve;
    m->far.drive = f->drive;
    m->far.latency = w->latency > 0 ? w->latency : (f->ask + f->answer) / 2;
    const double beyond = (f->fetch - f->ask + f->push - f->answer) / 2;
    m->far.bandwidth = beyond > 0 ? m->whole.bytes / beyond : 0;
    m->far.fetch_bytes = m->whole.bytes;
}

struct scale_costs scale_costs_of(const struct scale_measured *m, const struct scale_costs *base, int t, bool factors)
{
    const struct scale_form *f = factors ? &m->factored[t] : &m->whole;
    struct scale_costs c = *base;
    c.compute = m->compute[t];
    c.push = f->push;
    c.push_bytes = f->bytes;
    c.serial = f->serial;
    memcpy(c.apply, f->apply, sizeof c.apply);
    struct grad_piece piece[GRAD_PIECES];
    c.pieces = grad_pieces(&f->form, piece);
    return c;
}

int scale_measure(const struct bench *b, const struct scale_words *w, struct scale_measured *m)
{
    double load = 0;
    const bool measures = !(w->step[0] > 0 && w->fetch > 0 && w->push > 0 && w->apply > 0);
    if (measures && getloadavg(&load, 1) == 1 && load > 0.5 * probe_cores())
        log_root(
            "note: %.1f processes want this machine's %d cores already: measured costs are larger than they should be",
            load, probe_cores());
    *m = (struct scale_measured){.near.wake = WAKE};
    m->checked = measures;
    if (look_at_net(b, m)) return -1;
    if (m->checked && measure_server(b, m)) return -1;
    complete_forms(w, m);
    if (w->step[0] > 0)
        for (int t = 0; t < T_MAXES; t++) m->compute[t] = idle_t_max[t] * w->step[t];
    else if (measure_steps(b, m))
        return -1;
    for (int t = 0; t < T_MAXES && !(w->step[0] > 0); t++) /* a copy stands for the gradient's being written there */
        m->compute[t] = fmax(m->compute[t] - m->factored[t].push, 0.1 * m->compute[t]);
    m->conversions = m->checked ? scale_conversions_measure(m->whole.form.params, w->significant)
                                : scale_conversions_said(m->whole.form.params);
    m->near.sum = m->conversions.sum;
    if (m->checked && (run_idle(b, m, false, w->check[0], &m->idle) || run_idle(b, m, true, w->check[1], &m->idle_far)))
        return -1;
    m->near.fetch = w->fetch > 0 ? w->fetch : m->idle.alone.borrow;
    derive_far(w, m);
    return 0;
}
