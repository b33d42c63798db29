/* net.h -- a network: a list of layers over one flat block of floats, theta; dtheta has the same layout.
 *
 * Rows. A rollout of T steps in E environments is rows t * E + e of the workspace; acting fills them, and the backward
 * pass reads the activations that acting left, so that nothing is computed twice. Row order is time order.
 * Knows nothing of MPI, HDF5 or environments. All arithmetic is float32, one thread.
 */
#ifndef DUNLIN_NN_NET_H
#define DUNLIN_NN_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dunlin/rng.h"
#include "nn/activation.h"
#include "optim/grad.h"
#include "optim/moments.h"

/* What the network sees: a stack of `parts` observations, the newest last. C planes of height x width floats in [0, 1]
 * (C > 0), C / parts of them an observation (parts 0: one), or dim floats (C == 0; parts 0: one observation). */
struct net_input {
    int C, height, width;
    int dim, parts;
};

/* Pointers that one row of it is given as. */
static inline int net_pointers(const struct net_input *input)
{
    return input->C > 0 ? input->C : input->parts > 0 ? input->parts : 1;
}

/* What it answers. An output row is out_dim floats: Q values (P of them, one per action); or the P numbers
 * that describe the policy, and then V (1). */
enum net_heads {
    NET_HEADS_Q,        /* tensors q.weight (P, H), q.bias (P) */
    NET_HEADS_POLICY_V, /* tensors pi.weight (P, H), pi.bias (P), v.weight (1, H), v.bias (1); where some of the P are
                           free of the input, pi.weight and pi.bias lack them, and they are pi.log_sigma */
};

/* A named tensor of theta. Files hold the textbook shape (dense (out, in), convolution (out, in, kh, kw), LSTM gates
 * i f g o); in theta the same numbers may lie in another order that the kernels like: axis k of the stored order is
 * textbook axis perm[k]. */
enum tensor_start {
    TENSOR_HIDDEN,
    TENSOR_RECURRENT,
    TENSOR_POLICY,
    TENSOR_VALUE,
    TENSOR_FREE,
    TENSOR_GAIN,
    TENSOR_SHIFT,
    TENSOR_MOMENTS
}; /* for net_init() */
struct tensor {
    char name[32]; /* "conv0.weight", "fc.bias", "fc0.weight", "lstm.weight_x", ... */
    int ndim;
    int dims[4]; /* textbook shape */
    int view[4]; /* textbook axes, split further where storing permutes inside one (see nview); products agree with dims
                  */
    int nview;
    int perm[4];   /* stored axis k is view axis perm[k] */
    size_t offset; /* first float in theta */
    size_t size;   /* floats */
    int fan_in;    /* for the start: net_init() */
    enum tensor_start start;
    int pixels; /* of a convolution: how many of the result each entry is met by; else 1 */
};

/* Floats of theta that n floats take: padded to a multiple of 16. */
static inline size_t tensor_room(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

struct net; /* opaque; its public facts: */
struct net_facts {
    size_t params; /* floats in theta, padded to a multiple of 16; padding stays 0 */
    int tensor_count;
    const struct tensor *tensors; /* in the order of theta */
    int out_dim;                  /* floats of one output row */
    int outputs;                  /* P */
    int free;                     /* the last so many of them do not depend on the input */
    int state_dim;                /* floats of recurrent state of one environment (h then c); 0 without LSTM */
    struct net_input input;
    enum net_heads heads;
    struct grad_wides wide; /* of the layers behind the convolutions and of LSTMs: their gradients may be factors */
    /* Tensors norm.count (1), norm.mean and norm.variance (dim) at the end of theta: first those of the input's
     * entries, where it is normalised, then, where there are returns, theirs. dim 0: none. */
    struct moments moments;
    bool obs_norm;
};

enum { NET_NORM_MOST = 10 };

/* What a network is made of. */
struct net_config {
    const char *spec; /* "mlp", "mlp:64,64", "small" or "nature" (networks.c) */
    int lstm;         /* cells after the last hidden layer, or 0 */
    struct net_input input;
    enum net_heads heads;
    int outputs;                /* P */
    int free;                   /* the last so many of them are parameters themselves, NET_HEADS_POLICY_V */
    enum activation activation; /* of dense layers: ACTIVATION_RELU or ACTIVATION_TANH; convolutions have ReLU */
    bool layer_norm;            /* the sums of hidden layers are normalised before their activation: layer_norm.c */
    bool separate_critic;       /* V has hidden layers of its own, as many and as wide: tensors v_fc0.weight, ... */
    /* Each float of the input is read as (x - mean) / sqrt(variance), within NET_NORM_MOST of 0, of theta's moments;
     * and net_backward() leaves the moments of its rows at the end of dtheta. Not for planes. */
    bool obs_norm;
    bool return_norm; /* one more entry of moments, the caller's to read and, after net_backward(), to write */
};

/* Returns NULL after error_set() where the spec does not parse or does not fit the input. Owner: net_free(). */
struct net *net_new(const struct net_config *config);
void net_free(struct net **net);
const struct net_facts *net_facts(const struct net *net);
/* Network i as it is typed, "mlp[:64,64]", and a line of help; NULL behind the last. */
const char *net_usage(int i, const char **help);

/* The start values; the draws run in textbook order, tensor by tensor.
 * uniform: Torch's default and the paper's, weights and biases U(+-1/sqrt(fan_in)); activations shrink from layer to
 * layer. he: hidden weights uniform with variance 2/fan_in, heads with 1/fan_in (the policy's a hundredth of that
 * width, so that it starts even), biases 0; recurrent layers as in uniform.
 * orthogonal: weights are orthogonal matrices (rows, or columns, of length 1) times sqrt(2), the policy's head times
 * 0.01, the value's and recurrent ones times 1; biases 0. Free numbers start at 0; moments with nothing seen, mean 0,
 * variance 1. Normalisations start with gain 1 and shift 0 and draw nothing: the others start as without them. */
enum net_init { NET_INIT_UNIFORM, NET_INIT_HE, NET_INIT_ORTHOGONAL };
void net_init(const struct net *net, enum net_init init, float *theta, struct rng *rng);
/* The numbers that are free of the input (net_facts.free) start at value; without any nothing happens. */
void net_init_free(const struct net *net, float value, float *theta);
/* The biases of forget gates start higher by value (Gers et al. 2000; 1 after Jozefowicz et al. 2015); without an LSTM
 * nothing happens. */
void net_init_forget(const struct net *net, float value, float *theta);

/* Copies one tensor between theta and an array in textbook shape (tensor->size floats). */
void tensor_to_textbook(const struct tensor *t, const float *theta, float *out);
void tensor_from_textbook(const struct tensor *t, float *theta, const float *in);

/* Activations for `rows` rows. Owner: net_work_free(). */
struct net_work *net_work_new(const struct net *net, int rows);
void net_work_free(struct net_work **work);
/* Floats that a workspace takes for each row, so that a caller can tell beforehand what fits into memory. */
size_t net_row_floats(const struct net *net);

/* Computes rows row0 .. row0 + B - 1. x[b * C + c] points to plane c of row row0 + b (newest last), or
 * x[b * parts + c] to part c of its dim floats; the pointers and what they point to must stay until net_backward.
 * state: (B, state_dim), the recurrent state before these rows, replaced by the state after them; NULL without LSTM. */
void net_forward(const struct net *net, const float *theta, struct net_work *work, int row0, int B,
                 const float *const *x, float *state);

/* theta stays as it is for about so many forward passes of B rows, until net_backward() or until this is called again:
 * it is laid out for them where that pays, and they read the copy. The answers are the same. Local. */
void net_prepare(const struct net *net, const float *theta, struct net_work *work, int B, int passes);

enum { NET_CHAIN = 32 };
/* The same, faster where the input resembles that of an earlier step: before[b] is a row of this workspace outside of
 * these, computed with the same theta, or -1. What both see alike is taken over from there: by comparing, and up to the
 * order of summation, so that errors of rounding add up along a chain of such rows: begin anew every NET_CHAIN steps.
 * NULL: all -1. Frames of `before` must still be there, and unchanged. For net_backward, before[b] is the same
 * environment's row a step earlier, or -1. */
void net_forward_after(const struct net *net, const float *theta, struct net_work *work, int row0, int B,
                       const float *const *x, float *state, const int *before);

/* The output row r (out_dim floats), valid until the row is computed again. */
const float *net_out(const struct net_work *work, int row);

/* Where the loss writes dL/d(output row r), out_dim floats; all rows of the rollout must be written. */
float *net_dout(struct net_work *work, int row);

/* dtheta = dL/dtheta over rows 0 .. T * E - 1 (row t * E + e), overwritten whole, padding included. theta is the one
 * the rows were computed with. start (T * E bytes, NULL without LSTM) is 1 where the environment's recurrent state was
 * set to zero before the row: no gradient passes there.
 * dtheta may lie in shared memory and is written once: zeros that this workspace's call before left are not written
 * again. So it is the block of that call, as that call left it, or the caller says net_forget() first.
 * Returns the sum of the squares of dtheta, as optim_norm() would find it: NaN or Inf where an entry is, or where a
 * square overflows. */
double net_backward(const struct net *net, const float *theta, struct net_work *work, int T, int E,
                    const uint8_t *start, float *dtheta);

/* The same, but the wide matrices' parts of dtheta may be factors: *factors is their rank in the form (grad.h) of a
 * gradient over T * E rows, 0 where it is whole. What lies in such a part behind the factors stays as it was. */
double net_backward_factors(const struct net *net, const float *theta, struct net_work *work, int T, int E,
                            const uint8_t *start, float *dtheta, int *factors);

/* The next backward pass of this workspace gets another block than the last, or one that somebody else has written to:
 * all of it is written. A new workspace knows of no block. Local. */
void net_forget(struct net_work *work);

/* "avx512", "avx2" or "baseline": which build of the kernels runs on this core. */
const char *net_kernel_name(void);

#endif
