/* wide.h -- private to src/optim: what shared RMSProp leaves undone in the rows of a wide matrix.
 *
 * Where gradients come as factors (optim.h), whole rows of them are commonly 0: then theta stays, and g only decays.
 * Such a row is not touched: its decays are owed, and paid when they are many, when it moves again or when somebody
 * asks for g, by the same multiplications in the same order; and it is copied to theta_out only if it has changed since
 * that buffer (optim_buffers()) was written last. A row whose g has decayed to 0 owes nothing more.
 */
#ifndef DUNLIN_OPTIM_WIDE_H
#define DUNLIN_OPTIM_WIDE_H

#include <stdint.h>

#include "optim/optim.h"

enum { WIDE_OWED = 512 };

struct wide {
    struct grad_wide at;
    int *owed;         /* (in) decays, fewer than WIDE_OWED */
    uint8_t *empty;    /* (in) g is 0 all along the row */
    uint64_t *changed; /* (in) the last drain that moved the row, above 0 */
    uint64_t now;      /* drains, counted from 1 */
    uint64_t *holds; /* (OPTIM_BUFFERS) the buffer holds every row not changed after this drain; 0: nothing is known */
    int from, to;    /* buffers of this drain, or -1: nothing is known */
    uint64_t known;  /* holds[to] before this drain, or 0 */
};

/* Owner: wide_free(). */
struct wide *wide_new(const struct grad_wide *at);
void wide_free(struct wide **wide); /* NULL inside is fine */

/* A drain from buffer `from` to buffer `to` begins, ends; whatever follows in the same call goes on in `to`. */
void wide_begin(struct wide *w);
void wide_end(struct wide *w);

/* g (all of it) as if nothing had been left undone; decay as in optim_config. */
void wide_settle(struct wide *w, float *g, float decay);

/* All rows are going to move. */
void wide_move_all(struct wide *w, float *g, float decay);

#endif
