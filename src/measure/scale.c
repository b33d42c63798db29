/* scale.c -- the simulation of scale.h: actors, rank 0 and relays as machines that an event pushes one stage
 * further. */
#include "measure/scale.h"

#include <math.h>

#include "measure/transfer.h"

/* s: the shortest and the longest pause of a relay that awaits an answer, as in src/share/relay.c */
static const double LOOK_SHORT = 2e-5, LOOK_LONG = 1e-3;

/* Rank 0, per gradient with k waiting: between the measured numbers straight over log2 k, beyond them as the last. */
static double apply_cost(const struct scale_costs *c, const struct scale_layout *l, int k)
{
    const double share = l->threads > 1 ? c->serial + (1 - c->serial) / l->threads : 1;
    const double x = fmin(log2((double)k), SCALE_APPLIES - 1);
    const int i = (int)fmin(floor(x), SCALE_APPLIES - 2);
    return share * (c->apply[i] + (x - i) * (c->apply[i + 1] - c->apply[i]));
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
    const double seconds = m->c->serve * (m->client[who].in + m->client[who].out);
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
    int k = 0, packed = 0;
    for (m->pass.head = m->pass.count = 0; f->count && k < SHARE_DRAIN_MOST;) {
        const struct gradient g = fifo_take(f);
        fifo_put(&m->pass, g);
        k += !g.more;
        packed += !g.more && m->client[g.owner].node;
    }
    m->credit = k * apply_cost(m->c, m->l, k) + packed * m->c->decode + m->l->actors * m->c->scan;
    master_works(m, m->credit, MASTER, MASTER_APPLIED);
}

static void relay_turn(struct model *m, int node);
static void adder_turn(struct model *m, int node);
static void push(struct model *m, int a);

/* Its mailbox is its own again. */
static void freed(struct model *m, int a)
{
    m->client[a].owes = false;
    if (m->client[a].waits) push(m, a);
}

static void master_applied(struct model *m)
{
    int64_t oldest = INT64_MAX;
    for (int i = 0; i < m->pass.count; i++) {
        const struct gradient *g = &m->pass.g[i];
        oldest = g->version < oldest ? g->version : oldest;
        m->rollouts++;
        if (g->more) continue;
        const int64_t lag = m->version++ - oldest; /* a sum is one entry, with its oldest part's (share/sum.c) */
        m->lags[lag < MODEL_LAGS ? lag : MODEL_LAGS - 1]++;
        m->lag_sum += (double)lag;
        m->updates++;
        oldest = INT64_MAX;
    }
    for (int i = 0; i < m->pass.count; i++) {
        const struct gradient *g = &m->pass.g[i];
        struct client *p = &m->client[g->owner];
        const bool relayed = p->node && m->l->relays && !m->l->far;
        p->applied = true;
        if (relayed && m->l->most) m->sums += !g->more;
        if (relayed)
            m->client[m->l->actors + p->node].under_way -= !g->more; /* which is heard when its relay asks */
        else
            freed(m, g->owner);
    }
    master_turn(m);
}

static void arrive(struct model *m, int node, struct gradient g)
{
    fifo_put(&m->ready[node], g);
    if (node && m->l->most)
        adder_turn(m, node);
    else if (node)
        relay_turn(m, node);
    else if (!g.more)
        master_wakes(m, m->c->wake);
}

/* ---- actors ---- */

static bool is_far(const struct model *m, int a)
{
    return m->l->far || (m->client[a].node && !m->l->relays);
}

/* Out of the memory of its own node. */
static void copy(struct model *m, int a)
{
    struct client *p = &m->client[a];
    const int64_t *version = p->node ? &m->client[m->l->actors + p->node].weights : &m->version;
    const struct job job = {.duration = m->c->fetch, .who = a, .stage = FETCHED, .version = version, .seen = &p->seen};
    station_add(&m->agenda, &m->cores[p->node], &job, false);
}

static void fetch(struct model *m, int a)
{
    const struct client *p = &m->client[a];
    if (is_far(m, a)) {
        later(m, m->c->latency / 2, a, FETCH_ASKED);
    } else if (p->node && m->l->most) { /* those that the node has, and newer ones for the next time */
        m->client[m->l->actors + p->node].wants = true;
        copy(m, a);
        relay_turn(m, p->node);
    } else if (p->node) { /* behind a relay: weights that are the newest at rank 0 from now on */
        fifo_put(&m->wish[p->node], (struct gradient){.owner = a});
        relay_turn(m, p->node);
    } else {
        copy(m, a);
    }
}

static void compute(struct model *m, int a)
{
    const double spread = m->l->even ? 1 : 0.75 + 0.5 * rng_uniform(&m->rng);
    if (m->l->idle)
        later(m, m->c->compute * spread, a, COMPUTED);
    else
        on_core(m, m->client[a].node, m->c->compute * spread, a, COMPUTED);
}

static void push(struct model *m, int a)
{
    struct client *p = &m->client[a];
    p->waits = p->owes;
    if (p->waits) return;
    p->owes = true;
    if (is_far(m, a))
        later(m, m->c->latency / 2, a, PUSH_ASKED);
    else
        on_core(m, p->node, m->c->push, a, COPIED);
}

/* ---- relays ---- */

/* With layout.most: one gradient more for the sum that waits, if there is room. */
static void adder_turn(struct model *m, int node)
{
    struct client *r = &m->client[m->l->actors + node];
    const int held = m->held[node].count - (r->busy ? r->sending : 0);
    if (r->adding || !m->ready[node].count || held >= m->l->most) return;
    r->adding = true;
    r->added += m->c->sum;
    on_core(m, node, m->c->sum, m->l->actors + node, ADDED);
}

static void added(struct model *m, int node)
{
    const struct gradient g = fifo_take(&m->ready[node]);
    fifo_put(&m->held[node], g);
    m->client[m->l->actors + node].adding = false;
    freed(m, g.owner);
    adder_turn(m, node);
    relay_turn(m, node);
}

static void begin_round(struct model *m, struct client *r, double work)
{
    r->busy = true;
    count_messages(m, r);
    r->worked += work + m->c->drive * (r->in + r->out);
    on_core(m, r->node, work, m->l->actors + r->node, ENCODED);
}

/* Where an answer is awaited, the next look is due an eighth of the time that it has been awaited after the last one
 * (pace() of src/share/relay.c). */
static void look_later(struct model *m, struct client *r)
{
    const double now = m->agenda.now, pace = fmin(fmax((now - r->moved) / 8, LOOK_SHORT), LOOK_LONG);
    r->due = fmax(r->looked + pace, now);
    if (!r->look_comes) later(m, r->due - now, m->l->actors + r->node, LOOK_DUE);
    r->look_comes = true;
}

static void look_is_due(struct model *m, int who)
{
    struct client *r = &m->client[who];
    r->look_comes = false;
    if (r->busy || !r->unheard) return; /* a round tells as much */
    if (r->due > m->agenda.now) {       /* there was one meanwhile */
        look_later(m, r);
        return;
    }
    r->sending = r->wishes = r->messages = 0;
    r->in = r->out = 0;
    r->seen = r->weights;
    begin_round(m, r, 0);
}

/* The next round: all gradients that wait, or their sum once the one before is answered, and weights
 * if anybody waits for them or has asked. */
static void relay_turn(struct model *m, int node)
{
    struct client *r = &m->client[m->l->actors + node];
    if (r->busy) return;
    r->sending = m->l->sum && r->unheard ? 0 : m->l->most ? m->held[node].count : m->ready[node].count;
    r->wishes = m->wish[node].count;
    const bool weights = (r->wishes || r->wants) && r->weights < m->version;
    if (!r->sending && !r->wishes && !weights) {
        if (r->unheard) look_later(m, r);
        return;
    }
    r->wants = false;
    r->messages = m->l->sum && r->sending ? 1 : r->sending;
    r->in = r->messages * m->c->push_bytes;
    r->out = weights ? m->c->fetch_bytes : 0;
    r->seen = r->weights;
    begin_round(m, r, r->messages * m->c->encode + (m->l->most ? 0 : (r->sending - r->messages) * m->c->sum));
}

/* What the replies said is told to the actors, and what was sent is at rank 0. */
static void relay_over(struct model *m, int node)
{
    struct client *r = &m->client[m->l->actors + node];
    const double now = m->agenda.now;
    r->weights = r->seen;
    if (r->read < r->unheard || r->sending || r->out > 0) r->moved = now;
    r->looked = now - m->c->latency / 2;
    r->unheard = r->read + r->messages;
    r->under_way += r->messages;
    for (int n = r->sending; n > 0; n--) {
        struct gradient g = fifo_take(m->l->most ? &m->held[node] : &m->ready[node]);
        g.more = m->l->sum && n > 1;
        arrive(m, 0, g);
    }
    for (int n = r->wishes; n > 0; n--) copy(m, fifo_take(&m->wish[node]).owner);
    r->busy = false;
    for (int a = first_actor(m, node), end = a + actors_of(m, node); !m->l->most && a < end; a++) {
        const bool heard = m->client[a].heard;
        m->client[a].heard = false;
        if (heard) freed(m, a);
    }
    relay_turn(m, node);
    if (m->l->most) adder_turn(m, node);
}

/* ---- events ---- */

static void pushed(struct model *m, int a)
{
    const struct client *p = &m->client[a];
    const struct gradient g = {.version = p->seen, .owner = a};
    const int node = is_far(m, a) ? 0 : p->node;
    fetch(m, a);
    arrive(m, node, g);
}

static void came(struct model *m, int who)
{
    if (who >= m->l->actors)
        relay_over(m, m->client[who].node);
    else if (m->client[who].fetches)
        compute(m, who);
    else
        pushed(m, who);
}

static void step(struct model *m, const struct job *done)
{
    const int who = done->who;
    switch ((enum stage)done->stage) {
    case FETCH_ASKED:
    case PUSH_ASKED:
        ask(m, who, done->stage == FETCH_ASKED);
        break;
    case PART_CAME:
        part_done(m, who);
        break;
    case CAME:
        came(m, who);
        break;
    case FETCHED:
        compute(m, who);
        break;
    case COMPUTED:
        push(m, who);
        break;
    case COPIED:
        pushed(m, who);
        break;
    case ADDED:
        added(m, m->client[who].node);
        break;
    case LOOK_DUE:
        look_is_due(m, who);
        break;
    case ENCODED: /* a mere look is one question, the others are two (src/share/relay.c) */
        later(m, m->client[who].in + m->client[who].out > 0 ? m->c->latency / 2 : 0, who, RELAY_OFF);
        break;
    case RELAY_OFF:
        transfer(m, who);
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

/* All at once would be a crowd that takes long to disperse: the start is spread over one cycle. */
static void start(struct model *m)
{
    const double cycle = m->c->compute + m->c->fetch + m->c->push + m->c->latency;
    for (int a = 0; a < m->l->actors; a++) later(m, cycle * rng_uniform(&m->rng), a, FETCHED);
}

struct scale_result scale_run(const struct scale_costs *costs, const struct scale_layout *layout)
{
    struct model m;
    struct job done;
    model_open(&m, costs, layout);
    start(&m);
    const int64_t warm = 3 * (int64_t)layout->actors + 200, measured = 4 * (int64_t)layout->actors + 2000;
    /* and some sums of every relay, which may hold many */
    const int64_t sums = layout->most ? 4 * (int64_t)(m.nodes - 1) : 0;
    while ((m.rollouts < warm || m.sums < sums) && agenda_next(&m.agenda, &done)) step(&m, &done);
    const double from = m.agenda.now;
    model_forget(&m);
    while ((m.rollouts < measured || m.sums < 2 * sums) && agenda_next(&m.agenda, &done)) step(&m, &done);
    const double s = fmax(m.agenda.now - from, 1e-12), n = fmax((double)m.updates, 1);
    struct scale_result r = {.rollouts_per_s = (double)m.rollouts / s,
                             .updates_per_s = (double)m.updates / s,
                             .lag_mean = m.lag_sum / n,
                             .lag_p95 = model_lag_at(&m, 0.95),
                             .master = fmin(m.worked / s, 1),
                             .in = fmin(m.in.worked / s, 1),
                             .out = fmin(m.out.worked / s, 1),
                             .cores = layout->cores ? fmin(m.cores[0].worked / s / m.cores[0].servers, 1) : 0};
    const struct client *first = m.nodes > 1 ? &m.client[layout->actors + 1] : NULL;
    if (first) r.adder = fmin(first->added / s, 1);
    if (first) r.relay = fmax(r.adder, fmin(first->worked / s, 1));
    model_close(&m);
    return r;
}
