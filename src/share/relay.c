/* relay.c -- weights and gradients between a node and rank 0, for all actors of the node: a second thread of its first
 * actor. It plays the master in the node's window and those actors in rank 0's, word for word, so neither side knows of
 * it: an actor's mailbox here is free again when rank 0 has acked its mailbox there, or, with combine_most, once its
 * gradient is in the node's sum (sum.c). What is sent and how: messages.c.
 *
 * All goes in rounds of at most two questions, each with one flush. The first carries everything that only counts once
 * a word says so: gradients and their facts, ring entries, posts, and, in the other direction, the bytes of weights.
 * The second carries those words, looks whether the weights were whole, and reads rank 0's board anew.
 *
 * Why a thread of an actor and not a rank: the number given to mpirun stays one master and N - 1 actors, rank for rank,
 * whatever nodes they land on, and no slot is taken from an actor. The actor itself makes no call of MPI (its window is
 * memory), so MPI_THREAD_SERIALIZED suffices: the message-based windows of Open MPI 4 refuse more. The price: an
 * environment that crashes the process takes its node's relay along; the other actors of the node see that it is gone,
 * and end.
 *
 * What is lost when it dies: what a direct actor would lose, for each actor of its node, the gradient under way; and,
 * with a combined or packed wire, the rest that waited to be sent, of which nothing was counted at rank 0. */
#include "share/relay.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "share/buffer.h"
#include "share/doorbell.h"
#include "share/messages.h"
#include "share/reach.h"
#include "share/sum.h"
#include "share/watch.h"

#define IDLE_NS INT64_C(10000000) /* between two looks while nothing is under way */
#define SHORT_NS INT64_C(20000)   /* the shortest pause, and */
#define LONG_NS INT64_C(1000000)  /* the longest, while something is */

/* Weights of one kind, on their way here. */
enum { THETA, TARGET, SNAPSHOT, KINDS };
struct coming {
    bool asked;
    uint64_t word;       /* of the board (theta, target), or the sequence (snapshot), that named them */
    size_t from, to;     /* there, and here */
    uint64_t count_here; /* of the buffer's sequence */
    uint64_t line[WORDS], after;
    int64_t since; /* theta: when the look began that named them */
    uint64_t need; /* theta: the target publication that was there by the look after the one that named them */
};

struct relay {
    struct share *here, there;
    struct messages messages;
    pthread_t thread;
    _Atomic bool closing, done;
    bool joined;

    uint64_t board[WORDS], snapshot[WORDS]; /* there, as of the last look */
    uint64_t stop;                          /* the same; told here with the next one */
    int64_t looking, looked;                /* when the look under way, the last one, began */
    int64_t fresh;                          /* nothing newer than `current` was there then */
    int64_t moved;                          /* when anything last went on */

    struct coming coming[KINDS];
    uint64_t current, target; /* words of the board there whose weights are told here */
    uint64_t targets, shot;   /* targets taken; the id of the snapshot here */
    int index;                /* the buffer here of the weights that come or are held */
    bool held;                /* theta is here and waits for what must be told before it */
    uint64_t pins;            /* so far; each is a new value */
    bool snapshot_wanted;

    struct share_traffic traffic; /* of weights; messages count the gradients */
};

static uint64_t load(const struct share *s, size_t at)
{
    return atomic_load_explicit(word_at(s, at), memory_order_acquire);
}

static void store(struct share *s, size_t at, uint64_t value)
{
    atomic_store_explicit(word_at(s, at), value, memory_order_release);
}

/* ---- weights, on their way here ---- */

/* A buffer here, opened, for publication `count`; who pinned all of those that are not lent reads once more. */
static int choose_buffer(struct relay *r, uint64_t count)
{
    if (r->here->config.hogwild) {
        buffer_open(r->here, at_theta(r->here, 0), count);
        return 0;
    }
    const int i = buffer_take(r->here, r->messages.lanes, count, true);
    return i >= 0 ? i : buffer_take(r->here, r->messages.lanes, count, false);
}

/* Since when somebody here wants newer weights than there are; 0: nobody does. */
static int64_t requested(const struct relay *r)
{
    int64_t latest = 0;
    for (int l = 0; l < r->messages.lanes; l++) {
        const int64_t since = (int64_t)load(r->here, at_request(r->here, l));
        if (since > latest) latest = since;
    }
    return latest > r->fresh ? latest : 0;
}

/* Asks for the floats of one published buffer there, straight into the buffer here, which is open: no
 * reader trusts it. */
static void ask_floats(struct relay *r, struct coming *c, size_t from, size_t to, uint64_t count_here)
{
    c->from = from;
    c->to = to;
    c->count_here = count_here;
    c->asked = true;
    reach_read(&r->there, from, c->line, LINE);
    reach_read(&r->there, from + LINE, floats_at(r->here, to + LINE), r->here->map.floats);
}

/* Rank 0 leaves a pinned buffer alone while it has another, and it has more than there are relays (up to some 190 nodes
 * with 64 actors on rank 0's; map.c): what is asked for now will be whole, and else it is asked for again. In the name
 * of lane 0; taken back with the words of the second question. */
static void pin(struct relay *r, int index)
{
    struct lane *lane = &r->messages.lane[0];
    lane->told[ACTOR_PIN] = published_word(++r->pins, index);
    reach_write(&r->there, at_actor(&r->there, lane->actor, ACTOR_PIN), &lane->told[ACTOR_PIN], sizeof(uint64_t));
}

static void ask_weights(struct relay *r)
{
    struct share *here = r->here;
    const uint64_t current = r->board[BOARD_CURRENT], target = r->board[BOARD_TARGET];
    const int64_t since = requested(r);
    if (target && target != r->target) {
        const size_t to = at_target(here, (int)((r->targets + 1) & 1));
        r->coming[TARGET].word = target;
        buffer_open(here, to, published_count(target));
        ask_floats(r, &r->coming[TARGET], at_target(&r->there, published_index(target)), to, published_count(target));
    }
    /* held ones wait for a target that goes with them; newer ones would wait again */
    if (current && current != r->current && !r->held && (!r->current || (since && r->looked >= since))) {
        pin(r, published_index(current));
        r->coming[THETA].word = current;
        r->coming[THETA].since = r->looked;
        r->index = choose_buffer(r, published_count(current));
        ask_floats(r, &r->coming[THETA], at_theta(&r->there, published_index(current)), at_theta(here, r->index),
                   published_count(current));
    }
    if (r->snapshot_wanted) {
        r->coming[SNAPSHOT].word = r->snapshot[BUFFER_SEQ];
        buffer_open(here, here->map.snapshot, r->snapshot[BUFFER_SEQ] / 2);
        ask_floats(r, &r->coming[SNAPSHOT], r->there.map.snapshot, here->map.snapshot, r->snapshot[BUFFER_SEQ] / 2);
    }
}

/* Whether what came is whole, which its sequence there still being the same says. */
static bool whole(const struct relay *r, const struct coming *c, uint64_t want)
{
    return r->here->config.hogwild && c == &r->coming[THETA] ? true : c->after == want;
}

static void close_here(struct relay *r, struct coming *c)
{
    for (int w = BUFFER_VERSION; w <= BUFFER_ID; w++) store(r->here, c->to + (size_t)w * 8, c->line[w]);
    buffer_close(r->here, c->to, c->count_here);
}

/* The evaluations that rank 0 asks for, told once their weights are here. False where one of them is not told yet. */
static bool tell_snapshots(struct relay *r)
{
    bool all = true;
    r->snapshot_wanted = false;
    for (int l = 0; l < r->messages.lanes; l++) {
        const uint64_t id = r->messages.lane[l].reply[REPLY_SNAPSHOT];
        if (id <= r->shot) { /* already here, or overtaken by what is */
            store(r->here, at_reply(r->here, l, REPLY_SNAPSHOT), id);
            continue;
        }
        all = false;
        if (r->snapshot[BUFFER_SEQ] % 2 == 0 && r->snapshot[BUFFER_ID] >= id) r->snapshot_wanted = true;
    }
    return all;
}

/* After a round: what came whole counts. A board word is told here only after everything it promises. */
static void take_weights(struct relay *r)
{
    struct share *here = r->here;
    struct coming *const theta = &r->coming[THETA], *const target = &r->coming[TARGET],
                         *const shot = &r->coming[SNAPSHOT];
    if (target->asked && whole(r, target, 2 * published_count(target->word))) {
        close_here(r, target);
        r->targets++;
        r->target = target->word;
        store(here, at_board(BOARD_TARGET), published_word(published_count(target->word), (int)(r->targets & 1)));
    }
    if (shot->asked && whole(r, shot, shot->word)) {
        close_here(r, shot);
        r->shot = shot->line[BUFFER_ID];
    }
    const bool told = tell_snapshots(r);
    if (theta->asked) {
        /* by this round's look: the words of the one that named them may be older than the current one among them */
        theta->need = published_count(r->board[BOARD_TARGET]);
        r->held = whole(r, theta, 2 * published_count(theta->word));
        if (r->held) {
            close_here(r, theta);
            r->traffic.weights++;
            r->traffic.weight_bytes += LINE + here->map.floats;
        } else {
            r->traffic.again++;
        }
    }
    for (int i = 0; i < KINDS; i++) r->coming[i].asked = false;
    /* held weights come after the target and the evaluation that were asked for before them: who fetches these weights
     * must see those, too, for it may look no more until it has played (rounds.c) */
    if (r->held && told && published_count(r->target) >= theta->need) {
        r->held = false;
        r->current = theta->word;
        buffer_told(here, r->index);
        store(here, at_board(BOARD_CURRENT), published_word(published_count(theta->word), r->index));
        r->fresh = theta->since;
    }
    if (r->current == r->board[BOARD_CURRENT]) r->fresh = r->looked;
    store(here, at_board(BOARD_FRESH), (uint64_t)r->fresh);
}

/* ---- words ---- */

/* The requests of rank 0, told to everybody here before the weights that came with them. */
static void tell_board(struct relay *r)
{
    struct share *here = r->here;
    static const int words[] = {BOARD_STATE, BOARD_BEAT, BOARD_PARTING};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) store(here, at_board(words[i]), r->board[words[i]]);
    /* one look late: the look that shows it first may not show yet what was asked for before it */
    store(here, at_board(BOARD_STOP), r->stop);
    r->stop = r->board[BOARD_STOP];
    for (int l = 0; l < r->messages.lanes; l++) {
        struct lane *lane = &r->messages.lane[l];
        if (lane->acked != lane->reply[REPLY_ACK]) r->moved = clock_ns();
        lane->acked = lane->reply[REPLY_ACK];
        store(here, at_reply(here, l, REPLY_TAIL), lane->reply[REPLY_TAIL]);
        if (!r->messages.waiting) store(here, at_reply(here, l, REPLY_ACK), lane->acked);
    }
}

/* The second question: the lanes' words that have changed, and how rank 0's stand. */
static void ask_words(struct relay *r)
{
    struct share *there = &r->there;
    for (int i = 0; i < KINDS; i++)
        if (r->coming[i].asked) reach_read(there, r->coming[i].from, &r->coming[i].after, sizeof r->coming[i].after);
    messages_words(&r->messages);
    r->looking = clock_ns();
    reach_read(there, 0, r->board, LINE);
    for (int l = 0; l < r->messages.lanes; l++)
        reach_read(there, at_reply(there, r->messages.lane[l].actor, 0), r->messages.lane[l].reply, LINE);
    if (there->config.snapshot) reach_read(there, there->map.snapshot, r->snapshot, LINE);
}

void relay_round(struct relay *r)
{
    bool asked = messages_write(&r->messages);
    ask_weights(r);
    for (int i = 0; i < KINDS; i++) asked = asked || r->coming[i].asked;
    if (asked) reach_settle(&r->there);
    ask_words(r);
    reach_settle(&r->there);
    r->looked = r->looking;
    r->traffic.rounds++;
    messages_sent(&r->messages);
    tell_board(r);
    store(r->here, at_board(BOARD_CARRIED), r->traffic.rounds);
    take_weights(r);
    if (asked) r->moved = clock_ns();
}

/* ---- when ---- */

/* Is a round worth while at once. */
static bool busy(const struct relay *r)
{
    return messages_wait(&r->messages) || requested(r) || r->held || r->snapshot_wanted ||
           r->stop != load(r->here, at_board(BOARD_STOP)) ||
           (r->board[BOARD_TARGET] && r->board[BOARD_TARGET] != r->target) || (r->board[BOARD_CURRENT] && !r->current);
}

/* How long after the last look the next one is due: an eighth of the time that rank 0's answer has been awaited. */
static int64_t pace(const struct relay *r)
{
    bool waiting = false;
    for (int l = 0; l < r->messages.lanes; l++)
        waiting = waiting || r->messages.lane[l].sent != r->messages.lane[l].acked;
    if (!waiting) return IDLE_NS;
    const int64_t ns = (clock_ns() - r->moved) / 8;
    return ns < SHORT_NS ? SHORT_NS : ns > LONG_NS ? LONG_NS : ns;
}

/* The same doorbell, and the same order of words, as between rank 0 and its own node's actors: see doorbell.c. */
static void sleep_a_while(struct relay *r)
{
    struct share *here = r->here;
    atomic_fetch_add(half_word_at(here, AT_ASLEEP), 1);
    const uint32_t rings = atomic_load(half_word_at(here, AT_RINGS));
    const int64_t left = r->looked + pace(r) - clock_ns();
    if (!busy(r) && left > 0 && !atomic_load(&r->closing)) doorbell_wait(here, rings, left);
    atomic_fetch_sub(half_word_at(here, AT_ASLEEP), 1);
}

static void *run(void *arg)
{
    struct relay *r = arg;
    cpu_set_t all;
    memset(&all, 0xff, sizeof all);
    sched_setaffinity(0, sizeof all,
                      &all); /* an actor bound to a core must not share it with us where others are free */
    cpu_flush_denormals();
    while (!atomic_load(&r->here->going)) {
        if (atomic_load(&r->closing)) goto done;
        doorbell_wait(r->here, atomic_load(half_word_at(r->here, AT_RINGS)), IDLE_NS);
    }
    for (;;) {
        relay_round(r);
        const uint64_t bye = r->board[BOARD_PARTING] ? BYE_PARTED : BYE_SAID;
        if (atomic_load(&r->closing) && messages_done(&r->messages, bye)) break;
        if (!busy(r)) sleep_a_while(r);
    }
done:
    atomic_store(&r->done, true);
    return NULL;
}

/* ---- owner ---- */

struct relay *relay_make(struct share *here, const struct share *there, const int *actors, int lanes)
{
    struct relay *r = memory_new(1, sizeof *r);
    r->here = here;
    r->there = *there;
    r->joined = true;
    messages_open(&r->messages, here, &r->there, actors, lanes);
    return r;
}

struct relay *relay_new(struct share *here, const struct share *there, const int *actors, int lanes)
{
    struct relay *r = relay_make(here, there, actors, lanes);
    r->there.watch = watch_open(&there->ids[0], there->config.patience);
    r->joined = false;
    int failed = r->messages.waiting ? sum_start(r->messages.waiting) : 0;
    if (!failed) failed = thread_start(&r->thread, NULL, run, r);
    if (failed) {
        log_rank("no thread for the relay of this node: %s; raise the limit of processes (ulimit -u)",
                 strerror(failed));
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    return r;
}

bool relay_end(struct relay *r, double seconds)
{
    if (r->joined) return true;
    atomic_store(&r->closing, true);
    doorbell_ring(r->here);
    for (double waited = 0; !atomic_load(&r->done) && waited < seconds; waited += 1e-3) clock_sleep_ns(1000000);
    if (!atomic_load(&r->done)) return false;
    pthread_join(r->thread, NULL);
    r->joined = true;
    return true;
}

void relay_close(struct relay **relay)
{
    struct relay *r = *relay;
    if (!r) return;
    watch_close(&r->there.watch);
    messages_close(&r->messages);
    free(r);
    *relay = NULL;
}

void relay_traffic(const struct relay *r, struct share_traffic *t)
{
    *t = r->traffic;
    t->gradients = r->messages.gradients;
    t->gradient_bytes = r->messages.gradient_bytes;
}
