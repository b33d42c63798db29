/* want.c -- see want.h. */
#include "doctor/want.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "measure/made.h"
#include "setup/need.h"
#include "share/share.h"

void doctor_want(const struct doctor_setup *s, const struct doctor_plan *p, struct doctor_want *want)
{
    const struct setup *const setup = &s->setup;
    struct need_env env;
    enum { USUAL = 4 * 5 }; /* blocks: theta, a target and two of state, of three that are kept and two beside */
    memset(want, 0, (size_t)p->n * sizeof *want);
    for (int i = 0; i < p->n; i++) want[i].checkpoints = (double)MADE_PARAMS * sizeof(float) * USUAL;
    if (!s->ok) return;
    if (need_env(setup, &env)) memset(&env, 0, sizeof env); /* doctor_scale() says why it does not begin */
    const struct net_facts *const f = setup->facts;
    const struct share_config config = share_config_of(setup->options, f->params, &f->wide, &f->moments,
                                                       setup_target(setup), algo_explores(setup->algo), env.state);
    const double checkpoints = need_checkpoints(setup, p->actors ? p->actors : 1, env.state);
    for (int i = 0; i < p->n; i++) {
        const struct doctor_facts *const host = &p->facts[i];
        const bool master = same_host(host, p->facts);
        int ranks = 0;
        for (int r = 0; r < p->n; r++) ranks += same_host(&p->facts[r], host);
        const int here = p->alone ? p->actors : ranks - master;
        const struct share_room share = share_room(&config, p->actors, here, count_hosts(p), master);
        const struct need need = {.actors = p->actors ? p->actors : 1,
                                  .here = here,
                                  .master = master,
                                  .begun = !p->alone,
                                  .window = share.window,
                                  .relay = share.relay,
                                  .staging = share.actor,
                                  .env = env};
        const struct need_sum sum = need_of_node(setup, &need);
        want[i] = (struct doctor_want){.window = share.window,
                                       .least = share.least,
                                       .bytes = sum.bytes,
                                       .most = sum.most,
                                       .what = sum.what,
                                       .lower = sum.lower,
                                       .checkpoints = checkpoints};
        if (i == 0 && need_check_processes(setup, &need))
            snprintf(want[i].refused, sizeof want[i].refused, "%s", error_text());
    }
}

bool doctor_lacks(const struct doctor_plan *p)
{
    for (int i = 0; i < p->n; i++) {
        const struct doctor_facts *const host = &p->facts[i];
        if (p->want[i].refused[0] || (host->memory >= 0 && (double)host->memory < p->want[i].bytes)) return true;
    }
    return false;
}
