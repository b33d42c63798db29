/* scale.c -- the simulation of scale.h: actors, rank 0 and relays as machines that an event pushes one stage further. */
#include "app/scale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/scale_queue.h"
#include "base/memory.h"
#include "dunlin/rng.h"

enum { DRAIN = 64, LAGS = 1 << 16 }; /* DRAIN: what rank 0 takes in one pass at most, as in app/master.h */

enum stage {
    FETCH_ASKED,  /* the question has reached rank 0 */
    PART_CAME,    /* a part of a transfer: the link's, rank 0's own work or ours */
    FETCH_BEHIND, /* the rest of the latency is over */
    FETCHED,      /* weights are there */
    COMPUTED,     /* a rollout and its gradient */
    ENCODED,
    PUSH_ASKED,
    PUSH_BEHIND,
    COPIED, /* a gradient lies in the mailbox of the actor's own node */
    MASTER_UP,
    MASTER_SERVED,
    MASTER_APPLIED,
};
enum { MASTER = -1 };

/* An actor, or the relay of a node. */
struct party {
    int node;
    int64_t seen; /* the version of its weights; of one that fetches: of those under way */
    int parts;    /* of the present transfer, still under way */
    bool fetches; /* the direction of that transfer */
    bool owes;    /* its mailbox is taken */
    bool waits;   /* until it is free */
    /* of a relay */
    int64_t weights; /* the version its node reads */
    bool busy;
    int sending;          /* gradients in the present push */
    int out, most;        /* mailboxes at rank 0 that wait for an answer; that it may have */
    double since, worked; /* s */
};

struct model {
    const struct scale_costs *c;
    const struct scale_layout *l;
    struct agenda agenda;
    struct rng rng;
    int nodes;
    struct party *party;   /* (actors + nodes): relays behind the actors, the one of node n is actors + n */
    struct station *cores; /* (nodes) */
    struct station in, out;
    struct fifo *ready; /* (nodes) gradients that wait; [0]: at rank 0, others: at the relay */
    int *serving;       /* (actors + nodes) parties whose transfers rank 0 has to serve, a ring */
    int serve_head, serve_count;
    bool up;       /* rank 0 is at work or on its way there */
    double worked; /* s, rank 0 */
    double credit; /* s that transfers may take before the next pass */
    int64_t version, rollouts, updates;
    struct gradient *pass; /* (actors + DRAIN) what the present pass applies */
    int pass_count;
    int64_t *lags; /* (LAGS) */
    double lag_sum;
};

/* Rank 0, per gradient with k waiting: between the measured numbers straight over log2 k, beyond them as the last. */
static double apply_cost(const struct scale_costs *c, int k)
{
    const double x = fmin(log2((double)k), SCALE_APPLIES - 1);
    const int i = (int)fmin(floor(x), SCALE_APPLIES - 2);
    return c->apply[i] + (x - i) * (c->apply[i + 1] - c->apply[i]);
}

static void later(struct model *m, double seconds, int who, enum stage stage)
{
    agenda_add(&m->agenda, &(struct job){.duration = seconds, .who = who, .stage = stage});
}

static void on_core(struct model *m, int node, double seconds, int who, enum stage stage)
{
    station_add(&m->agenda, &m->cores[node], &(struct job){.duration = seconds, .who = who, .stage = stage}, false);
}

/* ---- rank 0 ---- */

static void master_works(struct model *m, double seconds, int who, enum stage stage)
{
    m->worked += seconds;
    station_add(&m->agenda, &m->cores[0], &(struct job){.duration = seconds, .who = who, .stage = stage}, true);
}

static void master_serves(struct model *m)
{
    const int who = m->serving[m->serve_head];
    const double seconds = m->c->serve * (m->party[who].fetches ? m->c->fetch_bytes : m->c->push_bytes);
    m->serve_head = (m->serve_head + 1) % (m->l->actors + m->nodes);
    m->serve_count--;
    m->credit -= seconds;
    master_works(m, seconds, who, MASTER_SERVED);
}

/* What rank 0 does next: a pass over all that waits, or a transfer; as long for these as for those where both wait. */
static void master_turn(struct model *m)
{
    struct fifo *f = &m->ready[0];
    m->up = f->count || m->serve_count;
    if (!m->up) return;
    if (m->serve_count && (!f->count || m->credit > 0)) {
        master_serves(m);
        return;
    }
    int k = 0;
    for (m->pass_count = 0; f->count && k < DRAIN;) {
        const struct gradient g = m->pass[m->pass_count++] = fifo_take(f);
        k += !g.more;
    }
    m->credit = k * apply_cost(m->c, k) + m->c->publish;
    master_works(m, m->credit, MASTER, MASTER_APPLIED);
}

static void master_wakes(struct model *m, double seconds)
{
    if (m->up) return;
    m->up = true;
    later(m, seconds, MASTER, MASTER_UP);
}

static void relay_turn(struct model *m, int node);
static void push(struct model *m, int a);

static void master_applied(struct model *m)
{
    for (int i = 0; i < m->pass_count; i++) {
        const struct gradient *g = &m->pass[i];
        const int64_t lag = m->version - g->version;
        m->lags[lag < LAGS ? lag : LAGS - 1]++;
        m->lag_sum += (double)lag;
        m->rollouts++;
        if (g->more) continue;
        m->version++;
        m->updates++;
    }
    for (int i = 0; i < m->pass_count; i++) {
        struct party *p = &m->party[m->pass[i].owner];
        if (m->pass[i].owner >= m->l->actors) {
            p->out -= !m->pass[i].more;
            continue;
        }
        p->owes = false;
        if (p->waits) push(m, m->pass[i].owner);
    }
    for (int n = 1; n < m->nodes && m->l->relays; n++) relay_turn(m, n);
    master_turn(m);
}

/* ---- transfers of remote actors and of relays ---- */

/* The parts of a transfer go on at the same time; each ends with `stage`. */
static void transfer(struct model *m, int who, bool fetch)
{
    struct party *p = &m->party[who];
    const double bytes = fetch ? m->c->fetch_bytes : m->c->push_bytes;
    struct job wire = {.duration = m->c->bandwidth > 0 ? bytes / m->c->bandwidth : 0, .who = who, .stage = PART_CAME};
    p->parts = 1 + (m->c->serve > 0) + (m->c->drive > 0);
    p->fetches = fetch;
    if (fetch) {
        wire.version = &m->version;
        wire.seen = &p->seen;
    }
    station_add(&m->agenda, fetch ? &m->out : &m->in, &wire, false);
    if (m->c->drive > 0) on_core(m, p->node, m->c->drive * bytes, who, PART_CAME);
    if (m->c->serve > 0) {
        m->serving[(m->serve_head + m->serve_count++) % (m->l->actors + m->nodes)] = who;
        master_wakes(m, 0);
    }
}

static void part_done(struct model *m, int who)
{
    struct party *p = &m->party[who];
    if (--p->parts == 0) later(m, m->c->latency / 2, who, p->fetches ? FETCH_BEHIND : PUSH_BEHIND);
}

static void arrive(struct model *m, int node, struct gradient g)
{
    fifo_put(&m->ready[node], g);
    if (node)
        relay_turn(m, node);
    else if (!g.more)
        master_wakes(m, m->c->wake);
}

/* ---- actors ---- */

static bool is_far(const struct model *m, int a)
{
    return m->l->far || (m->party[a].node && !m->l->relays);
}

static void fetch(struct model *m, int a)
{
    struct party *p = &m->party[a];
    if (is_far(m, a)) {
        later(m, m->c->latency / 2, a, FETCH_ASKED);
        return;
    }
    const int64_t *version = p->node ? &m->party[m->l->actors + p->node].weights : &m->version;
    const struct job copy = {.duration = m->c->fetch, .who = a, .stage = FETCHED, .version = version, .seen = &p->seen};
    station_add(&m->agenda, &m->cores[p->node], &copy, false);
}

static void compute(struct model *m, int a)
{
    const double spread = m->l->even ? 1 : 0.75 + 0.5 * rng_uniform(&m->rng);
    if (m->l->idle)
        later(m, m->c->compute * spread, a, COMPUTED);
    else
        on_core(m, m->party[a].node, m->c->compute * spread, a, COMPUTED);
}

static void push(struct model *m, int a)
{
    struct party *p = &m->party[a];
    p->waits = p->owes;
    if (p->waits) return;
    p->owes = true;
    on_core(m, p->node, is_far(m, a) ? m->c->encode : m->c->push, a, is_far(m, a) ? ENCODED : COPIED);
}

/* ---- relays ---- */

/* Push and fetch in turns, where there is cause for both. */
static void relay_turn(struct model *m, int node)
{
    const int who = m->l->actors + node;
    struct party *r = &m->party[who];
    const int waiting = m->ready[node].count;
    const bool can_push = waiting && r->out < r->most, can_fetch = r->weights < m->version;
    if (r->busy || (!can_push && !can_fetch)) return;
    r->busy = true;
    r->since = m->agenda.now;
    if (!can_push || (can_fetch && !r->fetches)) {
        later(m, m->c->latency / 2, who, FETCH_ASKED);
        return;
    }
    r->sending = m->l->sum ? waiting : 1;
    on_core(m, node, m->c->encode + (r->sending - 1) * m->c->sum, who, ENCODED);
}

static void relay_rests(struct model *m, int node)
{
    struct party *r = &m->party[m->l->actors + node];
    r->busy = false;
    r->worked += m->agenda.now - r->since;
    relay_turn(m, node);
}

static void relay_pushed(struct model *m, int node)
{
    const int who = m->l->actors + node;
    struct party *r = &m->party[who];
    r->out++;
    for (int n = r->sending; n > 0; n--) {
        struct gradient g = fifo_take(&m->ready[node]);
        struct party *p = &m->party[g.owner];
        p->owes = false;
        if (p->waits) push(m, g.owner);
        g.owner = who;
        g.more = n > 1;
        arrive(m, 0, g);
    }
    relay_rests(m, node);
}

/* ---- events ---- */

static void fetched(struct model *m, int who)
{
    struct party *p = &m->party[who];
    if (who < m->l->actors) {
        compute(m, who);
        return;
    }
    p->weights = p->seen;
    relay_rests(m, p->node);
}

static void pushed(struct model *m, int who)
{
    if (who >= m->l->actors) {
        relay_pushed(m, m->party[who].node);
        return;
    }
    const struct party *p = &m->party[who];
    const struct gradient g = {.version = p->seen, .owner = who};
    const int node = is_far(m, who) ? 0 : p->node;
    fetch(m, who);
    arrive(m, node, g);
}

static void step(struct model *m, const struct job *done)
{
    const int who = done->who;
    switch ((enum stage)done->stage) {
    case FETCH_ASKED:
        transfer(m, who, true);
        break;
    case PART_CAME:
        part_done(m, who);
        break;
    case FETCH_BEHIND:
        on_core(m, m->party[who].node, m->c->decode, who, FETCHED);
        break;
    case FETCHED:
        fetched(m, who);
        break;
    case COMPUTED:
        push(m, who);
        break;
    case ENCODED:
        later(m, m->c->latency / 2, who, PUSH_ASKED);
        break;
    case PUSH_ASKED:
        transfer(m, who, false);
        break;
    case PUSH_BEHIND:
    case COPIED:
        pushed(m, who);
        break;
    case MASTER_UP:
        master_turn(m);
        break;
    case MASTER_SERVED:
        part_done(m, who);
        master_turn(m);
        break;
    case MASTER_APPLIED:
        master_applied(m);
        break;
    }
}

static void open_model(struct model *m, const struct scale_costs *c, const struct scale_layout *l)
{
    *m = (struct model){.c = c, .l = l, .nodes = (l->actors + l->per_node - 1) / l->per_node};
    const size_t all = (size_t)(l->actors + m->nodes);
    m->rng = rng_make(l->seed, 0, RNG_TEST, 0);
    m->party = memory_new(all, sizeof *m->party);
    m->cores = memory_new((size_t)m->nodes, sizeof *m->cores);
    m->ready = memory_new((size_t)m->nodes, sizeof *m->ready);
    m->serving = memory_new(all, sizeof *m->serving);
    m->pass = memory_new(all + DRAIN, sizeof *m->pass);
    m->lags = memory_new(LAGS, sizeof *m->lags);
    station_open(&m->in, 1);
    station_open(&m->out, 1);
    for (int n = 0; n < m->nodes; n++) {
        const int here = n == m->nodes - 1 ? l->actors - n * l->per_node : l->per_node;
        station_open(&m->cores[n], l->cores ? l->cores : here + 1);
        /* sums are answered one by one; else a mailbox for each actor behind the relay */
        m->party[l->actors + n] = (struct party){.node = n, .most = l->sum ? 1 : here};
    }
    /* the start is spread over one cycle: all at once would be a crowd that takes long to disperse */
    const double cycle = c->compute + c->fetch + c->push + c->latency;
    for (int a = 0; a < l->actors; a++) {
        m->party[a].node = a / l->per_node;
        later(m, cycle * rng_uniform(&m->rng), a, FETCHED);
    }
}

static void close_model(struct model *m)
{
    for (int n = 0; n < m->nodes; n++) {
        station_free(&m->cores[n]);
        free(m->ready[n].g);
    }
    station_free(&m->in);
    station_free(&m->out);
    agenda_free(&m->agenda);
    free(m->party);
    free(m->cores);
    free(m->ready);
    free(m->serving);
    free(m->pass);
    free(m->lags);
}

/* What is counted from here on. */
static void forget(struct model *m)
{
    m->rollouts = m->updates = 0;
    m->lag_sum = m->worked = m->in.worked = m->out.worked = m->cores[0].worked = 0;
    if (m->nodes > 1) m->party[m->l->actors + 1].worked = 0;
    memset(m->lags, 0, LAGS * sizeof *m->lags);
}

static int lag_at(const struct model *m, double share)
{
    int64_t n = 0;
    for (int lag = 0; lag < LAGS; lag++)
        if ((double)(n += m->lags[lag]) >= share * (double)m->rollouts) return lag;
    return LAGS;
}

struct scale_result scale_run(const struct scale_costs *costs, const struct scale_layout *layout)
{
    struct model m;
    struct job done;
    open_model(&m, costs, layout);
    const int64_t warm = 3 * (int64_t)layout->actors + 200, measured = 4 * (int64_t)layout->actors + 2000;
    while (m.rollouts < warm && agenda_next(&m.agenda, &done)) step(&m, &done);
    const double from = m.agenda.now;
    forget(&m);
    while (m.rollouts < measured && agenda_next(&m.agenda, &done)) step(&m, &done);
    const double s = fmax(m.agenda.now - from, 1e-12), n = fmax((double)m.rollouts, 1);
    struct scale_result r = {.rollouts_per_s = (double)m.rollouts / s,
                             .updates_per_s = (double)m.updates / s,
                             .lag_mean = m.lag_sum / n,
                             .lag_p95 = lag_at(&m, 0.95),
                             .master = fmin(m.worked / s, 1),
                             .in = fmin(m.in.worked / s, 1),
                             .out = fmin(m.out.worked / s, 1),
                             .cores = fmin(m.cores[0].worked / s / m.cores[0].servers, 1)};
    if (m.nodes > 1) r.relay = fmin(m.party[layout->actors + 1].worked / s, 1);
    close_model(&m);
    return r;
}
