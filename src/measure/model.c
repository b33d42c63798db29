/* model.c -- see model.h. */
#include "measure/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void model_open(struct model *m, const struct scale_costs *c, const struct scale_layout *l)
{
    *m = (struct model){.c = c, .l = l, .nodes = (l->actors + l->per_node - 1) / l->per_node};
    const size_t all = (size_t)l->actors + (size_t)m->nodes;
    m->rng = rng_make(l->seed, 0, RNG_TEST, 0);
    m->client = memory_new(all, sizeof *m->client);
    m->cores = memory_new((size_t)m->nodes, sizeof *m->cores);
    m->ready = memory_new((size_t)m->nodes, sizeof *m->ready);
    m->held = memory_new((size_t)m->nodes, sizeof *m->held);
    m->wish = memory_new((size_t)m->nodes, sizeof *m->wish);
    m->serving = memory_new(all, sizeof *m->serving);
    m->lags = memory_new(MODEL_LAGS, sizeof *m->lags);
    station_open(&m->in, 1);
    station_open(&m->out, 1);
    for (int n = 0; n < m->nodes; n++) {
        const int here = n == m->nodes - 1 ? l->actors - n * l->per_node : l->per_node;
        station_open(&m->cores[n], l->cores ? l->cores : here + 1);
        m->client[l->actors + n].node = n;
    }
    for (int a = 0; a < l->actors; a++) m->client[a].node = a / l->per_node;
}

void model_close(struct model *m)
{
    for (int n = 0; n < m->nodes; n++) {
        station_free(&m->cores[n]);
        free(m->ready[n].g);
        free(m->held[n].g);
        free(m->wish[n].g);
    }
    station_free(&m->in);
    station_free(&m->out);
    agenda_free(&m->agenda);
    free(m->client);
    free(m->cores);
    free(m->ready);
    free(m->held);
    free(m->wish);
    free(m->serving);
    free(m->pass.g);
    free(m->lags);
}

void model_forget(struct model *m)
{
    m->rollouts = m->updates = m->sums = 0;
    m->lag_sum = m->worked = m->in.worked = m->out.worked = m->cores[0].worked = 0;
    if (m->nodes > 1) m->client[m->l->actors + 1].worked = m->client[m->l->actors + 1].added = 0;
    memset(m->lags, 0, MODEL_LAGS * sizeof *m->lags);
}

int model_lag_at(const struct model *m, double share)
{
    int64_t n = 0;
    for (int lag = 0; lag < MODEL_LAGS; lag++)
        if ((double)(n += m->lags[lag]) >= share * (double)m->updates) return lag;
    return MODEL_LAGS;
}
