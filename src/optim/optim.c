/* optim.c -- state, names, and the way of a drain through the row of its optimiser. */
#include "optim/optim.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/memory_left.h"
#include "base/team.h"
#include "optim/row.h"
#include "optim/wide.h"

struct optim {
    struct optim_config config;
    const struct optim_row *row;
    size_t n, weights;        /* theta; without moments */
    int sets, blocks, widest; /* outputs of a wide matrix */
    float *state;             /* (sets, blocks, n) */
    int64_t steps;
    struct wide *wide[GRAD_WIDES]; /* of shared RMSProp, of each wide matrix */
    int wides;
    struct team *team; /* NULL: the caller alone */
};

/* Of many gradients a few go through a tile of theta together, then the next few through the same tile: theta and its
 * state are still near, and of what they meet nothing has to be read from far more than once. All in one pass are fewer
 * instructions, but the factors of dozens do not stay in the cache from one row of a matrix to the next, and of dozens
 * of streams the hardware foresees none. */
enum { TILE = 32768 /* floats */, NEAR = 131072 /* bytes of factors */, WHOLE_TOGETHER = 8 };

/* Entries times gradients that are worth a call of the others: about what one applies while they wake up. */
enum { TEAM_LEAST = 65536, TEAM_PARTS = 16 /* for each thread, since the quiet rows of a matrix cost little */ };

#define OPTIM(name, KIND) extern const struct optim_row optim_##name;
#include "optim/rows.h"
#undef OPTIM

static const struct optim_row *const rows[] = {
#define OPTIM(name, KIND) &optim_##name,
#include "optim/rows.h"
#undef OPTIM
};
enum { KINDS = sizeof rows / sizeof rows[0] };

const struct optim_row *optim_row(int kind)
{
    return kind >= 0 && kind < KINDS ? rows[kind] : NULL;
}

int optim_kind_of(const char *name)
{
    for (int i = 0; i < KINDS; i++)
        if (!strcmp(name, rows[i]->name)) return i;
    return -1;
}

int optim_blocks(const struct optim_row *row)
{
    int n = 0;
    while (row->blocks[n]) n++;
    return n;
}

struct optim *optim_new(const struct optim_config *config, size_t n, int actors)
{
    assert(n % 16 == 0 && actors >= 1);
    assert(!config->moments.dim || config->moments.offset + moments_floats(&config->moments) == n);
    const struct optim_row *row = rows[config->kind];
    const int blocks = optim_blocks(row), sets = !blocks ? 0 : row->per_actor ? actors : 1, each = 4 * blocks;
    const size_t floats = (size_t)sets * (size_t)blocks * n;
    const double bytes = (double)floats * sizeof(float), most = memory_of_machine();
    if (row->per_actor && most > 0 && bytes > most) {
        error_set("optimizer %s keeps state for each actor: %d actors x %zu parameters x %d bytes = %.1f GiB, and this "
                  "machine has %.1f GiB; use fewer actors or optimizer shared-rmsprop",
                  row->name, actors, n, each, bytes / 0x1p30, most / 0x1p30);
        return NULL;
    }
    struct optim *o = memory_new(1, sizeof *o);
    o->config = *config;
    o->row = row;
    o->n = n;
    o->weights = n - moments_floats(&config->moments);
    o->sets = sets;
    o->blocks = blocks;
    o->state = floats ? memory_floats(floats) : NULL;
    for (int i = 0; i < grad_wide_count(&config->wide); i++)
        if (config->wide.at[i].out > o->widest) o->widest = config->wide.at[i].out;
    o->wides = row->lazy ? grad_wide_count(&config->wide) : 0;
    for (int i = 0; i < o->wides; i++) o->wide[i] = wide_new(&config->wide.at[i]);
    for (int s = 0; s < sets && row->start; s++) { /* optim_state() looks at every row of the wide matrices */
        float *const state = optim_state(o, s, 0), start = (float)row->start(config);
        for (size_t i = 0; i < n; i++) state[i] = start;
    }
    return o;
}

void optim_free(struct optim **optim)
{
    if (!*optim) return;
    team_free(&(*optim)->team);
    for (int i = 0; i < (*optim)->wides; i++) wide_free(&(*optim)->wide[i]);
    free((*optim)->state);
    free(*optim);
    *optim = NULL;
}

int optim_threads(struct optim *optim, int threads)
{
    team_free(&optim->team);
    if (threads < 2) return 0;
    optim->team = team_new(threads);
    return optim->team ? 0 : -1;
}

int optim_thread_count(const struct optim *optim)
{
    return optim->team ? team_threads(optim->team) : 1;
}

const struct optim_row *optim_row_of(const struct optim *optim)
{
    return optim->row;
}

int optim_sets(const struct optim *optim)
{
    return optim->sets;
}

float *optim_state(struct optim *optim, int set, int b)
{
    assert(set >= 0 && set < optim->sets && b >= 0 && b < optim->blocks);
    for (int i = 0; i < optim->wides; i++) wide_settle(optim->wide[i], optim->state, (float)optim->config.decay);
    return optim->state + ((size_t)set * (size_t)optim->blocks + (size_t)b) * optim->n;
}

int64_t *optim_steps(struct optim *optim)
{
    return &optim->steps;
}

void optim_buffers(struct optim *optim, int from, int to)
{
    assert(from >= -1 && from < OPTIM_BUFFERS && to >= -1 && to < OPTIM_BUFFERS);
    for (int i = 0; i < optim->wides; i++) {
        optim->wide[i]->from = from;
        optim->wide[i]->to = to;
    }
}

void optim_forget(struct optim *optim, int buffer)
{
    assert(buffer >= 0 && buffer < OPTIM_BUFFERS);
    for (int i = 0; i < optim->wides; i++) optim->wide[i]->holds[buffer] = 0;
}

void optim_copied(struct optim *optim, int from, int to)
{
    assert(from >= 0 && from < OPTIM_BUFFERS && to >= 0 && to < OPTIM_BUFFERS);
    for (int i = 0; i < optim->wides; i++) optim->wide[i]->holds[to] = optim->wide[i]->holds[from];
}

void optim_apply(struct optim *optim, const float *theta_in, float *theta_out, const struct optim_grad *grads, int k)
{
    if (k) {
        optim_apply_part(optim, theta_in, theta_out, grads, k, 0, optim->n);
    } else if (theta_out != theta_in) {
        memcpy(theta_out, theta_in, optim->n * sizeof *theta_out);
        for (int i = 0; i < optim->wides; i++) {
            wide_begin(optim->wide[i]);
            wide_end(optim->wide[i]);
        }
    }
    optim_buffers(optim, -1, -1);
}

size_t optim_piece(const struct optim *optim, size_t from, size_t most)
{
    size_t to = from + most < optim->n ? from + most : optim->n;
    const struct grad_wide *w = grad_wide_around(&optim->config.wide, to);
    if (w) {
        to -= (to - w->offset) % (size_t)w->out;
        if (to <= from) to += (size_t)w->out;
    }
    if (to >= optim->weights) to = optim->n;
    return to - from;
}

/* k gradients, at most OPTIM_PART_MOST, through the blocks of a set. */
static void through_row(struct optim *o, int set, const float *in, float *out, size_t from, size_t n,
                        const struct optim_grad *grads, int k, bool factors, int64_t steps)
{
    struct optim_part p = {.config = &o->config,
                           .wide = o->wides ? o->wide : NULL,
                           .in = in,
                           .out = out,
                           .from = from,
                           .n = n,
                           .grads = grads,
                           .k = k,
                           .factors = factors,
                           .steps = steps};
    for (int b = 0; b < o->blocks; b++)
        p.state[b] = o->state + ((size_t)set * (size_t)o->blocks + (size_t)b) * o->n + from;
    o->row->apply(&p);
}

/* What is to be done of theta from `from` on, n entries; each part of it by whoever comes. */
struct work {
    struct optim *optim;
    const float *in; /* theta, whole */
    float *out;
    size_t from, n;
    const struct optim_grad *grads; /* (k) each from theta's beginning */
    int k, parts;
    bool factors;  /* some of them have */
    int64_t steps; /* gradients before these */
};

/* Where part i begins: no row of a wide matrix is cut. */
static size_t part_begin(const struct work *w, int i)
{
    size_t at = w->from + w->n / 16 * (size_t)i / (size_t)w->parts * 16;
    if (i == w->parts) return w->from + w->n;
    const struct grad_wide *m = grad_wide_around(&w->optim->config.wide, at);
    if (m) at -= (at - m->offset) % (size_t)m->out;
    return at < w->from ? w->from : at;
}

/* How many of the k next gradients; one at least. */
static int together(const struct optim *o, const struct optim_grad *grads, int k)
{
    size_t bytes = 0;
    int n = 0;
    if (o->row->per_actor) return 1; /* each has a state of its own to read and write */
    for (; n < k && bytes <= NEAR; n++)
        bytes +=
            grads[n].factors ? (size_t)grads[n].factors * (size_t)o->widest * sizeof(float) : NEAR / WHOLE_TOGETHER;
    return bytes > NEAR && n > 1 ? n - 1 : n;
}

static void do_tile(const struct work *w, size_t from, size_t n)
{
    struct optim *const o = w->optim;
    struct optim_grad grads[OPTIM_PART_MOST];
    for (int j = 0; j < w->k; j++) {
        grads[j] = w->grads[j];
        grads[j].grad += from;
    }
    for (int j = 0, m; j < w->k; j += m) {
        const int set = o->row->per_actor ? grads[j].actor : 0;
        assert(set >= 0 && (set < o->sets || !o->sets));
        m = together(o, grads + j, w->k - j);
        through_row(o, set, (j ? w->out : w->in) + from, w->out + from, from, n, grads + j, m, w->factors,
                    w->steps + j);
    }
}

static void do_part(void *arg, int i)
{
    const struct work *w = arg;
    const size_t end = part_begin(w, i + 1);
    const bool at_once = together(w->optim, w->grads, w->k) == w->k;
    for (size_t at = part_begin(w, i), n; at < end; at += n) {
        n = at_once ? end - at : optim_piece(w->optim, at, TILE);
        if (n > end - at) n = end - at;
        do_tile(w, at, n);
    }
}

static bool any_factors(const struct optim_grad *grads, int k)
{
    bool any = false;
    for (int j = 0; j < k; j++) any |= grads[j].factors != 0;
    return any;
}

/* Entries from .. from + n - 1, k at most OPTIM_PART_MOST; `steps`: gradients before these. Every entry meets the same
 * operations in the same order, whoever does its part. */
static void apply_part(struct optim *o, const float *theta_in, float *theta_out, const struct optim_grad *grads, int k,
                       size_t from, size_t n, int64_t steps)
{
    struct work w = {o, theta_in, theta_out, from, n, grads, k, 1, any_factors(grads, k), steps};
    for (int j = 0; j < k; j++) {
        assert(!grads[j].factors || o->row->factors);
        assert(grad_floats(&(struct grad_form){o->n, o->config.wide, grads[j].factors}) <= o->n);
    }
    for (int i = 0; i < o->wides && from == 0; i++) {
        wide_begin(o->wide[i]);
        if (!w.factors) wide_move_all(o->wide[i], o->state, (float)o->config.decay);
    }
    if (o->team && n * (size_t)k >= TEAM_LEAST) {
        w.parts = TEAM_PARTS * team_threads(o->team);
        team_run(o->team, w.parts, do_part, &w);
    } else {
        do_part(&w, 0);
    }
    for (int i = 0; i < o->wides && from + n == o->weights; i++) wide_end(o->wide[i]);
}

static void merge_moments(const struct optim *o, const float *theta_in, float *theta_out,
                          const struct optim_grad *grads, int k)
{
    const size_t at = o->weights, floats = o->n - at;
    if (theta_out != theta_in) memcpy(theta_out + at, theta_in + at, floats * sizeof *theta_out);
    for (int j = 0; floats && j < k; j++) moments_merge(&o->config.moments, theta_out + at, grads[j].grad + at);
}

void optim_apply_part(struct optim *optim, const float *theta_in, float *theta_out, const struct optim_grad *grads,
                      int k, size_t from, size_t n)
{
    const bool last = from + n == optim->n;
    int64_t steps = optim->steps;
    assert(k >= 1 && from % 16 == 0 && n % 16 == 0);
    assert(!optim->wides || k <= OPTIM_PART_MOST || n == optim->n);
    assert(last || from + n <= optim->weights);
    if (last) {
        n -= optim->n - optim->weights;
        merge_moments(optim, theta_in, theta_out, grads, k);
    }
    for (int most; k > 0; k -= most, grads += most, steps += most, theta_in = theta_out) {
        most = k < OPTIM_PART_MOST ? k : OPTIM_PART_MOST;
        apply_part(optim, theta_in, theta_out, grads, most, from, n, steps);
    }
    if (!last) return;
    optim->steps = steps;
    optim_buffers(optim, -1, -1);
}

double optim_lr(double lr, int anneal, long long T, long long frames)
{
    if (!anneal) return lr;
    const double left = 1 - (double)T / (double)frames;
    return left > 0 ? lr * left : 0;
}
