/* resume_words.c -- see resume_words.h. */
#include "base/resume_words.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

bool resume_names_code(const char *env)
{
    return (!strncmp(env, "lib:", 4) && env[4]) || (!strncmp(env, "gym:", 4) && strpbrk(env + 4, ":?"));
}

const char *resume_words(const char *dir, const char *env, const char *python, char *text, size_t size)
{
    char typed[3][2 * OPTION_TEXT] = {"", "", ""}, at[OPTION_TEXT + 4];
    const bool code = resume_names_code(env);
    snprintf(at, sizeof at, "%s%s", *dir == '-' ? "./" : "", dir); /* else it would be read as an option */
    if (code) text_typed(env, typed[1], sizeof typed[1]);
    if (*python) text_typed(python, typed[2], sizeof typed[2]);
    snprintf(text, size, "dunlin resume %s%s%s%s%s", text_typed(at, typed[0], sizeof typed[0]), code ? " --env " : "",
             typed[1], *python ? " --python " : "", typed[2]);
    return text;
}
