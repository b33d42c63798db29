/* check.c -- `dunlin check`: its words, and the order of what is looked at. */
#include "check/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/words.h"
#include "check/game.h"
#include "check/judge.h"
#include "check/replay.h"
#include "check/say.h"
#include "check/watch.h"
#include "learn/agent.h"
#include "setup/setup.h"

enum { REPLAY_LEAST = 30, REPLAY_MOST = 2000, REPLAY_SHARE = 60, USAGE = 2 };

static const char usage[] = "dunlin check ENV [--episodes N] [--seconds S] [--seed S] [--patience S] [...]\n"
                            "  plays an environment at random, and says in a line each what is ok, doubtful\n"
                            "  or wrong: what it writes, its numbers, episodes, limits and ends, whether the\n"
                            "  same seed plays the same episode and a saved state goes on, the size of\n"
                            "  rewards and observations, speed and memory. At least N (20) episodes, for at\n"
                            "  most S (60) seconds; a call that takes --patience (60) seconds hangs.\n"
                            "  ENV: NAME, FAMILY:NAME, lib:PATH.so or gym:ID, as of `dunlin train --env`,\n"
                            "  or a FILE.ini that names it. It is opened by the options of training, which\n"
                            "  are taken, too: --python P, --frame-skip N, --env-timeout S, --algo A, --net N.\n"
                            "  Status 0: it would train; 1: something is wrong; 2: it does not open.\n";

struct request {
    struct option_set set; /* of training */
    struct check_limits limits;
    int64_t episodes, seed;
    double patience;
};

/* What is left over are training's: the environment, and what opens it. 0, or -1 after error_set(). */
static int read_training(struct option_set *set, int argc, char **argv)
{
    const char *env = NULL;
    const int key = option_find("env");
    options_init(set);
    if (options_read_args(set, argc, argv, &env)) return -1;
    if (env && set->origin[key] == ORIGIN_COMMAND)
        return error_set("one environment at a time: %.200s and %.200s were given", set->values.env, env);
    if (env) return options_set(set, "env", env, ORIGIN_COMMAND, "environment");
    if (set->origin[key] != ORIGIN_DEFAULT) return 0;
    return error_set("which environment? dunlin check ENV, as in `dunlin check cartpole`");
}

/* 0; 1 where help was asked for; -1 after error_set(). */
static int read_words(struct request *w, int argc, char **argv)
{
    w->limits.seconds = 60;
    w->episodes = 20, w->seed = 1, w->patience = 60;
    char **rest = memory_new((size_t)argc + 1, sizeof *rest);
    int rest_count = 0;
    const struct word rows[] = {
        {"--episodes", .integer = &w->episodes, .low = 1, .high = 1e6},
        {"--seconds", .real = &w->limits.seconds, .low = 0.1, .high = 1e6},
        {"--seed", .integer = &w->seed, .low = 0, .high = 9e15},
        {"--patience", .real = &w->patience, .low = 0.1, .high = 1e6},
    };
    const struct words words = {.usage = usage,
                                .rows = rows,
                                .row_count = sizeof rows / sizeof rows[0],
                                .rest = rest,
                                .rest_count = &rest_count};
    int rc = words_read(&words, argc, argv);
    if (!rc) rc = read_training(&w->set, rest_count, rest);
    free(rest);
    w->limits.episodes = w->episodes;
    w->limits.seed = (uint64_t)w->seed;
    return rc;
}

/* Would `dunlin train --env ENV` start? fault: NULL, or what its options lack. */
static void try_training(struct option_set *set, const char *fault)
{
    static struct setup setup;
    struct agent *agent = NULL;
    check_calls(CHECK_IN_OPEN);
    if (!fault && !setup_open(&setup, &set->values, true)) {
        const struct agent_config config = setup_agent_config(&setup, 1);
        check_calls(CHECK_IN_BOTH);
        agent = agent_new(&config, &setup.world, setup.net);
    }
    if (agent)
        check_say(CHECK_OK, "training", "%s, net %s: %zu parameters", set->values.algo, set->values.net,
                  setup.facts->params);
    else
        check_say(CHECK_WRONG, "training", "%s", fault ? fault : error_text());
    check_calls(CHECK_IN_FREE);
    agent_free(&agent);
    check_calls(CHECK_IN_NONE);
    setup_close(&setup);
}

/* Evaluation opens it beside training: with the same sizes? */
static void open_again(const char *env, const struct world *world)
{
    static struct world again;
    struct env_args args = world->args;
    args.training = false;
    check_calls(CHECK_IN_OPEN);
    if (world_open(&again, env, &args))
        check_say(CHECK_WRONG, "evaluation", "%s", error_text());
    else if (world_obs_bytes(&again) != world_obs_bytes(world) || again.spec.stack != world->spec.stack ||
             again.policy.outputs != world->policy.outputs || again.policy.size != world->policy.size)
        check_say(CHECK_WRONG, "evaluation", "opened for it (training is false) it has other sizes");
    check_calls(CHECK_IN_NONE);
}

static int verdict(void)
{
    const int wrong = check_said(CHECK_WRONG), doubtful = check_said(CHECK_DOUBTFUL);
    if (wrong)
        check_say(CHECK_WRONG, "verdict", "%d wrong, %d doubtful: it would not train as it is", wrong, doubtful);
    else
        check_say(CHECK_OK, "verdict", "it would train; %d doubtful", doubtful);
    return wrong ? 1 : 0;
}

/* As `record` opens it. 0, or -1 after error_set(). */
static int look_at_render(const struct options *options, uint64_t seed)
{
    static struct world world;
    const struct env_args args = setup_env_args(options, false);
    check_calls(CHECK_IN_OPEN);
    if (world_open(&world, options->env, &args)) return -1;
    return check_render(&world, seed);
}

/* What takes several instances. 0, or -1 after error_set() where one does not open. */
static int look_again(const struct world *world, const struct check_game *game, const struct request *w)
{
    const struct check_limits *limits = &w->limits;
    const double speed = game->seconds > 0 ? (double)game->steps / game->seconds : 0;
    const int steps = (int)fmin(REPLAY_MOST, fmax(REPLAY_LEAST, speed * limits->seconds / REPLAY_SHARE));
    bool repeats;
    if (game->faults[CHECK_BOUNDS]) return 0; /* what it writes over may be ours */
    if (game->faults[CHECK_FAILED]) return 0; /* what fails repeats nothing */
    if (check_replay(world, limits->seed, steps, &repeats)) return -1;
    if (check_saved(world, limits->seed, steps, repeats)) return -1;
    return look_at_render(&w->set.values, limits->seed);
}

/* In a process of its own. Status. */
static int look(void *arg)
{
    static struct world world;
    static struct check_game game;
    struct request *w = arg;
    struct option_set *set = &w->set;
    char fault[1024] = "";
    check_calls(CHECK_IN_OPEN);
    if (setup_complete(set)) snprintf(fault, sizeof fault, "%s", error_text());
    const struct env_args args = setup_env_args(&set->values, true);
    if (world_open(&world, set->values.env, &args)) {
        log_error("%s", error_text());
        return USAGE;
    }
    check_judge_sizes(&world);
    try_training(set, fault[0] ? fault : NULL);
    open_again(set->values.env, &world);
    int rc = check_game_play(&game, &world, &w->limits);
    if (!rc) {
        check_judge_game(&game, &w->limits, &set->values);
        rc = look_again(&world, &game, w);
    }
    if (rc) check_say(CHECK_WRONG, "instance", "%s", error_text());
    check_game_free(&game);
    return verdict();
}

int check_main(int argc, char **argv)
{
    static struct request w;
    const int rc = read_words(&w, argc, argv);
    if (rc > 0) return 0;
    if (!rc) return check_watch(look, &w, w.patience);
    log_error("%s", error_text());
    return USAGE;
}
