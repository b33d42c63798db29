/* map.h -- private to src/share: how large a window is, and where in it everything lies (layout.h). */
#ifndef DUNLIN_SHARE_MAP_H
#define DUNLIN_SHARE_MAP_H

#include "share/share.h"

enum { LINE = 64, ACTOR_LINES = 3, INDICES = 255 }; /* bytes of a line; an actor's lines; published buffers, at most */
enum { MAP_WAITING = 16 };                          /* mailboxes of all actors together, where each has several */

/* Offsets of a window's parts, in bytes; the same on every rank that uses it. */
struct map {
    int buffers; /* of theta; an index fits a published word's */
    int loans;   /* actors that may borrow: the first so many of those that share the window's memory */
    int boxes;   /* an actor's mailboxes: several where the configuration says so and they are not too many in all */
    bool copied; /* others copy weights from here while new ones are published: over a network, or one too many to
                    borrow */
    size_t lines, rings, posts, theta, target, snapshot, mail, bytes;
    size_t ring, post_room[SHARE_POST_KINDS], post[SHARE_POST_KINDS], actor_posts, buffer, floats, box;
};

/* Local. For `actors` actors, `near` of whom read weights in place, and with `copies` buffers for others, both as far
 * as indices reach; 0: nobody else reads. */
struct map map_draw(const struct share_config *c, size_t actors, int near, int copies);
enum { MAP_COPIED = 3 }; /* copies that do for actors on one node */
/* The copies for those of `nodes` nodes, two or more. */
int map_copies(int nodes);

#endif
