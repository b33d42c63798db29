/* test_share_borrow.c -- weights read in place: a loan stays what it was while the master publishes on, whoever holds
 * it and for however long, the dead included; and nobody waits for it. */
#include "sharing.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "share/layout.h"

enum { P = 4096, VERSIONS = 400, SMALL = 16, EXACT = 1 << 24, READY = 7, SEEN = 21 };
#define STRESS_NS INT64_C(1500000000)
#define STRESS_MOST_NS INT64_C(60000000000)
enum { WORLD = 1, HOGWILD = 2, RELAY = 4 };

static struct share_config config_of(int flags)
{
    return (struct share_config){.params = P,
                                 .snapshot = true,
                                 .episodes = 4,
                                 .world = (flags & WORLD) != 0,
                                 .hogwild = (flags & HOGWILD) != 0,
                                 .nodes = flags & RELAY ? pretended_nodes() : 0};
}

/* Where the library makes no shared memory (test_share_tcp.sh) those copy who are not alone on their node. */
static bool memory_shared(int flags)
{
    const char *osc = getenv("OMPI_MCA_osc");
    return !(flags & WORLD) && !(osc && !strcmp(osc, "pt2pt"));
}

static void publish(struct share *s, uint64_t version)
{
    fill(share_next(s), P, (double)version);
    share_publish(s, version, (int64_t)version * 20);
    share_beat(s);
}

/* Has every actor posted READY or a later id? */
static bool all_ready(struct share *s)
{
    size_t n = 0;
    for (int a = 0; a < share_actors(s); a++)
        if (share_read_post(s, a, SHARE_POST_EVAL, NULL, 0, &n) < READY) return false;
    return true;
}

/* Publishes until all are; the next version. */
static uint64_t publish_until_ready(struct share *s, uint64_t v)
{
    for (; !all_ready(s); sleep_us(300)) publish(s, v++);
    return v;
}

static void start(struct share *s)
{
    static float x[P];
    share_start(s, x, NULL, 0, 0);
}

static bool is_of(const float *theta, const struct share_view *view)
{
    return all_are(theta, P, (double)view->version) && view->frames == (int64_t)view->version * 20 &&
           view->publication == view->version + 1;
}

/* Takes a loan at once and keeps it until the stop, through every other call there is. */
static void keep(struct share *s, bool looks)
{
    static float own[P], copy[P];
    struct share_view view, now;
    const float *theta = share_borrow(s, own, &view);
    CHECK(theta && is_of(theta, &view));
    share_post(s, SHARE_POST_EVAL, READY, NULL, 0);
    while (looks && !share_stopped(s)) {
        CHECK(share_fetch(s, copy, &now) == 0 && now.version >= view.version &&
              (s->config.hogwild || is_of(copy, &now)));
        CHECK(share_wait(s, now.publication, &now) == 0);
        CHECK(share_fetch(s, NULL, &now) == 0);
        CHECK(all_are(theta, P, (double)view.version));
        sleep_us(500);
    }
    while (!share_stopped(s)) sleep_us(5000);
    CHECK(all_are(theta, P, (double)view.version));
}

/* Borrows on and on; each loan is of a version no older than the one before. */
static void go_on(struct share *s, bool hogwild)
{
    static float own[P];
    struct share_view view = {0}, old = {0};
    bool ready = false;
    int loans = 0;
    while (!view.stop) {
        const float *theta = share_borrow(s, own, &view);
        CHECK(theta && view.version >= old.version && (hogwild || is_of(theta, &view)));
        CHECK((theta == own) == !s->borrows);
        if (!theta) break;
        for (int i = 0; i < loans % 4; i++) sleep_us(100);
        CHECK(hogwild || all_are(theta, P, (double)view.version));
        old = view;
        if (++loans < 20 || ready) continue;
        share_post(s, SHARE_POST_EVAL, READY, NULL, 0);
        ready = true;
    }
}

/* Rank 1 keeps its loan, rank 4 without ever looking, rank 7 with; all others go on. */
static void keeping(int flags)
{
    const struct share_config config = config_of(flags);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    if (sharing_rank == 0) {
        start(s);
        uint64_t v = publish_until_ready(s, 1);
        for (const uint64_t last = v + VERSIONS; v < last; v++) {
            publish(s, v);
            if (v % 8 == 0) sleep_us(1000);
        }
        for (int a = 0; a < share_actors(s); a++) CHECK(s->remote || s->seen[a].stale_pin == 0);
        share_stop(s, 1);
    } else {
        CHECK(s->borrows == (s->base && !config.hogwild));
        CHECK(s->base || !memory_shared(flags));
        if (sharing_rank % 3 == 1)
            keep(s, sharing_rank % 2);
        else
            go_on(s, config.hogwild);
    }
    finish(&s);
}

static void a_loan_stays(void **state)
{
    (void)state, keeping(0);
}
static void a_loan_stays_relay(void **state)
{
    (void)state, keeping(RELAY);
}
static void out_of_reach_it_is_a_copy(void **state)
{
    (void)state, keeping(WORLD);
}
static void hogwild_copies(void **state)
{
    const struct share_config config = config_of(HOGWILD);
    (void)state;
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    if (sharing_rank == 0) {
        start(s);
        publish_until_ready(s, 1);
        share_stop(s, 1);
    } else {
        go_on(s, true);
    }
    finish(&s);
}

/* A process that dies with a loan: a child in the actor's place, which shares its window. */
static void die_with_a_loan(struct share *s)
{
    struct share_view view;
    int status = 0;
    CHECK(share_fetch(s, NULL, &view) == 0); /* a relay's thread is at work before the fork */
    const pid_t child = fork();
    if (child == 0) {
        static float own[P];
        alarm(60);
        const float *theta = share_borrow(s, own, &view);
        if (theta && theta != own && is_of(theta, &view)) kill(getpid(), SIGKILL);
        _exit(1);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    share_post(s, SHARE_POST_EVAL, READY, NULL, 0);
    while (!share_stopped(s)) sleep_us(5000);
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* All actors but the last die over their loans: the master waits for none of them, and the last goes on. */
static void dying(int flags)
{
    const struct share_config config = config_of(flags);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    if (sharing_rank == 0) {
        static int64_t took[VERSIONS];
        start(s);
        uint64_t v = publish_until_ready(s, 1);
        for (int i = 0; i < VERSIONS; i++) {
            const int64_t from = clock_ns();
            publish(s, v++);
            took[i] = clock_ns() - from;
            if (i % 8 == 0) sleep_us(1000);
        }
        qsort(took, VERSIONS, sizeof *took, ascending);
        CHECK(took[VERSIONS / 2] < INT64_C(25000000)); /* a single wait for a pin takes 50 ms */
        for (int a = 0; a < share_actors(s); a++) CHECK(s->remote || s->seen[a].stale_pin == 0);
        share_stop(s, 1);
    } else if (s->borrows && sharing_rank < sharing_size - 1) {
        die_with_a_loan(s);
    } else {
        go_on(s, false);
    }
    finish(&s);
}

static void the_dead_hold_nobody_up(void **state)
{
    (void)state, dying(0);
}
static void the_dead_hold_nobody_up_relay(void **state)
{
    (void)state, dying(RELAY);
}

/* As fast as it goes, in blocks so small that a publication takes no longer than a look: loans of all lengths, each
 * whole when it begins and when it ends. */
static void stress(int flags)
{
    struct share_config config = config_of(flags);
    config.params = SMALL;
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    if (sharing_rank == 0) {
        static float x[SMALL];
        share_start(s, x, NULL, 0, 0);
        const int64_t start = clock_ns();
        bool over = false;
        for (uint64_t v = 1; !over; v++) {
            fill(share_next(s), SMALL, (double)(v % EXACT));
            share_publish(s, v, 0);
            if (v % 64 == 0 || s->remote) share_beat(s);
            /* or the relays would never find what they were told of */
            for (int i = 0; s->remote && i < 5; i++, sleep_us(10)) share_beat(s);
            if (v % 64) continue;
            const int64_t took = clock_ns() - start;
            over = took > STRESS_MOST_NS || (took > STRESS_NS && all_ready(s)); /* a crowded machine takes longer */
        }
        share_stop(s, 1);
    } else {
        static float own[SMALL];
        struct share_view view = {0};
        uint32_t random = (uint32_t)sharing_rank;
        uint64_t last = 0;
        int versions = 0;
        while (!view.stop) {
            const float *theta = share_borrow(s, own, &view);
            CHECK(theta != NULL);
            if (!theta) break;
            versions += view.version != last;
            if (versions == SEEN) share_post(s, SHARE_POST_EVAL, READY, NULL, 0);
            last = view.version;
            random = random * 1664525 + 1013904223;
            const uint32_t hold = random >> 29 ? 0 : random >> 20 & 0xff;
            for (uint32_t i = 0; i <= hold; i++) CHECK(all_are(theta, SMALL, (double)(view.version % EXACT)));
        }
        CHECK(versions >= SEEN);
    }
    finish(&s);
}

static void many_loans(void **state)
{
    (void)state, stress(0);
}
static void many_loans_relay(void **state)
{
    (void)state, stress(RELAY);
}

/* What every actor's loan names is never written, not even where all pins are overridden. Words written by hand. */
static void promises(int flags)
{
    const struct share_config config = config_of(flags);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    if (sharing_rank == 0) {
        start(s);
        const int all = s->map.buffers, room = all - 2, actors = share_actors(s), lent = actors < room ? actors : room;
        if (flags != WORLD && !s->remote) CHECK(all == actors + 2);
        for (int a = 0; a < lent; a++)
            atomic_store(word_at(s, at_loan(s, a)), published_word(1, (s->current + 1 + a) % all));
        bool pins = false;
        for (int k = 1; k < all; k++) /* of all actors the last, and so more than there are without loans */
            if (actors > all) {
                pins = true;
                atomic_store(word_at(s, at_actor(s, actors - k, ACTOR_PIN)), published_word(7, (s->current + k) % all));
            }
        for (uint64_t v = 1; v <= 50; v++) {
            const float *next = share_next(s);
            CHECK(next != share_theta(s));
            for (int a = 0; a < lent; a++)
                CHECK(next !=
                      floats_at(s, at_theta(s, published_index(atomic_load(word_at(s, at_loan(s, a))))) + LINE));
            share_publish(s, v, 0);
        }
        CHECK(!pins || s->seen[actors - all + 1].stale_pin >> 8 == 7); /* of the one that is not lent */
        share_stop(s, 1);
    } else {
        while (!share_stopped(s)) sleep_us(1000);
    }
    finish(&s);
}

static void loans_are_promises(void **state)
{
    (void)state, promises(0);
}
static void loans_are_promises_world(void **state)
{
    (void)state, promises(WORLD);
}

/* Of a window where nobody copies, few buffers are in use: those that the caches hold. Else all are, in turns. */
static void buffers_in_use(void **state)
{
    (void)state;
    for (int flags = 0; flags <= WORLD; flags += WORLD) {
        const struct share_config config = config_of(flags);
        struct share *s = share_open(MPI_COMM_WORLD, &config);
        if (sharing_rank == 0) {
            bool used[INDICES] = {false};
            int count = 0;
            start(s);
            for (uint64_t v = 1; v <= 600; v++) {
                const int before = s->recent[1];
                share_next(s);
                CHECK(s->next != before || s->map.buffers == 2);
                count += !used[s->next];
                used[s->next] = true;
                share_publish(s, v, 0);
            }
            CHECK(count == (s->remote || s->map.buffers < 3 ? s->map.buffers : 3));
            share_stop(s, 1);
        } else {
            while (!share_stopped(s)) sleep_us(1000);
        }
        finish(&s);
    }
}

/* As share_fetch(): waits for the start, a stop before that ends the wait, and a silent master is noticed. */
static void starting(int flags)
{
    const struct share_config config = config_of(flags);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    static float own[P];
    struct share_view view;
    if (sharing_rank == 0) {
        sleep_us(30000);
        start(s);
    } else {
        const float *theta = share_borrow(s, own, &view);
        CHECK(theta && is_of(theta, &view) && view.publication == 1 && view.stop == 0);
        CHECK(share_borrow(s, own, &view) == theta); /* still the newest: the same place */
        s->lost = true;
        CHECK(share_borrow(s, own, &view) == NULL);
    }
    finish(&s);
    s = share_open(MPI_COMM_WORLD, &config);
    own[5] = 42;
    if (sharing_rank == 0)
        sleep_us(10000), share_stop(s, 1);
    else
        CHECK(share_borrow(s, own, &view) == own && own[5] == 42 && view.stop == 1 && view.publication == 0);
    finish(&s);
}

static void a_loan_waits_for_start(void **state)
{
    (void)state, starting(0);
}
static void a_loan_waits_for_start_relay(void **state)
{
    (void)state, starting(RELAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loan_stays),
        cmocka_unit_test(a_loan_stays_relay),
        cmocka_unit_test(out_of_reach_it_is_a_copy),
        cmocka_unit_test(hogwild_copies),
        cmocka_unit_test(the_dead_hold_nobody_up),
        cmocka_unit_test(the_dead_hold_nobody_up_relay),
        cmocka_unit_test(many_loans),
        cmocka_unit_test(many_loans_relay),
        cmocka_unit_test(loans_are_promises),
        cmocka_unit_test(loans_are_promises_world),
        cmocka_unit_test(buffers_in_use),
        cmocka_unit_test(a_loan_waits_for_start),
        cmocka_unit_test(a_loan_waits_for_start_relay),
    };
    return sharing_main(tests);
}
