/* watched_ale.h -- games of Atari, watched through the functions between environment and emulator. */
#ifndef DUNLIN_WATCHED_ALE_H
#define DUNLIN_WATCHED_ALE_H

#include "testing.h"

#include <unistd.h>

#include "../env/ale.h"
#include "../env/screen.h"
#include "base/memory.h"
#include "dunlin/env.h"

extern const struct env_ops env_atari;

enum { PLANE = SCREEN_SIDE * SCREEN_SIDE };

static struct ale plain; /* the emulator's own functions */
/* The last two frames in grey, as the emulator itself tells it, the newest last. */
struct seen {
    uint8_t grey[2][SCREEN_PIXELS_MOST];
};
static struct watch {
    FILE *out; /* records for atari_twin.py, or NULL */
    bool idle; /* nothing is emulated: frames cost nothing, the game never ends */
    int frames, last, resets, over_at;
    struct seen *seen; /* or NULL */
} watch;

/* A record: 'R' reset or 'A' action; action, reward, game over and lives as int32; the grey screen. */
static inline void record(char kind, void *emulator, int action, int reward)
{
    static uint8_t grey[SCREEN_PIXELS_MOST];
    if (!watch.out) return;
    int32_t head[4] = {action, reward, plain.game_over(emulator), 0};
    int left[8] = {0};
    plain.lives(emulator, left);
    head[3] = left[0];
    plain.getScreenGrayscale(emulator, grey);
    fputc(kind, watch.out);
    fwrite(head, sizeof head, 1, watch.out);
    fwrite(grey, 1, (size_t)plain.getScreenHeight(emulator) * SCREEN_WIDTH, watch.out);
}

static inline void see(void *emulator)
{
    if (!watch.seen) return;
    memcpy(watch.seen->grey[0], watch.seen->grey[1], sizeof watch.seen->grey[0]);
    plain.getScreenGrayscale(emulator, watch.seen->grey[1]);
}

static inline int watched_act(void *emulator, int action)
{
    watch.frames++;
    watch.last = action;
    const int reward = watch.idle ? 0 : plain.act(emulator, action);
    record('A', emulator, action, reward);
    see(emulator);
    return reward;
}

static inline bool watched_game_over(void *emulator)
{
    if (watch.over_at && watch.frames >= watch.over_at) return true;
    return watch.idle ? false : plain.game_over(emulator);
}

static inline void watched_reset(void *emulator)
{
    watch.resets++;
    if (watch.frames >= watch.over_at) watch.over_at = 0;
    plain.reset_game(emulator);
    record('R', emulator, 0, 0);
    see(emulator);
}

struct play {
    struct env_spec spec;
    void *state;
    struct rng rng;
    uint8_t obs[PLANE];
    struct env_step last;
};

/* The tests' own folder where nothing else is set: programs of other build folders find it too. */
static inline void use_folder(void)
{
    char dir[1024];
    const char *source = getenv("DUNLIN_SOURCE");
    snprintf(dir, sizeof dir, "%s/build/atari", source ? source : ".");
    if (access(dir, R_OK) == 0) setenv("DUNLIN_ATARI_DIR", dir, 0);
}

static inline void play_open(struct play *p, struct env_args args, uint64_t seed)
{
    char err[768] = "";
    memset(p, 0, sizeof *p);
    if (env_atari.open(&p->spec, &args, err, sizeof err)) fail_msg("%s", err);
    struct ale *ale = ale_load(err, sizeof err);
    if (!plain.act) plain = *ale;
    ale->act = watched_act, ale->game_over = watched_game_over, ale->reset_game = watched_reset;
    watch = (struct watch){0};
    p->state = memory_new(1, p->spec.state_size);
    EXPECT(env_atari.init(p->state, &args, err, sizeof err) == 0);
    p->rng = rng_make(seed, 0, RNG_ENV, 0);
}

static inline void play_close(struct play *p)
{
    env_atari.free(p->state);
    free(p->state);
}

static inline void play_reset(struct play *p)
{
    env_atari.reset(p->state, &p->rng, p->obs);
}

static inline void play_step(struct play *p, int action)
{
    p->last = env_atari.step(p->state, &p->rng, (struct env_action){.index = action}, p->obs);
}

#endif
