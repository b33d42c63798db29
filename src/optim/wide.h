/* wide.h -- private to src/optim: what shared RMSProp leaves undone in the rows of the wide matrix.
 *
 * Where gradients come as factors (optim.h), whole rows of them are commonly 0: then theta stays, and g only decays.
 * Such a row is not touched: its decays are owed, and paid when they are many, when it moves again or when somebody
 * asks for g, by the same multiplications in the same order; and it is copied to theta_out only if it has changed since
 * theta_out was written last. A row whose g has decayed to 0 owes nothing more.
 */
#ifndef DUNLIN_OPTIM_WIDE_H
#define DUNLIN_OPTIM_WIDE_H

#include <stdint.h>

#include "optim/optim.h"

enum { WIDE_OWED = 512 };

struct wide_written {
    const float *theta;
    uint64_t when;
};

struct wide {
    struct grad_wide at;
    int *owed;         /* (in) decays, fewer than WIDE_OWED */
    uint8_t *empty;    /* (in) g is 0 all along the row */
    uint64_t *changed; /* (in) the last drain that moved the row */
    uint64_t now;      /* drains */
    uint64_t known;    /* this drain's theta_out holds theta as it was after this one */
    const float *last; /* theta_out of the last drain: what theta_in is, or nothing is known */
    struct wide_written *written;
    int count;
};

/* Owner: wide_free(). */
struct wide *wide_new(const struct grad_wide *at);
void wide_free(struct wide **wide); /* NULL inside is fine */

/* A drain from theta_in to theta_out begins, ends. */
void wide_begin(struct wide *w, const float *theta_in, const float *theta_out);
void wide_end(struct wide *w, const float *theta_out);

/* g (all of it) as if nothing had been left undone; decay as in optim_config. */
void wide_settle(struct wide *w, float *g, float decay);

/* All rows are going to move. */
void wide_move_all(struct wide *w, float *g, float decay);

#endif
