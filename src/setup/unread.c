/* unread.c -- see unread.h. */
#include "setup/unread.h"

#include <stdio.h>
#include <string.h>

static bool has_policy(const struct setup *s)
{
    return s->algo->heads == NET_HEADS_POLICY_V;
}

static bool clips(const struct setup *s)
{
    return has_policy(s) && s->options->epochs > 1;
}

static bool explores(const struct setup *s)
{
    return algo_explores(s->algo);
}

static bool falls_by_frames(const struct setup *s)
{
    return !explores(s) || s->options->eps_share <= 0;
}

static bool has_target(const struct setup *s)
{
    return s->algo->has_target;
}

static bool replays(const struct setup *s)
{
    return s->algo->replay;
}

static bool is_rmsprop(const struct setup *s)
{
    return strstr(s->options->optimizer, "rmsprop");
}

static bool is_momentum(const struct setup *s)
{
    return !strcmp(s->options->optimizer, "momentum-sgd");
}

static bool is_adam(const struct setup *s)
{
    return !strcmp(s->options->optimizer, "adam");
}

static bool counts_lag(const struct setup *s)
{
    return s->options->lag_scale == LAG_COUNT;
}

static bool is_continuous(const struct setup *s)
{
    return s->world.spec.action_dim > 0;
}

static bool starts_by_seed(const struct setup *s)
{
    return !*s->options->init_from;
}

/* Has the start a log sigma that is free, and no file to take it from? */
static bool starts_with_sigma(const struct setup *s)
{
    return s->options->sigma == SIGMA_FREE && starts_by_seed(s);
}

static bool starts_with_lstm(const struct setup *s)
{
    return s->options->lstm > 0 && starts_by_seed(s);
}

static bool evaluates(const struct setup *s)
{
    return s->options->eval_every > 0;
}

static bool is_deterministic(const struct setup *s)
{
    return s->options->deterministic;
}

/* Is the environment of that family, or a library, which reads what it likes of env_args. */
static bool is_of(const struct setup *s, const char *family)
{
    const char *env = s->options->env;
    return !strncmp(env, family, strlen(family)) || !strncmp(env, "lib:", 4);
}

static bool is_atari(const struct setup *s)
{
    return is_of(s, "atari:");
}

static bool is_gym(const struct setup *s)
{
    return is_of(s, "gym:");
}

/* Options that no other check refuses where they do nothing. */
static const struct {
    const char *key, *whose;
    bool (*read)(const struct setup *s);
} rows[] = {
    {"gae", "of a3c", has_policy},
    {"value-coef", "of a3c", has_policy},
    {"entropy", "of a3c", has_policy},
    {"norm-adv", "of a3c", has_policy},
    {"ppo-clip", "of epochs above 1", clips},
    {"eps-final", "of Q methods", explores},
    {"eps-frames", "of Q methods", explores},
    {"eps-frames", "of eps-share 0", falls_by_frames},
    {"eps-share", "of Q methods", explores},
    {"eval-eps", "of Q methods", explores},
    {"target-every", "of Q methods", has_target},
    {"memory", "of dqn", replays},
    {"replay-start", "of dqn", replays},
    {"batch", "of dqn", replays},
    {"rms-decay", "of RMSProp", is_rmsprop},
    {"rms-eps", "of RMSProp", is_rmsprop},
    {"rms-start", "of RMSProp", is_rmsprop},
    {"momentum", "of momentum-sgd", is_momentum},
    {"adam-beta1", "of adam", is_adam},
    {"adam-beta2", "of adam", is_adam},
    {"adam-eps", "of adam", is_adam},
    {"lag-unit", "of lag-scale count", counts_lag},
    {"sigma", "of continuous actions", is_continuous},
    {"log-sigma", "of sigma free without init-from", starts_with_sigma},
    {"init", "of a start without init-from", starts_by_seed},
    {"forget-bias", "of lstm without init-from", starts_with_lstm},
    {"eval-episodes", "of eval-every above 0", evaluates},
    {"eval-seconds", "of eval-every above 0", evaluates},
    {"no-op-max", "of Atari", is_atari},
    {"sticky", "of Atari", is_atari},
    {"life-loss", "of Atari", is_atari},
    {"env-timeout", "of gym:", is_gym},
    {"python", "of gym:", is_gym},
    {"frame-skip", "of gym:", is_gym},
    {"grey", "of gym:", is_gym},
    {"log-frames", "of deterministic", is_deterministic},
};

/* The defaults that the environment brings for the algorithm: the options.ini of a run says them all. */
static struct option_set of_env(const struct option_set *set)
{
    struct option_set brought;
    const char *arg;
    options_init(&brought);
    memcpy(brought.values.algo, set->values.algo, sizeof brought.values.algo);
    const struct env_ops *ops = world_find(set->values.env, &arg);
    if (ops) options_apply_env(&brought, ops, arg);
    return brought;
}

int setup_unread(const struct setup *setup, const struct option_set *set, char *text, size_t size)
{
    struct option_set defaults, brought;
    options_init(&defaults);
    brought = of_env(set);
    int count = 0;
    size_t at = 0;
    if (size) *text = '\0';
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const int i = option_find(rows[r].key);
        if (set->origin[i] < ORIGIN_FILE || rows[r].read(setup)) continue;
        if (options_same(i, &set->values, &defaults.values) || options_same(i, &set->values, &brought.values)) continue;
        if (at < size)
            at += (size_t)snprintf(text + at, size - at, "%s%s (%s)", at ? ", " : "", rows[r].key, rows[r].whose);
        count++;
    }
    return count;
}
