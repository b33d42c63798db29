/* layout.h -- private to src/share: where everything lies in the window, and the state of one rank.
 *
 * The window of rank 0; every line is 64 bytes, every array of floats starts at a multiple of 64 bytes. One writer
 * per word, named on the right; the doorbell alone has many, which add to it in one instruction.
 *
 *   | board                              one line                                                    master
 *   | doorbell: rings                    one line                                          actors on rank 0's node
 *   | doorbell: asleep                   one line                                                    master
 *   | for each actor: reply              one line    ack, snapshot id, ring tail                     master
 *   |                 its words          one line    sequence, alive, pin, bye, ring head, posts     actor
 *   |                 request            one line    since when it wants fresher weights, loan       actor
 *   | for each actor: ring               episodes * struct share_episode, to a full line             actor
 *   | for each actor, kind, half: post   line (id, length), bytes to a full line                     actor
 *   | theta * buffers                    line (sequence, version, frames), params floats             master
 *   | target * 2                         line (sequence, version), params floats                     master
 *   | snapshot                           line (sequence, version, id), params floats                 master
 *   | for each actor, box: mailbox       line (struct facts), params floats                          actor
 *
 * Every other node has a window of the same kind for its own actors alone, in which a relay (relay.c) plays the
 * master, and plays those actors in the window of rank 0: it is then the one writer of their words there; its board
 * says how often it has heard of rank 0. Where a node has no relay its actors write to rank 0's window themselves.
 *
 * Four protocols, each correct whatever rank is killed wherever:
 * - publication: a buffer's sequence is odd while it is written and 2 n when it holds publication n; the board
 *   then says n and the buffer's index in one word. A reader takes that word, copies, and keeps the copy only if
 *   the sequence is 2 n afterwards: from the moment the board named it until then nobody had begun to overwrite
 *   the buffer.
 * - loan: an actor that shares the window's memory reads a buffer where it lies. It writes the board's word to its
 *   loan, and the buffer is its own to read if the sequence is 2 n after that. The owner of the window makes a
 *   buffer's sequence odd, and then looks at the loans: one that is lent it closes again, unwritten, and takes
 *   another. Between the two steps of either lies a full fence, so at least one of the two sees the other. There
 *   are as many buffers as actors that borrow, and two more: the current one, and one to write. A dead actor's loan
 *   costs that buffer for good, and nothing else: nobody ever waits for a loan to end.
 * - push: facts and gradient, then the sequence word. The master takes a mailbox whose sequence is exactly its ack
 *   + 1, and the actor fills it again when ack equals its sequence: one of them at a time owns the mailbox. Exact
 *   equality, because a word that travels through another process may in theory arrive in pieces: no mixture of n
 *   and n + 1 equals n + 1 before all of it is there. Where all ranks share one memory an actor may have several
 *   mailboxes, filled in turn: then up to so many pushes are more than ack, and the master takes them in their order.
 * - posts and rings: bytes, then a counting word. A post has two halves, so that the last one stays whole while
 *   the next is written, even by an actor that dies over it.
 *
 * Bulk data under such a word is copied by memcpy between fences. C11 calls that a race; no compiler or machine
 * that MPI runs on moves the copy across the fences, and a torn copy is thrown away unread.
 *
 * By MPI's letter (3.1 and 4.1, "Semantics and Correctness"): every window is of the unified model, or refused
 * (refuse.c). There the copy that others put to and get from is the memory that its owner loads and stores: a put is in
 * it once its flush has returned, and a word is put only after the flush of what it promises. What is left is the order
 * of the owner's own loads and stores. MPI_Win_sync would give it as a memory barrier, which the fences and orders of
 * C11 at each place are, too, and with Open MPI it also moves transfers on and gives up the core: an eighth of a fast
 * run's time over two pretended nodes. It is called where a barrier makes zeroed memory everybody's (window.c). */
#ifndef DUNLIN_SHARE_LAYOUT_H
#define DUNLIN_SHARE_LAYOUT_H

#include <stdatomic.h>

#include "base/clock.h"
#include "base/process.h"
#include "share/map.h"
#include "share/share.h"

enum { WORDS = LINE / 8 };
#define LOOK_NS INT64_C(500000000) /* the most that one look adds to a silence */

/* words of a line, by index */
enum board {
    BOARD_CURRENT,
    BOARD_TARGET,
    BOARD_STATE,
    BOARD_STOP,
    BOARD_BEAT,
    BOARD_PARTING,
    BOARD_FRESH, /* relay: nothing newer than the current weights was at rank 0 at this time of this node's clock, ns */
    BOARD_CARRIED /* relay: how often it has had an answer of rank 0's */
};
enum reply { REPLY_ACK, REPLY_SNAPSHOT, REPLY_TAIL };
enum actor_word {
    ACTOR_SEQ,
    ACTOR_ALIVE,
    ACTOR_PIN,
    ACTOR_BYE,
    ACTOR_HEAD,
    ACTOR_DROPPED,
    ACTOR_POST,
    ACTOR_END = ACTOR_POST + SHARE_POST_KINDS
};
enum buffer { BUFFER_SEQ, BUFFER_VERSION, BUFFER_FRAMES, BUFFER_ID };
_Static_assert((int)ACTOR_END <= (int)WORDS, "an actor's words fill one line");

/* A push in the window. wire 0: the mailbox holds floats; else `bytes` bytes at its start, packed as wire.h says. */
struct facts {
    struct share_push push;
    uint32_t wire, bytes;
};
_Static_assert(sizeof(struct facts) <= LINE, "a push's facts fill one line");

/* words of BOARD_PARTING and ACTOR_BYE; 0: not yet */
enum { PART_TOGETHER = 1, PART_ALONE = 2 };
enum { BYE_SAID = 1, BYE_PARTED = 2 };

/* A published word: what is published, how often, and where: count << 8 | index + 1; 0: never yet. index < INDICES. */
static inline uint64_t published_word(uint64_t count, int index)
{
    return count << 8 | (unsigned)(index + 1);
}
static inline uint64_t published_count(uint64_t word)
{
    return word >> 8;
}
static inline int published_index(uint64_t word)
{
    return (int)(word & 0xff) - 1;
}

/* What the master has seen of one actor; its own memory, the window only tells. */
struct seen {
    uint64_t taken, acked; /* sequences handed to share_drain()'s caller, and given back */
    uint64_t tail, dropped;
    uint64_t life;      /* sum of the actor's counting words at its last sign of life */
    uint64_t stale_pin; /* a pin that was overridden: not honoured again */
    int64_t looked, silent;
};

struct share {
    struct share_config config;
    struct map map;
    int actors, self;         /* self: this rank's actor, -1 on the master */
    int slot;                 /* its place in the window it uses; self, but for actors behind a relay */
    int remote, relays;       /* actors on other nodes than rank 0's; nodes with a relay */
    bool relayed;             /* the window used is that of a relay's node */
    struct relay *relay;      /* where this rank hosts it */
    _Atomic bool going;       /* it may call MPI: this rank, its host, does no more */
    struct process_id *ids;   /* (1 + actors) processes; pid 0: not to be seen from here */
    int carrier;              /* the rank whose process shows whether rank 0 can be heard: rank 0, a relay's host */
    bool away, serialized;    /* master: another thread serves; and it may call MPI */
    struct beat *beat_thread; /* master */
    bool borrows;             /* this actor reads weights in place */
    unsigned char *base;      /* the bytes of the window used, NULL where they are out of reach */
    void *own;                /* they, where no shared window holds them */
    MPI_Comm comm, node, reach;
    MPI_Win near_win, far_win; /* over node, over reach (rank 0 and who puts and gets); MPI_WIN_NULL where not needed */

    /* actor */
    uint64_t board[WORDS], reply[WORDS]; /* as last looked at */
    float *staging;                      /* (params) the gradient, where the mailbox is out of reach */
    uint64_t seq, alive, head, dropped, pins, posts[SHARE_POST_KINDS];
    uint64_t beat;
    uint64_t carried;
    int64_t signed_at, asked, unheard;
    int64_t pushed_at; /* ns; where there are several mailboxes */
    bool granted, lost;
    int64_t requested;   /* relayed: since when the next fetch wants weights; 0: it does not */
    struct watch *watch; /* where somebody is remote */

    /* the owner of a window: rank 0, or a relay in its node's */
    unsigned char recent[INDICES]; /* its theta buffers, that of the newest publication first */

    /* master */
    struct seen *seen; /* (actors) */
    int last;          /* the actor served last */
    int current, next; /* theta buffers; next -1: not chosen yet */
    uint64_t publication, targets, snapshots;
    uint32_t rings; /* the doorbell, as of the last drain or idle */
    uint64_t woken; /* sleeps that a ring ended */
    int64_t beat_at, push_at;
    unsigned char *scratch; /* a packed gradient that is being unpacked; NULL where none is packed */
};

/* ---- places ---- */

static inline size_t at_board(enum board word)
{
    return (size_t)word * 8;
}
enum { AT_RINGS = LINE, AT_ASLEEP = 2 * LINE };
static inline size_t at_reply(const struct share *s, int actor, enum reply word)
{
    return s->map.lines + (size_t)actor * ACTOR_LINES * LINE + (size_t)word * 8;
}
static inline size_t at_actor(const struct share *s, int actor, int word)
{
    return s->map.lines + ((size_t)actor * ACTOR_LINES + 1) * LINE + (size_t)word * 8;
}
static inline size_t at_request(const struct share *s, int actor)
{
    return s->map.lines + ((size_t)actor * ACTOR_LINES + 2) * LINE;
}
static inline size_t at_loan(const struct share *s, int actor)
{
    return at_request(s, actor) + 8;
}
static inline size_t at_episode(const struct share *s, int actor, uint64_t i)
{
    const size_t slot = (size_t)(i & (uint64_t)(s->config.episodes - 1));
    return s->map.rings + (size_t)actor * s->map.ring + slot * sizeof(struct share_episode);
}
static inline size_t at_post(const struct share *s, int actor, enum share_post kind, int half)
{
    return s->map.posts + (size_t)actor * s->map.actor_posts + s->map.post[kind] +
           (size_t)half * (LINE + s->map.post_room[kind]);
}
static inline size_t at_theta(const struct share *s, int i)
{
    return s->map.theta + (size_t)i * s->map.buffer;
}
static inline size_t at_target(const struct share *s, int i)
{
    return s->map.target + (size_t)i * s->map.buffer;
}
/* Of an actor's push `seq`. */
static inline size_t at_facts(const struct share *s, int actor, uint64_t seq)
{
    const size_t boxes = (size_t)s->map.boxes;
    return s->map.mail + ((size_t)actor * boxes + (size_t)(seq % boxes)) * s->map.box;
}
static inline size_t at_mail(const struct share *s, int actor, uint64_t seq)
{
    return at_facts(s, actor, seq) + LINE;
}

/* Only where base is not NULL. */
static inline _Atomic uint64_t *word_at(const struct share *s, size_t at)
{
    return (_Atomic uint64_t *)(void *)(s->base + at);
}
static inline _Atomic uint32_t *half_word_at(const struct share *s, size_t at)
{
    return (_Atomic uint32_t *)(void *)(s->base + at);
}
static inline float *floats_at(const struct share *s, size_t at)
{
    return (float *)(void *)(s->base + at);
}

#endif
