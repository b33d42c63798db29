/* policy.h -- a policy is a distribution over actions whose parameters the network answers: sample, log-probability,
 * entropy and the gradient of its loss. Each kind is one table of functions; the losses know nothing else of it. */
#ifndef DUNLIN_LEARN_POLICY_H
#define DUNLIN_LEARN_POLICY_H

#include "dunlin/env.h"

struct policy_ops {
    const char *name;
    /* Draws an action. out: the network's dim outputs that describe the distribution; vector: room for a continuous
     * action, to which the answer may point. */
    struct env_action (*sample)(const float *out, int dim, struct rng *rng, float *vector);
    /* The likeliest action. */
    struct env_action (*mode)(const float *out, int dim, float *vector);
    double (*log_prob)(const float *out, int dim, struct env_action action); /* log pi(a) */
    double (*entropy)(const float *out, int dim);                            /* H(pi), in nats */
    /* dout[dim] = scale * d(-log pi(a) adv - beta H(pi)) / d out, adv a constant. */
    void (*gradient)(const float *out, int dim, struct env_action action, double adv, double beta, double scale,
                     float *dout);
};

/* Discrete actions; out holds the logits, one per action. */
extern const struct policy_ops policy_categorical;

#endif
