/* map.c -- how large a window is, and where in it everything lies (layout.h). */
#include "share/map.h"

enum { NOT_LENT = 2 }; /* beside the buffers that are lent: the newest one, and one to write */
/* Copies for other nodes. Over a network a reader takes longer than two publications; each relay may have pinned
 * another buffer, and rank 0 must not wait for any: one a relay, and SPARE. Each is a copy of theta, as the mailbox of
 * every actor is. The limit is what an index holds: with more nodes than INDICES less the loans all may be pinned, and
 * rank 0 then publishes as fast as relays are done with one, or overrides a pin as master.c says. MOST come before
 * loans: an actor of rank 0's node that has none copies. */
enum { REMOTE = 5, SPARE = 3, MOST = 64 };

static size_t lines(size_t bytes)
{
    return (bytes + LINE - 1) / LINE * LINE;
}

static int fitting(int copies, int near)
{
    const int left = INDICES - near < MOST ? MOST : INDICES - near;
    return copies < left ? copies : left;
}

static void draw_buffers(struct map *m, const struct share_config *c, int near, int copies)
{
    if (c->hogwild) {
        m->buffers = 1;
        return;
    }
    const int all = near + NOT_LENT <= INDICES, others = copies ? fitting(copies, near) : all ? NOT_LENT : MAP_COPIED;
    m->loans = near + others <= INDICES ? near : INDICES - others;
    m->buffers = m->loans + others;
    m->copied = copies || !all;
}

/* Of all actors together no more than MAP_WAITING wait where each has several: with many actors somebody's push wakes
 * rank 0 for the others, and what waits makes gradients late. */
static int boxes(const struct share_config *c, size_t actors)
{
    const int each = actors && actors < MAP_WAITING ? MAP_WAITING / (int)actors : 1;
    return c->mailboxes < 1 ? 1 : c->mailboxes < each ? c->mailboxes : each;
}

struct map map_draw(const struct share_config *c, size_t actors, int near, int copies)
{
    struct map m = {0};
    draw_buffers(&m, c, near, copies);
    m.floats = c->params * sizeof(float);
    m.buffer = m.box = LINE + lines(m.floats);
    m.boxes = boxes(c, actors);
    m.ring = lines((size_t)c->episodes * sizeof(struct share_episode));
    m.post_room[SHARE_POST_STATE] = lines(c->state_bytes);
    m.post_room[SHARE_POST_EVAL] = SHARE_EVAL_BYTES;
    for (int k = 0; k < SHARE_POST_KINDS; k++) {
        m.post[k] = m.actor_posts;
        m.actor_posts += 2 * (LINE + m.post_room[k]);
    }
    m.lines = 3 * LINE;
    m.rings = m.lines + actors * ACTOR_LINES * LINE;
    m.posts = m.rings + actors * m.ring;
    m.theta = m.posts + actors * m.actor_posts;
    m.target = m.theta + (size_t)m.buffers * m.buffer;
    m.snapshot = m.target + (c->target ? 2 : 0) * m.buffer;
    m.mail = m.snapshot + (c->snapshot ? 1 : 0) * m.buffer;
    m.bytes = m.mail + actors * (size_t)m.boxes * m.box;
    return m;
}

int map_copies(int nodes)
{
    const int most = nodes - 1 + SPARE;
    return most < REMOTE ? REMOTE : most;
}
