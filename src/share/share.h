/* share.h -- how rank 0 and the actors share theta and gradients: the only code that knows MPI_Win.
 *
 * Rank 0 is the master, rank 1 + a is actor a. On rank 0's node everything lies in a node-shared window and the calls
 * are loads and stores. Every other node has such a window of its own, and a relay, a second thread of its first actor,
 * which carries weights and gradients between the two by MPI_Put and MPI_Get: weights cross the network once per node
 * and version, gradients leave the node by one path. Without relays the actors of other nodes put and get by
 * themselves. The callers cannot tell. One writer per word; no accumulate, no compare-and-swap, no lock on the hot
 * path: a rank killed anywhere leaves nothing held. Kinds of call: "collective" (all ranks), "one-sided" (one rank, may
 * wait for the network), "local" (no waiting).
 *
 * MPI_Init_thread must have given MPI_THREAD_SERIALIZED, or there are no relays. From its first call until
 * share_close() or share_abandon() an actor makes no calls of MPI by itself: the relay's thread may
 * be making one. */
#ifndef DUNLIN_SHARE_SHARE_H
#define DUNLIN_SHARE_SHARE_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/process.h"
#include "optim/grad.h"
#include "optim/moments.h"

static const double SHARE_PATIENCE = 60; /* s; that of --patience */

/* What a relay makes of the gradients that wait on its node. */
enum share_combine {
    SHARE_COMBINE_NONE, /* each goes on by itself */
    SHARE_COMBINE_SUM,  /* their sum goes on as one, when the one before is applied */
};
/* How a relay sends a gradient; wire.h says what each loses, and what is kept for the next one. */
enum share_wire { SHARE_WIRE_FLOAT32, SHARE_WIRE_BF16, SHARE_WIRE_SIGNIFICANT };

struct share_config {
    size_t params;          /* floats of theta, a multiple of 16 */
    struct grad_wides wide; /* of a push with factors what is not there does not travel; none: all always does */
    struct moments moments; /* at the end of theta and of gradients: no wire rounds them, no scale touches them */
    bool target;            /* publish a target network too */
    bool snapshot;          /* room for weights under evaluation */
    size_t state_bytes;     /* an actor's state for checkpoints, at most; 0: none */
    int episodes;           /* entries of an actor's ring of finished episodes, a power of two */
    bool hogwild;           /* publish in place: readers may see a mix of versions */
    bool world;             /* every actor puts and gets by itself, wherever it is (tests, measurements) */
    bool direct;            /* no relays: actors of other nodes put and get by themselves */
    int nodes; /* tests: pretend that the ranks live on so many nodes; 0: as it is, or as DUNLIN_NODES says */
    enum share_combine combine;
    int combine_most; /* SUM: a relay takes gradients at once, so many at most for a sum; 0: once rank 0 has answered */
    /* with that: no gradient is added to a sum whose oldest weights are so many updates behind its node's; 0: any is */
    int64_t combine_age;
    enum share_wire wire;
    double patience; /* s without a sign of life after which a rank 0 that cannot be seen is gone; 0: SHARE_PATIENCE */
    int mailboxes;   /* pushes of an actor that may wait, 16 of all at most, where all ranks share one memory; else, and
                      * for 0, one */
    /* or NULL; where no window can be made, or none that will do: told why, and what to do, on rank 0, before the job
     * ends */
    void (*refused)(const char *why, const char *mend);
};

/* What an actor learns with each fetch. */
struct share_view {
    uint64_t version;        /* updates applied to the weights fetched */
    uint64_t publication;    /* how often weights were published; 1 is share_start()'s, 0 none yet */
    int64_t frames;          /* T, at that publication */
    uint64_t target_version; /* changes when theta_target does */
    uint64_t snapshot_id;    /* changes when the master wants an evaluation */
    uint64_t state_id;       /* changes when the master wants the actor's state */
    int stop;                /* not 0: no further push is awaited */
};

/* Of gradients, or of one and what was left over from those before, which were numbers each by itself. */
enum { SHARE_BAD_SUM = 4 };
/* What travels with a gradient. Sums over the rollout's steps unless said otherwise. */
struct share_push {
    uint64_t version; /* of the weights it was computed on */
    int64_t frames, steps;
    float scale; /* the gradient counts times this: 1, or clip / norm; 0: nothing to apply, the frames count all the
                    same */
    float norm;  /* of the gradient before clipping */
    float policy_loss, value_loss, entropy;
    uint32_t bad;     /* not 0: a NaN or Inf was found; the gradient is not there. SHARE_BAD_SUM: by a relay */
    uint32_t factors; /* config.wide; float32 alone, and each by itself */
    uint32_t more;    /* pushes of the same actor that a relay has added to this one */
};

/* A gradient that waits at the master. */
struct share_ready {
    int actor;
    const float *grad; /* (params), borrowed until share_ack() */
    struct share_push push;
};

struct share_episode {
    int64_t frames; /* emulated frames of the episode */
    int64_t steps;  /* agent steps */
    double ret;     /* raw return */
};

/* Posts: one message slot per kind and actor, overwritten whole. */
enum share_post { SHARE_POST_STATE, SHARE_POST_EVAL, SHARE_POST_KINDS };
enum { SHARE_EVAL_BYTES = 256 }; /* the size of SHARE_POST_EVAL; STATE has config.state_bytes */

/* What has crossed the network for one relay's node. */
struct share_traffic {
    uint64_t weights, weight_bytes;     /* versions of theta fetched, and the bytes of those */
    uint64_t again;                     /* fetched in vain, because rank 0 was overwriting them: not counted above */
    uint64_t gradients, gradient_bytes; /* sent */
    uint64_t rounds;                    /* of questions and answers */
};

struct share;

/* Local; call it before MPI_Init. Sets what the MPI library needs for a window over several nodes, and that waiting
 * ranks yield their cores, in this process's environment; what the user or the site has set stays. */
void share_before_mpi(void);

/* What a run of these options shares, by the form of its weights; estimates: its targets are the network's own (Q
 * methods), with a target network or without; state_bytes: an actor's saved state, at most. Local. */
struct options;
struct share_config share_config_of(const struct options *o, size_t params, const struct grad_wides *wide,
                                    const struct moments *moments, bool target, bool estimates, size_t state_bytes);

/* Bytes that sharing takes on a node with `here` of the `actors` actors of `nodes` nodes, and with rank 0 where
 * `master`. Local. */
struct share_room {
    double window, least; /* of the node, in shared memory; at least, where every actor copies the weights */
    double relay;         /* of its relay beside that, in the first actor's own */
    double actor;         /* of each actor's own, where no window is shared with it */
};
struct share_room share_room(const struct share_config *config, int actors, int here, int nodes, bool master);

/* Collective. The window (versioned weights, mailboxes, rings, posts), zeroed, in one passive epoch for the whole run.
 * Says what to change and ends the job where the library makes no window over these nodes, or none of the unified
 * memory model.
 * Owner: share_close() or share_abandon(). */
struct share *share_open(MPI_Comm comm, const struct share_config *config);
/* Collective; only when every rank is alive. *s becomes NULL. */
void share_close(struct share **s);
/* Local; after a death: frees what is ours alone and leaves the windows to the end of the process. */
void share_abandon(struct share **s);

int share_actors(const struct share *s); /* local */
/* Local: does this rank read rank 0's memory directly, on its node: then it sees, too, whether rank 0 lives. */
bool share_is_local(const struct share *s);
const char *
share_component(const struct share *s);   /* local: "shared memory", "shared memory + window of all ranks" ... */
bool share_remote(const struct share *s); /* local: are there actors on other nodes than rank 0's */
int share_relays(const struct share *s);  /* local: the nodes that have a relay */
/* Local, after a call that returned -1: is it only this node's relay that has died? Rank 0 then goes on without this
 * node. */
bool share_orphaned(const struct share *s);
/* Local: the process of a rank; pid 0 where it cannot be looked up from here. Borrowed. */
const struct process_id *share_process(const struct share *s, int rank);
/* After share_bye() (and share_parting()): waits until every actor of this node has come as far and rank 0 knows; local
 * where this rank hosts no relay: false. */
bool share_traffic(struct share *s, struct share_traffic *traffic);

/* ---- actors ---- */

/* One-sided. The newest published weights, whole (unless hogwild), to theta; behind a relay those that were the newest
 * at rank 0 when the gradient before was begun (share_begin()), or newer, so that they may travel while it is computed;
 * with config.combine_most those that the node has: they are asked for then, and not waited for.
 * 0, or -1 where the master is gone: its process, or where that cannot be seen all signs of life for `patience` (of
 * looking: time nobody looked does not count); behind a relay also where the relay's process is. theta NULL: the view
 * alone. A stop before share_start() ends the wait with 0, view.stop set and no weights. */
int share_fetch(struct share *s, float *theta, struct share_view *view);
/* One-sided. The same weights in place: those that share_fetch() would copy, borrowed from the window until this
 * actor's next share_borrow() or share_bye(), whatever else it calls; nobody else can tell, and nobody waits. Where
 * they are out of reach (another node without a relay, no shared memory), with hogwild, or for actors beyond those
 * whose buffers can be numbered (190 at least), a copy in own (params) as share_fetch() makes, its own until then.
 * NULL, and nothing is borrowed any longer, where share_fetch() returns -1. A stop before share_start(): own as it was,
 * and view.stop set. */
const float *share_borrow(struct share *s, float *own, struct share_view *view);
/* One-sided: waits until `publication` or a later one is out, or stop is set. Same return. */
int share_wait(struct share *s, uint64_t publication, struct share_view *view);
/* One-sided. theta_target and its version; whole. Same return. */
int share_fetch_target(struct share *s, float *theta_target, uint64_t *target_version);
/* One-sided. The weights to evaluate and their id; whole. Same return. */
int share_fetch_snapshot(struct share *s, float *theta, uint64_t *snapshot_id, uint64_t *version);
/* One-sided: waits until a mailbox of the actor's is free. Returns the params floats to write the gradient to (in the
 * window itself on rank 0's node), or NULL where stop is set or the master gone (share_stopped() tells which).
 * They are one of config.mailboxes blocks, in turn, and nobody else writes to these. */
float *share_begin(struct share *s);
bool share_stopped(struct share *s); /* one-sided: has the master said stop */
/* One-sided. The gradient of share_begin() with its facts: seen whole by the master or not at all. */
void share_push(struct share *s, const struct share_push *push);
/* One-sided: waits until the master (with config.combine_most the relay) has taken the last push, or stop is set. 0, or
 * -1 as share_fetch. */
int share_flush(struct share *s);
/* One-sided, never waits for room: a full ring drops the entry and counts it. */
void share_tell_episode(struct share *s, const struct share_episode *episode);
/* One-sided. n bytes (at most the slot's) with an id that the master will see last. */
void share_post(struct share *s, enum share_post kind, uint64_t id, const void *bytes, size_t n);
/* One-sided: a sign of life between pushes (evaluation, a long episode). */
void share_alive(struct share *s);
/* One-sided: this actor will push, post and tell no more; share_parting() or share_close() come next. */
void share_bye(struct share *s);
/* One-sided, after share_bye(): waits, asleep, for the master's share_part(). True: nobody is missing and all ranks
 * call share_close(). False: somebody is, or the master is gone: this rank leaves alone, with share_abandon() and
 * without MPI_Finalize, as a collective call would wait for the dead. */
bool share_parting(struct share *s);

/* ---- the master (local calls; where remote ranks exist they also serve MPI's progress) ---- */

/* Before the first fetch: weights (and target, same bytes where there is one) of version `version` at frame T. The
 * actors' share_fetch waits for it. */
void share_start(struct share *s, const float *theta, const float *theta_target, uint64_t version, int64_t frames);
enum { SHARE_DRAIN_MOST = 64 }; /* what rank 0 takes through the optimiser in one pass, at most */
/* Up to max waiting gradients, round robin from the actor after the last served. Each must be acked. */
int share_drain(struct share *s, struct share_ready *ready, int max);
const float *share_theta(const struct share *s); /* the published weights */
float *share_next(struct share *s);              /* where the next ones go: the same place with hogwild, else another */
/* Which of the window's buffers those are, by numbers below 255 that never change. Nobody writes to them but
 * share_start() and the caller. */
int share_theta_buffer(const struct share *s);
int share_next_buffer(struct share *s);
/* Makes share_next()'s weights the published ones. */
void share_publish(struct share *s, uint64_t version, int64_t frames);
void share_ack(struct share *s, const struct share_ready *ready, int n); /* the mailboxes may be filled again */
/* Call it before the share_publish() it belongs to: who fetches those weights then sees this target. */
void share_publish_target(struct share *s, const float *theta_target);
/* Asks the actor for an evaluation of theta: snapshot_id in its view becomes id. Only while none is pending. */
void share_ask_eval(struct share *s, int actor, const float *theta, uint64_t id, uint64_t version);
/* Asks all actors for their state: state_id in their views becomes id. */
void share_ask_state(struct share *s, uint64_t id);
/* The post of an actor: its id, and its bytes copied to `bytes` (cap) with their number in *n. 0 and *n = 0: never
 * posted. */
uint64_t share_read_post(struct share *s, int actor, enum share_post kind, void *bytes, size_t cap, size_t *n);
/* Finished episodes of an actor since the last call, at most max; *dropped += those lost to a full ring. */
int share_take_episodes(struct share *s, int actor, struct share_episode *out, int max, int64_t *dropped);
/* Seconds since the actor's last sign of life (a push, a fetch, a post, share_alive, waiting), or since share_start; to
 * a twentieth, and counted only while the master calls drain, idle or beat. -1 after its bye. */
double share_silence(const struct share *s, int actor);
/* Nothing to do: sleep until a push (or, on this node, a post or bye) rings or `seconds` have passed. Never spins. */
void share_idle(struct share *s, double seconds);
/* A sign of life of the master; share_drain and share_idle give it too. Where actors are remote each call moves their
 * transfers on: in long work (an apply, a checkpoint) call it every fraction of a millisecond; it costs nothing without
 * them. */
void share_beat(struct share *s);
/* Until share_back() the caller makes no other call of share, nor of MPI: another thread gives the signs of life, and
 * moves remote ranks' transfers on. For whatever may take long, or hang: an evaluation, a file. share_back() waits
 * until that thread has let go, some microseconds. */
void share_away(struct share *s);
void share_back(struct share *s);
void share_stop(struct share *s, int reason); /* view.stop of every actor becomes reason (not 0) */
/* Serves until every living actor has said bye or `seconds` are over; returns how many have not. Where all of these
 * have long been silent that is after one short sleep. */
int share_wait_bye(struct share *s, double seconds);
/* Tells the actors that wait in share_parting() how to leave, together or each alone, and serves until all who said bye
 * know or `seconds` are over. True: together, and nobody failed to answer. */
bool share_part(struct share *s, bool together, double seconds);

#endif
