/* safetensors.c -- writing; reading a stranger's is safetensors_read.c. */
#include "store/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* Text as a JSON string: bytes that JSON does not take as they are, and those beyond ASCII, which may be no UTF-8, go
 * as \u00NN. */
static void put_string(FILE *out, const char *text)
{
    putc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20 || *c > 0x7e)
            fprintf(out, "\\u%04x", *c);
        else
            putc(*c, out);
    putc('"', out);
}

/* PyTorch's name of a tensor; zeros: whether a second bias of zeros goes with it. */
static void torch_name(const char *name, char out[SAFE_NAME], bool *zeros)
{
    static const char *const PAIRS[][2] = {
        {"lstm.weight_x", "weight_ih"}, {"lstm.weight_h", "weight_hh"}, {"lstm.bias", "bias_ih"}};
    *zeros = false;
    snprintf(out, SAFE_NAME, "%s", name);
    const size_t at = strncmp(name, "v_", 2) ? 0 : 2;
    for (int i = 0; i < 3; i++)
        if (!strcmp(name + at, PAIRS[i][0])) {
            snprintf(out, SAFE_NAME, "%.*slstm.%s", (int)at, name, PAIRS[i][1]);
            *zeros = i == 2;
        }
}

static void put_tensor(FILE *out, const char *name, const struct tensor *t, size_t *at)
{
    fputs(",", out);
    put_string(out, name);
    fputs(":{\"dtype\":\"F32\",\"shape\":[", out);
    for (int d = 0; d < t->ndim; d++) fprintf(out, "%s%d", d ? "," : "", t->dims[d]);
    fprintf(out, "],\"data_offsets\":[%zu,%zu]}", *at, *at + t->size * sizeof(float));
    *at += t->size * sizeof(float);
}

static void put_header(FILE *out, const struct safe_fact *facts, int fact_count, const struct net_facts *net)
{
    size_t at = 0;
    bool zeros;
    char name[SAFE_NAME];
    fputs("{\"__metadata__\":{\"format\":\"pt\"", out);
    for (int i = 0; i < fact_count; i++) {
        putc(',', out);
        put_string(out, facts[i].key);
        putc(':', out);
        put_string(out, facts[i].value);
    }
    putc('}', out);
    for (int i = 0; i < net->tensor_count; i++) {
        const struct tensor *t = &net->tensors[i];
        torch_name(t->name, name, &zeros);
        put_tensor(out, name, t, &at);
        if (!zeros) continue;
        memcpy(strrchr(name, '_'), "_hh", 4);
        put_tensor(out, name, t, &at);
    }
    putc('}', out);
}

/* Floats behind the header, little endian. */
static void put_floats(unsigned char *to, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        for (int b = 0; b < 4; b++) to[4 * i + (size_t)b] = (unsigned char)(bits >> (8 * b));
    }
}

static void put_data(unsigned char *to, const struct net_facts *net, const float *theta, float *scratch)
{
    bool zeros;
    char name[SAFE_NAME];
    for (int i = 0; i < net->tensor_count; i++) {
        const struct tensor *t = &net->tensors[i];
        torch_name(t->name, name, &zeros);
        tensor_to_textbook(t, theta, scratch);
        put_floats(to, scratch, t->size);
        to += t->size * 4;
        if (!zeros) continue;
        memset(to, 0, t->size * 4);
        to += t->size * 4;
    }
}

unsigned char *safetensors_make(const struct safe_fact *facts, int fact_count, const struct net *net,
                                const float *theta, size_t *size)
{
    const struct net_facts *n = net_facts(net);
    char *header = NULL, name[SAFE_NAME];
    size_t length = 0, floats = 0, largest = 1;
    bool zeros;
    FILE *out = open_memstream(&header, &length);
    if (out) put_header(out, facts, fact_count, n);
    if (!out || fclose(out)) {
        free(header);
        error_set("no memory for the header of the weights");
        return NULL;
    }
    for (int i = 0; i < n->tensor_count; i++) {
        const struct tensor *t = &n->tensors[i];
        torch_name(t->name, name, &zeros);
        floats += t->size * (zeros ? 2 : 1);
        if (t->size > largest) largest = t->size;
    }
    const size_t padded = (length + 7) & ~(size_t)7;
    unsigned char *bytes = malloc(8 + padded + 4 * floats);
    float *scratch = malloc(largest * sizeof *scratch);
    if (bytes && scratch) {
        for (int b = 0; b < 8; b++) bytes[b] = (unsigned char)(padded >> (8 * b));
        memset(bytes + 8, ' ', padded);
        memcpy(bytes + 8, header, length);
        put_data(bytes + 8 + padded, n, theta, scratch);
        *size = 8 + padded + 4 * floats;
    } else {
        error_set("no memory for %zu bytes of weights", 8 + padded + 4 * floats);
        free(bytes);
        bytes = NULL;
    }
    free(scratch);
    free(header);
    return bytes;
}
