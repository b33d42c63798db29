/* fake_master.h -- for the tests of rank 0's room: a run of rank 0 on what fake_run.h scripts. */
#ifndef DUNLIN_TESTS_FAKE_MASTER_H
#define DUNLIN_TESTS_FAKE_MASTER_H

#include "fake_run.h"

#include <math.h>

#include "base/log.h"
#include "train/actor.h"
#include "train/master.h"

const struct process_id *share_process(const struct share *s, int rank)
{
    static struct process_id id[ACTORS + 1];
    (void)s;
    id[rank].pid = fake.unseen || rank == ACTORS ? 0 : 100 + rank;
    return &id[rank];
}
bool process_gone(const struct process_id *id)
{
    return id->pid && fake.gone[id->pid - 100];
}

struct process_id process_self(void)
{
    return (struct process_id){.pid = 0};
}

pid_t *process_children(pid_t parent, int *n)
{
    (void)parent;
    *n = 0;
    return NULL;
}

pid_t *process_dead_children(pid_t parent, int *n)
{
    return process_children(parent, n);
}

static struct option_set set;
static struct setup setup;
static struct master m;
static struct run *const run = &m.run;
static bool in_rounds;                /* the next one is of --deterministic */
static char begun[sizeof fake.trace]; /* what was noted while it began */

/* A run of rank 0 and three actors, of whom the last is on another host. Weights are 0, gradients 1, lr is 1. */
static inline void begin(const char *algo, const struct checkpoint_counters *counters)
{
    static const char hosts[ACTORS + 1][64] = {"here", "here", "here", "there"};
    static const struct checkpoint_counters fresh = {.best_mean = NAN};
    char *words[] = {"--env",
                     "catch",
                     "--algo",
                     (char *)(uintptr_t)algo,
                     "--lr",
                     "1",
                     "--frames",
                     "100000",
                     "--no-lr-anneal",
                     "--eval-every",
                     "500",
                     "--checkpoint-every",
                     "1000",
                     "--target-every",
                     "100"};
    const char *positional = NULL;
    memset(&fake, 0, sizeof fake);
    fake.clock = 5000;
    options_init(&set);
    if (options_read_args(&set, sizeof words / sizeof *words, words, &positional) || setup_complete(&set) ||
        setup_open(&setup, &set.values, true))
        fail_msg("%s", error_text());
    set.values.deterministic = in_rounds;
    fake.params = setup.facts->params;
    fake.theta = memory_floats(fake.params);
    fake.next = memory_floats(fake.params);
    fake.grad = memory_floats(fake.params);
    for (size_t i = 0; i < fake.params; i++) fake.grad[i] = 1;
    const struct optim_config optim = {.kind = OPTIM_SGD};
    const struct master_start start = {.run = {.set = &set,
                                               .setup = &setup,
                                               .dir = "RUN",
                                               .optim = optim_new(&optim, fake.params, ACTORS),
                                               .target = setup.algo->has_target ? fake.theta : NULL,
                                               .counters = counters ? counters : &fresh,
                                               .hosts = hosts},
                                       .theta = fake.theta,
                                       .state_bytes = SHARE_EVAL_BYTES,
                                       .machine = "this one"};
    master_init(&m, &start);
    files_turn(&m.files);
    memcpy(begun, noted(), sizeof begun);
}

static inline void end(void)
{
    fake.disk_hangs = fake.curves_hang = false;
    while (writer_busy(m.files.writer, -1, NULL)) files_turn(&m.files);
    optim_free(&run->turn.optim);
    master_free(&m);
    setup_close(&setup);
    free(fake.theta);
    free(fake.next);
    free(fake.grad);
}

/* So many frames of one actor, applied. */
static inline void learn(int actor, int64_t frames)
{
    push(actor, (struct share_push){.frames = frames, .steps = frames, .scale = 1});
    while (turn_master_serve(&run->turn)) {}
}

static inline bool noted_is(const char *text)
{
    const char *found = noted();
    if (strcmp(found, text)) printf("# found   %s\n# awaited %s\n", found, text);
    return !strcmp(found, text);
}

/* An actor has posted its evaluation of these weights. */
static inline void evaluated(int actor, uint64_t id, double mean, int64_t episodes)
{
    const struct actor_eval e = {.version = 3, .episodes = episodes, .mean = mean, .median = 1, .max = 2};
    fake.post[actor][SHARE_POST_EVAL] = id;
    memcpy(fake.bytes[actor][SHARE_POST_EVAL], &e, sizeof e);
    fake.length[actor][SHARE_POST_EVAL] = sizeof e;
}

/* A turn of evaluations and files writes just this down. */
static inline bool turns(const char *text)
{
    evaluations_turn(&m.evaluations);
    files_turn(&m.files);
    return noted_is(text);
}

static inline int times(const char *text, const char *word)
{
    int n = 0;
    for (; (text = strstr(text, word)); text++) n++;
    return n;
}

/* What rank 0 would tell its user is not shown. */
#define fake_main(tests) (log_set_rank(1), testing_main(tests))

#endif
