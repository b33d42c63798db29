/* ale.h -- the Arcade Learning Environment behind its C interface, found and loaded at run time.
 * Bellemare et al. 2013, "The Arcade Learning Environment: an evaluation platform
 * for general agents". */
#ifndef DUNLIN_ALE_H
#define DUNLIN_ALE_H

#include <stdbool.h>
#include <stddef.h>

/* X(type, name, arguments) -- the functions used, under their names in the library. `void *` is an emulator first, else
 * a state. Lengths are the library's own: a screen is height * width bytes, of colour numbers, greys or
 * (times 3) RGB. */
#define ALE_FUNCTIONS(X)                                                                                               \
    X(void *, ALE_new, (void))                                                                                         \
    X(void, ALE_del, (void *))                                                                                         \
    X(void, setLoggerMode, (int))                                                                                      \
    X(void, setInt, (void *, const char *, int))                                                                       \
    X(void, setBool, (void *, const char *, bool))                                                                     \
    X(void, setFloat, (void *, const char *, float))                                                                   \
    X(void, loadROM, (void *, const char *))                                                                           \
    X(int, act, (void *, int))                                                                                         \
    X(bool, game_over, (void *))                                                                                       \
    X(void, reset_game, (void *))                                                                                      \
    X(int, livesSize, (void *))                                                                                        \
    X(void, lives, (void *, int *))                                                                                    \
    X(int, getMinimalActionSize, (void *))                                                                             \
    X(void, getMinimalActionSet, (void *, int *))                                                                      \
    X(int, getScreenWidth, (void *))                                                                                   \
    X(int, getScreenHeight, (void *))                                                                                  \
    X(void, getScreen, (void *, unsigned char *))                                                                      \
    X(void, getScreenGrayscale, (void *, unsigned char *))                                                             \
    X(void, getScreenRGB, (void *, unsigned char *))                                                                   \
    X(void *, cloneSystemState, (void *))                                                                              \
    X(void, restoreSystemState, (void *, void *))                                                                      \
    X(void, deleteState, (void *))                                                                                     \
    X(int, encodeStateLen, (void *))                                                                                   \
    X(void, encodeState, (void *, char *, int))                                                                        \
    X(void *, decodeState, (const char *, int))

struct ale {
#define X(type, name, args) type(*name) args;
    ALE_FUNCTIONS(X)
#undef X
};

/* The library: DUNLIN_ALE_LIB (a file), or libale_c.so in the folders below, or where the system looks. Loaded at the
 * first call and kept to the end of the process. Not const: tests put their own functions between us and the emulator.
 * NULL with one line for the user in err (err_size bytes) where there is none. */
struct ale *ale_load(char *err, size_t err_size);

/* The file of `game`, as in "pong": GAME.bin in DUNLIN_ROMS (a folder), or in roms/ of the folders below. The file is
 * compared with md5.json beside it, or where that does not name it with the sums known here (roms.h), for the emulator
 * ends the process at a damaged file, and plays another game without a word.
 * Returns 0, or -1 with one line in err.
 *
 * The folders: DUNLIN_ATARI_DIR alone where it is set; else atari/ beside the program and one folder up, then
 * ../lib/dunlin. */
int ale_rom(const char *game, char *path, size_t path_size, char *err, size_t err_size);

/* How many games lie in the first of these folders that holds any, whichever they are; -1 with one line in err where
 * none does. */
int ale_games(char *err, size_t err_size);

/* A quiet emulator with the game loaded: every frame ours, nothing drawn, heard or averaged, no sticky actions of its
 * own. `seed`, positive, sets the console's memory at power-on. The caller ends it by ALE_del. Never NULL. */
void *ale_new(const struct ale *ale, const char *rom, int seed);

#endif
