/* plain.c -- weights as safetensors, whose header says what they are of, and as CSV. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dunlin/version.h"
#include "export/export.h"
#include "store/safetensors.h"

enum { FACTS = 40, FACT = 2 * OPTION_TEXT };

struct facts {
    struct safe_fact list[FACTS];
    char *texts[FACTS];
    int count;
};

static void put_fact(struct facts *f, const char *key, char *text)
{
    if (f->count == FACTS || !text) {
        free(text);
        return;
    }
    f->texts[f->count] = text;
    f->list[f->count++] = (struct safe_fact){key, text};
}

static void put_text(struct facts *f, const char *key, const char *text)
{
    put_fact(f, key, strdup(text));
}

static void put_int(struct facts *f, const char *key, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    put_text(f, key, text);
}

/* "0.5 1 2", each the shortest text that reads back to the same float. */
static void put_floats(struct facts *f, const char *key, const float *x, int n)
{
    char *text = NULL;
    size_t size;
    FILE *out = x && n ? open_memstream(&text, &size) : NULL;
    if (!out) return;
    for (int i = 0; i < n; i++) fprintf(out, "%s%.9g", i ? " " : "", (double)x[i]);
    if (fclose(out)) free(text), text = NULL;
    put_fact(f, key, text);
}

/* The option as it is typed. */
static void put_option(struct facts *f, const struct exported *e, const char *key)
{
    char text[OPTION_TEXT];
    options_format(&e->options->values, option_find(key), text, sizeof text);
    put_text(f, key, text);
}

static void put_model(struct facts *f, const struct model *m)
{
    char input[64];
    if (m->input.C)
        snprintf(input, sizeof input, "%d %d %d", m->input.C, m->input.height, m->input.width);
    else
        snprintf(input, sizeof input, "%d", m->input.dim);
    put_text(f, "input", input);
    put_int(f, "stack", m->stack);
    put_text(f, "input_scaling", m->input.C ? "byte / 255" : "(x - obs_centre) * obs_scale");
    put_floats(f, "obs_centre", m->centre, m->numbers);
    put_floats(f, "obs_scale", m->scale, m->numbers);
    put_int(f, "outputs", m->outputs);
    put_text(f, "heads", m->heads == NET_HEADS_Q ? "q" : "pi v");
    if (m->policy[0]) put_text(f, "policy", m->policy);
    put_floats(f, "action_low", m->low, m->action_dim);
    put_floats(f, "action_high", m->high, m->action_dim);
    for (int c = 0; c < m->components; c++) {
        char *text = NULL;
        size_t size;
        FILE *out = c ? NULL : open_memstream(&text, &size);
        if (!out) break;
        for (int k = 0; k < m->components; k++) fprintf(out, "%s%d", k ? " " : "", m->choices[k]);
        if (fclose(out)) free(text), text = NULL;
        put_fact(f, "choices", text);
    }
}

int export_safetensors(const struct exported *e, struct message *file)
{
    static const char *const OPTIONS_TOLD[] = {"env",        "algo",       "net",       "lstm",        "norm",
                                               "critic",     "activation", "obs-norm",  "reward-norm", "eval-eps",
                                               "frame-skip", "grey",       "no-op-max", "sticky"};
    struct facts f = {.count = 0};
    char score[32];
    size_t size;
    for (size_t i = 0; i < sizeof OPTIONS_TOLD / sizeof OPTIONS_TOLD[0]; i++) put_option(&f, e, OPTIONS_TOLD[i]);
    put_model(&f, e->model);
    put_int(&f, "frames", e->counters->frames);
    snprintf(score, sizeof score, "%.9g", e->counters->best_mean);
    if (!isnan(e->counters->best_mean) && !e->ema) put_text(&f, "score", score);
    if (e->ema) put_text(&f, "weights", "ema");
    put_text(&f, "dunlin", DUNLIN_VERSION);
    unsigned char *bytes = safetensors_make(f.list, f.count, e->net, e->theta, &size);
    if (bytes) message_bytes(file, bytes, size);
    free(bytes);
    for (int i = 0; i < f.count; i++) free(f.texts[i]);
    return bytes ? 0 : -1;
}

/* A row for each number: its tensor, its place (axes that the tensor lacks stay empty), its value. */
int export_csv(const struct exported *e, struct message *file)
{
    static const char HEAD[] = "tensor,i,j,k,l,value\n";
    message_bytes(file, HEAD, sizeof HEAD - 1);
    for (int i = 0; i < e->facts->tensor_count; i++) {
        const struct tensor *t = &e->facts->tensors[i];
        float *x = graph_floats(t, e->theta);
        for (size_t n = 0; n < t->size; n++) {
            char line[192], place[4][24] = {"", "", "", ""};
            size_t rest = n;
            for (int d = t->ndim - 1; d >= 0; d--) {
                snprintf(place[d], sizeof place[d], "%zu", rest % (size_t)t->dims[d]);
                rest /= (size_t)t->dims[d];
            }
            const int length = snprintf(line, sizeof line, "%s,%s,%s,%s,%s,%.9g\n", t->name, place[0], place[1],
                                        place[2], place[3], (double)x[n]);
            message_bytes(file, line, (size_t)length);
        }
        free(x);
    }
    return 0;
}
