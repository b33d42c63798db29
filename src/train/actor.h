/* actor.h -- the loop of an actor-learner: fetch, play, differentiate, push. */
#ifndef DUNLIN_TRAIN_ACTOR_H
#define DUNLIN_TRAIN_ACTOR_H

#include <stddef.h>
#include <stdint.h>

#include "setup/setup.h"
#include "share/share.h"

/* What an actor posts after an evaluation (SHARE_POST_EVAL). */
struct actor_eval {
    uint64_t version;         /* of the weights evaluated */
    int64_t episodes, frames; /* episodes 0: the environment failed */
    double mean, median, std, min, max;
};

enum { BAD_GRADIENT = 1, BAD_REWARD, BAD_OBSERVATION }; /* share_push.bad */

enum { EVAL_RANK = 1 }; /* names the random streams of evaluations, whoever plays them */

/* An actor's agent, and the bytes its state takes in a checkpoint. */
struct actor {
    const struct setup *setup;
    struct agent *agent;
    struct world eval_world; /* the environment as evaluation sees it */
    void *state;             /* room for agent_save() */
    uint64_t state_id;       /* of the request answered last */
    float *theta;            /* weights under evaluation; those of a rollout, where they cannot be read in place */
    float *target;
    int rank;
    uint64_t target_version, snapshot_id; /* of what was fetched and evaluated last */
    int64_t faults;                       /* rollouts that the environment spoilt */
    int faults_in_a_row;
};

/* Memory and environments. 0, or -1 after error_set(). Local. Owner: actor_close(). */
int actor_open(struct actor *actor, const struct setup *setup, int rank);
void actor_close(struct actor *actor);

/* Until the master says stop; with --deterministic in rounds: the next rollout waits for the publication that follows
 * the last push. One-sided. 0, or -1 where the master gave no sign of life: then nobody may be waited for. */
int actor_run(struct actor *actor, struct share *share);

#endif
