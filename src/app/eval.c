/* eval.c -- `dunlin eval`: whole games with stored weights, one line of `key value` pairs on stdout. */
#include "app/eval.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/setup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "learn/evaluate.h"
#include "store/checkpoint.h"

static const char usage[] = "dunlin eval RUN|CHECKPOINT [--episodes N] [--seed S] [--greedy] [--best] [--eval-eps E]\n"
                            "  plays whole games without learning and prints raw returns; of a run the newest checkpoint,\n"
                            "  with --best the weights of its best evaluation\n";

struct words {
    const char *what;
    long long episodes, seed;
    double epsilon; /* < 0: the run's eval-eps */
    bool greedy, best;
};

static int read_number(const char *key, const char *text, double low, double high, double *value)
{
    char *end = NULL;
    if (text) *value = strtod(text, &end);
    if (!text || end == text || *end || !(*value >= low && *value <= high))
        return error_set("%s %s: a number from %g to %g is wanted", key, text ? text : "(nothing)", low, high);
    return 0;
}

static int read_words(struct words *w, int argc, char **argv)
{
    *w = (struct words){.episodes = 100, .seed = 1, .epsilon = -1};
    for (int i = 0; i < argc; i++) {
        double v = 0;
        const char *key = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(key, "--greedy")) w->greedy = true;
        else if (!strcmp(key, "--best")) w->best = true;
        else if (!strcmp(key, "--episodes")) {
            if (read_number(key, next, 1, 1e6, &v)) return -1;
            w->episodes = (long long)v, i++;
        } else if (!strcmp(key, "--seed")) {
            if (read_number(key, next, 0, 9e15, &v)) return -1;
            w->seed = (long long)v, i++;
        } else if (!strcmp(key, "--eval-eps")) {
            if (read_number(key, next, 0, 1, &w->epsilon)) return -1;
            i++;
        } else if (key[0] == '-') return error_set("unknown option %s; allowed: --episodes --seed --greedy --best --eval-eps", key);
        else if (w->what) return error_set("one run or checkpoint at a time: %s and %s were given", w->what, key);
        else w->what = key;
    }
    if (!w->what) return error_set("which run or checkpoint? %s", "dunlin eval RUN|CHECKPOINT [--episodes N]");
    return 0;
}

/* What of a checkpoint playing needs: its options, and theta in a net that fits. 0, or -1 after error_set(). */
static int load(const char *path, struct option_set *set, struct setup *setup, float **theta)
{
    struct checkpoint_file *f = checkpoint_open(path);
    if (!f) return -1;
    options_init(set);
    int rc = checkpoint_read_options(f, set);
    if (!rc) rc = setup_open(setup, &set->values, false);
    if (!rc) {
        *theta = memory_floats(setup->facts->params);
        rc = checkpoint_read_tensors(f, "params", setup->net, *theta);
        if (rc > 0) rc = error_set("%s: there is no group /params", path);
    }
    checkpoint_close(&f);
    return rc;
}

int eval_main(int argc, char **argv)
{
    static struct option_set set;
    struct words w;
    struct setup setup = {0};
    struct evaluate_result r;
    float *theta = NULL;
    char path[OPTION_TEXT + 64];
    if (argc == 1 && !strcmp(argv[0], "--help")) return fputs(usage, stdout) < 0;
    if (read_words(&w, argc, argv) || checkpoint_resolve(w.what, w.best, path, sizeof path)) {
        log_error("%s", error_text());
        return 2;
    }
    int rc = load(path, &set, &setup, &theta);
    if (!rc) {
        const struct evaluate_config config = {.algo = setup.algo,
                                               .episodes = (int)w.episodes,
                                               .epsilon = w.epsilon < 0 ? set.values.eval_eps : w.epsilon,
                                               .greedy = w.greedy,
                                               .seed = (uint64_t)w.seed};
        rc = evaluate_run(&config, &setup.world, setup.net, theta, NULL, &r);
    }
    if (rc) log_error("%s", error_text());
    else
        printf("episodes %d mean %.6g median %.6g std %.6g min %.6g max %.6g frames %lld policy %s\n", r.episodes, r.mean,
               r.median, r.std, r.min, r.max, (long long)r.frames,
               setup.algo != ALGO_A3C ? "epsilon-greedy" : w.greedy ? "greedy" : "sampled");
    free(theta);
    setup_close(&setup);
    return rc ? 1 : 0;
}
