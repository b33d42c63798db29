/* contract_env.cpp -- an environment plug-in in C++ for tests of the contract; lib:PATH.so:ARG says what of it:
 * "floats": three stacked vectors, two indices an action; "colour": RGB pictures, stacked; "fails": each 25th
 * step cannot be done; "dead": none can; "post": a step answers 1 where its action was posted, and those of all
 * instances before the first of them stepped. */
#include <cstdio>
#include <cstring>
#include <string>

#include "dunlin/env.h"

namespace
{
enum { SIDE = 32, EPISODE = 10 };

struct walk {
    int t, target, wrote;
    bool failed, posted;
    int action;
};

std::string mode;
int waiting; /* posts that no step has answered */
const int choices[] = {2, 3};

int begin(env_spec *spec, const env_args *args, char *err, size_t size)
{
    mode = args->arg;
    if (mode == "floats") {
        spec->obs_dim = 2;
        spec->stack = 3;
        spec->num_components = 2;
        spec->component_actions = choices;
    } else if (mode == "colour") {
        spec->obs_kind = ENV_OBS_PICTURE;
        spec->height = spec->width = SIDE;
        spec->planes = 3;
        spec->stack = 2;
        spec->num_actions = 2;
    } else if (mode == "fails" || mode == "dead" || mode == "post") {
        spec->obs_dim = 2;
        spec->num_actions = 2;
    } else {
        std::snprintf(err, size, "no variant \"%s\"", args->arg);
        return -1;
    }
    spec->max_steps = EPISODE;
    spec->state_size = sizeof(walk);
    return 0;
}

void show(walk *w, rng *chance, void *obs)
{
    w->target = rng_below(chance, 2);
    if (mode == "colour") {
        uint8_t *picture = static_cast<uint8_t *>(obs);
        for (int i = 0; i < SIDE * SIDE; i++)
            for (int p = 0; p < 3; p++) picture[3 * i + p] = static_cast<uint8_t>(p == w->target ? 255 : 20 * p);
        return;
    }
    const float x[] = {static_cast<float>(w->target), 1};
    std::memcpy(obs, x, sizeof x);
}

void reset(void *state, rng *chance, void *obs)
{
    walk *w = static_cast<walk *>(state);
    w->t = 0;
    w->failed = mode == "dead";
    show(w, chance, obs);
}

void post(void *state, env_action action)
{
    walk *w = static_cast<walk *>(state);
    w->posted = true;
    w->action = action.index;
    waiting++;
}

env_step step(void *state, rng *chance, env_action action, void *obs)
{
    static int steps = 0;
    walk *w = static_cast<walk *>(state);
    env_step s{};
    s.reward = mode == "floats" ? (action.indices[0] == w->target) + (action.indices[1] == 2 * w->target)
                                : action.index == w->target;
    if (mode == "post") {
        static int of_round = 0;
        if (of_round == 0) of_round = waiting;
        s.reward = w->posted && w->action == action.index && of_round == 2;
        if (--waiting == 0) of_round = 0;
    }
    w->posted = false;
    w->failed = mode == "dead" || (mode == "fails" && ++steps % 25 == 0);
    s.terminated = ++w->t == EPISODE;
    show(w, chance, obs);
    return s;
}

const char *failure(void *state)
{
    return static_cast<walk *>(state)->failed ? "its game has ended by itself" : nullptr;
}

const env_default defaults[] = {{nullptr, "eval-every", "0"},
                                {nullptr, "gamma", "0.5"},
                                {nullptr, "lr", "0.01"},
                                {nullptr, "rms-eps", "1e-3"},
                                {nullptr, nullptr, nullptr}};

env_ops table()
{
    env_ops ops{};
    ops.api = DUNLIN_ENV_API;
    ops.name = "contract";
    ops.help = "for tests";
    ops.defaults = defaults;
    ops.plain_state = true;
    ops.open = begin;
    ops.reset = reset;
    ops.step = step;
    ops.post = post;
    ops.failure = failure;
    return ops;
}
} /* namespace */

const struct env_ops dunlin_env = table();
