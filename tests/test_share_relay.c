/* test_share_relay.c -- what a relay sends over the network: weights once per node and version, gradients one by
 * one, as sums, and on packed wires. */
#include <math.h>

#include "sharing.h"

enum { P = 6000 / 16 * 16, PUSHES = 60 };
enum { SUM = 1, BF16 = 2, SIGNIFICANT = 4, MOMENTS = 8, MOST = 16, BLOCK = 400 }; /* times MOST: --combine-most */
static const struct moments block = {.offset = P - BLOCK, .dim = 192};

static struct share_config config_of(int flags)
{
    return (struct share_config){.params = P,
                                 .moments = flags & MOMENTS ? block : (struct moments){0},
                                 .episodes = 4,
                                 .nodes = pretended_nodes(),
                                 .combine = flags & SUM ? SHARE_COMBINE_SUM : SHARE_COMBINE_NONE,
                                 .combine_most = flags / MOST,
                                 .wire = flags & BF16          ? SHARE_WIRE_BF16
                                         : flags & SIGNIFICANT ? SHARE_WIRE_SIGNIFICANT
                                                               : SHARE_WIRE_FLOAT32};
}

/* How many actors share this rank's pretended node. */
static int node_actors(void)
{
    int n = 0;
    const int nodes = pretended_nodes(), mine = sharing_rank * nodes / sharing_size;
    for (int r = 1; r < sharing_size; r++) n += r * nodes / sharing_size == mine;
    return n;
}

static void push_ones(struct share *s, uint64_t version)
{
    const struct share_push push = {.version = version, .frames = 20, .steps = 5, .scale = 1};
    float *grad = share_begin(s);
    CHECK(grad != NULL);
    if (!grad) return;
    fill(grad, P, 1);
    share_push(s, &push);
}

/* Every actor fetches and pushes once per publication: over the network go the weights once per node and version, and
 * each gradient once. */
static void crossings_are_counted(void **state)
{
    (void)state;
    enum { ROUNDS = 20 };
    const struct share_config config = config_of(0);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    static float theta[P];
    if (sharing_rank == 0) {
        share_start(s, theta, NULL, 0, 0);
        for (uint64_t round = 1; round <= ROUNDS && share_actors(s); round++) {
            struct share_ready ready[64];
            int n = 0;
            while (n < share_actors(s)) {
                const int got = share_drain(s, ready + n, 64 - n);
                n += got;
                if (!got) share_idle(s, 1);
            }
            fill(share_next(s), P, (double)round);
            share_publish(s, round, 0);
            share_ack(s, ready, n);
        }
        CHECK(share_wait_bye(s, 60) == 0);
    } else {
        struct share_view view;
        struct share_traffic t;
        for (uint64_t round = 0; round < ROUNDS; round++) {
            CHECK(share_wait(s, round + 1, &view) == 0);
            CHECK(share_fetch(s, theta, &view) == 0 && all_are(theta, P, (double)round));
            CHECK(share_fetch(s, theta, &view) == 0 && view.version == round); /* again: not over the network */
            push_ones(s, view.version);
        }
        share_bye(s);
        if (share_traffic(s, &t)) {
            const uint64_t gradients = (uint64_t)node_actors() * ROUNDS;
            CHECK(t.weights == ROUNDS || t.weights == ROUNDS + 1); /* the last one nobody asked for */
            CHECK(t.weight_bytes == t.weights * (P * sizeof(float) + 64) && t.again == 0);
            CHECK(t.gradients == gradients && t.gradient_bytes == gradients * P * sizeof(float));
        }
    }
    share_close(&s);
    agree();
}

/* Applies half of each gradient, for gradients that are 1 at entries of their actor's own and 0 elsewhere: exact
 * however they are added up, and significant. */
static void sums_master(struct share *s, int flags)
{
    const int actors = share_actors(s), pushed = actors * PUSHES;
    static float theta[P];
    float seen[BLOCK] = {0};
    const size_t weights = flags & MOMENTS ? block.offset : P;
    int64_t frames = 0, steps = 0;
    int updates = 0, taken = 0;
    double entropy = 0;
    share_start(s, theta, NULL, 0, 0);
    while (taken < pushed) {
        struct share_ready ready[8];
        const int n = share_drain(s, ready, 8);
        if (!n) share_idle(s, 1);
        if (!n) continue;
        memcpy(share_next(s), share_theta(s), sizeof theta);
        for (int r = 0; r < n; r++) {
            const struct share_push *p = &ready[r].push;
            taken += 1 + (int)p->more;
            CHECK(flags / MOST || !p->more);
            frames += p->frames;
            steps += p->steps;
            if (p->scale == 0) continue;
            CHECK(p->version <= (uint64_t)updates);
            entropy += (double)p->entropy;
            updates++;
            for (size_t i = 0; i < weights; i++) share_next(s)[i] += p->scale * ready[r].grad[i];
            if (flags & MOMENTS) moments_merge(&block, seen, ready[r].grad + weights);
        }
        share_publish(s, (uint64_t)updates, frames);
        share_ack(s, ready, n);
    }
    CHECK(frames == 20 * pushed && steps == 5 * pushed && entropy == 0.25 * pushed);
    const int least = flags / MOST ? pretended_nodes() - 1 : PUSHES * (pretended_nodes() - 1);
    CHECK(taken == pushed);
    CHECK(flags & SUM ? updates <= pushed && updates >= least : updates == pushed);
    if (flags & MOMENTS && pushed) { /* of 0 .. PUSHES - 1, from each actor */
        CHECK(seen[0] == (float)pushed);
        CHECK(fabs((double)seen[moments_mean_at() + 3] - (PUSHES - 1) / 2.0) < 1e-4);
        CHECK(fabs((double)seen[moments_variance_at(&block) + 3] - (PUSHES * PUSHES - 1) / 12.0) < 1e-2);
    }
    for (size_t i = 0; i < weights; i++) CHECK(share_theta(s)[i] == (float)((int)(i % 50) < actors ? 0.5 * PUSHES : 0));
    CHECK(share_wait_bye(s, 60) == 0);
}

static void check_traffic(const struct share_traffic *t, int flags)
{
    const uint64_t left = flags & MOMENTS ? BLOCK : 0, n = P - left;
    const uint64_t each = left * 4 + (flags & BF16 ? n * 2 : flags & SIGNIFICANT ? n / 8 + n / 50 * 4 : n * 4);
    if (flags / MOST) /* so many in each at most */
        CHECK(t->gradients * (uint64_t)(flags / MOST) >= (uint64_t)node_actors() * PUSHES &&
              t->gradients <= (uint64_t)node_actors() * PUSHES);
    else if (flags & SUM)
        CHECK(t->gradients >= PUSHES && t->gradients <= (uint64_t)node_actors() * PUSHES);
    else
        CHECK(t->gradients == (uint64_t)node_actors() * PUSHES);
    if (flags & SUM && flags & SIGNIFICANT)
        CHECK(t->gradient_bytes >= t->gradients * each && t->gradient_bytes <= t->gradients * each * 3);
    else
        CHECK(t->gradient_bytes == t->gradients * each);
}

static void sums_actor(struct share *s, int flags)
{
    static float theta[P];
    struct share_view view;
    struct share_traffic t;
    struct share_push push = {.frames = 20, .steps = 5, .scale = 0.5F, .norm = 1, .entropy = 0.25F};
    for (int k = 0; k < PUSHES; k++) {
        CHECK(share_fetch(s, theta, &view) == 0);
        float *grad = share_begin(s);
        CHECK(grad != NULL);
        if (!grad) break;
        for (size_t i = 0; i < P; i++) grad[i] = (int)(i % 50) == sharing_rank - 1;
        if (flags & MOMENTS) {
            memset(grad + block.offset, 0, BLOCK * sizeof *grad);
            grad[block.offset] = 1;
            for (size_t i = 0; i < 192; i++) grad[block.offset + moments_mean_at() + i] = (float)k;
        }
        push.version = view.version;
        share_push(s, &push);
    }
    CHECK(share_flush(s) == 0);
    share_bye(s);
    if (share_traffic(s, &t)) check_traffic(&t, flags);
}

static void sums(int flags)
{
    const struct share_config config = config_of(flags);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    if (sharing_rank == 0)
        sums_master(s, flags);
    else
        sums_actor(s, flags);
    share_close(&s);
    agree();
}

static void a_nodes_gradients_are_added(void **state)
{
    (void)state, sums(SUM);
}
static void a_nodes_gradients_are_added_bf16(void **state)
{
    (void)state, sums(SUM | BF16);
}
static void significant_entries_travel(void **state)
{
    (void)state, sums(SIGNIFICANT);
}
static void a_nodes_significant_entries_travel(void **state)
{
    (void)state, sums(SUM | SIGNIFICANT);
}
static void moments_travel_as_they_are(void **state)
{
    (void)state, sums(MOMENTS), sums(BF16 | MOMENTS), sums(SIGNIFICANT | MOMENTS);
}
static void a_nodes_moments_are_merged(void **state)
{
    (void)state, sums(SUM | MOMENTS), sums(SUM | BF16 | MOMENTS), sums(SUM | SIGNIFICANT | MOMENTS);
}
/* Taken at once, by the thread beside the relay's; with a bound of 1 each is a sum of its own. */
static void what_is_taken_at_once_counts_once(void **state)
{
    (void)state, sums(SUM | 1 * MOST), sums(SUM | 3 * MOST), sums(SUM | 1000 * MOST);
}
/* Of a sum with uneven entries `significant` keeps the small ones for later: there each goes alone. */
static void what_is_taken_at_once_is_packed_and_merged(void **state)
{
    (void)state, sums(SUM | BF16 | MOMENTS | 16 * MOST), sums(SUM | SIGNIFICANT | 1 * MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crossings_are_counted),
        cmocka_unit_test(a_nodes_gradients_are_added),
        cmocka_unit_test(a_nodes_gradients_are_added_bf16),
        cmocka_unit_test(significant_entries_travel),
        cmocka_unit_test(a_nodes_significant_entries_travel),
        cmocka_unit_test(moments_travel_as_they_are),
        cmocka_unit_test(a_nodes_moments_are_merged),
        cmocka_unit_test(what_is_taken_at_once_counts_once),
        cmocka_unit_test(what_is_taken_at_once_is_packed_and_merged),
    };
    return sharing_main(tests);
}
