/* test_atari_missing.c -- what is said where Atari's library or games are missing. Needs neither. */
#include "testing.h"

#include <unistd.h>

#include "../env/ale.h"
#include "dunlin/env.h"

extern const struct env_ops env_atari;

static void says(const char *err, const char *word)
{
    if (!strstr(err, word)) fail_msg("\"%s\" does not say \"%s\"", err, word);
    EXPECT(!strchr(err, '\n'));
}

static void touch(const char *dir, const char *name, const char *bytes, size_t n)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    EXPECT(f && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
}

static void test_no_library(void **state)
{
    (void)state;
    char err[768];
    struct env_spec spec;
    const struct env_args args = {.arg = "pong"};
    setenv("DUNLIN_ALE_LIB", "/nonexistent/libale_c.so", 1);
    EXPECT(env_atari.open(&spec, &args, err, sizeof err) == -1);
    says(err, "DUNLIN_ALE_LIB"), says(err, "/nonexistent/libale_c.so"), says(err, "run/fetch-atari.sh");
    setenv("DUNLIN_ALE_LIB", testing_data("parity.h5"), 1);
    EXPECT(env_atari.open(&spec, &args, err, sizeof err) == -1);
    says(err, "parity.h5"), says(err, "cannot be used");
    unsetenv("DUNLIN_ALE_LIB");
}

/* A folder that the user names and that lacks it is not passed over for another. */
static void test_named_folder(void **state)
{
    (void)state;
    char err[768], path[512], first[512] = "", games[512] = "";
    struct env_spec spec;
    const struct env_args args = {.arg = "pong"};
    if (getenv("DUNLIN_ATARI_DIR")) snprintf(first, sizeof first, "%s", getenv("DUNLIN_ATARI_DIR"));
    if (getenv("DUNLIN_ROMS")) snprintf(games, sizeof games, "%s", getenv("DUNLIN_ROMS"));
    unsetenv("DUNLIN_ROMS");
    setenv("DUNLIN_ATARI_DIR", "/nonexistent", 1);
    EXPECT(env_atari.open(&spec, &args, err, sizeof err) == -1);
    says(err, "DUNLIN_ATARI_DIR is \"/nonexistent\""), says(err, "no libale_c.so"), says(err, "run/fetch-atari.sh");
    EXPECT(ale_rom("pong", path, sizeof path, err, sizeof err) == -1);
    says(err, "DUNLIN_ATARI_DIR is \"/nonexistent\""), says(err, "no game"), says(err, "run/fetch-atari.sh");
    if (*games) setenv("DUNLIN_ROMS", games, 1);
    if (*first)
        setenv("DUNLIN_ATARI_DIR", first, 1);
    else
        unsetenv("DUNLIN_ATARI_DIR");
}

static void test_no_games(void **state)
{
    (void)state;
    static const char rom[2048];
    static const char list[] = "{\n  \"breakout.bin\": \"c99a74c555371a433d121f551d6c6398\",\n"
                               "  \"pong.bin\": \"00000000000000000000000000000000\"\n}\n";
    char err[768], path[512], dir[] = "/tmp/dunlin-roms-XXXXXX", first[512] = "";
    if (getenv("DUNLIN_ROMS")) snprintf(first, sizeof first, "%s", getenv("DUNLIN_ROMS"));
    EXPECT(mkdtemp(dir) != NULL);
    setenv("DUNLIN_ROMS", "/nonexistent", 1);
    EXPECT(ale_rom("pong", path, sizeof path, err, sizeof err) == -1);
    says(err, "DUNLIN_ROMS"), says(err, "/nonexistent"), says(err, "run/fetch-atari.sh");
    setenv("DUNLIN_ROMS", dir, 1);
    EXPECT(ale_rom("pong", path, sizeof path, err, sizeof err) == -1);
    says(err, dir), says(err, "no game");
    EXPECT(ale_games(err, sizeof err) == -1);
    says(err, dir), says(err, "no game"), says(err, "run/fetch-atari.sh");
    const char *const games[] = {"pong", "breakout", "space_invaders", "seaquest", "combat", "qbert", "homebrew"};
    for (int i = 0; i < 7; i++) {
        char file[64];
        snprintf(file, sizeof file, "%s.bin", games[i]);
        touch(dir, file, rom, sizeof rom);
    }
    EXPECT(ale_games(err, sizeof err) == 7);
    EXPECT(ale_rom("SpaceInvaders", path, sizeof path, err, sizeof err) == -1);
    says(err, "SpaceInvaders"), says(err, "did you mean space_invaders"), says(err, "the 7 of"), says(err, dir);
    EXPECT(ale_rom("brekout", path, sizeof path, err, sizeof err) == -1);
    says(err, "did you mean breakout");
    EXPECT(ale_rom("", path, sizeof path, err, sizeof err) == -1);
    says(err, "atari:pong");
    EXPECT(ale_rom("combat", path, sizeof path, err, sizeof err) == -1);
    says(err, "two players");
    EXPECT(ale_rom("../pong", path, sizeof path, err, sizeof err) == -1);
    EXPECT(ale_rom("qbert", path, sizeof path, err, sizeof err) == -1); /* no md5.json: the program's own list */
    says(err, "qbert.bin is damaged"), says(err, "2048 bytes");
    EXPECT(ale_rom("homebrew", path, sizeof path, err, sizeof err) == 0); /* of which nobody knows */
    touch(dir, "md5.json", list, sizeof list - 1);
    EXPECT(ale_rom("breakout", path, sizeof path, err, sizeof err) == 0); /* the sum of 2,048 zeros */
    EXPECT(ale_rom("pong", path, sizeof path, err, sizeof err) == -1);
    says(err, "damaged");
    touch(dir, "breakout.bin", rom, 1000);
    EXPECT(ale_rom("breakout", path, sizeof path, err, sizeof err) == -1);
    says(err, "1000 bytes");
    for (int i = 0; i < 7; i++) {
        snprintf(path, sizeof path, "%s/%s.bin", dir, games[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/md5.json", dir);
    unlink(path), rmdir(dir);
    if (*first)
        setenv("DUNLIN_ROMS", first, 1);
    else
        unsetenv("DUNLIN_ROMS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_library),
        cmocka_unit_test(test_named_folder),
        cmocka_unit_test(test_no_games),
    };
    return testing_main(tests);
}
