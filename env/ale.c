/* ale.c -- finding the emulator's library and the games' files, and saying what to do where they are missing.
 *
 * The library is a foreign one that most machines lack, so it is loaded with dlopen, not linked. It ends the process at
 * a file that it cannot play; whatever can be known before is checked here.
 */
#include "ale.h"

#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/edits.h"
#include "base/library.h"
#include "base/program.h"
#include "roms.h"

#define FETCH "run/fetch-atari.sh fetches both it and the games"

enum { LOGGER_ERRORS = 2, MD5_TEXT = 33 };

/* Played by two, so that the emulator refuses a single player's action by ending the process. */
static const char *const two_players[] = {"combat", "maze_craze"};

static const struct program_folders folders = {
    .variable = "DUNLIN_ATARI_DIR", .beside = (const char *const[]){"atari", "../atari", "../lib/dunlin", NULL}};

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The loader's reason, or NULL. */
static const char *bind_functions(struct ale *ale, const char *path)
{
    const char *why;
    void *library = library_open(path, &why);
    if (!library) return why;
#define X(type, name, args)                                                                                            \
    do {                                                                                                               \
        void *const symbol = dlsym(library, #name);                                                                    \
        if (!symbol) return "it lacks the function " #name;                                                            \
        memcpy(&ale->name, &symbol, sizeof symbol); /* ISO C has no cast from an object's to a function's pointer */   \
    } while (0);
    ALE_FUNCTIONS(X)
#undef X
    ale->setLoggerMode(LOGGER_ERRORS);
    return NULL;
}

struct ale *ale_load(char *err, size_t err_size)
{
    static struct ale ale;
    static bool loaded;
    if (loaded) return &ale;
    char path[PATH_MAX + 16] = "";
    const char *set = getenv("DUNLIN_ALE_LIB");
    if (set && *set) {
        snprintf(path, sizeof path, "%s", set);
        if (!is_file(path)) {
            snprintf(err, err_size, "DUNLIN_ALE_LIB is \"%s\", which is no file; it must name libale_c.so, " FETCH,
                     path);
            return NULL;
        }
    }
    char dir[PATH_MAX];
    for (int i = 0; !path[0] && program_folder(&folders, i, dir, sizeof dir); i++) {
        if (dir[0]) snprintf(path, sizeof path, "%s/libale_c.so", dir);
        if (is_file(path)) continue;
        path[0] = '\0';
        if (i || !dir[0]) continue;
        snprintf(err, err_size, "DUNLIN_ATARI_DIR is \"%s\", where no libale_c.so lies; " FETCH " there", dir);
        return NULL;
    }
    const bool anywhere = !path[0];
    const char *reason = bind_functions(&ale, anywhere ? "libale_c.so" : path);
    if (!reason) return loaded = true, &ale;
    if (anywhere) {
        char text[400];
        program_folders_text(&folders, "", text, sizeof text);
        snprintf(err, err_size,
                 "no libale_c.so (Arcade Learning Environment) in %s; " FETCH ", or name one in DUNLIN_ALE_LIB", text);
    } else {
        snprintf(err, err_size, "%s cannot be used: %s; " FETCH, path, reason);
    }
    return NULL;
}

/* Games are named in lower case with underscores; typed names like "SpaceInvaders" or "space-invaders" come near. */
static void plain_name(const char *typed, char *name, size_t size)
{
    size_t used = 0;
    for (const char *p = typed; *p && used + 2 < size; p++) {
        if (isupper((unsigned char)*p) && p > typed && islower((unsigned char)p[-1])) name[used++] = '_';
        name[used++] = (char)(*p == '-' || *p == ' ' ? '_' : tolower((unsigned char)*p));
    }
    name[used] = '\0';
}

struct found {
    int count;
    struct {
        char name[64];
        int far;
    } near[3]; /* the nearest first */
};

/* Counts the games of `dir` and keeps those nearest to `name`; false where there is no such folder. */
static bool look_in(const char *dir, const char *name, struct found *found)
{
    DIR *d = opendir(dir);
    if (!d) return false;
    *found = (struct found){0};
    const int slots = (int)(sizeof found->near / sizeof found->near[0]);
    for (const struct dirent *e; (e = readdir(d));) {
        const size_t n = strlen(e->d_name);
        if (n < 5 || n >= sizeof found->near[0].name || strcmp(e->d_name + n - 4, ".bin") != 0) continue;
        char game[64];
        snprintf(game, sizeof game, "%.*s", (int)(n - 4), e->d_name);
        const int far = strstr(game, name) && *name ? 0 : edits_between(name, game);
        int at = found->count < slots ? found->count : slots;
        /* ties by name, for readdir has no order of its own */
        while (at > 0 && (far < found->near[at - 1].far ||
                          (far == found->near[at - 1].far && strcmp(game, found->near[at - 1].name) < 0))) {
            if (at < slots) found->near[at] = found->near[at - 1];
            at--;
        }
        if (at < slots) {
            memcpy(found->near[at].name, game, sizeof game);
            found->near[at].far = far;
        }
        found->count++;
    }
    closedir(d);
    return true;
}

/* The first folder that holds games, or -1 with a line. */
static int rom_folder(const char *name, char *dir, size_t size, struct found *found, char *err, size_t err_size)
{
    const char *set = getenv("DUNLIN_ROMS");
    if (set && *set) {
        snprintf(dir, size, "%s", set);
        if (look_in(dir, name, found) && found->count > 0) return 0;
        snprintf(err, err_size,
                 "DUNLIN_ROMS is \"%s\", where no game (*.bin) lies; it must name a folder of them; " FETCH, set);
        return -1;
    }
    char path[PATH_MAX];
    for (int i = 0; program_folder(&folders, i, path, sizeof path); i++) {
        if (!path[0]) continue;
        snprintf(dir, size, "%s/roms", path);
        if (look_in(dir, name, found) && found->count > 0) return 0;
        if (i) continue;
        snprintf(err, err_size, "DUNLIN_ATARI_DIR is \"%s\", where no game (roms/*.bin) lies; " FETCH " there", path);
        return -1;
    }
    char text[400];
    program_folders_text(&folders, "/roms", text, sizeof text);
    snprintf(err, err_size, "no games (*.bin) in %s; " FETCH ", or name a folder of them in DUNLIN_ROMS", text);
    return -1;
}

/* The whole file as text or bytes, *n of them, with a zero behind; NULL where it cannot be read. The
 * caller frees it. */
static char *slurp(const char *path, size_t *n)
{
    enum { MOST = 1 << 20 }; /* the largest cartridge has half of it */
    FILE *f = fopen(path, "rb");
    char *bytes = f ? malloc(MOST + 1) : NULL;
    if (bytes) {
        *n = fread(bytes, 1, MOST, f);
        bytes[*n] = '\0';
    }
    if (f) fclose(f);
    return bytes;
}

static void md5_of(const char *bytes, size_t n, char hex[MD5_TEXT])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    hex[0] = '\0';
    if (EVP_Digest(bytes, n, digest, &length, EVP_md5(), NULL) != 1) return;
    for (unsigned i = 0; i < length && 2 * i + 3 <= MD5_TEXT; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* The sum expected of the game: by the line "GAME.bin": "MD5" of md5.json beside it, which may know other editions, or
 * else by the program's own list; false where neither knows the game. */
static bool expected_md5(const char *dir, const char *game, char hex[MD5_TEXT])
{
    char path[PATH_MAX + 32], key[80];
    size_t size;
    snprintf(path, sizeof path, "%s/md5.json", dir);
    snprintf(key, sizeof key, "\"%s.bin\"", game);
    char *list = slurp(path, &size);
    const char *line = list ? strstr(list, key) : NULL;
    bool known = line != NULL;
    if (known) {
        line += strlen(key);
        line += strspn(line, ": \"");
        snprintf(hex, MD5_TEXT, "%.*s", MD5_TEXT - 1, line);
    }
    free(list);
    for (size_t i = 0; i < sizeof ROMS / sizeof ROMS[0] && !known; i++) {
        known = strcmp(game, ROMS[i].game) == 0;
        if (known) snprintf(hex, MD5_TEXT, "%s", ROMS[i].md5);
    }
    return known;
}

/* The file at path is the game's, or nothing is known of such a game. 0, or -1 with one line in err. */
static int check_rom(const char *dir, const char *game, const char *path, char *err, size_t err_size)
{
    char expected[MD5_TEXT], found[MD5_TEXT] = "";
    size_t n = 0;
    char *bytes = slurp(path, &n);
    if (bytes) md5_of(bytes, n, found);
    free(bytes);
    if (n >= 2048 && (!expected_md5(dir, game, expected) || strcmp(found, expected) == 0)) return 0;
    for (size_t i = 0; i < sizeof ROMS / sizeof ROMS[0]; i++)
        if (strcmp(found, ROMS[i].md5) == 0 && strcmp(game, ROMS[i].game) != 0) {
            snprintf(err, err_size, "%s is another game: its bytes are those of %s; put the game's own file there",
                     path, ROMS[i].game);
            return -1;
        }
    snprintf(err, err_size,
             "%s is damaged: its %zu bytes are not those of the game; put it back, or remove it and md5.json "
             "and let run/fetch-atari.sh fetch both (another edition of the game: name its MD5 in md5.json)",
             path, n);
    return -1;
}

int ale_rom(const char *game, char *path, size_t path_size, char *err, size_t err_size)
{
    char dir[PATH_MAX + 8], name[64];
    struct found found;
    plain_name(game, name, sizeof name);
    if (rom_folder(name, dir, sizeof dir, &found, err, err_size) != 0) return -1;
    snprintf(path, path_size, "%s/%s.bin", dir, game);
    if (!*game) {
        snprintf(err, err_size, "no game is named; type one of the %d games of %s, as in atari:pong", found.count, dir);
        return -1;
    }
    if (strchr(game, '/') || !is_file(path)) {
        snprintf(err, err_size, "no game \"%s\" among the %d of %s; did you mean %s, %s or %s?", game, found.count, dir,
                 found.near[0].name, found.near[found.count > 1].name, found.near[found.count > 2 ? 2 : 0].name);
        return -1;
    }
    for (size_t i = 0; i < sizeof two_players / sizeof two_players[0]; i++) {
        if (strcmp(game, two_players[i]) != 0) continue;
        snprintf(err, err_size, "%s is a game for two players, which one agent cannot play; choose another", game);
        return -1;
    }
    return check_rom(dir, game, path, err, err_size);
}

int ale_games(char *err, size_t err_size)
{
    char dir[PATH_MAX + 8];
    struct found found;
    return rom_folder("", dir, sizeof dir, &found, err, err_size) ? -1 : found.count;
}

void *ale_new(const struct ale *ale, const char *rom, int seed)
{
    void *emulator = ale->ALE_new();
    ale->setInt(emulator, "random_seed", seed);
    ale->setInt(emulator, "frame_skip", 1);
    ale->setInt(emulator, "max_num_frames_per_episode", 0);
    ale->setFloat(emulator, "repeat_action_probability", 0.0f);
    ale->setBool(emulator, "color_averaging", false);
    ale->setBool(emulator, "display_screen", false);
    ale->setBool(emulator, "sound", false);
    ale->loadROM(emulator, rom);
    return emulator;
}
