/* agent_state.c -- an agent between two rollouts as bytes, and back.
 *
 * Layout: head; with replay the stream that draws; then for each environment a record and the bytes of its instance
 * (instance.c). Numbers are the machine's own: a state goes back into the program that wrote it. Finished episodes that
 * were not taken are not part of it, nor what options say: of final epsilons seed and rank decide. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "learn/agent_private.h"

static const uint64_t MAGIC = 0x316e6c6e75644741; /* a version of its own for each layout */

struct head {
    uint64_t magic;
    int32_t algo, E, S, C;
    uint64_t obs_floats;
    char env[32];
};

struct record {
    struct rng policy_rng;
    double eps_final; /* not read: states of before have it, and theirs goes on by what options say */
    int32_t pending, fresh;
};

/* Bytes of an environment before its instance's: with reward_norm the discounted return follows the recurrent state. */
static size_t fixed_size(const struct agent *a)
{
    return sizeof(struct record) + (size_t)a->S * sizeof(float) + (a->config.reward_norm ? sizeof(double) : 0);
}

static struct head head_of(const struct agent *a)
{
    struct head head = {.magic = MAGIC,
                        .algo = a->config.algo->number,
                        .E = a->E,
                        .S = a->S,
                        .C = a->C,
                        .obs_floats = world_obs_floats(a->world)};
    strncpy(head.env, a->world->ops->name, sizeof head.env - 1);
    return head;
}

size_t agent_state_size(const struct agent *a)
{
    size_t n = sizeof(struct head) + (a->replay ? sizeof a->replay->rng : 0);
    for (int e = 0; e < a->E; e++) n += fixed_size(a) + instance_state_size(&a->instances[e]);
    return n;
}

size_t agent_save(const struct agent *a, void *bytes, bool *whole)
{
    const size_t S = (size_t)a->S;
    const struct head head = head_of(a);
    uint8_t *at = bytes;
    memcpy(at, &head, sizeof head);
    at += sizeof head;
    if (a->replay) {
        memcpy(at, &a->replay->rng, sizeof a->replay->rng);
        at += sizeof a->replay->rng;
    }
    *whole = true;
    for (int e = 0; e < a->E; e++) {
        const struct record rec = {a->policy_rng[e], a->eps_final[e], a->pending[e], a->fresh[e]};
        bool all;
        memcpy(at, &rec, sizeof rec);
        at += sizeof rec;
        memcpy(at, a->state + (size_t)e * S, S * sizeof *a->state);
        at += S * sizeof *a->state;
        if (a->config.reward_norm) {
            memcpy(at, &a->ret[e], sizeof a->ret[e]);
            at += sizeof a->ret[e];
        }
        at += instance_save(&a->instances[e], at, &all);
        *whole = *whole && all;
    }
    return (size_t)(at - (uint8_t *)bytes);
}

/* The environment's own state was not kept: its episode starts anew, and so does what depends on it. */
static void start_over(struct agent *a, int e)
{
    memset(a->state + (size_t)e * (size_t)a->S, 0, (size_t)a->S * sizeof *a->state);
    a->fresh[e] = 1;
    a->ret[e] = 0;
    a->pending[e] = -1;
}

int agent_load(struct agent *a, const void *bytes, size_t n)
{
    const size_t S = (size_t)a->S, fixed = fixed_size(a);
    const struct head mine = head_of(a);
    if (n < sizeof mine || memcmp(bytes, &mine, sizeof mine))
        return error_set(
            "the saved state (%zu bytes) is not of an actor of algorithm %s with %d environments %s and this "
            "network; let the actor start fresh",
            n, a->config.algo->name, a->E, a->world->ops->name);
    const uint8_t *at = (const uint8_t *)bytes + sizeof mine, *end = (const uint8_t *)bytes + n;
    int anew = 0;
    if (a->replay) {
        if ((size_t)(end - at) < sizeof a->replay->rng)
            return error_set("the saved state of an actor is cut short: %zu bytes", n);
        memcpy(&a->replay->rng, at, sizeof a->replay->rng);
        at += sizeof a->replay->rng;
    }
    for (int e = 0; e < a->E; e++) {
        struct record rec;
        if ((size_t)(end - at) < fixed) return error_set("the saved state of an actor is cut short: %zu bytes", n);
        memcpy(&rec, at, sizeof rec);
        if (rec.pending < -1 || rec.pending >= a->P)
            return error_set("the saved state of an actor names action %d of %d", (int)rec.pending, a->P);
        a->policy_rng[e] = rec.policy_rng;
        a->pending[e] = rec.pending;
        a->fresh[e] = rec.fresh != 0;
        memcpy(a->state + (size_t)e * S, at + sizeof rec, S * sizeof *a->state);
        if (a->config.reward_norm) memcpy(&a->ret[e], at + fixed - sizeof a->ret[e], sizeof a->ret[e]);
        if (a->config.reward_norm && !isfinite(a->ret[e]))
            return error_set("the saved state of an actor holds a return that is no number");
        at += fixed;
        bool fresh;
        const long used = instance_load(&a->instances[e], at, (size_t)(end - at), &fresh);
        if (used < 0) return -1;
        if (fresh) start_over(a, e);
        anew += fresh;
        at += used;
    }
    if (at != end) return error_set("the saved state of an actor has %zu bytes too many", (size_t)(end - at));
    agent_replay_forget(a);
    return anew;
}
