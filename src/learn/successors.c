/* successors.c -- see successors.h. Rows go through the network in batches, in a workspace of their own, or in rows of
 * their own behind the rollout's, so that the activations that the gradient needs stay. */
#include "learn/successors.h"

#include <string.h>

#include "learn/agent_private.h"
#include "learn/returns.h"

enum { BATCH_MOST = 256 };

enum successors successors_of(const struct agent_config *c)
{
    return c->algo->lambda_of_all && c->lambda < 1 ? SUCCESSORS_OF_ALL : c->algo->successors;
}

/* Which of them go through the network: without a target network s' within the rollout is the row after. */
static enum successors asked_of(const struct agent_config *c, enum successors which)
{
    return agent_config_target(c) ? which : SUCCESSORS_OF_ENDS;
}

int successors_work_rows(const struct agent_config *c, int T_max, int E)
{
    const int64_t rows = (int64_t)T_max * E;
    const bool all = asked_of(c, successors_of(c)) == SUCCESSORS_OF_ALL;
    return all && E < BATCH_MOST ? (int)(rows < BATCH_MOST ? rows : BATCH_MOST) : E;
}

static int list_rows(struct agent *a, enum successors which)
{
    if (which == SUCCESSORS_OF_ENDS) return returns_bootstrap_rows(&a->r, a->rows);
    int n = 0;
    for (int row = 0; row < a->r.T * a->E; row++)
        if (a->r.end[row] != ROLLOUT_TERMINAL) a->rows[n++] = row;
    return n;
}

/* rows[0 .. n - 1], at most next_rows, in one batch. */
static void forward_some(struct agent *a, const float *theta, const int *rows, int n)
{
    const size_t S = (size_t)a->S, C = (size_t)a->C, D = (size_t)a->D;
    for (int i = 0; i < n; i++) {
        const size_t row = (size_t)rows[i];
        memcpy(a->some_x + (size_t)i * C, a->next_x + row * C, C * sizeof *a->some_x);
        memcpy(a->some_state + (size_t)i * S, a->state_after + row * S, S * sizeof *a->some_state);
    }
    net_forward_after(a->net, theta, a->next_work, a->next_row0, n, a->some_x, S ? a->some_state : NULL,
                      a->next_work == a->work ? rows : NULL);
    for (int i = 0; i < n; i++) {
        float *out = a->next_out + (size_t)rows[i] * D;
        memcpy(out, net_out(a->next_work, a->next_row0 + i), D * sizeof *out);
        a->r.next_out[rows[i]] = out;
    }
}

int successors_forward(struct agent *a, const float *theta, enum successors which)
{
    const bool same = !agent_config_target(&a->config);
    const int n = list_rows(a, asked_of(&a->config, which)), inner = (a->r.T - 1) * a->E;
    memset(a->r.next_out, 0, (size_t)a->r.T * (size_t)a->E * sizeof *a->r.next_out);
    for (int row = 0; same && which == SUCCESSORS_OF_ALL && row < inner; row++)
        if (a->r.end[row] == ROLLOUT_GOES_ON) a->r.next_out[row] = net_out(a->work, row + a->E);
    for (int i = 0; i < n; i += a->next_rows)
        forward_some(a, theta, a->rows + i, n - i < a->next_rows ? n - i : a->next_rows);
    return n;
}

void successors_unroll(struct agent *a, const float *theta_target)
{
    const size_t E = (size_t)a->E, S = (size_t)a->S;
    if (!S) return;
    float *state = a->some_state;
    memcpy(state, a->state0, E * S * sizeof *state);
    net_prepare(a->net, theta_target, a->next_work, a->E, a->r.T);
    for (int t = 0; t < a->r.T; t++) {
        const size_t row0 = (size_t)t * E;
        for (size_t e = 0; e < E; e++)
            if (a->start[row0 + e]) memset(state + e * S, 0, S * sizeof *state);
        net_forward(a->net, theta_target, a->next_work, 0, a->E, a->x + row0 * (size_t)a->C, state);
        memcpy(a->state_after + row0 * S, state, E * S * sizeof *state);
    }
}
