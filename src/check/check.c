/* check.c -- `dunlin check`: its words, and the order of what is looked at. */
#include "check/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/words.h"
#include "check/game.h"
#include "check/judge.h"
#include "check/replay.h"
#include "check/say.h"
#include "check/watch.h"
#include "learn/agent.h"
#include "setup/setup.h"

enum { REPLAY_LEAST = 30, REPLAY_MOST = 2000, REPLAY_SHARE = 60, USAGE = 2 };

static const char usage[] = "dunlin check ENV [--episodes N] [--seconds S] [--seed S] [--patience S]\n"
                            "  plays an environment at random, and says in a line each what is ok, doubtful\n"
                            "  or wrong: what it writes, its numbers, episodes, limits and ends, whether the\n"
                            "  same seed plays the same episode and a saved state goes on, the size of\n"
                            "  rewards and observations, speed and memory. At least N (20) episodes, for at\n"
                            "  most S (60) seconds; a call that takes --patience (60) seconds hangs.\n"
                            "  ENV: NAME, FAMILY:NAME or lib:PATH.so, as of `dunlin train --env`.\n"
                            "  Status 0: it would train; 1: something is wrong; 2: it does not open.\n";

struct request {
    const char *env;
    struct check_limits limits;
    int64_t episodes, seed;
    double patience;
};

/* 0; 1 where help was asked for; -1 after error_set(). */
static int read_words(struct request *w, int argc, char **argv)
{
    *w = (struct request){.episodes = 20, .seed = 1, .patience = 60, .limits.seconds = 60};
    const struct word rows[] = {
        {"--episodes", .integer = &w->episodes, .low = 1, .high = 1e6},
        {"--seconds", .real = &w->limits.seconds, .low = 0.1, .high = 1e6},
        {"--seed", .integer = &w->seed, .low = 0, .high = 9e15},
        {"--patience", .real = &w->patience, .low = 0.1, .high = 1e6},
    };
    const struct words words = {.usage = usage,
                                .rows = rows,
                                .row_count = sizeof rows / sizeof rows[0],
                                .what = &w->env,
                                .most = 1,
                                .noun = "environment",
                                .question = "which environment? dunlin check ENV, as in `dunlin check cartpole`"};
    const int rc = words_read(&words, argc, argv);
    w->limits.episodes = w->episodes;
    w->limits.seed = (uint64_t)w->seed;
    return rc;
}

/* Would `dunlin train --env ENV` start? */
static void try_training(struct option_set *set, const char *env)
{
    static struct setup setup;
    struct agent *agent = NULL;
    options_init(set);
    snprintf(set->values.env, sizeof set->values.env, "%s", env);
    check_calls(CHECK_IN_OPEN);
    if (!setup_complete(set) && !setup_open(&setup, &set->values, true)) {
        const struct agent_config config = setup_agent_config(&setup, 1);
        check_calls(CHECK_IN_BOTH);
        agent = agent_new(&config, &setup.world, setup.net);
    }
    if (agent)
        check_say(CHECK_OK, "training", "%s, net %s: %zu parameters", set->values.algo, set->values.net,
                  setup.facts->params);
    else
        check_say(CHECK_WRONG, "training", "%s", error_text());
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

/* What takes several instances. 0, or -1 after error_set() where one does not open. */
static int look_again(const struct world *world, const struct check_game *game, const struct check_limits *limits)
{
    const double speed = game->seconds > 0 ? (double)game->steps / game->seconds : 0;
    const int steps = (int)fmin(REPLAY_MOST, fmax(REPLAY_LEAST, speed * limits->seconds / REPLAY_SHARE));
    bool repeats;
    if (game->faults[CHECK_BOUNDS]) return 0; /* what it writes over may be ours */
    if (check_replay(world, limits->seed, steps, &repeats)) return -1;
    if (check_saved(world, limits->seed, steps, repeats)) return -1;
    return check_render(world, limits->seed);
}

/* In a process of its own. Status. */
static int look(void *arg)
{
    static struct world world;
    static struct option_set set;
    static struct check_game game;
    const struct request *w = arg;
    const struct env_args args = {.training = true, .no_op_max = 30, .life_loss = true, .frame_skip = 1, .grey = true};
    check_calls(CHECK_IN_OPEN);
    if (world_open(&world, w->env, &args)) {
        log_error("%s", error_text());
        return USAGE;
    }
    check_judge_sizes(&world);
    try_training(&set, w->env);
    open_again(w->env, &world);
    int rc = check_game_play(&game, &world, &w->limits);
    if (!rc) {
        check_judge_game(&game, &w->limits, &set.values);
        rc = look_again(&world, &game, &w->limits);
    }
    if (rc) check_say(CHECK_WRONG, "instance", "%s", error_text());
    check_game_free(&game);
    return verdict();
}

int check_main(int argc, char **argv)
{
    struct request w;
    const int rc = read_words(&w, argc, argv);
    if (rc > 0) return 0;
    if (!rc) return check_watch(look, &w, w.patience);
    log_error("%s", error_text());
    return USAGE;
}
