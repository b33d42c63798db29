/* list.c -- `dunlin list`: environments, algorithms, networks, optimizers, one line each. */
#include "setup/list.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/words.h"
#include "learn/algo.h"
#include "learn/world.h"
#include "nn/net.h"
#include "optim/optim.h"

static const char usage[] = "dunlin list [--json]\n"
                            "  environments, algorithms, networks, optimizers, one line each: name, kind, help; in a "
                            "terminal as many as it takes\n";

struct item {
    const char *name, *kind, *help;
};

static struct json *json; /* where the items go, if not to people */

/* One line, for scripts; in a terminal as many as it takes. */
static void print_item(const struct item *item)
{
    enum { HELP_AT = 36, LEAST = 60 };
    struct winsize size = {0};
    char line[640];
    if (json) {
        json_object(json, NULL);
        json_text(json, "name", item->name);
        json_text(json, "kind", item->kind);
        json_text(json, "help", item->help);
        json_end(json);
        return;
    }
    const bool seen = isatty(STDOUT_FILENO), known = seen && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    const int columns = known && size.ws_col ? size.ws_col : TEXT_WIDTH;
    snprintf(line, sizeof line, "%-22s %-12s %s", item->name, item->kind, item->help);
    text_wrapped(stdout, line, HELP_AT, !seen ? INT_MAX : columns < LEAST ? LEAST : columns);
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

static void print_networks(void)
{
    struct item item = {.kind = "network"};
    for (int i = 0; (item.name = net_usage(i, &item.help)); i++) print_item(&item);
}

static void print_optimizers(void)
{
    for (int i = 0; optim_row(i); i++)
        if (optim_row(i)->help) print_item(&(struct item){optim_row(i)->name, "optimizer", optim_row(i)->help});
}

int list_main(int argc, char **argv)
{
    bool as_json = false;
    struct json text = {.out = stdout};
    const struct word rows[] = {{"--json", .flag = &as_json}};
    const struct words words = {.usage = usage,
                                .rows = rows,
                                .row_count = 1,
                                .unknown = {"list: found '", "'; allowed: `dunlin list` alone, or with --json"}};
    const int rc = words_read(&words, argc, argv);
    if (rc > 0) return 0;
    if (rc) {
        log_error("%s", error_text());
        return 2;
    }
    if (as_json) json_array(json = &text, NULL);
    for (int i = 0; world_env(i); i++) print_environment(world_env(i));
    print_algorithms();
    print_networks();
    print_optimizers();
    if (json) json_end(json);
    json = NULL;
    return 0;
}
