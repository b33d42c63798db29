/* world_names.c -- see world_names.h. */
#include "learn/world_names.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../../env/roms.h"
#include "base/option_names.h"

enum { NAME = 96 };

/* Takes `end` off the end of text; was it there? */
static bool cut(char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    if (n <= m || strcmp(text + n - m, end) != 0) return false;
    text[n - m] = '\0';
    return true;
}

/* Takes -vN off the end of text; was it there? */
static bool cut_version(char *text)
{
    char *version = strrchr(text, '-');
    if (!version || version == text || version[1] != 'v' || !version[2]) return false;
    if (version[2 + strspn(version + 2, "0123456789")]) return false;
    *version = '\0';
    return true;
}

/* "SpaceInvaders", "space-invaders" -> "space_invaders" */
static void snake(const char *id, char game[NAME])
{
    size_t n = 0;
    for (const char *c = id; *c && n + 3 < NAME; c++) {
        if (isupper((unsigned char)*c) && n && game[n - 1] != '_') game[n++] = '_';
        game[n++] = *c == '-' || *c == ' ' ? '_' : (char)tolower((unsigned char)*c);
    }
    game[n] = '\0';
}

/* The game, by its name with all _ aside: ids have DoubleDunk and Jamesbond, the files double_dunk and jamesbond. */
static const char *game_of(const char *name)
{
    for (size_t i = 0; i < sizeof ROMS / sizeof ROMS[0]; i++) {
        const char *a = ROMS[i].game, *b = name;
        for (;; a++, b++) {
            while (*a == '_') a++;
            while (*b == '_') b++;
            if (*a != *b || !*a) break;
        }
        if (!*a && !*b) return ROMS[i].game;
    }
    return NULL;
}

const char *world_names_advice(const char *name, const char *(*known)(int i), char *text, size_t size)
{
    char id[NAME], game[NAME];
    const char *given = !strncmp(name, "ALE/", 4) ? name + 4 : name;
    snprintf(id, sizeof id, "%s", given);
    const bool version = cut_version(id);
    const char *ours = option_names_env(id), *nearest = ours ? NULL : option_names_nearest(id, known);
    while (cut(id, "-ram") || cut(id, "NoFrameskip") || cut(id, "Deterministic")) {}
    snake(id, game);
    const char *rom = ours ? NULL : game_of(game);
    text[0] = '\0';
    if (rom)
        snprintf(text, size, "; here it is atari:%s", rom);
    else if (ours && version)
        snprintf(text, size, "; here it is %s, or gym:%.80s as Gymnasium has it", ours, name);
    else if (ours)
        snprintf(text, size, "; here it is %s", ours);
    else if (version)
        snprintf(text, size, "; as Gymnasium has it: gym:%.80s", name);
    else if (nearest)
        snprintf(text, size, "; the nearest is %s", nearest);
    return text;
}
