/* atari.c -- Atari 2600 games, `atari:GAME`, with the preprocessing of Mnih et al. 2015 ("Human-level control through
 * deep reinforcement learning") that the asynchronous methods (Mnih et al. 2016, arXiv:1602.01783) took over: an action
 * is repeated for 4 frames, the plane is the maximum of the last two of them in grey at 84 x 84, four planes are
 * stacked by the trainer, an episode starts with up to 30 no-ops, a lost life is an end in training only, the actions
 * are the game's minimal set, and after 27,000 steps (108,000 frames, half an hour) the game is cut.
 *
 * A step that a game's end or, in training, a lost life cuts short plays no further frame; its plane is the maximum of
 * the last two frames that were played, here as everywhere. No-ops are single frames and count towards nothing. Rewards
 * are the game's own. Sticky actions (Machado et al. 2018, "Revisiting the Arcade Learning Environment") are drawn for
 * every frame, as the emulator itself would, but from our stream. The console's memory at power-on is set from the
 * first random number an instance gets; no FIRE is pressed for the agent.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "ale.h"
#include "dunlin/env.h"
#include "screen.h"

enum {
    REPEAT = 4,
    STEPS_MOST = 108000 / REPEAT,
    PLANES = 4,
    NO_OP = 0, /* the emulator's number of it */
    ACTIONS_MOST = 18,
    PLAYERS_MOST = 8,
    /* an encoded state holds its random generator as decimal text, whose length varies by some 50 */
    STATE_SLACK = 1024,
};

/* What a saved state begins with; then the last frame in grey (height * SCREEN_WIDTH bytes), then
 * the emulator's own. */
struct saved {
    int32_t steps; /* of this episode */
    int32_t lives;
    int32_t previous; /* the emulator's number of the action of the last frame */
    int32_t last;     /* which of frame[2] is the newest */
    uint16_t table[256];
};

struct atari {
    struct ale *ale;
    void *emulator; /* NULL until the first reset or load: its seed comes from the stream */
    char rom[PATH_MAX];
    bool lives_end; /* in training */
    int no_op_max;
    double sticky;
    int height;
    size_t pixels;
    int actions[ACTIONS_MOST];
    struct saved now;
    /* Successive frames go to the two by turns. From one step to the next most of a frame stays: only what differs from
     * the former one there becomes grey anew, and only the bands where that happened become part of the plane anew. */
    struct frame {
        uint8_t colour[2][SCREEN_PIXELS_MOST]; /* the former, of which `grey` is, and the one that was taken since */
        uint8_t grey[SCREEN_PIXELS_MOST];
        int former;
        bool known; /* false: `grey` is not that of a former one, or not all of it */
    } frame[2];
    uint64_t changed; /* bands where the plane is not that of the two greys */
    uint8_t plane[SCREEN_SIDE * SCREEN_SIDE];
};

static int lives(const struct atari *s)
{
    int each[PLAYERS_MOST] = {0};
    s->ale->lives(s->emulator, each);
    return each[0];
}

/* Starts the emulator and asks it for what the game fixes. */
static void power_on(struct atari *s, int seed)
{
    s->emulator = ale_new(s->ale, s->rom, seed);
    s->ale->getMinimalActionSet(s->emulator, s->actions);
    s->height = s->ale->getScreenHeight(s->emulator);
    s->pixels = (size_t)s->height * SCREEN_WIDTH;
    for (int i = 0; i < 256; i++) s->now.table[i] = SCREEN_UNKNOWN;
}

static int atari_open(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size)
{
    char rom[PATH_MAX];
    struct ale *ale = ale_load(err, err_size);
    if (!ale || ale_rom(args->arg, rom, sizeof rom, err, err_size) != 0) return -1;
    void *emulator = ale_new(ale, rom, 1);
    void *state = ale->cloneSystemState(emulator);
    const int height = ale->getScreenHeight(emulator), width = ale->getScreenWidth(emulator);
    const int actions = ale->getMinimalActionSize(emulator), players = ale->livesSize(emulator);
    const size_t saved = (size_t)ale->encodeStateLen(state) + STATE_SLACK;
    ale->deleteState(state);
    ale->ALE_del(emulator);
    if (width != SCREEN_WIDTH || height > SCREEN_HEIGHT_MOST || actions > ACTIONS_MOST || players > PLAYERS_MOST) {
        snprintf(err, err_size, "%s has a screen of %d x %d and %d actions; at most %d x %d and %d can be played",
                 args->arg, height, width, actions, SCREEN_HEIGHT_MOST, SCREEN_WIDTH, ACTIONS_MOST);
        return -1;
    }
    *spec = (struct env_spec){
        .obs_kind = ENV_OBS_PICTURE,
        .height = SCREEN_SIDE,
        .width = SCREEN_SIDE,
        .stack = PLANES,
        .num_actions = actions,
        .action_repeat = REPEAT,
        .max_steps = STEPS_MOST,
        .state_size = sizeof(struct atari),
        .save_size = sizeof(struct saved) + (size_t)height * SCREEN_WIDTH + saved,
        .render_height = height,
        .render_width = SCREEN_WIDTH,
    };
    return 0;
}

static int atari_init(void *state, const struct env_args *args, char *err, size_t err_size)
{
    struct atari *s = state;
    s->ale = ale_load(err, err_size);
    if (!s->ale || ale_rom(args->arg, s->rom, sizeof s->rom, err, err_size) != 0) return -1;
    s->lives_end = args->training && args->life_loss;
    s->no_op_max = args->no_op_max;
    s->sticky = args->sticky;
    return 0;
}

static void atari_free(void *state)
{
    struct atari *s = state;
    if (s->emulator) s->ale->ALE_del(s->emulator);
    s->emulator = NULL;
}

/* Takes the frame that the emulator holds, in colours. */
static void take(struct atari *s)
{
    s->now.last ^= 1;
    struct frame *f = &s->frame[s->now.last];
    s->ale->getScreen(s->emulator, f->colour[!f->former]);
}

/* The grey of the frame that was taken, once, from the table. False where that lacks a colour. */
static bool grey(struct atari *s, struct frame *f)
{
    const uint8_t *before = f->known ? f->colour[f->former] : NULL;
    f->former ^= 1;
    f->known = screen_grey(f->colour[f->former], before, s->height, s->now.table, f->grey, &s->changed);
    return f->known;
}

/* The newest frame's, where the table learns from the emulator what it lacks: several times faster than asking for the
 * grey of every frame, and the same. */
static void grey_newest(struct atari *s)
{
    struct frame *f = &s->frame[s->now.last];
    if (grey(s, f)) return;
    s->ale->getScreenGrayscale(s->emulator, f->grey);
    screen_learn(f->colour[f->former], f->grey, s->pixels, s->now.table);
    f->known = true;
}

static void atari_reset(void *state, struct rng *rng, void *obs)
{
    struct atari *s = state;
    if (!s->emulator) power_on(s, 1 + rng_below(rng, INT_MAX - 1));
    s->ale->reset_game(s->emulator);
    const int no_ops = rng_below(rng, s->no_op_max + 1);
    for (int i = 0; i < no_ops; i++) {
        s->ale->act(s->emulator, NO_OP);
        if (s->ale->game_over(s->emulator)) s->ale->reset_game(s->emulator);
    }
    s->now.steps = 0;
    s->now.lives = lives(s);
    s->now.previous = NO_OP;
    take(s);
    grey_newest(s);
    const uint8_t *first = s->frame[s->now.last].grey;
    screen_plane(first, first, s->height, SCREEN_ALL, obs);
}

static struct env_step atari_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    struct atari *s = state;
    struct env_step out = {0};
    int frame = 0;
    while (frame < REPEAT && !out.terminated && !out.life_lost) {
        if (!(s->sticky > 0 && rng_uniform(rng) < s->sticky)) s->now.previous = s->actions[action.index];
        out.reward += s->ale->act(s->emulator, s->now.previous);
        out.terminated = s->ale->game_over(s->emulator);
        const int left = lives(s);
        out.life_lost = s->lives_end && !out.terminated && left < s->now.lives;
        s->now.lives = left;
        take(s);
        frame++;
        if (frame == REPEAT - 1) grey_newest(s); /* the emulator still holds the colours that the table may lack */
    }
    if (frame != REPEAT - 1) grey_newest(s);
    if (frame == 2 || frame == 3) {
        /* a step cut short: the frame before was taken in colours only. A colour never seen on any frame that was
         * looked at would come out black. */
        grey(s, &s->frame[s->now.last ^ 1]);
    }
    screen_plane(s->frame[0].grey, s->frame[1].grey, s->height, s->changed, s->plane);
    s->changed = 0;
    memcpy(obs, s->plane, sizeof s->plane);
    out.truncated = ++s->now.steps >= STEPS_MOST && !out.terminated;
    return out;
}

static size_t atari_save(const void *state, void *bytes)
{
    const struct atari *s = state;
    if (!s->emulator) return 0;
    char *to = bytes;
    memcpy(to, &s->now, sizeof s->now);
    memcpy(to + sizeof s->now, s->frame[s->now.last].grey, s->pixels);
    void *system = s->ale->cloneSystemState(s->emulator);
    const int n = s->ale->encodeStateLen(system);
    s->ale->encodeState(system, to + sizeof s->now + s->pixels, n);
    s->ale->deleteState(system);
    return sizeof s->now + s->pixels + (size_t)n;
}

static int atari_load(void *state, const void *bytes, size_t n)
{
    struct atari *s = state;
    const char *from = bytes;
    struct saved now;
    if (!s->emulator) power_on(s, 1);
    if (n <= sizeof now + s->pixels) return -1;
    memcpy(&now, from, sizeof now);
    if ((now.last != 0 && now.last != 1) || now.steps < 0 || now.steps > STEPS_MOST) return -1;
    s->now = now;
    memcpy(s->frame[now.last].grey, from + sizeof now, s->pixels);
    s->frame[0].known = s->frame[1].known = false; /* hence the next step makes all of its plane anew */
    const size_t used = sizeof now + s->pixels;
    void *system = s->ale->decodeState(from + used, (int)(n - used));
    s->ale->restoreSystemState(s->emulator, system);
    s->ale->deleteState(system);
    return 0;
}

static void atari_render(const void *state, uint8_t *rgb)
{
    const struct atari *s = state;
    if (s->emulator) s->ale->getScreenRGB(s->emulator, rgb);
}

/* Mnih et al. 2016, section 8 of the supplement, but the network: `small` is the one of their Atari runs. */
static const struct env_default defaults[] = {
    {NULL, "net", "small"},
    {NULL, "lr", "7e-4"},
    {NULL, "rms-eps", "0.1"},
    {NULL, "clip", "40"},
    {NULL, "entropy", "0.01"},
    {NULL, "t-max", "5"},
    {NULL, "reward-clip", "true"},
    {NULL, "target-every", "40000"},
    {NULL, "eps-frames", "4000000"},
    {NULL, "eval-eps", "0.05"},
    {NULL, "frames", "40000000"},
    {NULL, "eval-every", "2000000"},
    {NULL, "checkpoint-every", "2000000"},
    /* Mnih et al. 2015, but for the network, which is the others' */
    {"dqn", "optimizer", "centred-rmsprop"},
    {"dqn", "lr", "2.5e-4"},
    {"dqn", "lr-anneal", "false"},
    {"dqn", "rms-decay", "0.95"},
    {"dqn", "rms-eps", "0.01"},
    {"dqn", "clip", "0"},
    {"dqn", "t-max", "4"},
    {"dqn", "eps-final", "0.1"},
    {NULL, NULL, NULL},
};

const struct env_ops env_atari = {
    .api = DUNLIN_ENV_API,
    .name = "atari",
    .help = "Atari 2600 games through the Arcade Learning Environment, as in atari:pong (see run/fetch-atari.sh)",
    .defaults = defaults,
    .open = atari_open,
    .init = atari_init,
    .free = atari_free,
    .reset = atari_reset,
    .step = atari_step,
    .save = atari_save,
    .load = atari_load,
    .render = atari_render,
};
