/* onnx.c -- the network as an ONNX graph: ModelProto, version 8, operators of set 17.
 *
 * Inputs: obs (batch, planes, height, width) or (batch, floats), as the network reads it, or raw: bytes of pictures,
 * numbers before they are centred and scaled; with an LSTM h0 and c0 (batch, cells), of a critic's own v_h0 and v_c0.
 * Outputs: q, or pi and v, log_sigma (N) where it is a parameter, and the states h1 and c1. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "dunlin/version.h"
#include "export/export.h"

/* Fields by number, as the format has them. */
enum { MODEL_IR = 1, MODEL_PRODUCER = 2, MODEL_VERSION = 3, MODEL_GRAPH = 7, MODEL_OPSET = 8 };
enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_TYPE = 4, NODE_ATTRIBUTE = 5 };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_F = 2, ATTRIBUTE_I = 3, ATTRIBUTE_INTS = 8, ATTRIBUTE_TYPE = 20 };
enum { TYPE_FLOAT = 1, TYPE_INT = 2, TYPE_INTS = 7 };
enum { TENSOR_DIMS = 1, TENSOR_TYPE = 2, TENSOR_NAME = 8, TENSOR_DATA = 9 };
enum { FLOAT = 1, UINT8 = 2, INT64 = 7, NAME = 48 };

static const float LEAST = 1e-8F, LEAST_OF_LAYER = 1e-5F; /* variance, as in nn/normal.c, nn/layer_norm.c */

struct onnx {
    const struct exported *e;
    struct message graph;
    char value[NAME]; /* what the last node answers */
};

/* A constant: floats or int64s, n of them in shape dims. */
static void constant(struct onnx *o, const char *name, int type, int ndim, const int *dims, const void *data, size_t n)
{
    struct message t = {0};
    for (int d = 0; d < ndim; d++) message_int(&t, TENSOR_DIMS, (uint64_t)dims[d]);
    message_int(&t, TENSOR_TYPE, (uint64_t)type);
    message_text(&t, TENSOR_NAME, name);
    message_blob(&t, TENSOR_DATA, data, n * (type == FLOAT ? 4 : 8));
    message_part(&o->graph, GRAPH_INITIALIZER, &t);
}

static void vector(struct onnx *o, const char *name, const float *x, int n)
{
    constant(o, name, FLOAT, 1, &n, x, (size_t)n);
}

static void weights(struct onnx *o, const struct tensor *t)
{
    float *x = graph_floats(t, o->e->theta);
    constant(o, t->name, FLOAT, t->ndim, t->dims, x, t->size);
    free(x);
}

static void attribute(struct message *node, const char *name, int n, const int *values)
{
    struct message a = {0};
    message_text(&a, ATTRIBUTE_NAME, name);
    for (int i = 0; i < n; i++) message_int(&a, n == 1 ? ATTRIBUTE_I : ATTRIBUTE_INTS, (uint64_t)values[i]);
    message_int(&a, ATTRIBUTE_TYPE, n == 1 ? TYPE_INT : TYPE_INTS);
    message_part(node, NODE_ATTRIBUTE, &a);
}

/* A node of `inputs` (NULL ends them, "" is one left out), not yet in the graph. */
static struct message node(const char *type, const char *answer, const char *const *inputs)
{
    struct message n = {0};
    for (; *inputs; inputs++) message_text(&n, NODE_INPUT, *inputs);
    message_text(&n, NODE_OUTPUT, answer);
    message_text(&n, NODE_TYPE, type);
    return n;
}

/* Puts it there; its answer is o->value from here on. */
static void put_node(struct onnx *o, struct message *n, const char *answer)
{
    message_part(&o->graph, GRAPH_NODE, n);
    if (answer != o->value) snprintf(o->value, sizeof o->value, "%s", answer);
}

/* A node that reads the value so far and up to two constants. */
static void plain(struct onnx *o, const char *type, const char *answer, const char *second, const char *third)
{
    const char *const inputs[] = {o->value, second, third, NULL};
    struct message n = node(type, answer, inputs);
    put_node(o, &n, answer);
}

static void scale_raw(struct onnx *o)
{
    const struct model *m = o->e->model;
    const char *const obs[] = {"obs", NULL};
    if (m->input.C) {
        const float most = 255;
        struct message cast = node("Cast", "obs/float", obs);
        attribute(&cast, "to", 1, (const int[]){FLOAT});
        put_node(o, &cast, "obs/float");
        constant(o, "obs/most", FLOAT, 0, NULL, &most, 1);
        plain(o, "Div", "obs/scaled", "obs/most", NULL);
        return;
    }
    const int n = m->input.dim;
    float *centre = memory_floats((size_t)n), *scale = memory_floats((size_t)n);
    for (int i = 0; i < n; i++) {
        centre[i] = m->centre ? m->centre[i % m->numbers] : 0;
        scale[i] = m->scale ? m->scale[i % m->numbers] : 1;
    }
    vector(o, "obs/centre", centre, n);
    vector(o, "obs/scale", scale, n);
    plain(o, "Sub", "obs/centred", "obs/centre", NULL);
    plain(o, "Mul", "obs/scaled", "obs/scale", NULL);
    free(centre);
    free(scale);
}

/* nn/normal.c */
static void normalise(struct onnx *o)
{
    const int n = o->e->model->input.dim;
    float *mean = graph_floats(o->e->graph->mean, o->e->theta),
          *scale = graph_floats(o->e->graph->variance, o->e->theta);
    const float most = NET_NORM_MOST, least = -most;
    for (int i = 0; i < n; i++) scale[i] = 1 / sqrtf(scale[i] + LEAST);
    vector(o, "norm/mean", mean, n);
    vector(o, "norm/scale", scale, n);
    constant(o, "norm/least", FLOAT, 0, NULL, &least, 1);
    constant(o, "norm/most", FLOAT, 0, NULL, &most, 1);
    plain(o, "Sub", "norm/centred", "norm/mean", NULL);
    plain(o, "Mul", "norm/scaled", "norm/scale", NULL);
    plain(o, "Clip", "norm/out", "norm/least", "norm/most");
    free(mean);
    free(scale);
}

/* Blocks of `rows` rows of a matrix (4 rows, width) from i f g o to ONNX's i o f c. */
static void lstm_constant(struct onnx *o, const char *name, const struct tensor *t, int rows, int width, bool bias)
{
    static const int FROM[] = {0, 3, 1, 2};
    const size_t block = (size_t)rows * (size_t)width;
    float *x = graph_floats(t, o->e->theta), *y = memory_floats(8 * block);
    for (size_t b = 0; b < 4; b++) memcpy(y + b * block, x + (size_t)FROM[b] * block, block * sizeof *y);
    if (bias)
        constant(o, name, FLOAT, 2, (const int[]){1, 8 * rows}, y, 8 * block); /* the second bias stays 0 */
    else
        constant(o, name, FLOAT, 3, (const int[]){1, 4 * rows, width}, y, 4 * block);
    free(x);
    free(y);
}

static void lstm(struct onnx *o, const struct step *s)
{
    const int cells = s->weight_h->dims[1];
    const char *v = s->trunk ? "v_" : "";
    const int64_t zero = 0;
    char n[12][NAME];
    const char *const parts[12] = {"W", "R", "B", "axis", "x", "h", "c", "Y_h", "Y_c", "h1", "c1", "Y"};
    for (int i = 0; i < 12; i++) {
        if (i == 9 || i == 10)
            snprintf(n[i], NAME, "%s%s", v, parts[i]);
        else
            snprintf(n[i], NAME, "%s/%s", s->name, parts[i]);
    }
    char h0[8], c0[8];
    snprintf(h0, sizeof h0, "%sh0", v);
    snprintf(c0, sizeof c0, "%sc0", v);
    lstm_constant(o, n[0], s->weight, cells, s->weight->dims[1], false);
    lstm_constant(o, n[1], s->weight_h, cells, cells, false);
    lstm_constant(o, n[2], s->bias, cells, 1, true);
    constant(o, n[3], INT64, 1, (const int[]){1}, &zero, 1);
    plain(o, "Unsqueeze", n[4], n[3], NULL);
    struct message h = node("Unsqueeze", n[5], (const char *const[]){h0, n[3], NULL});
    put_node(o, &h, n[5]);
    struct message c = node("Unsqueeze", n[6], (const char *const[]){c0, n[3], NULL});
    put_node(o, &c, n[6]);
    struct message l = node("LSTM", n[11], (const char *const[]){n[4], n[0], n[1], n[2], "", n[5], n[6], NULL});
    message_text(&l, NODE_OUTPUT, n[7]);
    message_text(&l, NODE_OUTPUT, n[8]);
    attribute(&l, "hidden_size", 1, &cells);
    put_node(o, &l, n[8]);
    plain(o, "Squeeze", n[10], n[3], NULL);
    snprintf(o->value, sizeof o->value, "%s", n[7]);
    plain(o, "Squeeze", n[9], n[3], NULL);
}

static void transpose(struct onnx *o, const struct step *s, const char *part, const int *axes)
{
    char answer[NAME];
    snprintf(answer, sizeof answer, "%s/%s", s->name, part);
    struct message n = node("Transpose", answer, (const char *const[]){o->value, NULL});
    attribute(&n, "perm", 4, axes);
    put_node(o, &n, answer);
}

/* Over the last axis; a map's channels are brought there and back. */
static void normalise_layer(struct onnx *o, const struct step *s)
{
    char answer[NAME];
    struct message least = {0};
    const bool map = s->kind == STEP_CONV;
    if (!s->gain) return;
    weights(o, s->gain);
    weights(o, s->shift);
    if (map) transpose(o, s, "last", (const int[]){0, 2, 3, 1});
    snprintf(answer, sizeof answer, "%s/norm", s->name);
    struct message n =
        node("LayerNormalization", answer, (const char *const[]){o->value, s->gain->name, s->shift->name, NULL});
    attribute(&n, "axis", 1, (const int[]){-1});
    message_text(&least, ATTRIBUTE_NAME, "epsilon");
    message_float(&least, ATTRIBUTE_F, LEAST_OF_LAYER);
    message_int(&least, ATTRIBUTE_TYPE, TYPE_FLOAT);
    message_part(&n, NODE_ATTRIBUTE, &least);
    put_node(o, &n, answer);
    if (map) transpose(o, s, "first", (const int[]){0, 3, 1, 2});
}

static void activate(struct onnx *o, const struct step *s)
{
    char answer[NAME];
    snprintf(answer, sizeof answer, "%s/out", s->name);
    if (s->activation == ACTIVATION_NONE) return;
    plain(o, s->activation == ACTIVATION_TANH ? "Tanh" : "Relu", answer, NULL, NULL);
}

static void conv_or_dense(struct onnx *o, const struct step *s)
{
    char answer[NAME];
    const char *const inputs[] = {o->value, s->weight->name, s->bias->name, NULL};
    snprintf(answer, sizeof answer, s->kind == STEP_HEAD ? "%s" : "%s/sum", s->name);
    struct message n = node(s->kind == STEP_CONV ? "Conv" : "Gemm", answer, inputs);
    weights(o, s->weight);
    weights(o, s->bias);
    if (s->kind == STEP_CONV) {
        attribute(&n, "kernel_shape", 2, s->weight->dims + 2);
        attribute(&n, "strides", 2, (const int[]){s->stride, s->stride});
    } else {
        attribute(&n, "transB", 1, (const int[]){1});
    }
    put_node(o, &n, answer);
    normalise_layer(o, s);
    activate(o, s);
}

/* All layers; trunk 1 begins at the input again, and heads stand side by side. */
static void layers(struct onnx *o, const char *input)
{
    char below[NAME];
    const struct graph *g = o->e->graph;
    for (int i = 0; i < g->count; i++) {
        const struct step *s = &g->steps[i];
        char flat[NAME];
        if (i == 0 || s->trunk != g->steps[i - 1].trunk) snprintf(o->value, sizeof o->value, "%s", input);
        if (s->kind == STEP_HEAD && i > 0 && s->trunk == g->steps[i - 1].trunk && g->steps[i - 1].kind == STEP_HEAD)
            snprintf(o->value, sizeof o->value, "%s", below);
        snprintf(flat, sizeof flat, "%s/flat", s->name);
        if (s->C && s->kind != STEP_CONV) plain(o, "Flatten", flat, NULL, NULL);
        snprintf(below, sizeof below, "%s", o->value);
        if (s->kind == STEP_LSTM)
            lstm(o, s);
        else
            conv_or_dense(o, s);
    }
}

/* An input or output of so many axes, the first of them the batch's where it is 0. */
static void value_info(struct onnx *o, int field, const char *name, int type, int ndim, const int *dims)
{
    enum { VALUE_NAME = 1, VALUE_TYPE = 2, TYPE_TENSOR = 1, TENSOR_ELEM = 1, TENSOR_SHAPE = 2, DIM = 1, DIM_VALUE = 1 };
    enum { DIM_PARAM = 2 };
    struct message shape = {0}, tensor = {0}, kind = {0}, value = {0};
    for (int d = 0; d < ndim; d++) {
        struct message dim = {0};
        if (dims[d])
            message_int(&dim, DIM_VALUE, (uint64_t)dims[d]);
        else
            message_text(&dim, DIM_PARAM, "batch");
        message_part(&shape, DIM, &dim);
    }
    message_int(&tensor, TENSOR_ELEM, (uint64_t)type);
    message_part(&tensor, TENSOR_SHAPE, &shape);
    message_part(&kind, TYPE_TENSOR, &tensor);
    message_text(&value, VALUE_NAME, name);
    message_part(&value, VALUE_TYPE, &kind);
    message_part(&o->graph, field, &value);
}

static void inputs_and_outputs(struct onnx *o)
{
    const struct net_input *in = &o->e->model->input;
    const struct graph *g = o->e->graph;
    const int picture[] = {0, in->C, in->height, in->width}, floats[] = {0, in->dim};
    const int type = in->C && o->e->raw ? UINT8 : FLOAT;
    value_info(o, GRAPH_INPUT, "obs", type, in->C ? 4 : 2, in->C ? picture : floats);
    for (int i = 0; i < g->count; i++) {
        const struct step *s = &g->steps[i];
        if (s->kind == STEP_HEAD) value_info(o, GRAPH_OUTPUT, s->name, FLOAT, 2, (const int[]){0, s->weight->dims[0]});
    }
    if (g->free) value_info(o, GRAPH_OUTPUT, "log_sigma", FLOAT, 1, g->free->dims);
    for (int i = 0; i < g->count; i++) {
        const struct step *s = &g->steps[i];
        for (int k = 0; s->kind == STEP_LSTM && k < 4; k++) {
            char name[16];
            snprintf(name, sizeof name, "%s%c%d", s->trunk ? "v_" : "", "hc"[k % 2], k / 2);
            value_info(o, k / 2 ? GRAPH_OUTPUT : GRAPH_INPUT, name, FLOAT, 2, (const int[]){0, s->weight_h->dims[1]});
        }
    }
}

int export_onnx(const struct exported *e, struct message *file)
{
    struct onnx o = {.e = e, .value = "obs"};
    struct message opset = {0};
    char input[NAME];
    message_text(&o.graph, GRAPH_NAME, "dunlin");
    if (e->raw) scale_raw(&o);
    if (e->graph->mean) normalise(&o);
    memcpy(input, o.value, sizeof input);
    layers(&o, input);
    if (e->graph->free) {
        weights(&o, e->graph->free);
        struct message same = node("Identity", "log_sigma", (const char *const[]){e->graph->free->name, NULL});
        put_node(&o, &same, "log_sigma");
    }
    inputs_and_outputs(&o);
    message_int(&opset, 2, 17);
    message_int(file, MODEL_IR, 8);
    message_text(file, MODEL_PRODUCER, "dunlin");
    message_text(file, MODEL_VERSION, DUNLIN_VERSION);
    message_part(file, MODEL_GRAPH, &o.graph);
    message_part(file, MODEL_OPSET, &opset);
    return 0;
}
