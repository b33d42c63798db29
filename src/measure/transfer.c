/* transfer.c -- see transfer.h. */
#include "measure/transfer.h"

#include <math.h>

void later(struct model *m, double seconds, int who, enum stage stage)
{
    agenda_add(&m->agenda, &(struct job){.duration = seconds, .who = who, .stage = stage});
}

void on_core(struct model *m, int node, double seconds, int who, enum stage stage)
{
    station_add(&m->agenda, &m->cores[node], &(struct job){.duration = seconds, .who = who, .stage = stage}, false);
}

void master_wakes(struct model *m, double seconds)
{
    if (m->up) return;
    m->up = true;
    later(m, seconds, MASTER, MASTER_UP);
}

int first_actor(const struct model *m, int node)
{
    return node * m->l->per_node;
}

int actors_of(const struct model *m, int node)
{
    const int left = m->l->actors - first_actor(m, node);
    return left < m->l->per_node ? left : m->l->per_node;
}

void count_messages(const struct model *m, struct client *r)
{
    const int lanes = actors_of(m, r->node), senders = r->sending < lanes ? r->sending : lanes;
    const struct scale_messages n = scale_round_messages(m->c, r->messages, senders, lanes, r->out > 0);
    r->asks = n.in;
    r->answers = n.out;
}

/* What the replies of a round say, as they are read: which gradients of this node rank 0 has applied. */
static void read_replies(struct model *m, struct client *r)
{
    r->read = r->under_way;
    if (m->l->most) return; /* its actors have their mailboxes already */
    for (int a = first_actor(m, r->node), end = a + actors_of(m, r->node); a < end; a++) {
        m->client[a].heard = m->client[a].applied;
        m->client[a].applied = false;
    }
}

void part_done(struct model *m, int who)
{
    struct client *p = &m->client[who];
    if (--p->parts) return;
    if (who >= m->l->actors) read_replies(m, p);
    later(m, m->c->latency / 2, who, CAME);
}

/* The parts of a transfer of p->in and p->out bytes go on at the same time. */
void transfer(struct model *m, int who)
{
    struct client *p = &m->client[who];
    const double bytes = p->in + p->out, wire = m->c->bandwidth > 0 ? 1 / m->c->bandwidth : 0;
    const double come = fmax(p->in * wire, p->asks * m->c->message),
                 go = fmax(p->out * wire, p->answers * m->c->message);
    const bool comes = p->in > 0 || come > 0, goes = p->out > 0 || go > 0;
    p->parts = 1 + comes + goes + (m->c->drive * bytes > 0) + (m->c->serve * bytes > 0);
    if (comes) station_add(&m->agenda, &m->in, &(struct job){.duration = come, .who = who, .stage = PART_CAME}, false);
    if (goes) {
        struct job out = {.duration = go, .who = who, .stage = PART_CAME};
        if (p->out > 0) out.version = &m->version, out.seen = &p->seen;
        station_add(&m->agenda, &m->out, &out, false);
    }
    if (m->c->drive * bytes > 0) on_core(m, p->node, m->c->drive * bytes, who, PART_CAME);
    if (m->c->serve * bytes > 0) {
        m->serving[(m->serve_head + m->serve_count++) % (m->l->actors + m->nodes)] = who;
        master_wakes(m, 0);
    }
    part_done(m, who); /* one that is always there */
}

void ask(struct model *m, int a, bool fetches)
{
    struct client *p = &m->client[a];
    p->fetches = fetches;
    p->in = fetches ? 0 : m->c->push_bytes;
    p->out = fetches ? m->c->fetch_bytes : 0;
    p->asks = fetches ? SCALE_FETCH_MESSAGES : scale_push_messages(m->c);
    p->answers = fetches ? SCALE_FETCH_MESSAGES : 0;
    transfer(m, a);
}
