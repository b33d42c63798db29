/* names.c -- see names.h. */
#include "view/names.h"

#include <stdio.h>
#include <string.h>

static bool same_env(const struct settings *a, const struct settings *b)
{
    return !strcmp(a->values.env, b->values.env);
}

void names_differ(const struct settings *const *all, int count, bool *differ)
{
    memset(differ, 0, (size_t)settings_count() * sizeof *differ);
    for (int k = 1; k < count; k++) {
        int first = 0; /* of its environment */
        while (!same_env(all[first], all[k])) first++;
        for (int i = 0; i < settings_count(); i++)
            differ[i] |= strcmp(settings_key(i), "seed") && !settings_same(i, all[first], all[k]);
        differ[option_find("env")] |= !same_env(all[0], all[k]);
    }
}

static bool named(const bool *differ, int i)
{
    return differ[i] && strcmp(settings_key(i), "env") != 0;
}

int names_count(const bool *differ)
{
    int n = 0;
    for (int i = 0; i < settings_count(); i++) n += named(differ, i);
    return n;
}

void names_by_settings(const struct settings *s, const bool *differ, char *text, size_t size)
{
    size_t n = 0;
    *text = 0;
    for (int i = 0; i < settings_count() && n < size; i++) {
        char value[OPTION_TEXT];
        if (!named(differ, i)) continue;
        const bool plain = !strcmp(settings_key(i), "algo"); /* its words speak for themselves */
        n += (size_t)snprintf(text + n, size - n, "%s%s%s%s", n ? ", " : "", plain ? "" : settings_title(i),
                              plain ? "" : " ", settings_text(s, i, value, sizeof value));
    }
}

void names_title(const struct settings *const *all, int count, char *text, size_t size)
{
    bool env = true, algo = true;
    for (int k = 1; k < count; k++) {
        env &= !strcmp(all[k]->values.env, all[0]->values.env);
        algo &= !strcmp(all[k]->values.algo, all[0]->values.algo);
    }
    const struct options *o = &all[0]->values;
    snprintf(text, size, "%s%s%s", env ? o->env : "", env && algo ? " by " : "", algo ? o->algo : "");
}
