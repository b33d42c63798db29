/* test_actor.c -- an actor between its rollouts, on turns and shared memory that are scripted here: what it answers to
 * requests for its state and for evaluations, and what it does before it says goodbye. */
#include "testing.h"

#include "base/children.h"
#include "base/error.h"
#include "base/memory.h"
#include "learn/evaluate.h"
#include "train/actor.h"

enum { FETCHES = 8 };

static struct {
    struct share_view fetched[FETCHES]; /* by a turn's fetch; the last one again and again */
    struct share_view looked;           /* by a look without weights */
    int fetches, looks, most_looks;     /* after so many looks rank 0 is gone */
    int reaped;                         /* so often were ended children looked for */
    char order[256];
} fake;

__attribute__((format(printf, 1, 2))) static void note(const char *fmt, ...)
{
    const size_t at = strlen(fake.order);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(fake.order + at, sizeof fake.order - at, fmt, ap);
    va_end(ap);
}

void children_reap(pid_t mine)
{
    (void)mine;
    fake.reaped++;
}
void children_started(pid_t pid)
{
    (void)pid;
}
void children_waited(pid_t pid)
{
    (void)pid;
}
int setup_open_evaluation(const struct setup *setup, struct world *world)
{
    (void)setup, (void)world;
    return 0;
}
int turn_actor_open(struct turn_actor *t, const struct setup *setup, int rank)
{
    (void)t, (void)setup, (void)rank;
    return 0;
}
void turn_actor_close(struct turn_actor *t)
{
    (void)t;
}
size_t agent_state_size(const struct agent *agent)
{
    (void)agent;
    return 8;
}
size_t agent_save(const struct agent *agent, void *state, bool *whole)
{
    (void)agent, (void)state;
    *whole = true;
    return 8;
}
const float *turn_actor_fetch(struct turn_actor *t, struct share_view *view)
{
    static const float theta[16];
    (void)t;
    *view = fake.fetched[fake.fetches];
    if (fake.fetches < FETCHES - 1) fake.fetches++;
    note("fetch ");
    return theta;
}
enum turn_end turn_actor_rollout(struct turn_actor *t, const float *theta, struct share_view *view)
{
    (void)t, (void)theta, (void)view;
    note("play ");
    return TURN_PUSHED;
}
int share_fetch(struct share *s, float *theta, struct share_view *view)
{
    (void)s;
    EXPECT(!theta);
    *view = fake.looked;
    return fake.looks++ < fake.most_looks ? 0 : -1;
}
bool share_stopped(struct share *s)
{
    (void)s;
    return fake.looked.stop;
}
int share_fetch_snapshot(struct share *s, float *theta, uint64_t *id, uint64_t *version)
{
    (void)s, (void)theta;
    *id = fake.looks ? fake.looked.snapshot_id : fake.fetched[fake.fetches - 1].snapshot_id;
    *version = 1;
    return 0;
}
int evaluate_run(const struct evaluate_config *config, const struct world *world, const struct net *net,
                 const float *theta, const struct evaluate_hooks *hooks, struct evaluate_result *r)
{
    (void)config, (void)world, (void)net, (void)theta, (void)hooks, (void)r;
    return 0;
}
void share_post(struct share *s, enum share_post kind, uint64_t id, const void *bytes, size_t n)
{
    (void)s, (void)bytes, (void)n;
    note("%s-%d ", kind == SHARE_POST_STATE ? "state" : "eval", (int)id);
}
int share_wait(struct share *s, uint64_t publication, struct share_view *view)
{
    (void)s, (void)publication, (void)view;
    return 0;
}
void share_bye(struct share *s)
{
    (void)s;
    note("bye");
}

static struct options options;

/* Returns how the actor ended. */
static int run(void)
{
    const struct setup setup = {.options = &options};
    struct actor actor;
    fake.fetches = fake.looks = 0;
    fake.order[0] = 0;
    EXPECT(actor_open(&actor, &setup, 1) == 0);
    const int rc = actor_run(&actor, NULL);
    actor_close(&actor);
    return rc;
}

/* Rank 0 asks for the last states and says stop: who sees the stop first looks once more before its goodbye. */
static void the_last_state_is_told(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    fake.most_looks = 1;
    fake.fetched[1].stop = 1;
    fake.looked = (struct share_view){.stop = 1, .state_id = 5};
    EXPECT(run() == 0);
    assert_string_equal(fake.order, "fetch play fetch state-5 bye");
    EXPECT(fake.reaped == 2); /* at each fetch */
    fake.most_looks = 0;      /* nobody is there any more who could wait for a goodbye */
    EXPECT(run() == -1);
    assert_string_equal(fake.order, "fetch play fetch ");
}

/* Between theta's evaluation and that of the average an actor plays on: another one may have been asked in its place.
 * In rounds, where none ever is, it waits. */
static void averages(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    memset(&options, 0, sizeof options);
    options.ema = 0.5;
    for (int i = 0; i < FETCHES; i++)
        fake.fetched[i] = (struct share_view){.snapshot_id = i < 3 ? 1 : i < 5 ? 2 : 5, .stop = i == FETCHES - 1};
    fake.looked = (struct share_view){.stop = 1};
    fake.most_looks = 1;
    EXPECT(run() == 0);
    assert_string_equal(fake.order, "fetch eval-1 fetch play fetch play fetch eval-2 fetch play "
                                    "fetch eval-5 fetch play fetch bye");

    options.deterministic = true;
    for (int i = 0; i < FETCHES; i++) fake.fetched[i] = (struct share_view){.snapshot_id = i ? 2 : 1, .stop = i == 2};
    fake.looked = (struct share_view){.snapshot_id = 2, .stop = 0};
    fake.most_looks = 2;
    EXPECT(run() == -1); /* share_stopped() says no: rank 0 is gone */
    assert_string_equal(fake.order, "fetch eval-1 eval-2 fetch play fetch ");
    options = (struct options){0};
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_last_state_is_told), cmocka_unit_test(averages)};
    return testing_main(tests);
}
