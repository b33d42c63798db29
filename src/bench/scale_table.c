/* scale_table.c -- see scale_table.h. */
#include "bench/scale_table.h"

#include <math.h>

#include "measure/probe.h"

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
        if (wire == 1)
            *way = (struct scale_way){
                names[i], false, i > 3, wire, false, 2, m->conversions.encode, m->conversions.decode};
        if (wire == 2)
            *way = (struct scale_way){names[i],
                                      false,
                                      i > 3,
                                      wire,
                                      false,
                                      1 / 8.0 + 4 * w->significant,
                                      m->conversions.select,
                                      m->conversions.expand};
    }
    return WIRE_WAYS;
}

struct scale_costs scale_table_costs(const struct scale_words *w, const struct scale_measured *m,
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
            const struct scale_costs costs = scale_table_costs(w, m, &ways[i], t);
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
                .actors = f->rates[i].actors, .per_node = 1 << 20, .cores = probe_cores(), .idle = true, .far = far};
            table->check[far][i] = scale_run(&c, &l);
        }
    }
}

void scale_table_fill(const struct scale_words *w, const struct scale_measured *m, struct scale_table *table)
{
    *table = (struct scale_table){0};
    simulate_check(m, table);
    simulate(w, m, table);
}
