/* options_file.c -- see options_file.h. */
#include "store/options_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dunlin/version.h"
#include "store/seal.h"

enum { LINE_MOST = 197, COMMENT_AT = 40 }; /* bytes that a line of an INI file may have (base/options_read.c) */

/* Whose folders these are, and what becomes of what is in them, the start says anew: curves of two runs in one folder
 * would mix. */
static bool of_folder(const char *key)
{
    return !strcmp(key, "out") || !strcmp(key, "force") || !strcmp(key, "or-resume") || !strcmp(key, "tensorboard");
}

/* Does another option say it already? Both are refused. */
static bool follows(const struct options *values, const char *key)
{
    return values->eps_share > 0 && !strcmp(key, "eps-frames");
}

/* Puts quotes around what would lose something without. */
static void quote(const char *value, char *text, size_t size)
{
    const size_t n = strlen(value);
    const bool bare = n && !strpbrk(value, "#;\"'") && value[0] != ' ' && value[n - 1] != ' ';
    const char *mark = bare ? "" : strchr(value, '"') ? "'" : "\"";
    snprintf(text, size, "%s%s%s", mark, value, mark);
}

static void put_option(FILE *out, const struct option_set *set, int i, int actors)
{
    char value[OPTION_TEXT], text[OPTION_TEXT + 2], line[2 * OPTION_TEXT];
    const bool counted = !strcmp(option_key(i), "actors");
    options_format(&set->values, i, value, sizeof value);
    if (counted) snprintf(value, sizeof value, "%d", actors);
    quote(value, text, sizeof text);
    const size_t n = (size_t)snprintf(line, sizeof line, "%s = %s", option_key(i), text);
    const bool both = strchr(value, '"') && strchr(value, '\'');
    if (n > LINE_MOST || both)
        fprintf(out, "# %.20s: not for an INI file; give --%s on the command line\n", option_key(i), option_key(i));
    else if (n > COMMENT_AT + 20 || counted)
        fprintf(out, "%s\n", line);
    else
        fprintf(out, "%-*s # %s\n", COMMENT_AT, line, option_origin_name(set->origin[i]));
}

int options_file_write(const char *dir, const struct option_set *set, int actors)
{
    char *bytes = NULL;
    size_t n = 0;
    int before = -1;
    FILE *out = open_memstream(&bytes, &n);
    if (!out) return error_set("no memory to write " OPTIONS_FILE);
    fprintf(out,
            "# What this run uses (dunlin %s); behind each value where it came from. Again, elsewhere:\n"
            "#   dunlin train " OPTIONS_FILE " --out FOLDER\n",
            DUNLIN_VERSION);
    for (int i = 0; i < option_count(); i++) {
        if (of_folder(option_key(i)) || follows(&set->values, option_key(i))) continue;
        const int group = (int)option_group(i);
        if (group != before) fprintf(out, "\n[%s]\n", option_group_name(group));
        before = group;
        put_option(out, set, i, actors);
    }
    const int failed = ferror(out);
    int rc = fclose(out) || failed ? error_set("no memory to write " OPTIONS_FILE) : 0;
    if (!rc) rc = file_replace(dir, OPTIONS_FILE, &(struct file_part){bytes, n}, 1, false);
    free(bytes);
    return rc;
}
