/* test_window.c -- what rank 0 and the actors of its node keep of one another, in one thread and by a clock that is
 * moved by hand: rings, posts, turns, silences, loans, sleeps and goodbyes. */
#include "testing.h"

#include <mpi.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "share/buffer.h"
#include "share/layout.h"
#include "share/wait.h"

enum { P = 32, ACTORS = 3, RING = 4, STATE = 64 };

static struct share rank_0, actor[ACTORS];
static int64_t now; /* ns */
static void (*meanwhile)(void);

int clock_gettime(clockid_t id, struct timespec *t)
{
    (void)id;
    *t = (struct timespec){now / 1000000000, now % 1000000000};
    return 0;
}
int nanosleep(const struct timespec *t, struct timespec *left)
{
    (void)left;
    now += t->tv_sec * 1000000000 + t->tv_nsec;
    if (meanwhile) meanwhile();
    return 0;
}
int sched_yield(void)
{
    return nanosleep(&(struct timespec){0, 1000}, NULL);
}
/* Sleeping is the only call of the system that a window makes. */
static int sleeps, wakes;
long syscall(long number, ...)
{
    va_list ap;
    va_start(ap, number);
    (void)va_arg(ap, void *);
    const int operation = va_arg(ap, int);
    va_end(ap);
    if (operation == 1) return wakes++, 0; /* FUTEX_WAKE */
    sleeps++;
    now += 10000000;
    if (meanwhile) meanwhile();
    return -1;
}

static void fill(float *x, double value)
{
    for (int i = 0; i < P; i++) x[i] = (float)value;
}

/* Opens the window that all of them use. */
static void begin(bool borrow)
{
    static unsigned char bytes[1 << 20] __attribute__((aligned(LINE)));
    static struct process_id nobody_is_seen[ACTORS + 1];
    const struct share_config config = {
        .params = P, .target = true, .snapshot = true, .state_bytes = STATE, .episodes = RING, .patience = 30};
    const struct map map = map_draw(&config, ACTORS, borrow ? ACTORS : 0, borrow ? 0 : MAP_COPIED);
    float theta[P];
    EXPECT(map.bytes <= sizeof bytes);
    memset(bytes, 0, sizeof bytes);
    now = 1000000000000;
    meanwhile = NULL;
    sleeps = wakes = 0;
    rank_0 = (struct share){.config = config,
                            .map = map,
                            .ids = nobody_is_seen,
                            .actors = ACTORS,
                            .self = -1,
                            .base = bytes,
                            .near_win = MPI_WIN_NULL,
                            .far_win = MPI_WIN_NULL,
                            .current = -1,
                            .next = -1,
                            .last = -1,
                            .asked = now,
                            .push_at = now,
                            .signed_at = now};
    for (int i = 0; i < INDICES; i++) rank_0.recent[i] = (unsigned char)i;
    for (int a = 0; a < ACTORS; a++) {
        actor[a] = rank_0;
        actor[a].self = actor[a].slot = a;
        actor[a].borrows = borrow;
    }
    rank_0.seen = calloc(ACTORS, sizeof *rank_0.seen);
    for (int a = 0; a < ACTORS; a++) rank_0.seen[a].looked = now;
    fill(theta, 1);
    share_start(&rank_0, theta, theta, 1, 10);
}
static void end(void)
{
    free(rank_0.scratch);
    free(rank_0.seen);
}

static void publish(double value)
{
    fill(share_next(&rank_0), value);
    share_publish(&rank_0, (uint64_t)value, (int64_t)(10 * value));
}

static void push(int a)
{
    float *grad = share_begin(&actor[a]);
    EXPECT(grad != NULL);
    fill(grad, a + 0.5);
    share_push(&actor[a], &(struct share_push){.frames = a, .scale = 1});
}

static void tell(int a, int64_t n)
{
    share_tell_episode(&actor[a], &(struct share_episode){.frames = n, .steps = a, .ret = (double)n});
}

/* A ring holds what fits, around its end too, and what does not is counted once. */
static void rings(void **state)
{
    (void)state;
    struct share_episode e[16];
    int64_t lost = 0, next[ACTORS] = {0};
    begin(true);
    for (int round = 0; round < 7; round++) {
        for (int a = 0; a < ACTORS; a++)
            for (int i = 0; i < 3; i++) tell(a, next[a]++);
        for (int a = 0; a < ACTORS; a++) {
            const int n = share_take_episodes(&rank_0, a, e, 16, &lost);
            EXPECT(n == 3 && lost == 0);
            for (int i = 0; i < n; i++) EXPECT(e[i].frames == next[a] - 3 + i && e[i].steps == a);
        }
    }
    for (int i = 0; i < RING + 2; i++) tell(1, 100 + i);
    EXPECT(share_take_episodes(&rank_0, 1, e, 1, &lost) == 1 && e[0].frames == 100 && lost == 2);
    EXPECT(share_take_episodes(&rank_0, 0, e, 16, &lost) == 0 && lost == 2);
    tell(1, 200); /* the place of the one that was taken */
    tell(1, 201);
    EXPECT(share_take_episodes(&rank_0, 1, e, 16, &lost) == RING && lost == 3);
    for (int i = 0; i < RING; i++) EXPECT(e[i].frames == (i < 3 ? 101 + i : 200));
    EXPECT(share_take_episodes(&rank_0, 1, e, 16, &lost) == 0 && lost == 3);
    end();
}

/* Who has not been served longest comes first, and each mailbox is handed out once. */
static void turns(void **state)
{
    (void)state;
    struct share_ready ready[ACTORS + 1];
    begin(true);
    for (int a = 0; a < ACTORS; a++) push(a);
    EXPECT(share_drain(&rank_0, ready, 1) == 1 && ready[0].actor == 0 && ready[0].push.frames == 0);
    EXPECT(share_drain(&rank_0, ready + 1, 1) == 1 && ready[1].actor == 1 && ready[1].grad[0] == 1.5F);
    share_ack(&rank_0, ready, 2);
    push(0);
    push(1);
    EXPECT(share_drain(&rank_0, ready, 2) == 2 && ready[0].actor == 2 && ready[1].actor == 0);
    EXPECT(share_drain(&rank_0, ready + 2, 2) == 1 && ready[2].actor == 1); /* those two are not handed out again */
    EXPECT(share_drain(&rank_0, ready + 3, 1) == 0);
    share_ack(&rank_0, ready, 3);
    end();
}

static void targets(void **state)
{
    (void)state;
    float one[P], got[P];
    uint64_t version = 0;
    begin(true);
    for (int k = 2; k < 7; k++) {
        fill(one, k);
        EXPECT(!share_fetch_target(&actor[0], got, &version) && version == (uint64_t)k - 1 &&
               got[P - 1] == (float)(k - 1));
        const uint64_t before = *word_at(&rank_0, at_board(BOARD_TARGET));
        share_publish_target(&rank_0, one);
        const uint64_t after = *word_at(&rank_0, at_board(BOARD_TARGET));
        EXPECT(published_index(before) != published_index(after)); /* who copies the one before is not disturbed */
        EXPECT(floats_at(&rank_0, at_target(&rank_0, published_index(before)) + LINE)[0] == (float)(k - 1));
    }
    end();
}

/* Time counts as silence only while rank 0 looks, half a second for each look at most; any sign ends it. */
static void silence(void **state)
{
    (void)state;
    struct share_ready ready[ACTORS];
    begin(true);
    for (int i = 0; i < 10; i++) now += 100000000, share_beat(&rank_0);
    for (int a = 0; a < ACTORS; a++) EXPECT_NEAR(share_silence(&rank_0, a), 1, 1e-9);
    now += 3600000000000; /* nobody looked */
    share_beat(&rank_0);
    EXPECT_NEAR(share_silence(&rank_0, 0), 1.5, 1e-9);
    push(0);
    tell(1, 5);
    now += 100000000, share_beat(&rank_0);
    EXPECT(share_silence(&rank_0, 0) == 0 && share_silence(&rank_0, 1) == 0);
    EXPECT_NEAR(share_silence(&rank_0, 2), 1.6, 1e-9);
    now += 100000000, share_beat(&rank_0);
    EXPECT_NEAR(share_silence(&rank_0, 0), 0.1, 1e-9);
    share_post(&actor[0], SHARE_POST_STATE, 1, NULL, 0);
    share_alive(&actor[2]);
    now += 100000000, share_beat(&rank_0);
    EXPECT(share_silence(&rank_0, 0) == 0 && share_silence(&rank_0, 2) == 0);
    EXPECT(share_drain(&rank_0, ready, ACTORS) == 1);
    share_bye(&actor[1]);
    EXPECT(share_silence(&rank_0, 1) == -1 && share_silence(&rank_0, 0) >= 0);
    end();
}

/* The last post stays whole while the next one is written; no more is read than there is room for. */
static void posts(void **state)
{
    (void)state;
    unsigned char bytes[STATE], got[STATE + 8];
    size_t n = 9;
    begin(true);
    EXPECT(share_read_post(&rank_0, 0, SHARE_POST_STATE, got, STATE, &n) == 0 && n == 0);
    uint64_t before = 0;
    for (uint64_t id = 1; id <= 4; id++) {
        memset(bytes, (int)id, sizeof bytes);
        share_post(&actor[0], SHARE_POST_STATE, id, bytes, STATE);
        const uint64_t word = *word_at(&rank_0, at_actor(&rank_0, 0, ACTOR_POST + SHARE_POST_STATE));
        EXPECT(published_index(word) != published_index(before) && published_count(word) == id);
        before = word;
        memset(got, 0xee, sizeof got);
        EXPECT(share_read_post(&rank_0, 0, SHARE_POST_STATE, got, 10, &n) == id && n == 10);
        EXPECT(got[9] == id && got[10] == 0xee);
    }
    const size_t at = at_post(&rank_0, 0, SHARE_POST_STATE, published_index(before));
    *word_at(&rank_0, at + 8) = 1 << 30; /* a length that is none */
    EXPECT(share_read_post(&rank_0, 0, SHARE_POST_STATE, got, STATE + 8, &n) == 4 && n == STATE && got[STATE] == 0xee);
    share_post(&actor[2], SHARE_POST_EVAL, 8, bytes, 3);
    EXPECT(share_read_post(&rank_0, 2, SHARE_POST_EVAL, got, sizeof got, &n) == 8 && n == 3);
    EXPECT(share_read_post(&rank_0, 1, SHARE_POST_EVAL, got, sizeof got, &n) == 0);
    end();
}

static void push_1(void)
{
    meanwhile = NULL;
    push(1);
}

/* Rank 0 does not sleep over what is there, and is woken by what comes. */
static void sleeping(void **state)
{
    (void)state;
    struct share_ready ready[ACTORS];
    begin(true);
    share_drain(&rank_0, ready, ACTORS);
    int64_t start = now;
    share_idle(&rank_0, 0.1);
    EXPECT(sleeps > 1 && now - start >= 100000000 && now - start < 200000000);
    for (int a = 0; a < ACTORS; a++) { /* rung before the last look: the bell tells nothing new, the mailbox does */
        begin(true);
        push(a);
        rank_0.rings = *half_word_at(&rank_0, AT_RINGS);
        share_idle(&rank_0, 1);
        EXPECT(sleeps == 0);
    }
    begin(true);
    share_drain(&rank_0, ready, ACTORS);
    meanwhile = push_1;
    start = now;
    share_idle(&rank_0, 1);
    EXPECT(sleeps == 1 && wakes == 1 && now - start < 100000000);
    EXPECT(share_drain(&rank_0, ready, ACTORS) == 1 && ready[0].actor == 1);
    share_post(&actor[0], SHARE_POST_EVAL, 1, NULL, 0);
    EXPECT(wakes == 1); /* nobody is asleep */
    end();
}

/* Two actors go, one does not; all part together only once nobody is missing. */
static void goodbyes(void **state)
{
    (void)state;
    begin(true);
    share_bye(&actor[0]);
    share_bye(&actor[2]);
    EXPECT(share_wait_bye(&rank_0, 1) == 1);
    EXPECT(!share_part(&rank_0, true, 1)); /* two wait in share_parting(), one is missing */
    for (int a = 0; a < ACTORS; a += 2) *word_at(&rank_0, at_actor(&rank_0, a, ACTOR_BYE)) = BYE_PARTED;
    EXPECT(!share_part(&rank_0, true, 1)); /* these know, and one is missing */
    share_bye(&actor[1]);
    EXPECT(share_wait_bye(&rank_0, 1) == 0);
    EXPECT(!share_part(&rank_0, true, 1)); /* it does not know yet */
    for (int a = 0; a < ACTORS; a++) EXPECT(share_parting(&actor[a]));
    EXPECT(share_part(&rank_0, true, 1) && !share_part(&rank_0, false, 1));
    EXPECT(!share_parting(&actor[0]));
    end();
    begin(true);
    const int64_t start = now;
    EXPECT(share_wait_bye(&rank_0, 60) == 3); /* nobody gives a sign: not waited for to the end */
    EXPECT(now - start > 9000000000 && now - start < 30000000000);
    const int slept = sleeps;
    EXPECT(share_wait_bye(&rank_0, 60) == 3 && sleeps == slept + 1); /* who asks again does not spin */
    end();
}

/* A lent buffer is not written to, whoever holds it, and free again with the next loan. */
static void loans(void **state)
{
    (void)state;
    struct share_view view;
    const float *lent[ACTORS];
    begin(true);
    for (int a = 0; a < ACTORS; a++) {
        lent[a] = share_borrow(&actor[a], NULL, &view);
        EXPECT(lent[a] && view.version == (uint64_t)a + 1 && view.frames == 10 * (a + 1));
        publish(a + 2);
    }
    for (int k = 5; k < 40; k++) {
        publish(k);
        for (int a = 0; a < ACTORS; a++) EXPECT(lent[a][0] == (float)(a + 1) && lent[a][P - 1] == (float)(a + 1));
    }
    lent[1] = share_borrow(&actor[1], NULL, &view);
    EXPECT(view.version == 39 && lent[1][0] == 39);
    share_bye(&actor[2]);
    for (int k = 40; k < 80; k++) publish(k);
    EXPECT(lent[0][0] == 1 && lent[1][0] == 39);
    end();
}

static int published;
static void publish_more(void)
{
    publish(++published);
}

/* Who copies is given the newest weights, whole; pins that nobody takes back are overridden, no more than it takes. */
static void copies(void **state)
{
    (void)state;
    struct share_view view;
    float got[P], held = 0;
    begin(false);
    published = 1;
    for (int k = 0; k < 20; k++) {
        publish_more();
        EXPECT(!share_fetch(&actor[k % ACTORS], got, &view));
        EXPECT(view.version == (uint64_t)published && got[0] == (float)published && got[P - 1] == got[0]);
        EXPECT(*word_at(&rank_0, at_actor(&rank_0, k % ACTORS, ACTOR_PIN)) == 0);
    }
    for (int a = 0; a < ACTORS; a++) *word_at(&rank_0, at_actor(&rank_0, a, ACTOR_PIN)) = published_word(1, a);
    for (int k = 0; k < 12; k++) { /* of three buffers one is the newest, one to write: two pins go, one stays */
        const int64_t start = now;
        publish_more();
        EXPECT(k < 2 ? now - start >= 50000000 && now - start < 100000000 : now == start);
        const float left = *floats_at(&rank_0, at_theta(&rank_0, rank_0.recent[2]) + LINE);
        EXPECT(k < 2 || left == held);
        held = left;
    }
    end();
}

/* A master that is silent for its patience of looking is gone; one whose process can be looked up is gone with that. */
static void master_gone(void **state)
{
    (void)state;
    struct share_view view;
    begin(true);
    int64_t start = now;
    EXPECT(share_wait(&actor[0], 99, &view) == -1);
    EXPECT(now - start > 29000000000 && now - start < 32000000000);
    EXPECT(!share_begin(&actor[0]) && !share_borrow(&actor[0], NULL, &view)); /* and remains so */
    end();
    begin(true);
    struct process_id seen = process_self();
    struct wait long_wait = {0};
    actor[0].ids = &seen;
    for (start = now; now - start < 100000000000;) EXPECT(!wait_round(&actor[0], &long_wait));
    seen.birth++; /* it has ended, and a later process has its number */
    start = now;
    EXPECT(share_wait(&actor[0], 99, &view) == -1 && now - start < 1000000000);
    end();
    begin(true);
    struct wait w = {0};
    for (int i = 0; i < 15; i++) { /* an hour passes between two looks: the job was suspended */
        now += 3600000000000;
        EXPECT(!wait_round(&actor[1], &w));
    }
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rings),  cmocka_unit_test(turns),       cmocka_unit_test(targets),  cmocka_unit_test(silence),
        cmocka_unit_test(posts),  cmocka_unit_test(sleeping),    cmocka_unit_test(goodbyes), cmocka_unit_test(loans),
        cmocka_unit_test(copies), cmocka_unit_test(master_gone),
    };
    alarm(550);
    return testing_main(tests);
}
