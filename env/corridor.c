/* corridor.c -- six cells between a small exit and a goal beyond an abyss; corridor.h has map and exact values.
 *
 * The cliff of Sutton and Barto 2018 (example 6.6) in one dimension: small enough that a network is a table, with
 * deterministic moves, and with values that tell off-policy from on-policy learning. An episode starts in any cell, so
 * that all are visited whatever is learned. Observation: one-hot, all zeros where the episode is over. Rocking between
 * cells 0 and 1 is the only way to go on for ever: truncated after 100 steps.
 */
#include "corridor.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "arg.h"
#include "draw.h"
#include "dunlin/env.h"
#include "plain.h"

enum { CELLS = CORRIDOR_CELLS, ACTIONS = CORRIDOR_ACTIONS, STEPS = 100, DRAWN = 48 };

struct corridor {
    int place, t; /* a cell or an end, steps since the reset */
};

static const struct env_default defaults[] = {
    {NULL, "net", "mlp:32"},
    {NULL, "lr", "0.003"},
    {NULL, "rms-eps", "0.01"},
    {NULL, "frames", "100000"},
    {NULL, "eps-frames", "20000"},
    {NULL, "eps-final", "0.1"},
    {NULL, "target-every", "200"},
    {NULL, "checkpoint-every", "50000"},
    {NULL, "eval-every", "10000"},
    {NULL, "eval-episodes", "50"},
    {NULL, NULL, NULL},
};

struct corridor_move corridor_move(int cell, int action)
{
    assert(cell >= 0 && cell < CELLS && (action == 0 || action == 1));
    if (action == 1) {
        if (cell == CELLS - 1) return (struct corridor_move){CORRIDOR_GOAL, 1};
        return (struct corridor_move){cell + 1, 0};
    }
    if (cell == 0) return (struct corridor_move){CORRIDOR_EXIT, 0.3};
    if (cell >= CORRIDOR_EDGE) return (struct corridor_move){CORRIDOR_ABYSS, -1};
    return (struct corridor_move){cell - 1, 0};
}

void corridor_values(double gamma, double epsilon, double q[CELLS][ACTIONS])
{
    assert(gamma >= 0 && gamma < 1);
    memset(q, 0, sizeof(double[CELLS][ACTIONS]));
    double change;
    do {
        change = 0;
        for (int s = 0; s < CELLS; s++)
            for (int a = 0; a < ACTIONS; a++) {
                const struct corridor_move m = corridor_move(s, a);
                double value = m.reward;
                if (m.next < CELLS) {
                    const double *next = q[m.next];
                    value += gamma * ((1 - epsilon) * fmax(next[0], next[1]) + epsilon * 0.5 * (next[0] + next[1]));
                }
                change = fmax(change, fabs(value - q[s][a]));
                q[s][a] = value;
            }
    } while (change > 1e-15);
}

/* x in A x = b, Gauss with row exchange; A and b are used up, x comes back in b. */
static void solve(double A[CELLS][CELLS], double b[CELLS])
{
    for (int k = 0; k < CELLS; k++) {
        int pivot = k;
        for (int i = k + 1; i < CELLS; i++)
            if (fabs(A[i][k]) > fabs(A[pivot][k])) pivot = i;
        for (int j = 0; j < CELLS; j++) {
            const double t = A[k][j];
            A[k][j] = A[pivot][j], A[pivot][j] = t;
        }
        const double t = b[k];
        b[k] = b[pivot], b[pivot] = t;
        for (int i = k + 1; i < CELLS; i++) {
            const double f = A[i][k] / A[k][k];
            for (int j = k; j < CELLS; j++) A[i][j] -= f * A[k][j];
            b[i] -= f * b[k];
        }
    }
    for (int k = CELLS - 1; k >= 0; k--) {
        for (int j = k + 1; j < CELLS; j++) b[k] -= A[k][j] * b[j];
        b[k] /= A[k][k];
    }
}

void corridor_policy_values(double gamma, double pi[CELLS][ACTIONS], double q[CELLS][ACTIONS])
{
    assert(gamma >= 0 && gamma < 1);
    double A[CELLS][CELLS] = {{0}}, V[CELLS] = {0}; /* (I - gamma P_pi) V = r_pi */
    for (int s = 0; s < CELLS; s++) {
        A[s][s] = 1;
        for (int a = 0; a < ACTIONS; a++) {
            const struct corridor_move m = corridor_move(s, a);
            V[s] += pi[s][a] * m.reward;
            if (m.next < CELLS) A[s][m.next] -= gamma * pi[s][a];
        }
    }
    solve(A, V);
    for (int s = 0; s < CELLS; s++)
        for (int a = 0; a < ACTIONS; a++) {
            const struct corridor_move m = corridor_move(s, a);
            q[s][a] = m.reward + (m.next < CELLS ? gamma * V[m.next] : 0);
        }
}

static int corridor_open(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size)
{
    *spec = (struct env_spec){
        .obs_kind = ENV_OBS_FLOATS,
        .obs_dim = CELLS,
        .stack = 1,
        .num_actions = ACTIONS,
        .action_repeat = 1,
        .max_steps = STEPS,
        .state_size = sizeof(struct corridor),
        .save_size = sizeof(struct corridor),
        .render_height = 2 * DRAWN,
        .render_width = (CELLS + 2) * DRAWN,
    };
    return arg_refuse(args, err, err_size);
}

static void observe(const struct corridor *c, float *obs)
{
    for (int s = 0; s < CELLS; s++) obs[s] = s == c->place ? 1 : 0;
}

static void corridor_reset(void *state, struct rng *rng, void *obs)
{
    struct corridor *c = state;
    *c = (struct corridor){.place = rng_below(rng, CELLS)};
    observe(c, obs);
}

static struct env_step corridor_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    (void)rng;
    struct corridor *c = state;
    const struct corridor_move m = corridor_move(c->place, action.index);
    c->place = m.next;
    c->t++;
    observe(c, obs);
    const bool over = m.next >= CELLS;
    return (struct env_step){.reward = m.reward, .terminated = over, .truncated = !over && c->t >= STEPS};
}

static void corridor_render(const void *state, uint8_t *rgb)
{
    const struct corridor *c = state;
    struct picture picture = {rgb, 2 * DRAWN, (CELLS + 2) * DRAWN};
    draw_fill(&picture, 0xD0D5DD);
    draw_rect(&picture, 0, 0, DRAWN, DRAWN, 0xFEC84B);
    draw_rect(&picture, (CELLS + 1) * DRAWN, 0, (CELLS + 2) * DRAWN, DRAWN, 0x12B76A);
    draw_rect(&picture, (CORRIDOR_EDGE + 1) * DRAWN, DRAWN, (CELLS + 1) * DRAWN, 2 * DRAWN, 0x101828);
    for (int s = 0; s < CELLS; s++)
        draw_rect(&picture, (s + 1) * DRAWN + 1, 1, (s + 2) * DRAWN - 1, DRAWN - 1, 0xFFFFFF);
    double x = c->place + 1.5, y = 0.5; /* in cells */
    if (c->place == CORRIDOR_EXIT) x = 0.5;
    if (c->place == CORRIDOR_GOAL) x = CELLS + 1.5;
    if (c->place == CORRIDOR_ABYSS) x = 0.5 * (CORRIDOR_EDGE + CELLS) + 1, y = 1.5;
    draw_line(&picture, x * DRAWN, y * DRAWN, x * DRAWN, y * DRAWN, DRAWN / 2.0, 0x2E90FA);
}

static bool valid(const struct corridor *s, const struct corridor *own)
{
    (void)own;
    return s->place >= 0 && s->place <= CORRIDOR_ABYSS && s->t >= 0 && s->t <= STEPS;
}
ENV_PLAIN(corridor, valid)

const struct env_ops env_corridor = {
    .api = DUNLIN_ENV_API,
    .name = "corridor",
    .help = "six cells beside an abyss, with known exact values; return -1, 0.3 or 1",
    .defaults = defaults,
    .plain_state = true,
    .open = corridor_open,
    .reset = corridor_reset,
    .step = corridor_step,
    .save = plain_save,
    .load = plain_load,
    .render = corridor_render,
};
