/* actor.h -- the loop of an actor-learner: its turns (turn/actor.h), and between them what the master asks for. */
#ifndef DUNLIN_TRAIN_ACTOR_H
#define DUNLIN_TRAIN_ACTOR_H

#include <stddef.h>
#include <stdint.h>

#include "setup/setup.h"
#include "share/share.h"
#include "turn/actor.h"

/* What an actor posts after an evaluation (SHARE_POST_EVAL). */
struct actor_eval {
    uint64_t version;         /* of the weights evaluated */
    int64_t episodes, frames; /* episodes 0: the environment failed */
    double mean, median, std, min, max;
};

enum { EVAL_RANK = 1 }; /* names the random streams of evaluations, whoever plays them */

struct actor {
    struct turn_actor turn;
    const struct setup *setup;
    struct world eval_world; /* the environment as evaluation sees it */
    void *state;             /* room for agent_save() */
    uint64_t state_id;       /* of the request for it answered last */
    uint64_t snapshot_id;    /* of the weights evaluated last */
};

/* Memory and environments. 0, or -1 after error_set(). Local. Owner: actor_close(). */
int actor_open(struct actor *actor, const struct setup *setup, int rank);
void actor_close(struct actor *actor);

/* Until the master says stop; with --deterministic in rounds: the next rollout waits for the publication that follows
 * the last push. One-sided. 0, or -1 where the master gave no sign of life: then nobody may be waited for. */
int actor_run(struct actor *actor, struct share *share);

#endif
