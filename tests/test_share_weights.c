/* test_share_weights.c -- what is read while it is written: weights, target, snapshot, posts and rings, on all
 * three paths. */
#include "sharing.h"

#include "share/layout.h"

enum { P = 65536, STATE = 200000, PUBLICATIONS = 400 };

enum path { SHARED, WORLD, RELAY };

static struct share_config config_of(enum path path)
{
    return (struct share_config){.params = P,
                                 .target = true,
                                 .snapshot = true,
                                 .state_bytes = STATE,
                                 .episodes = 8,
                                 .world = path == WORLD,
                                 .nodes = path == RELAY ? pretended_nodes() : 0};
}

/* What an actor posts under an id: its length and every byte follow from the id. */
static size_t post_size(uint64_t id)
{
    return id % 7 == 0 ? 0 : (size_t)(id * 977 % STATE);
}

static void post(struct share *s, enum share_post kind, uint64_t id, size_t n)
{
    static unsigned char bytes[STATE];
    memset(bytes, (int)(id & 0xff), n);
    share_post(s, kind, id, bytes, n);
}

static bool bytes_are(const unsigned char *bytes, size_t n, uint64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != (id & 0xff)) return false;
    return true;
}

/* Publishes buffers of one value each as fast as it can, with a target, a snapshot and a request for states now
 * and then. */
static void publish_under_fire(struct share *s)
{
    static float x[P];
    static unsigned char bytes[STATE];
    const int actors = share_actors(s);
    uint64_t asked = 0, answered = 0, states = 0;
    fill(x, P, 0);
    share_start(s, x, NULL, 0, 0);
    for (uint64_t v = 1; v <= PUBLICATIONS || (actors && (answered < 5 || answered < asked)); v++) {
        if (v % 16 == 0) {
            fill(x, P, -(double)(v / 16 + 1)); /* the one of share_start is number 1 */
            share_publish_target(s, x);
        }
        fill(share_next(s), P, (double)v);
        share_publish(s, v, (int64_t)v * 20);
        share_beat(s);
        if (!actors) continue;
        const int a = (int)(answered % (uint64_t)actors);
        size_t n = 0;
        const uint64_t id = share_read_post(s, a, SHARE_POST_EVAL, bytes, sizeof bytes, &n);
        if (asked > answered && id == asked) {
            CHECK(n == (id < SHARE_EVAL_BYTES ? id : SHARE_EVAL_BYTES) && bytes_are(bytes, n, id));
            answered++;
        } else if (asked == answered && (v <= PUBLICATIONS || asked < 5)) {
            fill(x, P, 0.5 + (double)++asked);
            share_ask_eval(s, a, x, asked, v);
            share_ask_state(s, ++states);
        }
        /* as a master waits: an MPI that moves bytes only inside its calls must get on meanwhile */
        for (int i = 0; v > PUBLICATIONS && i < 20; i++, sleep_us(10)) share_beat(s);
    }
    share_stop(s, 2);
}

static void fetch_under_fire(struct share *s)
{
    static float x[P];
    struct share_view view = {0}, old = {0};
    while (!view.stop) {
        CHECK(share_fetch(s, x, &view) == 0);
        CHECK(all_are(x, P, (double)view.version));
        CHECK(view.publication == view.version + 1 && view.frames == (int64_t)view.version * 20);
        CHECK(view.version >= old.version && view.target_version >= old.target_version);
        /* published before the weights that go with it: seen with them */
        CHECK(view.target_version >= view.version / 16 + 1);
        if (view.target_version != old.target_version) {
            uint64_t target_version = 0;
            CHECK(share_fetch_target(s, x, &target_version) == 0 && target_version >= view.target_version);
            CHECK(all_are(x, P, target_version == 1 ? 0 : -(double)target_version));
        }
        if (view.snapshot_id != old.snapshot_id && !view.stop) {
            uint64_t id = 0, version = 0;
            CHECK(share_fetch_snapshot(s, x, &id, &version) == 0);
            CHECK(id == view.snapshot_id && version > 0 && all_are(x, P, 0.5 + (double)id));
            post(s, SHARE_POST_EVAL, id, id < SHARE_EVAL_BYTES ? (size_t)id : SHARE_EVAL_BYTES);
        }
        if (view.state_id != old.state_id) CHECK(view.state_id > old.state_id);
        old = view;
    }
    CHECK(view.stop == 2);
}

static void weights(enum path path)
{
    const struct share_config config = config_of(path);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    if (sharing_rank == 0)
        publish_under_fire(s);
    else
        fetch_under_fire(s);
    finish(&s);
}

static void fetches_are_whole(void **state)
{
    (void)state, weights(SHARED);
}
static void fetches_are_whole_world(void **state)
{
    (void)state, weights(WORLD);
}
static void fetches_are_whole_relay(void **state)
{
    (void)state, weights(RELAY);
}

/* Targets and snapshots without a pause between them, as no trainer does: nearly every reader is overtaken. */
static void targets(enum path path)
{
    const struct share_config config = config_of(path);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    const uint64_t last = s->remote ? 100 : 1500;
    static float x[P];
    if (sharing_rank == 0) {
        fill(x, P, 1);
        share_start(s, x, NULL, 0, 0);
        for (uint64_t v = 2; v <= last; v++) {
            fill(x, P, (double)v);
            share_publish_target(s, x);
            if (share_actors(s)) share_ask_eval(s, (int)(v % (uint64_t)share_actors(s)), x, v, 10 * v);
            share_beat(s);
        }
    } else {
        uint64_t version = 0, old = 0, id = 0, of = 0;
        for (; version < last; old = version) {
            CHECK(share_fetch_target(s, x, &version) == 0);
            CHECK(version >= old && all_are(x, P, (double)version));
            if (version == 1) continue; /* there may be no snapshot yet */
            CHECK(share_fetch_snapshot(s, x, &id, &of) == 0);
            CHECK(of == 10 * id && all_are(x, P, (double)id));
        }
    }
    finish(&s);
}

static void targets_are_whole(void **state)
{
    (void)state, targets(SHARED);
}
static void targets_are_whole_world(void **state)
{
    (void)state, targets(WORLD);
}
static void targets_are_whole_relay(void **state)
{
    (void)state, targets(RELAY);
}

static void posts(enum path path)
{
    const struct share_config config = config_of(path);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    const uint64_t last = s->remote ? 100 : 3000;
    static float x[P];
    static unsigned char bytes[STATE];
    if (sharing_rank == 0) {
        uint64_t old[64] = {0};
        size_t n = 99;
        share_start(s, x, NULL, 0, 0);
        for (int missing = share_actors(s); missing;) {
            for (int a = 0; a < share_actors(s); a++) {
                if (old[a] == last) continue;
                const uint64_t id = share_read_post(s, a, SHARE_POST_STATE, bytes, sizeof bytes, &n);
                CHECK(id >= old[a] && n == (id ? post_size(id) : 0) && bytes_are(bytes, n, id));
                old[a] = id;
                missing -= id == last;
            }
            share_beat(s);
        }
        for (int a = 0; a < share_actors(s); a++) {
            CHECK(share_read_post(s, a, SHARE_POST_STATE, bytes, 3, &n) == last && n == 3);
            CHECK(share_read_post(s, a, SHARE_POST_EVAL, bytes, sizeof bytes, &n) == 0 && n == 0);
        }
    } else {
        for (uint64_t id = 1; id <= last; id++) post(s, SHARE_POST_STATE, id, post_size(id));
    }
    finish(&s);
}

static void posts_are_whole(void **state)
{
    (void)state, posts(SHARED);
}
static void posts_are_whole_world(void **state)
{
    (void)state, posts(WORLD);
}
static void posts_are_whole_relay(void **state)
{
    (void)state, posts(RELAY);
}

static void episodes(enum path path)
{
    enum { EPISODES = 300 };
    const struct share_config config = config_of(path);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    static float x[P];
    if (sharing_rank == 0) {
        int64_t taken = 0, dropped = 0;
        int64_t last[64] = {0};
        share_start(s, x, NULL, 0, 0);
        for (bool more = true; more;) {
            more = share_wait_bye(s, 0) > 0; /* asked first: what was told before a bye is taken after it */
            for (int a = 0; a < share_actors(s); a++) {
                struct share_episode e[3];
                int n = 0;
                do {
                    n = share_take_episodes(s, a, e, 3, &dropped);
                    for (int i = 0; i < n; i++) {
                        CHECK(e[i].steps > last[a] && e[i].frames == 4 * e[i].steps &&
                              e[i].ret == 0.5 * (double)e[i].steps);
                        last[a] = e[i].steps;
                    }
                    taken += n;
                } while (n == 3);
            }
            share_idle(s, 0.001);
        }
        CHECK(taken + dropped == (int64_t)share_actors(s) * EPISODES);
        CHECK(!share_actors(s) || taken >= 8);
    } else {
        for (int64_t i = 1; i <= EPISODES; i++) {
            const struct share_episode e = {.frames = 4 * i, .steps = i, .ret = 0.5 * (double)i};
            share_tell_episode(s, &e);
            if (i % 50 == 0) sleep_us(1000);
        }
        share_alive(s);
        share_bye(s);
    }
    share_close(&s);
    agree();
}

static void episodes_taken_or_counted(void **state)
{
    (void)state, episodes(SHARED);
}
static void episodes_taken_or_counted_world(void **state)
{
    (void)state, episodes(WORLD);
}
static void episodes_taken_or_counted_relay(void **state)
{
    (void)state, episodes(RELAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fetches_are_whole),
        cmocka_unit_test(fetches_are_whole_world),
        cmocka_unit_test(fetches_are_whole_relay),
        cmocka_unit_test(targets_are_whole),
        cmocka_unit_test(targets_are_whole_world),
        cmocka_unit_test(targets_are_whole_relay),
        cmocka_unit_test(posts_are_whole),
        cmocka_unit_test(posts_are_whole_world),
        cmocka_unit_test(posts_are_whole_relay),
        cmocka_unit_test(episodes_taken_or_counted),
        cmocka_unit_test(episodes_taken_or_counted_world),
        cmocka_unit_test(episodes_taken_or_counted_relay),
    };
    return sharing_main(tests);
}
