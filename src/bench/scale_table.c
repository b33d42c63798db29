/* scale_table.c -- see scale_table.h. */
#include "bench/scale_table.h"

#include <math.h>

#include "measure/probe.h"

/* assumed: 10 Gbit/s less its headers, bytes/s; s */
static const double LINK = 1.17e9, LATENCY = 1e-4;

/* The ways, in the order of the legend. Weights cross as float32 in all of them. A gradient does as it is, in 16 bits,
 * or as a bit for each entry and the significant ones as floats (src/share/wire.h); `direct`: without relays. As it is,
 * by itself, it may have factors. In these rank 0 has `threads`. Then other numbers of threads: of one node, and behind
 * relays. */
static void list_ways(int threads, struct scale_way ways[SCALE_WAYS])
{
    static const char *const names[SCALE_WAYS] = {
        "direct",          "float32",      "bf16",      "significant",      "float32-sum", "bf16-sum",
        "significant-sum", "float32-most", "bf16-most", "significant-most", "node-1",      "node-2",
        "node-4",          "node-8",       "relay-2",   "relay-4",          "relay-8"};
    for (int i = 0; i < SCALE_WAYS; i++) {
        const int more = i - WIRE_WAYS;
        const enum share_wire wire = i && more < 0 ? (enum share_wire)((i - 1) % 3) : SHARE_WIRE_FLOAT32;
        ways[i] = (struct scale_way){.name = names[i],
                                     .direct = !i,
                                     .sum = i > 3 && i<WIRE_WAYS, .most = i> 6 && i < WIRE_WAYS,
                                     .near = more >= 0 && more < 4,
                                     .threads = more < 0   ? threads
                                                : more < 4 ? 1 << more
                                                           : 1 << (more - 3),
                                     .wire = wire,
                                     .factors = i < 2 || more >= 0};
    }
}

struct scale_layout scale_table_layout(const struct scale_words *w, const struct scale_measured *m,
                                       const struct scale_way *way)
{
    return (struct scale_layout){.per_node = way->near ? 1 << 20 : w->per_node,
                                 .relays = !way->direct,
                                 .sum = way->sum,
                                 .most = way->most ? m->most : 0,
                                 .threads = way->threads};
}

struct scale_costs scale_table_costs(const struct scale_words *w, const struct scale_measured *m,
                                     const struct scale_way *way, int t)
{
    struct scale_costs c = scale_costs_of(m, &m->far, t, way->factors);
    c.bandwidth = w->link > 0 ? w->link : LINK;
    c.latency = w->latency > 0 ? w->latency : fmax(m->far.latency, LATENCY);
    c.message = w->message > 0 ? w->message : SCALE_MESSAGE;
    if (!way->factors) scale_wire(&c, way->wire, m->whole.form.params, &m->conversions, w->significant);
    return c;
}

static void simulate(const struct scale_words *w, const struct scale_measured *m, struct scale_table *table)
{
    struct scale_way ways[SCALE_WAYS];
    list_ways(m->threads, ways);
    for (int t = 0; t < T_MAXES; t++)
        for (int i = 0; i < SCALE_WAYS; i++) {
            struct scale_curve *c = &table->curve[table->curves++];
            const struct scale_costs costs = scale_table_costs(w, m, &ways[i], t);
            struct scale_layout l = scale_table_layout(w, m, &ways[i]);
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
