/* graph.c -- see graph.h. */
#include "export/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/networks.h"

/* A layer by what its tensors' names begin with, and the parts it has. */
static const struct known {
    const char *name;
    enum step_kind kind;
    const char *weight, *bias, *weight_h;
} LAYERS[] = {
    {"conv", STEP_CONV, "weight", "bias", NULL},         {"fc", STEP_DENSE, "weight", "bias", NULL},
    {"lstm", STEP_LSTM, "weight_x", "bias", "weight_h"}, {"q", STEP_HEAD, "weight", "bias", NULL},
    {"pi", STEP_HEAD, "weight", "bias", NULL},           {"v", STEP_HEAD, "weight", "bias", NULL},
};

struct making {
    struct graph *g;
    const struct net_facts *net;
    const struct net_config *config;
    struct network network;
    int C, height, width; /* of what the last step of this trunk answers; C 0: a row */
    int convs;            /* of this trunk so far */
};

static const struct tensor *find(const struct net_facts *net, const char *layer, const char *part)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s", layer, part);
    for (int i = 0; i < net->tensor_count; i++)
        if (!strcmp(net->tensors[i].name, name)) return &net->tensors[i];
    return NULL;
}

/* The row of a layer named as "conv12"; NULL: none. */
static const struct known *known_layer(const char *layer)
{
    for (size_t i = 0; i < sizeof LAYERS / sizeof LAYERS[0]; i++) {
        const size_t n = strlen(LAYERS[i].name);
        if (!strncmp(layer, LAYERS[i].name, n) && layer[n + strspn(layer + n, "0123456789")] == '\0') return &LAYERS[i];
    }
    return NULL;
}

static void start_trunk(struct making *m)
{
    const struct net_input *in = &m->config->input;
    m->C = in->C, m->height = in->height, m->width = in->width;
    m->convs = 0;
}

/* The sizes of the map behind a convolution; else a row is behind it. Heads leave what is there: they stand side by
 * side. */
static void go_on(struct making *m, struct step *s)
{
    s->C = m->C, s->height = m->height, s->width = m->width;
    if (s->kind == STEP_CONV) {
        s->stride = m->network.layers[m->convs++].stride;
        m->C = s->weight->dims[0];
        m->height = (m->height - s->weight->dims[2]) / s->stride + 1;
        m->width = (m->width - s->weight->dims[3]) / s->stride + 1;
    } else if (s->kind != STEP_HEAD) {
        m->C = 0;
    }
}

/* A normalisation, called LAYER_norm, belongs to the layer before it. */
static bool add_norm(struct making *m, const char *layer)
{
    char name[32];
    struct step *s = m->g->count ? &m->g->steps[m->g->count - 1] : NULL;
    if (!s) return false;
    snprintf(name, sizeof name, "%s_norm", s->name);
    if (strcmp(layer, name) != 0) return false;
    s->gain = find(m->net, layer, "weight");
    s->shift = find(m->net, layer, "bias");
    return s->gain && s->shift;
}

static int add(struct making *m, const char *layer, int trunk)
{
    const struct known *k = known_layer(trunk && !strncmp(layer, "v_", 2) ? layer + 2 : layer);
    struct step s = {.trunk = trunk};
    if (k) {
        s.kind = k->kind;
        s.weight = find(m->net, layer, k->weight);
        s.bias = find(m->net, layer, k->bias);
        s.weight_h = k->weight_h ? find(m->net, layer, k->weight_h) : NULL;
    }
    if (!k || !s.weight || !s.bias || (k->weight_h && !s.weight_h) || m->g->count == GRAPH_STEPS ||
        strlen(layer) >= sizeof s.name)
        return error_set("layer %s of this network is of a kind that cannot be exported yet", layer);
    memcpy(s.name, layer, strlen(layer) + 1);
    s.activation = s.kind == STEP_CONV    ? ACTIVATION_RELU
                   : s.kind == STEP_DENSE ? m->config->activation
                                          : ACTIVATION_NONE;
    go_on(m, &s);
    m->g->steps[m->g->count++] = s;
    return 0;
}

/* Tensors come in theta's order, which is that of the layers: a layer begins where its name is new. */
int graph_make(struct graph *g, const struct net *net, const struct net_config *config)
{
    struct making m = {.g = g, .net = net_facts(net), .config = config};
    char before[32] = "";
    memset(g, 0, sizeof *g);
    if (network_of(config->spec, &m.network)) return -1;
    start_trunk(&m);
    for (int i = 0; i < m.net->tensor_count; i++) {
        const struct tensor *t = &m.net->tensors[i];
        char layer[32];
        snprintf(layer, sizeof layer, "%.*s", (int)strcspn(t->name, "."), t->name);
        if (!strcmp(t->name, "pi.log_sigma")) {
            g->free = t;
            continue;
        }
        if (!strcmp(layer, "norm")) continue;
        if (!strcmp(layer, before)) continue;
        memcpy(before, layer, sizeof before);
        if (!strncmp(layer, "v_", 2) && !g->critic) {
            g->critic = true;
            start_trunk(&m);
        }
        if (!add_norm(&m, layer) && add(&m, layer, g->critic)) return -1;
    }
    if (config->obs_norm) {
        g->mean = find(m.net, "norm", "mean");
        g->variance = find(m.net, "norm", "variance");
    }
    return 0;
}

float *graph_floats(const struct tensor *t, const float *theta)
{
    float *x = memory_floats(t->size);
    tensor_to_textbook(t, theta, x);
    return x;
}
