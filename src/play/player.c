/* player.c -- see player.h. */
#include "play/player.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/left.h"
#include "base/log.h"
#include "base/memory.h"
#include "store/checkpoint.h"
#include "store/weights.h"

int player_read_env(const char *key, const char *value, void *to)
{
    if (!value || !(world_library(value) || world_python(value)))
        return error_set("%s %.200s: lib:PATH.so is allowed, for a run whose environment is a library, and so are "
                         "gym:FILE.py:FUNCTION, gym:MODULE:ID and gym:ID?key=value; others are named in the checkpoint",
                         key, value ? value : "(nothing)");
    *(const char **)to = value;
    return 0;
}

int player_check(const struct player_words *w)
{
    if (!w->greedy || !(w->epsilon > 0)) return 0;
    return error_set("both --greedy and --eval-eps %g were given; allowed: one of them, or --eval-eps 0, which a Q "
                     "method's --greedy is",
                     w->epsilon);
}

/* The library that is named, which may lie in another folder; of what else differs a line tells. 0, or -1 after
 * error_set(). */
static int choose_library(struct player *p, const char *env)
{
    static struct options named;
    char *const stored = p->set.values.env, *const whole = named.env;
    if (setup_library_named(p->path, stored, env)) return -1;
    if (!env) return 0;
    if (!world_library(stored) && !world_python(stored))
        return error_set("%s: its environment is %s, which needs no library; leave --env out", p->path, stored);
    if (world_python(stored) != world_python(env))
        return error_set("%s: its environment is %s, and --env names %.200s, of another kind: name the one it "
                         "was trained on",
                         p->path, stored, env);
    if (world_whole_name(env, whole, sizeof named.env)) return -1;
    if (!options_same(option_find("env"), &named, &p->set.values))
        log_root("plays %s; it was trained on %s", whole, stored);
    memcpy(stored, whole, sizeof named.env);
    return 0;
}

/* What of a checkpoint playing needs: its options, and theta in a net that fits. As player_open(). */
static int load(struct player *p, struct checkpoint_file *f, const struct player_words *w)
{
    options_init(&p->set);
    if (checkpoint_read_options(f, &p->set)) return 1;
    if (choose_library(p, w->env)) return 2;
    if (w->python) snprintf(p->set.values.python, sizeof p->set.values.python, "%s", w->python);
    int rc = setup_open(&p->setup, &p->set.values, false);
    if (!rc && w->epsilon >= 0 && !algo_explores(p->setup.algo))
        log_root("note: --eval-eps is of Q methods, and changes nothing of %s", p->set.values.algo);
    if (!rc) {
        p->theta = memory_floats(p->setup.facts->params);
        if (weights_of_checkpoint(f, w->ema, p->setup.net, p->theta)) return 2;
    }
    return rc ? 1 : 0;
}

int player_open(struct player *p, const struct player_words *w)
{
    memset(p, 0, sizeof *p);
    struct checkpoint_file *f = checkpoint_find(w->what, w->best);
    if (!f) return 2;
    int rc = 2;
    if ((size_t)snprintf(p->path, sizeof p->path, "%s", checkpoint_path(f)) < sizeof p->path)
        rc = load(p, f, w);
    else
        error_set("%.200s...: the name is too long", checkpoint_path(f));
    checkpoint_close(&f);
    return rc;
}

void player_close(struct player *p)
{
    free(p->theta);
    p->theta = NULL;
    setup_close(&p->setup);
}

int player_watched(const struct player_words *w, int (*play)(void *arg), void *arg, size_t bytes)
{
    const double most = w->seconds > 0 ? w->seconds + fmin(60, 5 + 10 * w->seconds) : 0;
    const struct watched watched = {.what = "playing", .most = most};
    const int rc = left_run(&watched, play, arg, bytes);
    return rc < 0 ? 1 : rc;
}

struct evaluate_config player_config(const struct player *p, const struct player_words *w)
{
    return (struct evaluate_config){.algo = p->setup.algo,
                                    .episodes = (int)w->episodes,
                                    .epsilon = w->greedy        ? 0
                                               : w->epsilon < 0 ? p->set.values.eval_eps
                                                                : w->epsilon,
                                    .greedy = w->greedy,
                                    .seconds = w->seconds,
                                    .seed = (uint64_t)w->seed};
}
