/* scale_report.c -- simulates all ways over the wire and prints what came of it. See bench_scale.h. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "bench/scale.h"

static const double LINK = 1.17e9, LATENCY = 1e-4; /* assumed: 10 Gbit/s less its headers, bytes/s; s */

/* The ways, in the order of the legend. Weights cross as float32 in all of them. A gradient does as it is, in 16 bits,
 * or as a bit for each entry and the significant ones as floats (src/share/wire.h); `direct`: without relays. As it is,
 * by itself, it may have factors. */
static int list_ways(const struct scale_words *w, const struct scale_measured *m, struct scale_way ways[WIRE_WAYS])
{
    static const char *const names[WIRE_WAYS] = {"direct",      "float32",  "bf16",           "significant",
                                                 "float32-sum", "bf16-sum", "significant-sum"};
    for (int i = 0; i < WIRE_WAYS; i++) {
        struct scale_way *way = &ways[i];
        const int wire = i ? (i - 1) % 3 : 0;
        *way = (struct scale_way){.name = names[i], .direct = !i, .sum = i > 3, .wire = wire, .push_bytes = 4};
        way->factors = i < 2;
        if (wire == 1) *way = (struct scale_way){names[i], false, i > 3, wire, false, 2, m->encode, m->decode};
        if (wire == 2)
            *way = (struct scale_way){names[i],  false,    i > 3, wire, false, 1 / 8.0 + 4 * w->significant,
                                      m->select, m->expand};
    }
    return WIRE_WAYS;
}

/* The costs of a cluster: this machine's cores, the link as given or assumed. */
static struct scale_costs costs_of(const struct scale_words *w, const struct scale_measured *m,
                                   const struct scale_way *way, int t)
{
    struct scale_costs c = scale_costs_of(m, &m->far, t, way->factors);
    c.bandwidth = w->link > 0 ? w->link : LINK;
    c.latency = w->latency > 0 ? w->latency : fmax(m->far.latency, LATENCY);
    if (!way->factors) c.push_bytes = way->push_bytes * (double)m->whole.form.params;
    c.encode = way->encode;
    c.decode = way->decode;
    return c;
}

static void simulate(const struct scale_words *w, const struct scale_measured *m, struct scale_table *table)
{
    struct scale_way ways[WIRE_WAYS];
    const int count = list_ways(w, m, ways);
    for (int t = 0; t < T_MAXES; t++)
        for (int i = 0; i < count; i++) {
            struct scale_curve *c = &table->curve[table->curves++];
            const struct scale_costs costs = costs_of(w, m, &ways[i], t);
            struct scale_layout l = {.per_node = w->per_node, .relays = !ways[i].direct, .sum = ways[i].sum};
            *c = (struct scale_curve){.way = ways[i], .t_max = idle_t_max[t]};
            for (int n = 1; n <= w->most && c->points < SCALE_POINTS; n *= 2) {
                const int p = c->points++;
                l.actors = c->actors[p] = n;
                c->at[p] = scale_run(&costs, &l);
                c->limited[p] = scale_judge(&c->at[p], scale_ideal(&costs, &l), w->lag);
            }
            c->knee = scale_knee(&costs, &l, w->lag, w->most, &c->limit, &c->there);
            c->bound = scale_bound(&costs, &l, w->lag, w->most);
        }
}

/* What the sleeping actors did, simulated: all on this machine's cores. */
static void simulate_check(const struct scale_measured *m, struct scale_table *table)
{
    for (int far = 0; far < 2; far++) {
        const struct idle_found *f = far ? &m->idle_far : &m->idle;
        for (int i = 0; i < f->count; i++) {
            const struct scale_costs c =
                scale_costs_of(m, far ? &m->far : &m->near, f->rates[i].t_max == idle_t_max[1], true);
            const struct scale_layout l = {
                .actors = f->rates[i].actors, .per_node = 1 << 20, .cores = bench_cores(), .idle = true, .far = far};
            table->check[far][i] = scale_run(&c, &l);
        }
    }
}

static void print_checks(const struct scale_measured *m, const struct scale_table *table)
{
    char name[64];
    for (int far = 0; far < 2; far++) {
        const struct idle_found *f = far ? &m->idle_far : &m->idle;
        for (int i = 0; i < f->count; i++) {
            const struct idle_rate *r = &f->rates[i];
            snprintf(name, sizeof name, "scale-check-%st%d-a%d", far ? "far-" : "", r->t_max, r->actors);
            bench_print(name, r->updates, table->check[far][i].updates_per_s, "updates/s");
        }
    }
    for (int i = 0; i < m->idle.count; i++) {
        const struct idle_rate *r = &m->idle.rates[i];
        snprintf(name, sizeof name, "scale-lag-t%d-a%d", r->t_max, r->actors);
        if (r->lag > 0 && table->check[0][i].lag_mean > 0)
            bench_print(name, r->lag, table->check[0][i].lag_mean, "updates");
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
             w->latency > 0         ? "given"
             : c->latency > LATENCY ? "measured over TCP here"
                                    : "assumed",
             1e9 * c->serve, 1e9 * c->drive, w->per_node);
}

static void print_knees(const struct scale_words *w, const struct scale_measured *m, const struct scale_table *table)
{
    char name[64];
    const struct scale_costs c = costs_of(w, m, &table->curve[0].way, 0);
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
        bench_print(name, k->knee, k->bound, "actors");
    }
}

static void write_row(FILE *f, const char *name, bool sum, int t_max, int actors, int nodes, int repeat,
                      const struct scale_result *r, const char *limit)
{
    const int length = (int)strcspn(name, "-");
    fprintf(f, "simulated,%.*s,%s,%d,%d,%d,%.6g,%.6g,%.6g,%.6g,%.4f,%.4f,%.4f,%.4f,%s\n", length, name,
            sum ? "sum" : "none", t_max, actors, nodes, r->rollouts_per_s * t_max * repeat, r->updates_per_s,
            r->lag_mean, r->lag_p95, r->master, r->in, r->out, r->relay, limit);
}

static int write_csv(const struct scale_words *w, const struct scale_measured *m, const struct scale_table *table)
{
    FILE *f = fopen(w->csv, "w");
    if (!f) return error_set("--csv %s: cannot be written: %s; give a folder that exists", w->csv, strerror(errno));
    fprintf(f,
            "what,wire,combine,t_max,actors,nodes,frames_per_s,updates_per_s,lag_mean,lag_p95,rank0_busy,link_in_busy,"
            "link_out_busy,relay_busy,limit\n");
    for (int i = 0; i < table->curves; i++) {
        const struct scale_curve *c = &table->curve[i];
        for (int p = 0; p < c->points; p++)
            write_row(f, c->way.name, c->way.sum, c->t_max, c->actors[p],
                      (c->actors[p] + w->per_node - 1) / w->per_node, m->repeat, &c->at[p],
                      scale_limit_name(c->limited[p]));
    }
    for (int far = 0; far < 2; far++) {
        const struct idle_found *found = far ? &m->idle_far : &m->idle;
        const char *way = far ? "tcp-here" : "shared-memory";
        for (int i = 0; i < found->count; i++) {
            const struct idle_rate *r = &found->rates[i];
            const struct scale_result *s = &table->check[far][i];
            fprintf(f, "measured,%s,none,%d,%d,1,%.6g,%.6g,%.6g,,%.4f,,,,\n", way, r->t_max, r->actors,
                    r->updates * r->t_max * m->repeat, r->updates, r->lag, r->cpu);
            fprintf(f, "checked,%s,none,%d,%d,1,%.6g,%.6g,%.6g,%.6g,%.4f,%.4f,%.4f,,\n", way, r->t_max, r->actors,
                    s->rollouts_per_s * r->t_max * m->repeat, s->updates_per_s, s->lag_mean, s->lag_p95, s->master,
                    s->in, s->out);
        }
    }
    return fclose(f) ? error_set("--csv %s: cannot be written: %s", w->csv, strerror(errno)) : 0;
}

int scale_report(const struct scale_words *w, const struct scale_measured *m, struct scale_table *table)
{
    *table = (struct scale_table){0};
    simulate_check(m, table);
    simulate(w, m, table);
    print_checks(m, table);
    print_knees(w, m, table);
    return w->csv ? write_csv(w, m, table) : 0;
}
