/* export.c -- `dunlin export`: opens a checkpoint, builds its network without its environment, and writes one form. */
#include "export/export.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/words.h"
#include "setup/setup.h"
#include "store/model.h"
#include "store/runfile.h"
#include "store/seal.h"
#include "store/weights.h"

static const char usage[] =
    "dunlin export RUN|CHECKPOINT [--best] [--ema] --out FILE.safetensors|.onnx|.weights.h5|.csv [--raw]\n"
    "dunlin export RUN --out FOLDER/\n"
    "  writes weights as other programs read them; neither MPI nor the environment is needed\n"
    "  of a run: its newest checkpoint; --best: the weights of its best evaluation\n"
    "  --ema: the average of the weights that train --ema kept beside them\n"
    "  .safetensors: names and shapes of PyTorch, and what the weights are of; `dunlin train --init-from` reads it\n"
    "  .onnx: the network as a graph; --raw: it reads bytes of pictures, or numbers that are not scaled yet\n"
    "  .weights.h5: for load_weights() of a Keras 3 model; run/python/dunlin.py builds it\n"
    "  .csv: a row for each weight\n"
    "  FOLDER/: the curves of a run as TensorBoard's events\n";

/* The forms, by the end of the file's name. */
static const struct form {
    const char *end;
    int (*write)(const struct exported *e, struct message *file);
    bool graph, raw; /* does it tell of layers; does --raw mean something to it */
} FORMS[] = {
    {".safetensors", export_safetensors, false, false},
    {".onnx", export_onnx, true, true},
    {".weights.h5", export_keras, true, false},
    {".csv", export_csv, false, false},
};

struct request {
    const char *what, *out;
    bool best, ema, raw;
    const struct form *form; /* NULL: events, to a folder */
};

/* The file or folder that --out names: 0, or -1 after error_set(). */
static int choose_form(struct request *w)
{
    struct stat st;
    const bool folder = text_ends_with(w->out, "/") || (!stat(w->out, &st) && S_ISDIR(st.st_mode));
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++)
        if (text_ends_with(w->out, FORMS[i].end)) w->form = &FORMS[i];
    if (!w->form && !folder)
        return error_set("--out %.200s: FILE.safetensors, FILE.onnx, FILE.weights.h5 or FILE.csv is allowed, or "
                         "FOLDER/ for TensorBoard's events",
                         w->out);
    if (w->raw && (!w->form || !w->form->raw)) return error_set("--raw: it is of FILE.onnx alone; leave it out");
    if (!w->form && (w->best || w->ema))
        return error_set("%s: it is of weights, not of curves; leave it out", w->best ? "--best" : "--ema");
    return 0;
}

/* 0; 1 where help was asked for; -1 after error_set(). */
static int read_words(struct request *w, int argc, char **argv)
{
    const struct word rows[] = {
        {"--out", .text = &w->out,
         .missing = "; allowed: --out FILE.safetensors, FILE.onnx, FILE.weights.h5, FILE.csv or FOLDER/"},
        {"--best", .flag = &w->best},
        {"--ema", .flag = &w->ema},
        {"--raw", .flag = &w->raw},
    };
    const struct words words = {.usage = usage,
                                .rows = rows,
                                .row_count = sizeof rows / sizeof rows[0],
                                .what = &w->what,
                                .most = 1,
                                .noun = "run or checkpoint",
                                .question = "which run or checkpoint? dunlin export RUN|CHECKPOINT --out FILE"};
    const int rc = words_read(&words, argc, argv);
    if (rc) return rc;
    if (!w->out)
        return error_set("--out is missing: FILE.safetensors, FILE.onnx, FILE.weights.h5, FILE.csv, or FOLDER/ for "
                         "TensorBoard's events");
    return choose_form(w);
}

/* "a/b.csv" to its folder and name. 0, or -1 after error_set(). */
static int write_file(const char *path, const struct message *file)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const struct file_part part = {file->bytes, file->size};
    if ((size_t)snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".") >= sizeof dir)
        return error_set("%.200s...: the name is too long", path);
    if (slash && access(*dir ? dir : "/", F_OK))
        return error_set("%.400s: cannot be written: %s; give a folder that exists", path, strerror(errno));
    return file_replace(slash == path ? "/" : dir, slash ? slash + 1 : path, &part, 1, 0);
}

enum { UNFIT = 2 }; /* a status: the weights that were asked for are none */

/* An open checkpoint, which it takes, and what is made of it. Owner: close_all(). */
struct opened {
    struct checkpoint_file *file;
    struct option_set set;
    struct checkpoint_counters counters;
    struct model model;
    struct setup setup; /* of an old checkpoint, whose environment had to be asked */
    bool asked;
    struct net *net;
    float *theta;
};

/* Checkpoints of earlier versions do not tell their model: the environment does, where no code of anybody else's is
 * its. 0, or -1 after error_set(). */
static int ask_environment(struct opened *o, const char *path)
{
    if (world_library(o->set.values.env) || world_python(o->set.values.env))
        return error_set("%s: it was written before checkpoints told what their network reads, and its environment, "
                         "%.200s, is not Dunlin's own: `dunlin resume` of its run with more --frames writes one that "
                         "does",
                         path, o->set.values.env);
    if (setup_open(&o->setup, &o->set.values, false)) return -1;
    o->asked = true;
    o->model = setup_model(&o->setup);
    return 0;
}

/* 0, or -1, UNFIT after error_set(). */
static int read_all(struct opened *o, bool ema)
{
    const char *const path = checkpoint_path(o->file);
    options_init(&o->set);
    if (checkpoint_read_options(o->file, &o->set) || checkpoint_read_counters(o->file, &o->counters)) return -1;
    int rc = checkpoint_read_model(o->file, &o->model);
    if (rc > 0) rc = ask_environment(o, path);
    if (rc) return -1;
    const struct net_config config = setup_net_config(&o->set.values, &o->model);
    o->net = net_new(&config);
    if (!o->net) return -1;
    const size_t params = net_facts(o->net)->params;
    if (params > (size_t)checkpoint_stat(o->file)
                     ->st_size) /* before memory is taken for them: a stranger's options may name any network */
        return error_set("%s: its network has %zu weights, more than the file can hold", path, params);
    o->theta = memory_floats(params);
    return weights_of_checkpoint(o->file, ema, o->net, o->theta) ? UNFIT : 0;
}

static void close_all(struct opened *o)
{
    if (!o->asked) model_free(&o->model);
    if (o->asked) setup_close(&o->setup);
    net_free(&o->net);
    checkpoint_close(&o->file);
    free(o->theta);
}

/* 0, or -1, UNFIT after error_set(). */
static int write_weights(const struct request *w, struct checkpoint_file *from)
{
    static struct opened o;
    static struct graph graph;
    struct message file = {0};
    o.file = from;
    int rc = read_all(&o, w->ema);
    if (!rc) {
        const struct net_config config = setup_net_config(&o.set.values, &o.model);
        const struct exported e = {.path = checkpoint_path(from),
                                   .options = &o.set,
                                   .counters = &o.counters,
                                   .model = &o.model,
                                   .net = o.net,
                                   .facts = net_facts(o.net),
                                   .graph = &graph,
                                   .theta = o.theta,
                                   .raw = w->raw,
                                   .ema = w->ema};
        if (w->form->graph) rc = graph_make(&graph, o.net, &config);
        if (!rc) rc = w->form->write(&e, &file);
    }
    if (!rc) rc = write_file(w->out, &file);
    message_free(&file);
    close_all(&o);
    return rc;
}

/* Curves are a run's: 0, or -1 after error_set(). */
static int check_run(const struct request *w)
{
    char path[PATH_MAX];
    struct stat st;
    snprintf(path, sizeof path, "%s/run.h5", w->what);
    if (!stat(path, &st)) return runfile_found(path);
    return error_set("%.200s: is no folder of a run (it holds no run.h5), and events are made of one", w->what);
}

int export_main(int argc, char **argv)
{
    struct checkpoint_file *from = NULL;
    struct request w = {0};
    int rc = read_words(&w, argc, argv);
    if (rc > 0) return 0;
    if (!rc && w.form)
        rc = (from = checkpoint_find(w.what, w.best)) ? 0 : -1;
    else if (!rc)
        rc = check_run(&w);
    if (rc) {
        log_error("%s", error_text());
        return 2;
    }
    rc = w.form ? write_weights(&w, from) : export_events(w.what, w.out);
    if (rc) log_error("%s", error_text());
    return rc < 0 ? 1 : rc;
}
