/* evaluate.c -- whole games with a fixed theta (the protocol of Mnih et al. 2015 and 2016): A3C draws from its policy
 * as in training, Q methods play epsilon-greedy. Chance comes from streams of its own, so evaluating does not disturb
 * training. */
#include "learn/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "learn/explore.h"
#include "learn/instance.h"

static const double SIGN_OF_LIFE = 0.2; /* s */
/* A step may take less than a look at the clock, or seconds: after a look that found quick ones the clock is let be for
 * more of them, up to LOOK_MOST. */
enum { LOOK_MOST = 16 };
static const double QUICK = 1e-3; /* s between two looks */

/* What ended an evaluation before all its episodes. */
enum cut { UNCUT, NO_END, NO_TIME };

struct evaluator {
    const struct evaluate_config *config;
    const struct net *net;
    const float *theta;
    const struct evaluate_hooks *hooks;
    struct instance in;
    struct net_work *work;
    float *state; /* (state_dim) */
    struct rng policy_rng;
    float *action; /* (N) what the policy drew */
    float *vector; /* (N) the same on its way to the environment */
    int64_t steps; /* of all episodes */
    int left_out;  /* episodes that do not count */
    enum cut cut;
    double began, signed_at, now; /* now: at the last look */
    int look_every, unlooked;     /* steps between two looks; until the next */
};

/* The action for the newest observation, and its value. */
static struct env_action act(struct evaluator *p, double *value)
{
    const float *x[FRAMES_POINTERS_MAX];
    const struct policy *policy = &p->in.world->policy;
    const int P = net_facts(p->net)->outputs, row = (int)(p->in.steps % 2);
    const int before = p->in.steps % NET_CHAIN ? 1 - row : -1;
    frames_stack(&p->in.frames, x);
    net_forward_after(p->net, p->theta, p->work, row, 1, x, net_facts(p->net)->state_dim ? p->state : NULL, &before);
    const float *out = net_out(p->work, row);
    if (algo_explores(p->config->algo)) {
        *value = out[explore_greedy(out, P)];
        *p->action = (float)explore_action(out, P, p->config->epsilon, &p->policy_rng);
    } else {
        *value = out[P];
        if (p->config->greedy)
            policy->ops->mode(policy, out, p->action);
        else
            policy->ops->sample(policy, out, &p->policy_rng, p->action);
    }
    return policy->ops->to_env(policy, p->action, p->vector);
}

static void show(const struct evaluator *p, double reward, double value, bool end)
{
    if (p->hooks && p->hooks->step)
        p->hooks->step(p->hooks->arg, p->in.state, frames_newest(&p->in.frames), reward, value, end);
}

static void look_at_clock(struct evaluator *p)
{
    if (--p->unlooked > 0) return;
    const double now = clock_seconds();
    p->look_every = now - p->now >= QUICK ? 1 : p->look_every < LOOK_MOST ? 2 * p->look_every : LOOK_MOST;
    p->unlooked = p->look_every;
    p->now = now;
}

/* By the clock, not by steps, which may be slow: a sign of life now and then; true where it is not wanted any more. */
static bool called_off(struct evaluator *p)
{
    if (!p->hooks || !p->hooks->stop || p->now - p->signed_at < SIGN_OF_LIFE) return false;
    p->signed_at = p->now;
    return p->hooks->stop(p->hooks->arg);
}

static enum cut look_at_limits(const struct evaluator *p)
{
    if (!p->in.world->spec.max_steps && p->in.steps >= EVALUATE_STEPS) return NO_END;
    return p->config->seconds > 0 && p->now - p->began >= p->config->seconds ? NO_TIME : UNCUT;
}

/* One game; 0, or -1 after error_set(). */
static int play_episode(struct evaluator *p)
{
    if (instance_reset(&p->in)) return -1;
    memset(p->state, 0, (size_t)net_facts(p->net)->state_dim * sizeof *p->state);
    show(p, 0, 0, false);
    for (bool end = false; !end;) {
        double value;
        struct env_step s;
        const struct env_action action = act(p, &value);
        instance_post(&p->in, action);
        if (instance_step(&p->in, action, &s)) return -1;
        end = s.terminated || s.truncated || (p->config->max_steps > 0 && p->in.steps >= p->config->max_steps);
        look_at_clock(p);
        if (!end) end = (p->cut = look_at_limits(p)) != UNCUT;
        show(p, s.reward, value, end);
        p->steps++;
        if (called_off(p)) return error_set("the evaluation was stopped");
    }
    return 0;
}

/* Once a process. */
static void tell_cut(const struct evaluator *p, int played, bool open)
{
    static bool told;
    const char *name = p->in.world->ops->name;
    if (told || p->cut == UNCUT) return;
    told = true;
    if (p->cut == NO_END)
        log_rank("environment %s: an episode had no end within %d steps, and its max_steps sets no limit: it was cut "
                 "there, and the evaluation ended after %d of %d episodes",
                 name, EVALUATE_STEPS, played, p->config->episodes);
    else
        log_rank("environment %s: the evaluation was cut after %g s (eval-seconds) and counts %d of %d episodes%s",
                 name, p->config->seconds, played, p->config->episodes, open ? ", which had no end yet" : "");
}

/* Has the game that failed only met a number that is none, as the next need not? */
static bool can_go_on(const struct evaluator *p)
{
    return p->config->leave_out && (p->in.fault == INSTANCE_BAD_REWARD || p->in.fault == INSTANCE_BAD_OBSERVATION);
}

/* Plays the episodes that were asked for, or up to a limit. How many count, or -1 after error_set(). */
static int play(struct evaluator *p, double *ret)
{
    int played = 0;
    bool open = false;
    p->began = p->now = clock_seconds();
    while (played + p->left_out < p->config->episodes && p->cut == UNCUT) {
        p->in.fault = INSTANCE_FINE;
        if (play_episode(p)) {
            if (!can_go_on(p)) return -1;
            p->left_out++;
            if (p->hooks && p->hooks->left_out) p->hooks->left_out(p->hooks->arg);
            look_at_clock(p);
            p->cut = look_at_limits(p);
            continue;
        }
        open = p->cut == NO_TIME && !played;
        if (open || p->cut != NO_TIME) ret[played++] = p->in.ret;
    }
    tell_cut(p, played, open);
    return played ? played : -1;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void summarize(double *ret, int n, struct evaluate_result *result)
{
    double sum = 0, square = 0;
    qsort(ret, (size_t)n, sizeof *ret, by_value);
    for (int i = 0; i < n; i++) sum += ret[i];
    result->mean = sum / n;
    for (int i = 0; i < n; i++) square += (ret[i] - result->mean) * (ret[i] - result->mean);
    result->std = sqrt(square / n);
    result->median = 0.5 * (ret[(n - 1) / 2] + ret[n / 2]);
    result->min = ret[0];
    result->max = ret[n - 1];
    result->episodes = n;
}

int evaluate_run(const struct evaluate_config *config, const struct world *world, const struct net *net,
                 const float *theta, const struct evaluate_hooks *hooks, struct evaluate_result *result)
{
    struct evaluator p = {.config = config, .net = net, .theta = theta, .hooks = hooks, .look_every = 1};
    p.policy_rng = rng_make(config->seed, config->rank, RNG_EVAL_POLICY, 0);
    int failed =
        instance_open(&p.in, world, rng_make(config->seed, config->rank, RNG_EVAL_ENV, 0), world->spec.stack + 2);
    if (!failed) {
        double *ret = memory_new((size_t)config->episodes, sizeof *ret);
        p.work = net_work_new(net, 2);
        p.state = memory_floats((size_t)net_facts(net)->state_dim);
        p.action = memory_floats((size_t)world->policy.size);
        p.vector = memory_floats((size_t)world->policy.size);
        const int played = play(&p, ret);
        failed = played < 0 ? -1 : 0;
        if (!failed) {
            *result = (struct evaluate_result){
                .left_out = p.left_out, .steps = p.steps, .frames = p.steps * world->spec.action_repeat};
            summarize(ret, played, result);
        }
        net_work_free(&p.work);
        free(p.state), free(p.action), free(p.vector);
        free(ret);
    }
    instance_close(&p.in);
    return failed;
}
