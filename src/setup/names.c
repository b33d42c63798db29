/* names.c -- the names that options take from tables of other rooms (base/options.h declares it). */
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "learn/algo.h"

const char *option_names(const char *key)
{
    static char algos[512];
    if (strcmp(key, "algo")) return "";
    if (!*algos)
        for (int i = 0; algo_at(i); i++) {
            const size_t used = strlen(algos);
            snprintf(algos + used, sizeof algos - used, "%s%s", i ? "|" : "", algo_at(i)->name);
        }
    return algos;
}
