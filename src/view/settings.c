/* settings.c -- see settings.h. */
#include "view/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/runfile.h"

/* Is option i of one start, or where curves go: each seed of a comparison has a folder of its own. */
static bool says_nothing(int i)
{
    return option_of_start(i) || !strcmp(option_key(i), "tensorboard");
}

/* A line of runfile_info(): 0, or -1 after error_set(). */
static int take_line(struct settings *s, struct option_set *set, const char *key, const char *value, const char *path)
{
    int at = 0;
    if (!strcmp(key, "ranks")) s->actors = strtoll(value, NULL, 10) - 1;
    if (sscanf(key, "session-%*d-resumed_at%n", &at) == 0 && at && !key[at] && s->resumes < SETTINGS_RESUMES)
        s->resumed_at[s->resumes++] = strtoll(value, NULL, 10);
    if (!strcmp(key, "frames-budget")) key = "frames";
    for (int i = 0; i < option_count(); i++)
        if (!strcmp(key, option_key(i)) && !says_nothing(i)) return options_set(set, key, value, ORIGIN_STORED, path);
    return 0;
}

int settings_read(struct settings *s, const char *path)
{
    static struct option_set set;
    char *info = runfile_info(path), *rest = info;
    if (!info) return -1;
    options_init(&set);
    *s = (struct settings){0};
    int rc = 0;
    for (char *line; !rc && (line = strsep(&rest, "\n"));) {
        char *blank = strchr(line, ' ');
        if (!blank) continue;
        *blank = 0;
        rc = take_line(s, &set, line, blank + 1, path);
    }
    s->values = set.values;
    free(info);
    return rc;
}

int settings_count(void)
{
    return option_count() + 1;
}

const char *settings_key(int i)
{
    return i < option_count() ? option_key(i) : "actors";
}

const char *settings_title(int i)
{
    return strcmp(settings_key(i), "frames") ? settings_key(i) : "frames-budget";
}

bool settings_is_text(int i)
{
    return i < option_count() && option_is_text(i);
}

const char *settings_text(const struct settings *s, int i, char *text, size_t size)
{
    if (i < option_count())
        options_format(&s->values, i, text, size);
    else
        snprintf(text, size, "%" PRId64, s->actors);
    return text;
}

bool settings_same(int i, const struct settings *a, const struct settings *b)
{
    if (i == option_count()) return a->actors == b->actors;
    return says_nothing(i) || options_same(i, &a->values, &b->values);
}

static bool alike(const struct settings *a, const struct settings *b)
{
    for (int i = 0; i < settings_count(); i++)
        if (strcmp(settings_key(i), "seed") && !settings_same(i, a, b)) return false;
    return true;
}

int settings_group(const struct settings *const *all, int count, int *group)
{
    int groups = 0;
    for (int i = 0; i < count; i++) {
        group[i] = -1;
        for (int g = 0; g < groups && group[i] < 0; g++) {
            const struct settings *first = NULL;
            bool fits = true;
            for (int k = 0; k < i && fits; k++) {
                if (group[k] != g) continue;
                fits = all[k]->values.seed != all[i]->values.seed && (first || alike(all[k], all[i]));
                first = all[k];
            }
            if (fits) group[i] = g;
        }
        if (group[i] < 0) group[i] = groups++;
    }
    return groups;
}
