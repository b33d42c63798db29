/* policy.h -- a policy is a distribution over actions whose parameters the network answers: sample, log-probability,
 * entropy and the gradient of its loss. Each kind is one table of functions, a file of its own and a line in
 * policies.h; the environment's actions choose it, and nothing else knows more of it.
 *
 * An action is a vector of floats everywhere: of `size` of them, what the distribution draws; discrete ones are their
 * indices. */
#ifndef DUNLIN_LEARN_POLICY_H
#define DUNLIN_LEARN_POLICY_H

#include "dunlin/env.h"

struct policy_ops;

/* A distribution with the sizes of one environment's actions. */
struct policy {
    const struct policy_ops *ops; /* NULL: no distribution is made for these actions */
    int outputs;                  /* P: numbers of the network that describe it */
    int free;                     /* the last so many of them do not depend on the observation */
    int size;                     /* N: floats of an action */
    const float *low, *high;      /* (N) the bounds of a continuous action, the environment's; else NULL */
    const int *choices;           /* (N) choices of each component, the environment's; NULL: one component, P choices */
};

/* log pi(a), and H(pi) in nats. */
struct policy_terms {
    double log_prob, entropy;
};

/* out: (P), action: (N). Sums over components belong inside: the losses see one action, one probability. */
struct policy_ops {
    const char *name;
    /* P, for actions of such an environment; 0: it is not made for them. */
    int (*outputs)(const struct env_spec *spec);
    /* How many of them, the last, are parameters themselves and no layer's answer. NULL: none. */
    int (*free)(const struct env_spec *spec);
    /* Draws an action. */
    void (*sample)(const struct policy *p, const float *out, struct rng *rng, float *action);
    /* The likeliest action. */
    void (*mode)(const struct policy *p, const float *out, float *action);
    double (*log_prob)(const struct policy *p, const float *out, const float *action); /* log pi(a) */
    double (*entropy)(const struct policy *p, const float *out);                       /* H(pi), in nats */
    /* dout (P) = scale * d(-log pi(a) adv - beta H(pi)) / d out, adv a constant. Returns what log_prob and entropy do,
     * bit for bit: their exponentials are the same. */
    struct policy_terms (*gradient)(const struct policy *p, const float *out, const float *action, double adv,
                                    double beta, double scale, float *dout);
    /* The action as the environment takes it. room: for N floats or ints, to which the answer may point. */
    struct env_action (*to_env)(const struct policy *p, const float *action, void *room);
};

#define POLICY(id) extern const struct policy_ops policy_##id;
#include "learn/policies.h"
#undef POLICY

/* The first distribution of policies.h that is made for the environment's actions. */
struct policy policy_for(const struct env_spec *spec);
/* The one of that name, which must be made for them. */
struct policy policy_named(const char *name, const struct env_spec *spec);
/* The same out of other rows than those; NULL ends them. */
struct policy policy_among(const struct policy_ops *const *rows, const struct env_spec *spec);

#endif
