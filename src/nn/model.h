/* model.h -- what weights are weights of, in numbers: what the network reads and what its answers mean, so that it can
 * be built and played where the environment is not. */
#ifndef DUNLIN_NN_MODEL_H
#define DUNLIN_NN_MODEL_H

#include "nn/net.h"

enum { MODEL_NAME = 32 };
/* Outputs: one for each choice of an index, two for each float of an action. */
enum { MODEL_PARTS_MOST = 1000000 };

struct model {
    struct net_input input;
    int stack; /* the newest so many observations make one input */
    enum net_heads heads;
    int outputs, free;       /* as in struct net_config */
    char policy[MODEL_NAME]; /* the distribution that they describe; "": they are Q values */
    /* Of one observation, as the environment writes it, the network sees (x - centre) * scale; of a picture 1/255. */
    int numbers;                 /* floats of one observation; 0: a picture */
    const float *centre, *scale; /* (numbers) NULL: 0 and 1 */
    int action_dim;              /* floats of a continuous action */
    const float *low, *high;     /* (action_dim) its bounds */
    int components;              /* indices of a discrete action of several; 0: it is one */
    const int *choices;          /* (components) */
};

#endif
