/* list.c -- `dunlin list`: environments, algorithms, networks, optimizers, one line each. */
#include "setup/list.h"

#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/words.h"
#include "learn/world.h"

static const char usage[] =
    "dunlin list\n  environments, algorithms, networks, optimizers, one line each: name, kind, help\n";

struct item {
    const char *name, *kind, *help;
};

/* The names are those that --algo, --net and --optimizer take. */
static const struct item items[] = {
    {"a3c", "algorithm", "advantage actor-critic: policy and value from one network, no target network"},
    {"n-step-q", "algorithm", "Q-learning with n-step returns, forward view, target network"},
    {"one-step-q", "algorithm", "Q-learning, off-policy, target network"},
    {"one-step-sarsa", "algorithm", "Sarsa, on-policy, target network"},
    {"mlp[:64,64]", "network", "dense layers with ReLU; the numbers are their widths"},
    {"small", "network", "conv 16 8x8/4, conv 32 4x4/2, dense 256; for 84x84 pictures (Mnih et al. 2013)"},
    {"nature", "network", "conv 32 8x8/4, conv 64 4x4/2, conv 64 3x3/1, dense 512 (Mnih et al. 2015)"},
    {"shared-rmsprop", "optimizer", "RMSProp with one mean square for all actors"},
    {"rmsprop", "optimizer", "RMSProp with a mean square per actor"},
    {"momentum-sgd", "optimizer", "gradient descent with a momentum per actor"},
};

static void print_item(const struct item *item)
{
    printf("%-15s %-12s %s\n", item->name, item->kind, item->help);
}

static void print_environment(const struct env_ops *ops)
{
    char help[512];
    snprintf(help, sizeof help, ops->not_learned_by ? "%s (not learned by: %s)" : "%s", ops->help, ops->not_learned_by);
    print_item(&(struct item){ops->name, "environment", help});
}

int list_main(int argc, char **argv)
{
    const struct words words = {.usage = usage, .unknown = {"list: found '", "'; allowed: `dunlin list` alone"}};
    const int rc = words_read(&words, argc, argv);
    if (rc > 0) return 0;
    if (rc) {
        log_error("%s", error_text());
        return 2;
    }
    for (int i = 0; world_env(i); i++) print_environment(world_env(i));
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) print_item(&items[i]);
    return 0;
}
