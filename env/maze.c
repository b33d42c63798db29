/* maze.c -- a new maze every episode, seen through the player's eyes: after Labyrinth of the paper (section 5.5).
 *
 * An apple is +1; the portal is +10, puts the player at a random place and lets the apples grow again where they were.
 * An episode is a minute of a game at 60 frames a second, whose actions are repeated for four frames: 900 steps.
 * Actions: 0 forward, 1 back, 2 and 3 a step to the left and to the right, 4 and 5 a turn to the left and to the right.
 * Labyrinth itself is not public; sizes, speeds and colours are ours.
 *
 * 5 x 5 rooms, each open to at least one neighbour: a tree by depth-first search, and a few walls less, so that there
 * are ways round. One maze in eight, told by a hash of its walls, is held out: training never meets it, evaluation
 * meets no other.
 *
 * Where the player is and looks takes sums of one table of sines alone: the same on every machine.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "arg.h"
#include "draw.h"
#include "dunlin/env.h"
#include "maze_view.h"
#include "plain.h"

enum { STEPS = 900, FRAMES = 4, APPLES = 20, WAYS_ROUND = 8, HELD_OUT = 8, DRAWN = 15 * 24 };

#define STRIDE 0.125 /* of a frame, in cells */
#define RADIUS 0.2   /* of the player */
#define REACH 0.45   /* of arms; of the portal */

static const struct env_default defaults[] = {
    {NULL, "net", "small"},          {NULL, "init", "orthogonal"},
    {"a3c", "optimizer", "adam"},    {"a3c", "lr", "0.0004"},
    {"a3c", "envs-per-actor", "8"},  {"a3c", "t-max", "32"},
    {"a3c", "gae", "0.95"},          {"a3c", "epochs", "3"},
    {"a3c", "ppo-clip", "0.2"},      {"a3c", "clip", "0.5"},
    {"a3c", "reward-norm", "true"},  {NULL, "frames", "20000000"},
    {NULL, "eval-every", "2000000"}, {NULL, "eval-episodes", "10"},
    {NULL, "eps-frames", "4000000"}, {NULL, "checkpoint-every", "2000000"},
    {NULL, "target-every", "40000"}, {NULL, NULL, NULL},
};

static int maze_open(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size)
{
    *spec = (struct env_spec){
        .obs_kind = ENV_OBS_PICTURE,
        .height = 84,
        .width = 84,
        .planes = 3,
        .stack = 1,
        .num_actions = 6,
        .action_repeat = FRAMES,
        .max_steps = STEPS,
        .state_size = sizeof(struct maze),
        .save_size = sizeof(struct maze),
        .render_height = DRAWN,
        .render_width = 2 * DRAWN,
    };
    return arg_refuse(args, err, err_size);
}

static int maze_init(void *state, const struct env_args *args, char *err, size_t err_size)
{
    (void)err, (void)err_size;
    ((struct maze *)state)->held_out = !args->training;
    return 0;
}

static int neighbour(int room, int side)
{
    static const int dx[] = {1, -1, 0, 0}, dy[] = {0, 0, 1, -1};
    const int x = room % MAZE_ROOMS + dx[side], y = room / MAZE_ROOMS + dy[side];
    return x < 0 || y < 0 || x >= MAZE_ROOMS || y >= MAZE_ROOMS ? -1 : y * MAZE_ROOMS + x;
}

static uint8_t *wall_between(struct maze *m, int a, int b)
{
    const int x = (maze_cell(a % MAZE_ROOMS) + maze_cell(b % MAZE_ROOMS)) / 2;
    const int y = (maze_cell(a / MAZE_ROOMS) + maze_cell(b / MAZE_ROOMS)) / 2;
    return &m->wall[y][x];
}

static bool joins_new_room(struct maze *m, int room, int *next, const bool *reached, struct rng *rng)
{
    int open[4], n = 0;
    for (int side = 0; side < 4; side++) {
        const int other = neighbour(room, side);
        if (other >= 0 && !reached[other]) open[n++] = other;
    }
    if (!n) return false;
    *next = open[rng_below(rng, n)];
    *wall_between(m, room, *next) = MAZE_OPEN;
    return true;
}

static void dig(struct maze *m, struct rng *rng)
{
    int path[MAZE_ROOMS * MAZE_ROOMS], length = 1;
    bool reached[MAZE_ROOMS * MAZE_ROOMS] = {false};
    for (int y = 0; y < MAZE_CELLS; y++)
        for (int x = 0; x < MAZE_CELLS; x++)
            m->wall[y][x] = x % 2 && y % 2 ? MAZE_OPEN : (uint8_t)(1 + rng_below(rng, MAZE_COLORS));
    path[0] = rng_below(rng, MAZE_ROOMS * MAZE_ROOMS);
    reached[path[0]] = true;
    while (length > 0) {
        int next;
        if (!joins_new_room(m, path[length - 1], &next, reached, rng)) {
            length--;
            continue;
        }
        reached[next] = true;
        path[length++] = next;
    }
    for (int i = 0; i < WAYS_ROUND; i++) {
        const int room = rng_below(rng, MAZE_ROOMS * MAZE_ROOMS), other = neighbour(room, rng_below(rng, 4));
        if (other >= 0) *wall_between(m, room, other) = MAZE_OPEN;
    }
}

/* Which cells are walls, whatever their colour. */
static bool is_held_out(const struct maze *m)
{
    uint64_t h = 0;
    for (int y = 0; y < MAZE_CELLS; y++)
        for (int x = 0; x < MAZE_CELLS; x++) {
            h = h * 2 + (m->wall[y][x] != MAZE_OPEN);
            if (x == MAZE_CELLS - 1) h = rng_splitmix(&(uint64_t){h});
        }
    return h % HELD_OUT == 0;
}

static void put_player(struct maze *m, struct rng *rng)
{
    int room = rng_below(rng, MAZE_ROOMS * MAZE_ROOMS - 1);
    if (room >= m->portal) room++;
    m->x = maze_cell(room % MAZE_ROOMS) + 0.5;
    m->y = maze_cell(room / MAZE_ROOMS) + 0.5;
    m->heading = rng_below(rng, MAZE_HEADINGS);
}

static void maze_reset(void *state, struct rng *rng, void *obs)
{
    struct maze *m = state;
    do dig(m, rng);
    while (is_held_out(m) != (m->held_out != 0));
    m->portal = rng_below(rng, MAZE_ROOMS * MAZE_ROOMS);
    m->trees = 0;
    for (int n = 0; n < APPLES;) {
        const int room = rng_below(rng, MAZE_ROOMS * MAZE_ROOMS);
        const uint64_t tree = (uint64_t)1 << room;
        if (room == m->portal || (m->trees & tree)) continue;
        m->trees |= tree;
        n++;
    }
    m->apples = m->trees;
    m->steps = 0;
    put_player(m, rng);
    maze_view(m, 84, 84, obs);
}

/* Does a player there touch a wall? The player is a square, so that walls are slid along. */
static bool touches(const struct maze *m, double x, double y)
{
    for (int i = 0; i < 4; i++) {
        const int cx = (int)(x + (i % 2 ? RADIUS : -RADIUS)), cy = (int)(y + (i / 2 ? RADIUS : -RADIUS));
        if (m->wall[cy][cx] != MAZE_OPEN) return true;
    }
    return false;
}

static void walk(struct maze *m, double dx, double dy)
{
    for (int i = 0; i < FRAMES; i++) {
        if (!touches(m, m->x + dx, m->y)) m->x += dx;
        if (!touches(m, m->x, m->y + dy)) m->y += dy;
    }
}

static void act(struct maze *m, int action)
{
    const double dx = STRIDE * maze_sine(m->heading + MAZE_HEADINGS / 4), dy = STRIDE * maze_sine(m->heading);
    switch (action) {
    case 0:
        walk(m, dx, dy);
        break;
    case 1:
        walk(m, -dx, -dy);
        break;
    case 2:
        walk(m, dy, -dx);
        break;
    case 3:
        walk(m, -dy, dx);
        break;
    case 4:
        m->heading = (m->heading + MAZE_HEADINGS - 1) % MAZE_HEADINGS;
        break;
    default:
        m->heading = (m->heading + 1) % MAZE_HEADINGS;
        break;
    }
}

/* The room whose middle is within reach, or -1: rooms are further apart than two reaches. */
static int room_reached(const struct maze *m)
{
    const int cx = (int)m->x, cy = (int)m->y;
    if (cx % 2 == 0 || cy % 2 == 0) return -1;
    const double dx = m->x - cx - 0.5, dy = m->y - cy - 0.5;
    return dx * dx + dy * dy < REACH * REACH ? cy / 2 * MAZE_ROOMS + cx / 2 : -1;
}

static struct env_step maze_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    struct maze *m = state;
    struct env_step step = {0};
    assert(action.index >= 0 && action.index < 6);
    act(m, action.index);
    const int room = room_reached(m);
    if (room == m->portal) {
        step.reward = 10;
        m->apples = m->trees;
        put_player(m, rng);
    } else if (room >= 0 && (m->apples >> room & 1)) {
        step.reward = 1;
        m->apples &= ~((uint64_t)1 << room);
    }
    step.truncated = ++m->steps >= STEPS;
    maze_view(m, 84, 84, obs);
    return step;
}

/* What the player sees, and beside it the map, which the player does not. */
static void maze_render(const void *state, uint8_t *rgb)
{
    const struct maze *m = state;
    struct picture p = {rgb, DRAWN, 2 * DRAWN};
    const double cell = (double)DRAWN / MAZE_CELLS;
    maze_view(m, DRAWN, 2 * DRAWN, rgb);
    draw_rect(&p, DRAWN, 0, 2 * DRAWN, DRAWN, 0x101828);
    for (int y = 0; y < MAZE_CELLS; y++)
        for (int x = 0; x < MAZE_CELLS; x++)
            if (m->wall[y][x] != MAZE_OPEN)
                draw_rect(&p, DRAWN + x * cell, y * cell, DRAWN + (x + 1) * cell, (y + 1) * cell,
                          maze_colors[m->wall[y][x] - 1]);
    for (int room = 0; room < MAZE_ROOMS * MAZE_ROOMS; room++) {
        const double x = DRAWN + (maze_cell(room % MAZE_ROOMS) + 0.5) * cell;
        const double y = (maze_cell(room / MAZE_ROOMS) + 0.5) * cell;
        if (room == m->portal) draw_line(&p, x, y, x, y, 0.8 * cell, MAZE_PORTAL_COLOR);
        if (m->apples >> room & 1) draw_line(&p, x, y, x, y, 0.45 * cell, MAZE_APPLE_COLOR);
    }
    const double x = DRAWN + m->x * cell, y = m->y * cell;
    const double dx = maze_sine(m->heading + MAZE_HEADINGS / 4), dy = maze_sine(m->heading);
    draw_line(&p, x, y, x + 0.7 * cell * dx, y + 0.7 * cell * dy, 4, 0xFFFFFF);
    draw_line(&p, x, y, x, y, 0.6 * cell, 0xFFFFFF);
}

static bool walls_valid(const struct maze *s)
{
    for (int y = 0; y < MAZE_CELLS; y++)
        for (int x = 0; x < MAZE_CELLS; x++) {
            const bool edge = !x || !y || x == MAZE_CELLS - 1 || y == MAZE_CELLS - 1;
            if (s->wall[y][x] > MAZE_COLORS) return false;
            if (edge && s->wall[y][x] == MAZE_OPEN) return false;
            if (x % 2 && y % 2 && s->wall[y][x] != MAZE_OPEN) return false;
        }
    return true;
}

static bool valid(const struct maze *s, const struct maze *own)
{
    const double most = MAZE_CELLS - 1 - RADIUS;
    const uint64_t rooms = ((uint64_t)1 << MAZE_ROOMS * MAZE_ROOMS) - 1;
    if (s->held_out != own->held_out || s->heading < 0 || s->heading >= MAZE_HEADINGS) return false;
    if (s->steps < 0 || s->steps > STEPS || s->portal < 0 || s->portal >= MAZE_ROOMS * MAZE_ROOMS) return false;
    if ((s->trees & ~rooms) || (s->apples & ~s->trees) || !walls_valid(s)) return false;
    if (!(s->x >= 1 + RADIUS && s->x <= most && s->y >= 1 + RADIUS && s->y <= most)) return false;
    return !touches(s, s->x, s->y);
}
ENV_PLAIN(maze, valid)

const struct env_ops env_maze = {
    .api = DUNLIN_ENV_API,
    .name = "maze",
    .help = "find apples and the portal in a new 3-D maze, 84x84x3 pictures; 900 steps",
    .defaults = defaults,
    .plain_state = true,
    .open = maze_open,
    .init = maze_init,
    .reset = maze_reset,
    .step = maze_step,
    .save = plain_save,
    .load = plain_load,
    .render = maze_render,
    .not_learned_by = "n-step-q, one-step-q, one-step-sarsa, dqn", /* not tried */
};
