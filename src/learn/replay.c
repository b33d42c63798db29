/* replay.c -- see replay.h (experience replay: Lin 1992; as a ring of single frames: Mnih et al. 2015). */
#include "learn/replay.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"
#include "base/memory.h"
#include "learn/frames.h"
#include "learn/rollout.h"

enum { FIRST = 1, STEP = 2 }; /* of an episode; a step was taken here */

struct replay_place {
    float action, reward;
    uint8_t end, flags;
};

static int64_t room_of(const struct replay_config *c)
{
    return (c->steps + c->rings - 1) / c->rings;
}

static size_t obs_bytes(const struct replay_config *c)
{
    return c->size * (c->pixels ? 1 : sizeof(float));
}

double replay_bytes(const struct replay_config *c)
{
    const double places = (double)room_of(c) * c->rings;
    return places * (double)(obs_bytes(c) + sizeof(struct replay_place));
}

/* Of every two places one at least holds a step, since an episode has one and ends with one place without. */
int replay_least(const struct replay_config *c)
{
    return 2 * (c->stack + 1);
}

int replay_new(struct replay *m, const struct replay_config *c)
{
    const size_t places = (size_t)room_of(c) * (size_t)c->rings;
    assert(c->stack >= 1 && c->stack <= ENV_STACK_MOST && room_of(c) >= replay_least(c));
    *m = (struct replay){.config = *c, .room = room_of(c), .obs_bytes = obs_bytes(c)};
    const size_t head = (places * sizeof *m->place + 63) / 64 * 64;
    m->block_bytes = head + places * m->obs_bytes + 64; /* the tail lets vector loops read past the end */
    m->block = mmap(NULL, m->block_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (m->block == MAP_FAILED) {
        m->block = NULL;
        return error_set("the system does not give the %.1f GiB that a memory of %lld steps needs; lower memory",
                         replay_bytes(c) / 0x1p30, (long long)c->steps);
    }
    m->place = m->block;
    m->obs = (uint8_t *)m->block + head;
    m->written = memory_new((size_t)c->rings, sizeof *m->written);
    return 0;
}

void replay_free(struct replay *m)
{
    if (m->block) munmap(m->block, m->block_bytes);
    free(m->written);
    *m = (struct replay){0};
}

void replay_clear(struct replay *m)
{
    memset(m->written, 0, (size_t)m->config.rings * sizeof *m->written);
    m->steps = 0;
}

static size_t index_of(const struct replay *m, int ring, int64_t at)
{
    return (size_t)ring * (size_t)m->room + (size_t)(at % m->room);
}

static struct replay_place *place_of(const struct replay *m, int ring, int64_t at)
{
    return m->place + index_of(m, ring, at);
}

static int64_t oldest(const struct replay *m, int ring)
{
    return m->written[ring] > m->room ? m->written[ring] - m->room : 0;
}

static void push(struct replay *m, int ring, const float *obs, uint8_t flags)
{
    const int64_t at = m->written[ring]++;
    uint8_t *to = m->obs + index_of(m, ring, at) * m->obs_bytes;
    *place_of(m, ring, at) = (struct replay_place){.flags = flags};
    if (m->config.pixels)
        for (size_t i = 0; i < m->config.size; i++) to[i] = (uint8_t)(obs[i] * 255.0f + 0.5f);
    else
        memcpy(to, obs, m->obs_bytes);
}

void replay_begin(struct replay *m, int ring, const float *obs)
{
    /* an episode that was given up at its start leaves nothing, or such ones could fill the ring */
    if (m->written[ring] && place_of(m, ring, m->written[ring] - 1)->flags == FIRST) m->written[ring]--;
    push(m, ring, obs, FIRST);
}

void replay_join(struct replay *m, int ring, const float *obs)
{
    assert(!m->written[ring]);
    push(m, ring, obs, 0);
}

void replay_add(struct replay *m, int ring, float action, float reward, uint8_t end, const float *next)
{
    struct replay_place *p = place_of(m, ring, m->written[ring] - 1);
    assert(m->written[ring] && !(p->flags & STEP) && (next || end == ROLLOUT_TERMINAL));
    *p = (struct replay_place){action, reward, end, p->flags | STEP};
    m->steps++;
    if (next) push(m, ring, next, 0);
}

bool replay_has(const struct replay *m, int ring, int64_t at)
{
    const int64_t first = oldest(m, ring);
    if (at < first || at >= m->written[ring] || !(place_of(m, ring, at)->flags & STEP)) return false;
    for (int c = 1; c < m->config.stack && !(place_of(m, ring, at)->flags & FIRST); c++)
        if (--at < first) return false;
    return true;
}

void replay_draw(const struct replay *m, struct rng *rng, struct replay_step *step)
{
    int64_t held = 0;
    for (int r = 0; r < m->config.rings; r++) held += m->written[r] - oldest(m, r);
    do { /* of all places, until one will do: so none is likelier than another */
        int64_t place = (int64_t)(rng_uniform(rng) * (double)held);
        step->ring = 0;
        for (int64_t n; place >= (n = m->written[step->ring] - oldest(m, step->ring)); place -= n) step->ring++;
        step->at = oldest(m, step->ring) + place;
    } while (!replay_has(m, step->ring, step->at));
    const struct replay_place *p = place_of(m, step->ring, step->at);
    step->action = p->action;
    step->reward = p->reward;
    step->end = p->end;
}

/* One observation as floats. */
static const float *floats_of(const struct replay *m, int ring, int64_t at, float *room)
{
    const uint8_t *obs = m->obs + index_of(m, ring, at) * m->obs_bytes;
    if (!m->config.pixels) return (const float *)(const void *)obs;
    frames_convert(obs, room, m->config.size);
    return room;
}

void replay_gather(const struct replay *m, const struct replay_step *s, float *room, const float **x,
                   const float **next)
{
    const struct replay_config *c = &m->config;
    const size_t planes = (size_t)c->planes, plane = c->size / planes, stack = (size_t)c->stack;
    const float *obs[ENV_STACK_MOST + 1]; /* the stack, and behind it the observation after the step */
    int64_t at = s->at;
    obs[stack - 1] = floats_of(m, s->ring, at, room);
    for (size_t k = stack - 1; k > 0; k--) {
        const bool first = place_of(m, s->ring, at)->flags & FIRST;
        obs[k - 1] = first ? obs[k] : floats_of(m, s->ring, --at, room + k * c->size);
    }
    const bool goes_on = s->end != ROLLOUT_TERMINAL;
    if (goes_on) obs[stack] = floats_of(m, s->ring, s->at + 1, room + stack * c->size);
    for (size_t k = 0; k < stack; k++)
        for (size_t p = 0; p < planes; p++) {
            x[k * planes + p] = obs[k] + p * plane;
            if (goes_on) next[k * planes + p] = obs[k + 1] + p * plane;
        }
}
