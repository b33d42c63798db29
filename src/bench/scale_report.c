/* scale_report.c -- see scale_report.h. */
#include "bench/scale_report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "measure/probe.h"

static void print_checks(const struct scale_measured *m, const struct scale_table *table)
{
    char name[64];
    for (int far = 0; far < 2; far++) {
        const struct idle_found *f = far ? &m->idle_far : &m->idle;
        for (int i = 0; i < f->count; i++) {
            const struct idle_rate *r = &f->rates[i];
            snprintf(name, sizeof name, "scale-check-%st%d-a%d", far ? "far-" : "", r->t_max, r->actors);
            probe_print(name, r->updates, table->check[far][i].updates_per_s, "updates/s");
        }
    }
    for (int i = 0; i < m->idle.count; i++) {
        const struct idle_rate *r = &m->idle.rates[i];
        snprintf(name, sizeof name, "scale-lag-t%d-a%d", r->t_max, r->actors);
        if (r->lag > 0 && table->check[0][i].lag_mean > 0)
            probe_print(name, r->lag, table->check[0][i].lag_mean, "updates");
    }
}

static void print_form(const char *what, const struct scale_form *f)
{
    char rank[64] = "whole";
    if (f->form.factors) snprintf(rank, sizeof rank, "with factors of %d rows", f->form.factors);
    log_root("a push%s: %.0f bytes, %s; push %.3g, apply %.3g alone and %.3g of 16 waiting, us", what, f->bytes, rank,
             1e6 * f->push, 1e6 * f->apply[0], 1e6 * f->apply[SCALE_APPLIES - 1]);
}

static void print_costs(const struct scale_words *w, const struct scale_measured *m, const struct scale_costs *c)
{
    log_root("%zu parameters; a step %.0f us (t-max 5), %.0f us (t-max 20); weights of the own node %.3g us",
             m->whole.form.params, 1e6 * m->compute[0] / idle_t_max[0], 1e6 * m->compute[1] / idle_t_max[1],
             1e6 * c->fetch);
    for (int t = 0; t < T_MAXES; t++) {
        char what[32];
        snprintf(what, sizeof what, " of t-max %d", idle_t_max[t]);
        if (m->factored[t].form.factors) print_form(what, &m->factored[t]);
    }
    print_form(m->factored[0].form.factors ? " for a sum or another wire" : "", &m->whole);
    log_root("link %.4g Gbit/s (%s), %.0f us a transfer (%s), %.2g ns a byte of rank 0 and %.2g of the other end; %d "
             "actors on a node, a relay on each",
             8e-9 * c->bandwidth, w->link > 0 ? "given" : "assumed", 1e6 * c->latency,
             w->latency > 0                 ? "given"
             : m->far.latency >= c->latency ? "measured over TCP here"
                                            : "assumed",
             1e9 * c->serve, 1e9 * c->drive, w->per_node);
    log_root("rank 0: of an update %.2g stay as they are with more threads, %.2g of one by whole gradients, and a look "
             "at an actor takes %.2g us (%s); its link takes a message in %.3g us (%s); with each wire it has %d "
             "thread%s; -most: sums of %d gradients, %.2g us to add one",
             m->factored[0].serial, m->whole.serial, 1e6 * c->scan, m->checked ? "measured" : "assumed",
             1e6 * c->message, w->message > 0 ? "given" : "assumed", m->threads, m->threads > 1 ? "s" : "", m->most,
             1e6 * c->sum);
}

static void print_knees(const struct scale_words *w, const struct scale_measured *m, const struct scale_table *table)
{
    char name[64];
    const struct scale_costs c = scale_table_costs(w, m, &table->curve[0].way, 0);
    print_costs(w, m, &c);
    for (int i = 0; i < table->curves; i++) {
        const struct scale_curve *k = &table->curve[i];
        const struct scale_result *last = &k->at[k->points - 1];
        char found[96];
        if (k->limit)
            snprintf(found, sizeof found, "from %d actors on the limit is %s", k->knee, scale_limit_name(k->limit));
        else
            snprintf(found, sizeof found, "no limit up to %d actors", k->knee);
        log_root("%-15s t-max %2d: %s (%.3g frames/s, lag %.3g); %d actors: %.3g frames/s, lag %.3g", k->way.name,
                 k->t_max, found, k->there.rollouts_per_s * k->t_max * m->repeat, k->there.lag_mean,
                 k->actors[k->points - 1], last->rollouts_per_s * k->t_max * m->repeat, last->lag_mean);
        snprintf(name, sizeof name, "scale-%s-t%d", k->way.name, k->t_max);
        probe_print(name, k->knee, k->bound, "actors");
    }
}

static void write_row(FILE *f, const struct scale_curve *c, int p, int per_node, int repeat)
{
    const struct scale_way *way = &c->way;
    const struct scale_result *r = &c->at[p];
    const int length = (int)strcspn(way->name, "-"), n = c->actors[p];
    fprintf(f, "simulated,%.*s,%s,%d,%d,%d,%.6g,%.6g,%.6g,%.6g,%.4f,%.4f,%.4f,%.4f,%s,%d\n", length, way->name,
            way->most  ? "most"
            : way->sum ? "sum"
                       : "none",
            c->t_max, n, way->near ? 1 : (n + per_node - 1) / per_node, r->rollouts_per_s * c->t_max * repeat,
            r->updates_per_s, r->lag_mean, r->lag_p95, r->master, r->in, r->out, r->relay,
            scale_limit_name(c->limited[p]), way->threads);
}

static int write_csv(const struct scale_words *w, const struct scale_measured *m, const struct scale_table *table)
{
    FILE *f = fopen(w->csv, "w");
    if (!f)
        return error_set("--csv %s: cannot be written: %s%s", w->csv, strerror(errno),
                         errno == ENOENT ? "; give a folder that exists" : "");
    fprintf(f,
            "what,wire,combine,t_max,actors,nodes,frames_per_s,updates_per_s,lag_mean,lag_p95,rank0_busy,link_in_busy,"
            "link_out_busy,relay_busy,limit,threads\n");
    for (int i = 0; i < table->curves; i++) {
        const struct scale_curve *c = &table->curve[i];
        for (int p = 0; p < c->points; p++) write_row(f, c, p, w->per_node, m->repeat);
    }
    for (int far = 0; far < 2; far++) {
        const struct idle_found *found = far ? &m->idle_far : &m->idle;
        const char *way = far ? "tcp-here" : "shared-memory";
        for (int i = 0; i < found->count; i++) {
            const struct idle_rate *r = &found->rates[i];
            const struct scale_result *s = &table->check[far][i];
            fprintf(f, "measured,%s,none,%d,%d,1,%.6g,%.6g,%.6g,,%.4f,,,,,1\n", way, r->t_max, r->actors,
                    r->updates * r->t_max * m->repeat, r->updates, r->lag, r->cpu);
            fprintf(f, "checked,%s,none,%d,%d,1,%.6g,%.6g,%.6g,%.6g,%.4f,%.4f,%.4f,,,1\n", way, r->t_max, r->actors,
                    s->rollouts_per_s * r->t_max * m->repeat, s->updates_per_s, s->lag_mean, s->lag_p95, s->master,
                    s->in, s->out);
        }
    }
    return fclose(f) ? error_set("--csv %s: cannot be written: %s", w->csv, strerror(errno)) : 0;
}

int scale_report(const struct scale_words *w, const struct scale_measured *m, const struct scale_table *table)
{
    print_checks(m, table);
    print_knees(w, m, table);
    return w->csv ? write_csv(w, m, table) : 0;
}
