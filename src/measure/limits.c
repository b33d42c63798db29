/* limits.c -- see limits.h. */
#include "measure/limits.h"

#include <math.h>

#include "share/share.h"

static const double WORTH = 0.9; /* of the ideal */

const char *scale_limit_name(enum scale_limit limit)
{
    static const char *const names[] = {"none", "rank 0", "link", "relay", "cores", "lag"};
    return names[limit];
}

enum way { NEAR, DIRECT, RELAYED, TAKEN };

/* s of `bytes` over the link, nobody else there. */
static double over_link(const struct scale_costs *c, double bytes)
{
    const double wire = c->bandwidth > 0 ? 1 / c->bandwidth : 0;
    return c->latency + bytes * fmax(fmax(wire, c->serve), c->drive);
}

/* One actor alone, all of whose queues are empty when it comes: rollouts/s. */
static double alone(const struct scale_costs *c, enum way way)
{
    if (way == TAKEN) return 1 / (fmax(c->fetch + c->compute, c->sum) + c->push);
    const double there = way == NEAR     ? c->fetch
                         : way == DIRECT ? over_link(c, c->fetch_bytes)
                                         : over_link(c, c->fetch_bytes) + c->fetch;
    const double back = way == DIRECT ? over_link(c, c->push_bytes) : c->push;
    /* behind a relay it goes in the round after that of the weights, and a look hears of it */
    const double carried =
        way == RELAYED ? over_link(c, c->fetch_bytes) + over_link(c, c->push_bytes) + c->encode + c->latency / 2 : 0;
    /* fetch and rollout go on while rank 0 works on the push before; a longer answer would hold the next push up */
    return 1 / (fmax(there + c->compute, carried + c->wake + c->apply[0]) + back);
}

static enum way way_of(const struct scale_layout *l)
{
    if (!l->relays || l->far) return DIRECT;
    return l->sum && l->most ? TAKEN : RELAYED;
}

/* Actors behind rank 0's link. */
static int behind_link(const struct scale_layout *l)
{
    return l->far ? l->actors : l->actors > l->per_node ? l->actors - l->per_node : 0;
}

double scale_ideal(const struct scale_costs *costs, const struct scale_layout *layout)
{
    const int far = behind_link(layout);
    return (layout->actors - far) * alone(costs, NEAR) + far * alone(costs, way_of(layout));
}

enum scale_limit scale_judge(const struct scale_result *r, double ideal, double lag_most)
{
    if (r->rollouts_per_s >= WORTH * ideal) return r->lag_mean > lag_most ? SCALE_LAG : SCALE_NO_LIMIT;
    if (r->adder >= 0.95) return SCALE_RELAY; /* sums go whenever they can, so that all else is busy, too */
    const double link = fmax(r->in, r->out), busiest = fmax(fmax(r->master, link), fmax(r->relay, r->cores));
    /* a relay is busy while its transfers queue, a core while its actor waits for it: the cause comes first */
    if (r->master >= 0.95 * busiest) return SCALE_RANK0;
    if (link >= 0.95 * busiest) return SCALE_LINK;
    return r->relay > r->cores ? SCALE_RELAY : SCALE_CORES;
}

static enum scale_limit look(const struct scale_costs *costs, const struct scale_layout *layout, int actors,
                             double lag_most, struct scale_result *r)
{
    struct scale_layout l = *layout;
    l.actors = actors;
    *r = scale_run(costs, &l);
    return scale_judge(r, scale_ideal(costs, &l), lag_most);
}

int scale_knee(const struct scale_costs *costs, const struct scale_layout *layout, double lag_most, int most,
               enum scale_limit *limit, struct scale_result *at)
{
    int good = 0, bad = 1;
    while (!(*limit = look(costs, layout, bad, lag_most, at))) { /* the first doubling that is too many */
        if (bad == most) return most;
        good = bad;
        bad = 2 * bad < most ? 2 * bad : most;
    }
    while (bad - good > 1 && bad > 1.05 * good) {
        struct scale_result r;
        const int n = (good + bad) / 2;
        const enum scale_limit found = look(costs, layout, n, lag_most, &r);
        if (!found) {
            good = n;
            continue;
        }
        bad = n;
        *limit = found;
        *at = r;
    }
    return bad;
}

/* What `layout` asks for if nobody waits, as shares of what there is: of rank 0, its link, the first relay. */
struct demand {
    double rank0, link, relay, lag;
};

static struct demand ask(const struct scale_costs *c, const struct scale_layout *l)
{
    const int far = behind_link(l), near = l->actors - far,
              relays = l->relays ? (far + l->per_node - 1) / l->per_node : 0,
              full = far < l->per_node ? far : l->per_node;
    const double wire = c->bandwidth > 0 ? 1 / c->bandwidth : 0, each = alone(c, way_of(l));
    /* sums: one a round, and a round is no shorter than its bytes; its answer is heard by a look */
    const double round = over_link(c, fmax(c->push_bytes, c->fetch_bytes)) + c->encode + c->apply[0] + c->latency / 2;
    const double pushes = relays && l->sum && l->most ? far * each / l->most /* if all are full */
                          : relays && l->sum          ? relays * fmin(full * each, 1 / round)
                                                      : far * each;
    const double fetches = relays ? 0 : pushes; /* relays fetch as often as there is room for, and so ask for nothing */
    double apply = c->apply[0];
    for (int k = 1; k < SCALE_APPLIES; k++) apply = fmin(apply, c->apply[k]);
    if (l->threads > 1) apply *= c->serial + (1 - c->serial) / l->threads;
    apply += l->actors * c->scan / SHARE_DRAIN_MOST;
    const double adding = relays && l->most ? c->sum : 0;
    const int gradients = l->sum ? 1 : full;
    const double messages =
        relays ? (double)scale_round_messages(c, gradients, full, full, false).in / gradients : scale_push_messages(c);
    return (struct demand){
        .rank0 = near * alone(c, NEAR) * apply + pushes * (apply + c->decode) +
                 c->serve * (pushes * c->push_bytes + fetches * c->fetch_bytes),
        .link = fmax(pushes * fmax(wire * c->push_bytes, messages * c->message) +
                         fetches * SCALE_FETCH_MESSAGES * c->message,
                     fetches * fmax(wire * c->fetch_bytes, SCALE_FETCH_MESSAGES * c->message)),
        .relay = !relays      ? 0
                 : adding > 0 ? fmax(full * each * adding, pushes / relays * (c->encode + c->drive * c->push_bytes))
                              : full * each * (c->encode + c->drive * c->push_bytes),
        .lag = l->sum ? near + relays : l->actors};
}

int scale_bound(const struct scale_costs *costs, const struct scale_layout *layout, double lag_most, int most)
{
    struct scale_layout l = *layout;
    for (l.actors = 1; l.actors < most; l.actors++) {
        const struct demand d = ask(costs, &l);
        if (d.rank0 >= 1 || d.link >= 1 || d.relay >= 1 || d.lag > lag_most) break;
    }
    return l.actors;
}
