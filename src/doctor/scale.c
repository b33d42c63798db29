/* scale.c -- what an actor and rank 0 cost here, and how many actors that bears, by the model of measure/scale.h: a
 * rollout of the environment and network that were asked for, played on this core; updates of its weights; and copies
 * over the real window. */
#include "doctor/scale.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/memory.h"
#include "measure/conversions.h"
#include "measure/limits.h"
#include "measure/probe.h"
#include "measure/scale.h"
#include "nn/net.h"

enum { MOST = 4096, ROUNDS = 5, BUFFER_FLOATS = 24000000 };
static const double SECONDS = 0.4, LAG_MOST = 64;

int doctor_open(struct doctor *d, struct doctor_setup *s)
{
    s->ok = !setup_open(&s->setup, &s->set.values, true);
    if (s->ok) return 0;
    doctor_say(d, DOCTOR_FAIL, "env", "see `dunlin list`, or what the line itself says", "%s", error_text());
    return -1;
}

/* s of a rollout and its gradient, or, of one that is used in several epochs, a gradient's share; 0 after
 * error_set(). */
static double time_rollouts(const struct setup *setup, double *frames)
{
    struct agent_config config = setup_agent_config(setup, 1);
    config.replay_start = 0; /* what takes time is to learn, not to fill a memory */
    struct agent *agent = agent_new(&config, &setup->world, setup->net);
    if (!agent) return 0;
    struct rng rng = rng_make(1, 0, RNG_TEST, 0);
    struct agent_stats stats;
    struct series each = {0};
    float *theta = memory_floats(setup->facts->params), *dtheta = memory_floats(setup->facts->params);
    net_init(setup->net, NET_INIT_UNIFORM, theta, &rng);
    const int64_t epochs = setup->options->epochs;
    int64_t all = 0;
    int rc = 0;
    for (const double until = clock_seconds() + SECONDS; !rc && (each.n < 3 || clock_seconds() < until);) {
        const double start = clock_seconds();
        rc = agent_play(agent, theta, 0);
        if (!rc) agent_gradient(agent, theta, setup_target(setup) ? theta : NULL, dtheta, &stats);
        if (!rc) all += stats.frames;
        for (int64_t k = 1; !rc && k < epochs; k++) agent_gradient_again(agent, theta, dtheta, &stats);
        series_add(&each, (clock_seconds() - start) / (double)epochs);
    }
    const double median = series_median(&each);
    *frames = (double)all / each.n / (double)epochs;
    series_free(&each);
    agent_free(&agent);
    free(theta);
    free(dtheta);
    return rc ? 0 : median;
}

/* What this training pushes. */
static struct grad_form form_of_pushes(const struct setup *setup)
{
    const struct options *o = setup->options;
    const int all = (int)(setup->algo->replay ? o->batch : o->t_max * o->envs_per_actor);
    const int rows = setup_agent_config(setup, 1).factors ? all : 0;
    return grad_form_of(setup->facts->params, &setup->facts->wide, rows);
}

/* s per gradient of k at once; -1 after error_set(). */
static int time_updates(const struct setup *setup, const struct grad_form *form, double apply[SCALE_APPLIES])
{
    const size_t params = form->params;
    struct rng rng = rng_make(1, 0, RNG_TEST, 0);
    const struct optim_config config = setup_optim_config(setup);
    struct optim *optim = optim_new(&config, params, 1);
    if (!optim) return -1;
    struct optim_grad grads[1 << (SCALE_APPLIES - 1)];
    const size_t fit = BUFFER_FLOATS / params, blocks = fit < 1    ? 1
                                                        : fit < 16 ? fit
                                                                   : 16; /* of more, some are the same */
    float *theta = memory_floats(2 * params), *grad = memory_floats(blocks * params);
    for (size_t i = 0; i < blocks; i++) made_gradient(form, &rng, grad + i * params);
    for (int i = 0; i < 1 << (SCALE_APPLIES - 1); i++)
        grads[i] = (struct optim_grad){
            .grad = grad + (size_t)i % blocks * params, .scale = 1, .lr = 1e-6f, .factors = form->factors};
    bool here = false;
    for (int k = 0; k < SCALE_APPLIES; k++) {
        struct series each = {0};
        for (int round = 0; round < ROUNDS; round++) {
            const double start = clock_seconds();
            optim_buffers(optim, here, !here);
            optim_apply(optim, theta + (size_t)here * params, theta + (size_t)!here * params, grads, 1 << k);
            here = !here; /* as rank 0 goes from one published buffer to the next */
            if (round) series_add(&each, (clock_seconds() - start) / (1 << k)); /* the first touches the pages */
        }
        apply[k] = series_median(&each);
        if (k) apply[k] = fmin(apply[k], apply[k - 1]); /* a longer pass costs no more for each */
        series_free(&each);
    }
    free(theta);
    free(grad);
    optim_free(&optim);
    return 0;
}

/* Costs over the link: what is beyond a question without weights is its bytes, those of whole weights and gradients. */
static void add_far(struct scale_costs *c, const struct idle_costs *far, double bytes)
{
    const double beyond = (far->fetch - far->ask + far->push - far->answer) / 2;
    c->latency = (far->ask + far->answer) / 2;
    c->bandwidth = beyond > 0 ? bytes / beyond : 0;
    c->serve = far->serve;
    c->drive = far->drive;
    c->fetch_bytes = bytes;
}

/* What the options make of gradients on their way, and of rank 0. */
static void add_options(const struct options *o, const struct grad_form *form, bool far, struct scale_costs *c,
                        struct scale_layout *l)
{
    struct scale_conversions v = {0};
    struct grad_piece piece[GRAD_PIECES];
    l->relays = o->relay != RELAY_OFF;
    l->sum = o->combine == COMBINE_SUM;
    l->most = (int)o->combine_most;
    c->serial = scale_serial_said(form->factors > 0);
    c->scan = SCALE_SCAN;
    c->message = SCALE_MESSAGE;
    c->pieces = grad_pieces(form, piece);
    if (l->sum || o->wire != WIRE_FLOAT32) v = scale_conversions_measure(form->params, SCALE_SIGNIFICANT);
    if (l->sum) c->sum = v.sum;
    if (far && o->wire != WIRE_FLOAT32)
        scale_wire(c, o->wire == WIRE_BF16 ? SHARE_WIRE_BF16 : SHARE_WIRE_SIGNIFICANT, form->params, &v,
                   SCALE_SIGNIFICANT);
}

/* Threads that rank 0 would take where it is the limit: there must be a core for each beside the `here` actors. */
static int threads_to_take(const struct options *o, int here)
{
    const int spare = cpu_allowed() - here;
    if (o->master_threads) return (int)o->master_threads;
    return o->deterministic || spare < 2 ? 1 : spare < SCALE_THREADS ? spare : SCALE_THREADS;
}

void doctor_scale(struct doctor *d, struct doctor_setup *s, int actors, const struct idle_costs *near,
                  const struct idle_costs *far, int per_node)
{
    static const char mend[] = "fewer ranks, a larger --t-max, --combine sum --combine-most 4 over several nodes "
                               "(frames/s for fewer updates), "
                               "or see `dunlin bench scale` for what other settings bear";
    struct scale_costs c = {.wake = 5e-5};
    struct scale_layout l = {.per_node = per_node > 0 ? per_node : 1, .far = far && !near};
    struct scale_result at;
    enum scale_limit limit;
    const struct grad_form form = form_of_pushes(&s->setup);
    const double unit = sizeof(float), bytes = unit * (double)form.params;
    double frames = 0;
    const double floats = unit * (double)grad_floats(&form); /* in the mailbox */
    c.push_bytes = floats;
    add_options(&s->set.values, &form, far != NULL, &c, &l);
    if (time_updates(&s->setup, &form, c.apply) || !((c.compute = time_rollouts(&s->setup, &frames)) > 0)) {
        doctor_say(d, DOCTOR_FAIL, "scale", "see that the environment runs: dunlin bench actor", "%s", error_text());
        return;
    }
    const struct idle_costs *here = near ? near : far;
    const double alone = c.compute;
    if (here) {
        c.fetch = here->borrow;
        c.push = here->answer + fmax(here->push - here->answer, 0) * floats / bytes;
    }
    if (near) c.compute = fmax(c.compute - c.push, 0.1 * c.compute); /* the gradient is written once, not twice */
    if (far) add_far(&c, far, bytes);
    l.threads = threads_to_take(&s->set.values, far ? l.per_node : actors);
    if (!far) l.per_node = MOST;
    const int knee = scale_knee(&c, &l, LAG_MOST, MOST, &limit, &at);
    const bool beyond = limit && actors > 1.25 * knee;
    char more[96] = "", threads[32] = "";
    if (l.threads > 1) snprintf(threads, sizeof threads, " with %d threads", l.threads);
    if (far) /* what bench scale asks to be told of another machine's link */
        snprintf(more, sizeof more, "; more: dunlin bench scale --link %.3g --latency %.3g", 8e-9 * c.bandwidth,
                 1e6 * c.latency);
    doctor_say(d, beyond ? DOCTOR_WARN : DOCTOR_OK, "scale", beyond ? mend : NULL,
               "%s, %s, t-max %lld: a rollout takes %.2g ms, its push %.0f bytes, an update %.2g ms; with a core for "
               "each actor %s%s is the limit from %d actors on (%.3g frames/s, lag %.0f); this start has %d%s",
               s->set.values.env, s->set.values.net, (long long)s->set.values.t_max, 1e3 * alone, c.push_bytes,
               1e3 * c.apply[0], limit ? scale_limit_name(limit) : "nothing", limit == SCALE_RANK0 ? threads : "", knee,
               at.rollouts_per_s * frames, at.lag_mean, actors, more);
}
