/* algo.h -- what an algorithm is: one row of facts and its loss. Each is a file of its own, which opens with its loss,
 * its gradient and what is held constant; algos.h lists them. The rest of the program asks the row. */
#ifndef DUNLIN_LEARN_ALGO_H
#define DUNLIN_LEARN_ALGO_H

#include <stdbool.h>

#include "learn/rollout.h"
#include "learn/world.h"
#include "nn/net.h"

/* The rows of a rollout whose s' the network is asked about before the loss. */
enum successors {
    SUCCESSORS_OF_ALL,  /* every row but the terminal ones: one-step targets */
    SUCCESSORS_OF_ENDS, /* where the rollout or a time limit ends: n-step bootstraps */
};

/* What a loss is told beside the rollout. An output row is Q (outputs), or what describes the policy (outputs) and
 * then V (1). */
struct loss_config {
    const struct policy *policy; /* read where the heads are NET_HEADS_POLICY_V */
    int outputs;
    double gamma, lambda, entropy, value_coef; /* lambda 1: n-step returns */
    bool norm_adv;                             /* the policy's advantages have mean 0 and deviation 1 */
    double td_clip;                            /* of the Q methods' errors; 0: none */
    double ppo_clip;                           /* C of later epochs; 0: none */
    bool again; /* a later epoch: r->target, adv and log_prob stand as the first one left them, r->out is of now */
};

struct algo_ops {
    const char *name; /* as typed after --algo */
    const char *help; /* one line for `dunlin list` */
    int number;       /* names it in saved states of actors: its own, and for ever */
    /* NET_HEADS_Q: it acts epsilon-greedily on Q, and needs discrete actions; NET_HEADS_POLICY_V: it draws from its
     * policy. */
    enum net_heads heads;
    bool has_target;  /* s' is asked of theta_target, unless told otherwise; else of the theta that played */
    bool recurrent;   /* goes with lstm */
    bool next_action; /* the loss reads rollout.next_action */
    bool replay;      /* the loss sees steps drawn from a memory (replay.h), each a row of its own, T of them and E 1 */
    enum successors successors; /* n-step returns with a lambda below 1: of all where the algorithm is lambda_of_all */
    bool lambda_of_all;         /* lambda mixes in what next_out alone has */
    /* Writes r->target, but in a later epoch, and every r->dout row; returns the sums that are logged. r->next_out has
     * what the network answered for s' in the rows of `successors`, and NULL in others. */
    struct loss_sums (*loss)(struct rollout *r, const struct loss_config *config);
};

#define ALGO(id) extern const struct algo_ops algo_##id;
#include "learn/algos.h"
#undef ALGO

/* The algorithms of algos.h, in its order; NULL behind the last. */
const struct algo_ops *algo_at(int index);
/* NULL for an unknown name. */
const struct algo_ops *algo_find(const char *name);

/* Outputs of the network's first head: Q's actions, or what describes the policy. 0 after error_set(): the algorithm
 * does not play such actions. */
int algo_outputs(const struct algo_ops *algo, const struct world *world);

static inline bool algo_explores(const struct algo_ops *algo) /* does it need epsilon */
{
    return algo->heads == NET_HEADS_Q;
}

#endif
