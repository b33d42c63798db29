/* build.c -- from a network's row and its input to the network. */
#include <cblas.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/builder.h"
#include "nn/layers.h"

/* The hidden layers of the network's row, from the input on. */
static int build_trunk(struct builder *b, const struct network *network, int lstm)
{
    const struct net_input *in = &b->net->facts.input;
    const bool planes = in->C > 0;
    b->below = -1;
    b->convs = b->denses = 0;
    b->top = (struct shape){.frames = true, .floats = in->dim};
    if (planes) b->top = (struct shape){in->C, in->height, in->width, in->C * in->height * in->width, true};
    for (int k = 0; k < NETWORK_LAYERS && network->layers[k].add; k++)
        if (network->layers[k].add(b, &network->layers[k])) return -1;
    if (lstm) lstm_add(b, lstm);
    return 0;
}

/* V with hidden layers of its own, joined to the policy that is there. */
static int build_critic(struct builder *b, const struct network *network, int lstm)
{
    const int policy = b->below;
    b->prefix = "v_";
    if (build_trunk(b, network, lstm)) return -1;
    b->prefix = "";
    value_add(b);
    join_add(b, policy);
    return 0;
}

static int build(struct net *net, const struct network *network, const struct net_config *config)
{
    const struct net_input *in = &net->facts.input;
    const bool policy = config->heads == NET_HEADS_POLICY_V;
    struct builder b = {.net = net,
                        .name = network->name,
                        .prefix = "",
                        .activation = config->activation,
                        .layer_norm = config->layer_norm};
    if (config->lstm < 0 || config->lstm > NET_WIDEST)
        return error_set("lstm %d: the number of cells is 0 (none) to %d", config->lstm, NET_WIDEST);
    if (in->C > 0 && (double)in->C * in->height * in->width > INT_MAX / 16)
        return error_set("%d planes of %dx%d are more than a network here can read", in->C, in->height, in->width);
    if (in->C > 0 && config->obs_norm)
        return error_set("this environment shows pictures, whose entries are not normalised one by one: no obs-norm");
    if (build_trunk(&b, network, config->lstm)) return -1;
    heads_add(&b, policy && !config->separate_critic);
    if (policy && config->separate_critic && build_critic(&b, network, config->lstm)) return -1;
    moments_add(&b, config->return_norm);
    return 0;
}

/* OpenBLAS takes the room for a product of matrices at its first call, and where it gets none asks for it for ever:
 * looked at first, and taken before anything else takes it. 0, or -1 after error_set(). */
static int wake_blas(void)
{
    enum { N = 128, ROOM = 160 << 20 };
    static bool awake;
    if (awake) return 0;
    openblas_set_num_threads(1); /* the other cores belong to other actors */
    void *room = mmap(NULL, ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        return error_set("too little memory for the library that multiplies matrices: it wants %d MB of addresses at "
                         "once; raise the limit (ulimit -v)",
                         ROOM >> 20);
    munmap(room, ROOM);
    float *a = memory_floats((size_t)3 * N * N);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, N, N, N, 1, a, N, a + N * N, N, 0, a + 2 * N * N, N);
    free(a);
    awake = true;
    return 0;
}

struct net *net_new_of(const struct network *network, const struct net_config *config)
{
    if (wake_blas()) return NULL;
    struct net *net = memory_new(1, sizeof *net);
    net->facts.input = config->input;
    net->facts.heads = config->heads;
    net->facts.outputs = config->outputs;
    net->facts.free = config->free;
    net->facts.obs_norm = config->obs_norm;
    net->facts.out_dim = config->outputs + (config->heads == NET_HEADS_POLICY_V);
    net->facts.tensors = net->tensors;
    if (build(net, network, config)) net_free(&net);
    return net;
}

struct net *net_new(const struct net_config *config)
{
    struct network network;
    if (network_of(config->spec, &network)) return NULL;
    return net_new_of(&network, config);
}

void net_free(struct net **net)
{
    for (int k = 0; *net && k < (*net)->count; k++) free((*net)->layers[k]);
    free(*net);
    *net = NULL;
}

const struct net_facts *net_facts(const struct net *net)
{
    return &net->facts;
}
