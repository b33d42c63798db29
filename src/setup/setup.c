/* setup.c -- see setup.h. */
#include "setup/setup.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

static const enum activation activations[] = {
    [ACTIVATION_IS_RELU] = ACTIVATION_RELU, [ACTIVATION_IS_TANH] = ACTIVATION_TANH};

static const struct optim_row *row_of(const struct options *options)
{
    return optim_row(optim_kind_of(options->optimizer));
}

/* Options that are one kind of algorithm's. */
static int check_algo(const struct options *o)
{
    const struct algo_ops *algo = algo_find(o->algo);
    if (!algo) return error_set("algorithm %s is not known: `dunlin list` names them", o->algo);
    if (algo->replay && o->replay_start > o->memory)
        return error_set("replay-start is %lld steps and memory keeps %lld; allowed: replay-start at most memory",
                         (long long)o->replay_start, (long long)o->memory);
    if (algo->replay && o->epochs > 1)
        return error_set("epochs is %lld and algo is %s, which draws from its memory anew for each gradient; allowed: "
                         "epochs 1",
                         (long long)o->epochs, o->algo);
    if (algo->replay && !o->target_every)
        return error_set("target-every is 0 and algo is %s, which needs its target network; allowed: target-every 1 "
                         "or more",
                         o->algo);
    if (o->ppo_clip > 0 && algo->heads != NET_HEADS_POLICY_V)
        return error_set("ppo-clip is %g and algo is %s, which has no policy whose probabilities could be held: use "
                         "ppo-clip 0, or algo a3c",
                         o->ppo_clip, o->algo);
    if (o->norm_adv && algo->heads == NET_HEADS_POLICY_V && o->t_max == 1 && o->envs_per_actor == 1)
        return error_set(
            "norm-adv is true, and of one step a rollout (t-max 1, envs-per-actor 1) there is no deviation; "
            "allowed: t-max times envs-per-actor 2 or more, 128 is a good number");
    if (o->td_clip > 0 && !algo_explores(algo))
        return error_set("td-clip is %g and algo is %s, whose value loss is of squares: use td-clip 0, or a Q method",
                         o->td_clip, o->algo);
    if (o->lambda < 1 && !algo->lambda_of_all)
        return error_set("lambda is %g and algo is %s: it is n-step-q's; use lambda 1%s", o->lambda, o->algo,
                         algo_explores(algo) ? " (one-step targets mix in nothing else)" : ", and gae for a3c's");
    return 0;
}

int setup_check(const struct option_set *set)
{
    const struct options *o = &set->values;
    char shared[128] = "";
    if (options_check(set) || check_algo(o)) return -1;
    /* a run that is stored goes on, without it */
    if (algo_find(o->algo)->replay && o->reward_norm && set->origin[option_find("reward-norm")] >= ORIGIN_FILE)
        return error_set(
            "reward-norm is true and algo is %s, whose memory has rewards of all times, each normalised by "
            "what was known then; allowed: reward-norm false, with reward-scale or reward-clip",
            o->algo);
    if (o->combine != COMBINE_SUM || !row_of(o)->per_actor) return 0;
    for (int i = 0; optim_row(i); i++) {
        const size_t at = strlen(shared);
        if (optim_row(i)->help && !optim_row(i)->per_actor)
            snprintf(shared + at, sizeof shared - at, "%s%s", at ? " or " : "", optim_row(i)->name);
    }
    return error_set("combine is sum and optimizer is %s, which needs to know whose gradient it gets; allowed with "
                     "combine sum: optimizer %s",
                     o->optimizer, shared);
}

int setup_whole_env(struct option_set *set)
{
    char typed[OPTION_TEXT];
    memcpy(typed, set->values.env, sizeof typed);
    return world_whole_name(typed, set->values.env, sizeof set->values.env);
}

int setup_library_named(const char *where, const char *stored, const char *named)
{
    char typed[2 * OPTION_TEXT];
    if (named || !world_library(stored)) return 0;
    return error_set("%s: its environment is %s, whose code would run here; if you trust it, add --env %s", where,
                     world_python(stored) ? "Python's" : "a library", text_typed(stored, typed, sizeof typed));
}

/* What an environment would have for any algorithm is not for one with a memory. */
static void spare_memory(struct option_set *set)
{
    enum option_origin *from = &set->origin[option_find("reward-norm")];
    const struct algo_ops *algo = algo_find(set->values.algo);
    if (!algo || !algo->replay || *from != ORIGIN_ENVIRONMENT) return;
    set->values.reward_norm = false;
    *from = ORIGIN_DEFAULT;
}

int setup_complete(struct option_set *set)
{
    const char *arg;
    if (setup_whole_env(set)) return -1;
    const struct env_ops *ops = world_find(set->values.env, &arg);
    if (!ops || options_apply_env(set, ops, arg)) return -1;
    options_settle(set);
    spare_memory(set);
    return setup_check(set);
}

void setup_choose_net(const struct world *world, struct options *options)
{
    if (!strcmp(options->net, NET_AUTO))
        snprintf(options->net, sizeof options->net, "%s", world->spec.obs_kind == ENV_OBS_FLOATS ? "mlp" : "small");
}

struct model setup_model(const struct setup *setup)
{
    const struct world *w = &setup->world;
    const bool policy = setup->algo->heads == NET_HEADS_POLICY_V;
    struct model m = {.input = world_input(w),
                      .stack = w->spec.stack,
                      .heads = setup->algo->heads,
                      .outputs = algo_outputs(setup->algo, w),
                      .free = policy ? w->policy.free : 0,
                      .numbers = w->spec.obs_kind == ENV_OBS_FLOATS ? w->spec.obs_dim : 0,
                      .centre = w->spec.obs_centre,
                      .scale = w->spec.obs_scale,
                      .action_dim = w->spec.action_dim,
                      .low = w->spec.action_low,
                      .high = w->spec.action_high,
                      .components = w->spec.num_components,
                      .choices = w->spec.component_actions};
    if (policy) snprintf(m.policy, sizeof m.policy, "%s", w->policy.ops->name);
    return m;
}

struct net_config setup_net_config(const struct options *options, const struct model *model)
{
    return (struct net_config){.spec = options->net,
                               .lstm = (int)options->lstm,
                               .input = model->input,
                               .heads = model->heads,
                               .outputs = model->outputs,
                               .free = model->free,
                               .activation = activations[options->activation],
                               .layer_norm = options->norm == NORM_LAYER,
                               .separate_critic = options->critic == CRITIC_SEPARATE,
                               .obs_norm = options->obs_norm,
                               .return_norm = options->reward_norm};
}

struct env_args setup_env_args(const struct options *options, bool training)
{
    return (struct env_args){.training = training,
                             .no_op_max = (int)options->no_op_max,
                             .sticky = options->sticky,
                             .life_loss = options->life_loss,
                             .python = options->python,
                             .timeout = options->env_timeout,
                             .frame_skip = (int)options->frame_skip,
                             .grey = options->grey,
                             .draws = !training};
}

int setup_open(struct setup *setup, struct options *options, bool training)
{
    const struct env_args args = setup_env_args(options, training);
    memset(setup, 0, sizeof *setup);
    setup->options = options;
    setup->algo = algo_find(options->algo);
    if (!setup->algo) return error_set("algorithm %s is not known: `dunlin list` names them", options->algo);
    if (world_open(&setup->world, options->env, &args)) return -1;
    if (options->sigma == SIGMA_SCALAR && setup->world.spec.action_dim)
        setup->world.policy = policy_named("gaussian-scalar", &setup->world.spec);
    if (!algo_outputs(setup->algo, &setup->world)) return -1;
    if (options->log_sigma != 0 && !setup->world.spec.action_dim)
        return error_set("log-sigma is %g and the actions of %s are discrete, which have no sigma; allowed: log-sigma "
                         "0, or an environment with continuous actions",
                         options->log_sigma, options->env);
    const int64_t filling = setup->algo->replay ? options->replay_start * setup->world.spec.action_repeat : 0;
    if (training && filling >= options->frames)
        return error_set("frames is %lld and replay-start %lld steps, which are %lld frames: nothing would be learned; "
                         "lower replay-start, or train for more frames",
                         (long long)options->frames, (long long)options->replay_start, (long long)filling);
    setup_choose_net(&setup->world, options);
    if (options->critic == CRITIC_SEPARATE && setup->algo->heads != NET_HEADS_POLICY_V)
        return error_set("--critic separate: algorithm %s has no critic beside its values; use --critic shared, or a3c",
                         options->algo);
    const struct model model = setup_model(setup);
    const struct net_config net = setup_net_config(options, &model);
    setup->net = net_new(&net);
    if (!setup->net) return error_set("--env %s and --net %s: %s", options->env, options->net, error_text());
    setup->facts = net_facts(setup->net);
    return 0;
}

int setup_open_evaluation(const struct setup *setup, struct world *world)
{
    struct env_args args = setup->world.args;
    args.training = false;
    if (world_open(world, setup->options->env, &args)) return -1;
    world->policy = setup->world.policy; /* options chose it */
    return 0;
}

void setup_close(struct setup *setup)
{
    net_free(&setup->net);
}

struct agent_config setup_agent_config(const struct setup *setup, int rank)
{
    const struct options *o = setup->options;
    struct agent_config c = {.algo = setup->algo,
                             .t_max = (int)o->t_max,
                             .envs = (int)o->envs_per_actor,
                             .gamma = o->gamma,
                             .lambda = setup->algo->lambda_of_all ? o->lambda : o->gae,
                             .entropy = o->entropy,
                             .value_coef = o->value_coef,
                             .norm_adv = o->norm_adv,
                             .ppo_clip = o->ppo_clip,
                             .td_clip = o->td_clip,
                             .no_target = !setup_target(setup),
                             .reward_scale = o->reward_scale,
                             .reward_clip = o->reward_clip,
                             .reward_norm = o->reward_norm,
                             .eps_frames = options_eps_frames(o),
                             .memory = o->memory,
                             .replay_start = o->replay_start,
                             .batch = (int)o->batch,
                             .actors = setup->actors,
                             .factors = row_of(o)->factors && o->combine == COMBINE_NONE && o->wire == WIRE_FLOAT32,
                             .seed = (uint64_t)o->seed,
                             .rank = rank};
    c.eps_count = options_eps_final(o->eps_final, c.eps_final, c.eps_prob);
    return c;
}

struct optim_config setup_optim_config(const struct setup *setup)
{
    const struct options *o = setup->options;
    return (struct optim_config){.kind = (enum optim_kind)optim_kind_of(o->optimizer),
                                 .decay = o->rms_decay,
                                 .eps = o->rms_eps,
                                 .start = o->rms_start,
                                 .momentum = o->momentum,
                                 .beta1 = o->adam_beta1,
                                 .beta2 = o->adam_beta2,
                                 .adam_eps = o->adam_eps,
                                 .wide = setup->facts->wide,
                                 .moments = setup->facts->moments};
}
