/* optim.h -- what rank 0 does with waiting gradients: the optimisers, one row each (rows.h), and their state.
 *
 * All are elementwise, so several waiting gradients go through with theta and the state in registers, many in groups
 * with both in the cache; the result is that of one after another, bit for bit. Knows nothing of MPI or HDF5.
 */
#ifndef DUNLIN_OPTIM_OPTIM_H
#define DUNLIN_OPTIM_OPTIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "optim/grad.h"
#include "optim/moments.h"

enum optim_kind {
#define OPTIM(name, KIND) OPTIM_##KIND,
#include "optim/rows.h"
#undef OPTIM
};

struct optim_config {
    enum optim_kind kind;
    double decay;    /* a of RMSProp */
    double eps;      /* inside the root */
    double start;    /* g before the first gradient: 0 in the paper */
    double momentum; /* a of momentum SGD */
    double beta1, beta2, adam_eps;
    struct grad_wides wide;
    struct moments moments; /* at the end of theta: merged, not stepped */
};

/* One waiting gradient: d = scale * grad. */
struct optim_grad {
    const float *grad; /* (n) */
    float scale;       /* 1, or clip / norm */
    float lr;
    int actor; /* whose g or m, 0 .. actors - 1 */
    /* Of its form (grad.h), where the optimiser takes them: an input that is 0 in every row costs no root and no
     * division. */
    int factors;
};

enum { OPTIM_BLOCKS = 2 };
struct optim_part;

/* An optimiser. */
struct optim_row {
    const char *name;                     /* as typed after --optimizer */
    const char *help;                     /* one line for `dunlin list`; NULL: for tests alone, not offered */
    const char *blocks[OPTIM_BLOCKS + 1]; /* of params floats that it keeps, by the names in its formula; then NULL */
    bool per_actor; /* blocks for each actor, so that it needs to know whose gradient it gets; else sums will do */
    bool factors;   /* takes gradients with factors (grad.h) */
    bool lazy;      /* of a shared one with factors: quiet rows of the wide matrices are left undone (wide.h) */
    bool counts;    /* reads how many gradients its blocks have seen */
    double (*start)(const struct optim_config *config); /* what blocks[0] begins with; NULL: 0 */
    void (*apply)(const struct optim_part *part);       /* row.h */
};

/* NULL behind the last. */
const struct optim_row *optim_row(int kind);
/* -1 for an unknown name. */
int optim_kind_of(const char *name);
/* Blocks of one set. */
int optim_blocks(const struct optim_row *row);

struct optim; /* opaque: configuration and state */

/* n floats of theta (a multiple of 16), state for `actors` actors. NULL after error_set() where
 * per-actor state does not fit into the machine's memory (the line names actors, parameters and bytes). Owner:
 * optim_free(). */
struct optim *optim_new(const struct optim_config *config, size_t n, int actors);
void optim_free(struct optim **optim);
/* From now on so many threads, the caller's among them, apply: each its own ranges of theta, so the result is the same,
 * bit for bit. They sleep between drains. 1: the caller alone, as at first. 0, or -1 after error_set(). */
int optim_threads(struct optim *optim, int threads);
int optim_thread_count(const struct optim *optim);

/* theta_out = theta_in after the k gradients in order; state moves on. theta_out may be theta_in; otherwise they do not
 * overlap. */
void optim_apply(struct optim *optim, const float *theta_in, float *theta_out, const struct optim_grad *grads, int k);

/* The same for n entries from `from` on alone, k from 1 to 64: whoever has other duties applies in pieces, the whole of
 * theta from its beginning to its end, in order. All pieces together equal optim_apply(), bit for bit. from and n are
 * multiples of 16, and, where there are wide matrices, such as optim_piece() gives: the entries of the piece that
 * begins at `from`, about `most` (at least 16); moments are whole in the last. */
size_t optim_piece(const struct optim *optim, size_t from, size_t most);
void optim_apply_part(struct optim *optim, const float *theta_in, float *theta_out, const struct optim_grad *grads,
                      int k, size_t from, size_t n);

/* Where theta goes round in buffers that have numbers: the next drain (optim_apply(), or all pieces of one) goes from
 * buffer `from` to buffer `to`, and then rows of wide matrices that `to` already holds are not written again. Said
 * before each drain; of one without it, or with -1, nothing is known, and everything is written. */
enum { OPTIM_BUFFERS = 256 };
void optim_buffers(struct optim *optim, int from, int to);
/* For whoever else writes to such a buffer: this optim knows nothing of what is in it any longer; or that `to` is now a
 * copy of `from`. */
void optim_forget(struct optim *optim, int buffer);
void optim_copied(struct optim *optim, int from, int to);

/* State for checkpoints: sets of blocks (1, or one per actor; 0 where the row has no blocks), block `b` of a set as the
 * row names them. Borrowed, whole until the next apply. */
const struct optim_row *optim_row_of(const struct optim *optim);
int optim_sets(const struct optim *optim);
float *optim_state(struct optim *optim, int set, int b);
/* Gradients that went through, for a row that counts; settable for a resume. */
int64_t *optim_steps(struct optim *optim);

/* The learning rate at global frame T: lr, annealed linearly to 0 over `frames` where anneal is set; never below 0. */
double optim_lr(double lr, int anneal, long long T, long long frames);

#endif
