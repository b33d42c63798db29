/* names.c -- the names that options take from tables of other rooms (base/options.h declares it). */
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "learn/algo.h"
#include "optim/optim.h"

enum { ROOM = 512 };

static void add(char text[ROOM], const char *name)
{
    const size_t used = strlen(text);
    snprintf(text + used, ROOM - used, "%s%s", used ? "|" : "", name);
}

const char *option_names(const char *key)
{
    static char algos[ROOM], optimizers[ROOM];
    const bool known = *algos;
    for (int i = 0; !known && algo_at(i); i++) add(algos, algo_at(i)->name);
    for (int i = 0; !known && optim_row(i); i++)
        if (optim_row(i)->help) add(optimizers, optim_row(i)->name);
    return !strcmp(key, "algo") ? algos : !strcmp(key, "optimizer") ? optimizers : "";
}
