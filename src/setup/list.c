/* list.c -- `dunlin list`: environments, algorithms, networks, optimizers, one line each. */
#include "setup/list.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "learn/algo.h"
#include "learn/world.h"

struct item {
    const char *name, *kind, *help;
};

/* The names are those that --net and --optimizer take. */
static const struct item items[] = {
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

/* In alphabetical order. */
static void print_algorithms(void)
{
    for (const char *before = ""; before;) {
        const struct algo_ops *next = NULL;
        for (int i = 0; algo_at(i); i++)
            if (strcmp(algo_at(i)->name, before) > 0 && (!next || strcmp(algo_at(i)->name, next->name) < 0))
                next = algo_at(i);
        if (next) print_item(&(struct item){next->name, "algorithm", next->help});
        before = next ? next->name : NULL;
    }
}

int list_main(int argc, char **argv)
{
    if (argc > 0 && !strcmp(argv[0], "--help")) {
        printf("dunlin list\n  environments, algorithms, networks, optimizers, one line each: name, kind, help\n");
        return 0;
    }
    if (argc > 0) {
        log_error("list: found '%.80s'; allowed: `dunlin list` alone", argv[0]);
        return 2;
    }
    for (int i = 0; world_env(i); i++) print_environment(world_env(i));
    print_algorithms();
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) print_item(&items[i]);
    return 0;
}
