/* test_share_sleep.c -- who sleeps is woken, who is silent is noticed, and what is pinned is left alone for a while. */
#include "sharing.h"

#include "share/beat.h"
#include "share/layout.h"

enum { P = 4096 };

static struct share_config config_of(bool world)
{
    return (struct share_config){.params = P, .episodes = 8, .world = world};
}

/* The master keeps away from a pinned buffer while another is free, and a pin nobody takes back stops it once only. */
static void pins(bool world)
{
    const struct share_config config = config_of(world);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    static float x[P];
    if (sharing_rank == 0) {
        share_start(s, x, NULL, 0, 0);
        const int all = s->map.buffers, away = (s->current + 1) % all;
        if (share_actors(s)) {
            _Atomic uint64_t *const pin = word_at(s, at_actor(s, 0, ACTOR_PIN));
            atomic_store(pin, published_word(1, away));
            for (uint64_t v = 1; v <= 10; v++) {
                CHECK(share_next(s) != floats_at(s, at_theta(s, away) + LINE));
                CHECK(share_next(s) != share_theta(s));
                share_publish(s, v, 0);
            }
            CHECK(s->seen[0].stale_pin == 0);
        }
        if (share_actors(s) >= all - 1) { /* all but the current one: one is overridden, and then forgotten */
            int stale = 0;
            for (int k = 1; k < all; k++)
                atomic_store(word_at(s, at_actor(s, k - 1, ACTOR_PIN)), published_word(7, (s->current + k) % all));
            CHECK(share_next(s) != share_theta(s));
            share_publish(s, 11, 0);
            for (int k = 1; k < all; k++) stale += s->seen[k - 1].stale_pin == published_word(7, s->current);
            CHECK(stale == 1);
            for (int k = 1; k < all; k++) stale -= s->seen[k - 1].stale_pin >> 8 == 7;
            CHECK(stale == 0);
        }
    }
    finish(&s);
}

static void pins_are_hints(void **state)
{
    (void)state, pins(false);
}
static void pins_are_hints_world(void **state)
{
    (void)state, pins(true);
}

/* A push ends the master's sleep; that the sleep is short anyway does not hide a doorbell that does not ring. */
static void pushes_ring(void **state)
{
    (void)state;
    enum { PUSHES = 20 };
    const struct share_config config = config_of(false);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    static float x[P];
    if (sharing_rank == 0) {
        share_start(s, x, NULL, 0, 0);
        for (int n = 0; n < share_actors(s) * PUSHES;) {
            struct share_ready ready;
            if (share_drain(s, &ready, 1)) {
                share_ack(s, &ready, 1);
                n++;
            } else {
                share_idle(s, 600);
            }
        }
        CHECK(s->woken > 0 || s->remote || !share_actors(s)); /* a remote push rings nothing */
    } else {
        const struct share_push push = {.bad = 1};
        for (int k = 0; k < PUSHES; k++) {
            sleep_us(5000);
            CHECK(share_begin(s) != NULL);
            share_push(s, &push);
        }
    }
    finish(&s);
}

/* Rank 0 takes nothing until every actor has filled all of its mailboxes: it finds them whole, in their order, and an
 * actor that pushes again at once has rung from the half on, a slow one each time. */
static void mailboxes_fill_up(void **state)
{
    (void)state;
    enum { BOXES = 4 };
    struct share_config config = config_of(false);
    config.mailboxes = BOXES;
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    const int actors = sharing_size - 1, most = actors && actors < 16 ? 16 / actors : 1;
    const int boxes = s->remote ? 1 : most < BOXES ? most : BOXES;
    static float x[P];
    CHECK(s->map.boxes == boxes);
    if (sharing_rank == 0) {
        share_start(s, x, NULL, 0, 0);
        for (int a = 0; a < actors; a++)
            while (*word_at(s, at_actor(s, a, ACTOR_SEQ)) < (uint64_t)boxes) share_beat(s), sleep_us(1000);
        struct share_ready ready[64];
        int next[64] = {0}, n = share_drain(s, ready, 64);
        CHECK(n == actors * boxes);
        for (int i = 0; i < n; i++) {
            const int k = next[ready[i].actor]++;
            CHECK(ready[i].push.frames == k && all_are(ready[i].grad, P, 10 * ready[i].actor + k));
        }
        CHECK(share_drain(s, ready, 64) == 0);
        share_ack(s, ready, n);
        for (int left = actors; left; left -= n)
            if ((n = share_drain(s, ready, 64))) share_ack(s, ready, n);
    } else {
        for (int k = 0; k <= boxes; k++) {
            float *grad = share_begin(s);
            CHECK(grad != NULL);
            if (!grad) break;
            fill(grad, P, 10 * (sharing_rank - 1) + k);
            share_push(s, &(struct share_push){.frames = k, .scale = 1});
        }
        CHECK(s->remote || s->reply[REPLY_ACK] == (uint64_t)boxes);
    }
    finish(&s);
}

/* The rings of n pushes, begun `since` ns after the one before: the one actor's own. */
static uint32_t rings_of(struct share *s, int n, int64_t since)
{
    const uint32_t before = *half_word_at(s, AT_RINGS);
    for (int k = 0; k < n; k++) {
        CHECK(share_begin(s) != NULL);
        s->pushed_at = clock_ns() - since;
        share_push(s, &(struct share_push){.bad = 1});
    }
    return *half_word_at(s, AT_RINGS) - before;
}

static void quick_pushes_ring_by_the_half(void **state)
{
    (void)state;
    enum { BOXES = 6 };
    struct share_config config = config_of(false);
    config.mailboxes = BOXES;
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    if (sharing_size == 2 && !s->remote) { /* with more actors there are others' rings */
        static float x[P];
        if (sharing_rank == 0) {
            share_start(s, x, NULL, 0, 0);
            struct share_ready ready[BOXES];
            while (*word_at(s, at_actor(s, 0, ACTOR_SEQ)) < BOXES) sleep_us(1000);
            share_ack(s, ready, share_drain(s, ready, BOXES));
            for (int n = 0; n < BOXES;) { /* none of them may be heard, and yet none waits longer than a sleep */
                const int got = share_drain(s, ready, BOXES);
                if (got) share_ack(s, ready, got);
                if (!got) share_idle(s, 600);
                n += got;
            }
        } else {
            const int64_t soon = -INT64_C(1000000000000), late = INT64_C(1000000000);
            CHECK(rings_of(s, 2, soon) == 0);
            CHECK(rings_of(s, 1, soon) == 1); /* half are full */
            CHECK(rings_of(s, 3, soon) == 3);
            CHECK(share_flush(s) == 0);
            CHECK(rings_of(s, 2, late) == 2);
            CHECK(share_flush(s) == 0);
            CHECK(rings_of(s, 2, soon) == 0);
            CHECK(share_flush(s) == 0);
            CHECK(rings_of(s, 2, soon) == 0);
            CHECK(share_flush(s) == 0);
        }
    }
    finish(&s);
}

/* Have those been silent for a while who are to be? */
static bool quiet(const struct share *s)
{
    for (int a = 1; a < share_actors(s); a += 2)
        if (share_silence(s, a) < 0.2) return false;
    return true;
}

static void silence_is_seen(void **state)
{
    (void)state;
    const struct share_config config = config_of(false);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    static float x[P];
    if (sharing_rank == 0) {
        share_start(s, x, NULL, 0, 0);
        for (int i = 0; i < 30 || (i < 2500 && !quiet(s)); i++) share_idle(s, 0.02);
        for (int a = 0; a < share_actors(s); a++) {
            CHECK(share_silence(s, a) >= (a % 2 ? 0.2 : 0)); /* a sleep lasts at least as long as asked */
            CHECK(share_silence(s, a) < 60);
        }
        share_stop(s, 1);
    } else {
        struct share_view view;
        CHECK(share_fetch(s, NULL, &view) == 0);
        while (sharing_rank % 2 && !share_stopped(s)) share_alive(s), sleep_us(5000);
        if (sharing_rank % 2 == 0) CHECK(share_wait(s, 1, &view) == 0);
        while (!share_stopped(s)) sleep_us(5000); /* a look is not a sign of life */
    }
    finish(&s);
}

/* The master's beat stands still from here on. */
static void stop_beating(struct share *s)
{
    beat_close(&s->beat_thread);
    s->beat_at = INT64_MAX;
}

/* An actor to which rank 0 cannot be looked up gives up after its patience of looking, not before it has looked. */
static void dead_master_is_noticed(void **state)
{
    (void)state;
    struct share_config config = config_of(false);
    config.patience = 10;
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    static float x[P];
    for (int r = 0; r < sharing_size; r++) s->ids[r].pid = 0;
    if (sharing_rank == 0) {
        share_start(s, x, NULL, 0, 0);
        share_publish(s, 1, 0);
        stop_beating(s);
        while (share_wait_bye(s, 1)) {}
        s->beat_at = 0;
    } else {
        struct share_view view;
        CHECK(share_wait(s, 2, &view) == 0);
        s->asked -= INT64_C(60000000000); /* as after a minute without a look: it counts for half a second */
        CHECK(share_fetch(s, NULL, &view) == 0);
        s->unheard += INT64_C(9500000000);
        CHECK(share_wait(s, 3, &view) == -1);
        CHECK(share_begin(s) == NULL && !share_stopped(s));
    }
    finish(&s);
}

/* Rank 0's own thread is busy for longer than the patience of actors that cannot look it up: nobody gives it up. */
static void busy(bool world)
{
    struct share_config config = config_of(world);
    config.patience = 4; /* eight looks: a process may stand still for three seconds */
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    static float x[P];
    for (int r = 0; r < sharing_size; r++) s->ids[r].pid = 0;
    if (sharing_rank == 0) {
        share_start(s, x, NULL, 0, 0);
        if (s->remote) share_away(s);
        sleep_us(share_actors(s) ? 6000000 : 0);
        if (s->remote) share_back(s);
        share_publish(s, 1, 0);
        while (share_wait_bye(s, 1)) {}
    } else {
        struct share_view view;
        CHECK(share_wait(s, 2, &view) == 0 && view.publication == 2);
    }
    finish(&s);
}

static void busy_is_alive(void **state)
{
    (void)state;
    busy(false);
}

static void busy_is_alive_world(void **state)
{
    (void)state;
    busy(true);
}

/* One that can be looked up is alive, however long it is silent, and gone as soon as its process is. */
static void silence_is_no_death(void **state)
{
    (void)state;
    const struct share_config config = config_of(false);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    static float x[P];
    if (sharing_rank == 0) {
        share_start(s, x, NULL, 0, 0);
        share_publish(s, 1, 0);
        stop_beating(s);
        sleep_us(2000000);
        share_publish(s, 2, 0);
        while (share_wait_bye(s, 1)) {}
        s->beat_at = 0;
    } else if (share_is_local(s)) {
        struct share_view view;
        s->config.patience = 0.5;
        CHECK(share_process(s, 0)->pid != 0);
        CHECK(share_wait(s, 2, &view) == 0);
        s->ids[0].birth++; /* it has ended, and a later process has its number */
        CHECK(share_wait(s, 3, &view) == -1);
    }
    finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pins_are_hints),         cmocka_unit_test(pins_are_hints_world),
        cmocka_unit_test(mailboxes_fill_up),      cmocka_unit_test(quick_pushes_ring_by_the_half),
        cmocka_unit_test(silence_is_seen),        cmocka_unit_test(pushes_ring),
        cmocka_unit_test(dead_master_is_noticed), cmocka_unit_test(silence_is_no_death),
        cmocka_unit_test(busy_is_alive),          cmocka_unit_test(busy_is_alive_world),
    };
    return sharing_main(tests);
}
