/* grad.h -- the form of a gradient: whole, or with factors in place of the wide matrices.
 *
 * The gradient D of a dense layer over R rows is x^T dy, x (R, in), dy (R, out). For the widest layers, the one behind
 * the convolutions and an LSTM, whose input and state before are one x to the same gates, x and dy commonly are a
 * hundredth of D's floats, so they travel and are applied in its place. They lie at the matrix's place, x first; the
 * floats behind them, up to the matrix's end, are not there: nobody writes, copies or reads them. Whatever else is in a
 * gradient is as ever.
 */
#ifndef DUNLIN_OPTIM_GRAD_H
#define DUNLIN_OPTIM_GRAD_H

#include <stdbool.h>
#include <stddef.h>

/* A wide matrix (in, out), which lies in theta from `offset` on, all multiples of 16. */
struct grad_wide {
    size_t offset;
    int in, out;
    int dense; /* so many of its inputs, the last ones, are no ReLU's and hardly ever 0 */
};

/* All of a network, in the order of theta; behind the last one `in` is 0. */
enum { GRAD_WIDES = 4 }; /* a policy's and a critic's of both kinds */
struct grad_wides {
    struct grad_wide at[GRAD_WIDES];
};

/* Of `params` floats in all. */
struct grad_form {
    size_t params;
    struct grad_wides wide;
    int factors; /* their rank R, in every wide matrix; 0: whole */
};

enum { GRAD_FACTORS_MOST = 48 }; /* the product of more costs rank 0 more than a root and a division */

/* Floats that are there, from `at` on. */
struct grad_piece {
    size_t at, floats;
};
enum { GRAD_PIECES = GRAD_WIDES + 1 };

/* Floats of the matrix where it is whole. */
size_t grad_wide_floats(const struct grad_wide *wide);
/* How many there are. */
int grad_wide_count(const struct grad_wides *wide);
/* The matrix whose inside `at` is, an offset in theta: not where it begins, and not behind it. NULL: none. */
const struct grad_wide *grad_wide_around(const struct grad_wides *wide, size_t at);

/* The form of a gradient over `rows` rows where factors may be: whole, where there is no wide matrix, where factors
 * would have more floats than one of them, or where they are more than GRAD_FACTORS_MOST. rows 0: whole. */
struct grad_form grad_form_of(size_t params, const struct grad_wides *wide, int rows);

/* What there is of a gradient: one piece where it is whole. Returns how many. */
int grad_pieces(const struct grad_form *form, struct grad_piece piece[GRAD_PIECES]);
/* Floats of all pieces. */
size_t grad_floats(const struct grad_form *form);
/* Copies them; both `to` and `from` have room for params floats and do not overlap. */
void grad_copy(const struct grad_form *form, float *to, const float *from);

#endif
