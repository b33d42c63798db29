/* option_names.c -- see option_names.h. */
#include "base/option_names.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/edits.h"
#include "base/options_row.h"

/* Names that Stable-Baselines3 and its zoo, CleanRL, Sample Factory, RLlib, PFRL and A3C's other programs have for what
 * an option does here. A note says what is another measure; without ours, why there is none. */
static const struct other {
    const char *theirs, *ours, *note;
} OTHERS[] = {
    {"learning-rate", "lr", NULL},
    {"alpha", "lr", NULL},
    {"step-size", "lr", NULL},
    {"anneal-lr", "lr-anneal", NULL},
    {"lr-schedule", "lr-anneal", NULL},
    {"lr-decay", "lr-anneal", NULL},
    {"use-linear-lr-decay", "lr-anneal", NULL},
    {"total-timesteps", "frames", "emulated frames, of which an action of Atari's has four"},
    {"n-timesteps", "frames", "emulated frames, of which an action of Atari's has four"},
    {"num-timesteps", "frames", "emulated frames, of which an action of Atari's has four"},
    {"timesteps", "frames", "emulated frames, of which an action of Atari's has four"},
    {"total-steps", "frames", "emulated frames, of which an action of Atari's has four"},
    {"num-env-steps", "frames", "emulated frames, of which an action of Atari's has four"},
    {"env-steps", "frames", "emulated frames, of which an action of Atari's has four"},
    {"max-steps", "frames", "emulated frames, of which an action of Atari's has four"},
    {"steps", "frames", "emulated frames, of which an action of Atari's has four"},
    {"max-frames", "frames", NULL},
    {"total-frames", "frames", NULL},
    {"num-frames", "frames", NULL},
    {"train-for-env-steps", "frames", NULL},
    {"num-envs", "envs-per-actor", "environments of each actor; --actors says how many actors"},
    {"n-envs", "envs-per-actor", "environments of each actor; --actors says how many actors"},
    {"nenvs", "envs-per-actor", "environments of each actor; --actors says how many actors"},
    {"num-envs-per-worker", "envs-per-actor", NULL},
    {"num-envs-per-env-runner", "envs-per-actor", NULL},
    {"num-workers", "actors", NULL},
    {"n-workers", "actors", NULL},
    {"workers", "actors", NULL},
    {"num-rollout-workers", "actors", NULL},
    {"num-env-runners", "actors", NULL},
    {"num-actors", "actors", NULL},
    {"num-processes", "actors", NULL},
    {"n-processes", "actors", NULL},
    {"processes", "actors", NULL},
    {"nproc", "actors", NULL},
    {"num-cpu", "actors", NULL},
    {"cpu", "actors", NULL},
    {"cpus", "actors", NULL},
    {"cores", "actors", NULL},
    {"threads", "actors", "processes, of one thread each"},
    {"num-threads", "actors", "processes, of one thread each"},
    {"np", "actors", NULL},
    {"num-steps", "t-max", NULL},
    {"n-steps", "t-max", NULL},
    {"nsteps", "t-max", NULL},
    {"rollout", "t-max", NULL},
    {"rollout-length", "t-max", NULL},
    {"rollout-fragment-length", "t-max", NULL},
    {"unroll-length", "t-max", NULL},
    {"batch-size", "batch", "of dqn; else a gradient is of t-max steps of each of envs-per-actor environments"},
    {"minibatch-size", "batch", "of dqn; else a gradient is of t-max steps of each of envs-per-actor environments"},
    {"train-batch-size", "batch", "of dqn; else a gradient is of t-max steps of each of envs-per-actor environments"},
    {"discount", "gamma", NULL},
    {"discount-factor", "gamma", NULL},
    {"gae-lambda", "gae", NULL},
    {"lam", "gae", NULL},
    {"use-gae", "gae", "its lambda; 1 is none"},
    {"ent-coef", "entropy", NULL},
    {"ent-coeff", "entropy", NULL},
    {"entropy-coef", "entropy", NULL},
    {"entropy-coeff", "entropy", NULL},
    {"entropy-beta", "entropy", NULL},
    {"entropy-cost", "entropy", NULL},
    {"exploration-loss-coeff", "entropy", NULL},
    {"beta", "entropy", NULL},
    {"vf-coef", "value-coef", NULL},
    {"vf-coeff", "value-coef", NULL},
    {"vf-loss-coeff", "value-coef", NULL},
    {"value-loss-coef", "value-coef", NULL},
    {"value-loss-coeff", "value-coef", NULL},
    {"baseline-cost", "value-coef", NULL},
    {"max-grad-norm", "clip", NULL},
    {"grad-clip", "clip", NULL},
    {"grad-norm-clipping", "clip", NULL},
    {"clip-grad", "clip", NULL},
    {"log-std-init", "log-sigma", NULL},
    {"init-log-std", "log-sigma", NULL},
    {"log-std", "log-sigma", NULL},
    {"normalize-advantage", "norm-adv", NULL},
    {"norm-advantage", "norm-adv", NULL},
    {"clip-coef", "ppo-clip", "with --epochs above 1"},
    {"clip-range", "ppo-clip", "with --epochs above 1"},
    {"clip-param", "ppo-clip", "with --epochs above 1"},
    {"ppo-clip-ratio", "ppo-clip", "with --epochs above 1"},
    {"update-epochs", "epochs", NULL},
    {"num-epochs", "epochs", NULL},
    {"ppo-epoch", "epochs", NULL},
    {"num-sgd-iter", "epochs", NULL},
    {"rms-prop-eps", "rms-eps", NULL},
    {"rmsprop-eps", "rms-eps", NULL},
    {"rmsprop-epsilon", "rms-eps", NULL},
    {"rmsprop-alpha", "rms-decay", NULL},
    {"rms-alpha", "rms-decay", NULL},
    {"beta1", "adam-beta1", NULL},
    {"beta2", "adam-beta2", NULL},
    {"use-rms-prop", "optimizer", "shared-rmsprop, unless another is named"},
    {"optimiser", "optimizer", NULL},
    {"optim", "optimizer", NULL},
    {"opt", "optimizer", NULL},
    {"env-id", "env", NULL},
    {"env-name", "env", NULL},
    {"environment", "env", NULL},
    {"game", "env", "atari:GAME"},
    {"task", "env", NULL},
    {"domain", "env", NULL},
    {"gym-id", "env", "gym:ID"},
    {"rom", "env", "atari:GAME"},
    {"algorithm", "algo", NULL},
    {"agent", "algo", NULL},
    {"policy", "net", NULL},
    {"model", "net", NULL},
    {"network", "net", NULL},
    {"arch", "net", NULL},
    {"hidden-size", "net", "mlp:64,64 has two hidden layers of 64"},
    {"hidden-sizes", "net", "mlp:64,64 has two hidden layers of 64"},
    {"net-arch", "net", "mlp:64,64 has two hidden layers of 64"},
    {"fcnet-hiddens", "net", "mlp:64,64 has two hidden layers of 64"},
    {"nonlinearity", "activation", NULL},
    {"activation-fn", "activation", NULL},
    {"rnn", "lstm", "its cells"},
    {"use-rnn", "lstm", "its cells"},
    {"use-lstm", "lstm", "its cells"},
    {"rnn-size", "lstm", NULL},
    {"lstm-size", "lstm", NULL},
    {"lstm-cell-size", "lstm", NULL},
    {"lstm-forget-bias", "forget-bias", NULL},
    {"recurrent", "lstm", "its cells"},
    {"policy-initialization", "init", NULL},
    {"ortho-init", "init", "init orthogonal"},
    {"actor-critic-share-weights", "critic", "shared or separate"},
    {"layer-norm", "norm", "norm layer"},
    {"layernorm", "norm", "norm layer"},
    {"use-layer-norm", "norm", "norm layer"},
    {"use-layernorm", "norm", "norm layer"},
    {"ln", "norm", "norm layer"},
    {"norm-type", "norm", "none or layer"},
    {"normalization", "norm", "none or layer; of observations obs-norm"},
    {"normalize", "obs-norm", "and --reward-norm"},
    {"normalize-input", "obs-norm", NULL},
    {"normalize-obs", "obs-norm", NULL},
    {"norm-obs", "obs-norm", NULL},
    {"normalize-reward", "reward-norm", NULL},
    {"norm-reward", "reward-norm", NULL},
    {"normalize-returns", "reward-norm", NULL},
    {"clip-rewards", "reward-clip", NULL},
    {"clip-reward", "reward-clip", NULL},
    {"reward-scale-factor", "reward-scale", NULL},
    {"frameskip", "frame-skip", NULL},
    {"env-frameskip", "frame-skip", NULL},
    {"action-repeat", "frame-skip", NULL},
    {"grayscale", "grey", NULL},
    {"grayscale-obs", "grey", NULL},
    {"noop-max", "no-op-max", NULL},
    {"num-noops", "no-op-max", NULL},
    {"repeat-action-probability", "sticky", NULL},
    {"sticky-actions", "sticky", "the chance, such as 0.25"},
    {"terminal-on-life-loss", "life-loss", NULL},
    {"episodic-life", "life-loss", NULL},
    {"epsilon", "eps-final", NULL},
    {"exploration-final-eps", "eps-final", NULL},
    {"final-epsilon", "eps-final", NULL},
    {"end-e", "eps-final", NULL},
    {"exploration-fraction", "eps-share", NULL},
    {"epsilon-decay", "eps-frames", NULL},
    {"eps-decay", "eps-frames", NULL},
    {"final-exploration-frames", "eps-frames", NULL},
    {"target-update-interval", "target-every", NULL},
    {"target-network-frequency", "target-every", NULL},
    {"target-network-update-freq", "target-every", NULL},
    {"target-update", "target-every", NULL},
    {"tau", "target-every", "the target is copied, not mixed in"},
    {"out-dir", "out", NULL},
    {"outdir", "out", NULL},
    {"output", "out", NULL},
    {"output-dir", "out", NULL},
    {"log-dir", "out", NULL},
    {"logdir", "out", NULL},
    {"log-folder", "out", NULL},
    {"train-dir", "out", NULL},
    {"save-dir", "out", NULL},
    {"save-path", "out", NULL},
    {"results-dir", "out", NULL},
    {"run-dir", "out", NULL},
    {"dir", "out", NULL},
    {"folder", "out", NULL},
    {"experiment", "out", NULL},
    {"exp-name", "out", NULL},
    {"run-name", "out", NULL},
    {"overwrite", "force", NULL},
    {"restart-behavior", "or-resume", "or --force"},
    {"resume", "or-resume", "or: dunlin resume RUN"},
    {"restore", "or-resume", "or: dunlin resume RUN"},
    {"continue", "or-resume", "or: dunlin resume RUN"},
    {"save-freq", "checkpoint-every", NULL},
    {"save-interval", "checkpoint-every", NULL},
    {"save-every", "checkpoint-every", NULL},
    {"save-frequency", "checkpoint-every", NULL},
    {"checkpoint-freq", "checkpoint-every", NULL},
    {"checkpoint-frequency", "checkpoint-every", NULL},
    {"checkpoint-interval", "checkpoint-every", NULL},
    {"keep-checkpoints", "checkpoint-keep", NULL},
    {"log-interval", "log-every", "seconds"},
    {"log-freq", "log-every", "seconds"},
    {"print-freq", "log-every", "seconds"},
    {"eval-freq", "eval-every", NULL},
    {"eval-interval", "eval-every", NULL},
    {"evaluation-interval", "eval-every", NULL},
    {"n-eval-episodes", "eval-episodes", NULL},
    {"eval-n-runs", "eval-episodes", NULL},
    {"evaluation-duration", "eval-episodes", NULL},
    {"torch-deterministic", "deterministic", NULL},
    {"reproducible", "deterministic", NULL},
    {"random-seed", "seed", NULL},
    {"device", NULL, "training runs on the cores of its nodes alone"},
    {"cuda", NULL, "training runs on the cores of its nodes alone"},
    {"no-cuda", NULL, "training runs on the cores of its nodes alone"},
    {"gpu", NULL, "training runs on the cores of its nodes alone"},
    {"gpus", NULL, "training runs on the cores of its nodes alone"},
    {"num-gpus", NULL, "training runs on the cores of its nodes alone"},
    {"render", NULL, "watch by `dunlin eval RUN --render` or `dunlin record RUN`"},
    {"capture-video", NULL, "watch by `dunlin eval RUN --render` or `dunlin record RUN`"},
    {"track", NULL, "curves are in RUN/run.h5: `dunlin plot RUN`; --tensorboard FOLDER keeps them there, too"},
    {"wandb", NULL, "curves are in RUN/run.h5: `dunlin plot RUN`; --tensorboard FOLDER keeps them there, too"},
    {"with-wandb", NULL, "curves are in RUN/run.h5: `dunlin plot RUN`; --tensorboard FOLDER keeps them there, too"},
    {"tensorboard-log", "tensorboard", "a folder"},
    {"tensorboard-dir", "tensorboard", NULL},
    {"load", "init-from", "weights alone; all of a run: dunlin resume RUN"},
    {"load-path", "init-from", "weights alone; all of a run: dunlin resume RUN"},
    {"trained-agent", "init-from", "weights alone; all of a run: dunlin resume RUN"},
    {"pretrained", "init-from", NULL},
    {"reward-threshold", "stop-at", NULL},
    {"stop-reward", "stop-at", NULL},
    {"target-score", "stop-at", NULL},
    {"verbose", NULL, "`dunlin top RUN` shows more, --log-every more often"},
    {"quiet", NULL, "lines come on standard error: 2>log"},
    {"buffer-size", "memory", NULL},
    {"replay-size", "memory", NULL},
    {"replay-buffer-size", "memory", NULL},
    {"memory-size", "memory", NULL},
    {"capacity", "memory", NULL},
    {"learning-starts", "replay-start", NULL},
    {"replay-start-size", "replay-start", NULL},
    {"warmup-steps", "replay-start", NULL},
    {"config", NULL, "type the file alone: dunlin train FILE.ini"},
    {"ini", NULL, "type the file alone: dunlin train FILE.ini"},
};

/* Words that other programs have for a command. */
static const char *const COMMANDS[][2] = {
    {"learn", "train"},   {"run", "train"},     {"start", "train"},     {"continue", "resume"}, {"restart", "resume"},
    {"evaluate", "eval"}, {"enjoy", "eval"},    {"play", "eval"},       {"test", "eval"},       {"watch", "record"},
    {"video", "record"},  {"render", "record"}, {"monitor", "top"},     {"status", "top"},      {"tensorboard", "plot"},
    {"curves", "plot"},   {"show", "info"},     {"inspect", "info"},    {"benchmark", "bench"}, {"diagnose", "doctor"},
    {"envs", "list"},     {"ls", "list"},       {"check-env", "check"}, {"visualize", "plot"},  {"convert", "export"},
    {"save", "export"},   {"diff", "compare"}};

enum { OTHER_COUNT = sizeof OTHERS / sizeof *OTHERS, NAME = 64 };

/* What Gymnasium's classic environments, and MuJoCo's, are called here. */
static const char *const ENVS[][2] = {{"cartpole", "cartpole"},
                                      {"acrobot", "acrobot"},
                                      {"mountaincar", "mountaincar"},
                                      {"mountaincarcontinuous", "mountaincar-continuous"},
                                      {"pendulum", "pendulum"},
                                      {"hopper", "mujoco:hopper"},
                                      {"walker2d", "mujoco:walker2d"},
                                      {"halfcheetah", "mujoco:halfcheetah"},
                                      {"ant", "mujoco:ant"},
                                      {"humanoid", "mujoco:humanoid"},
                                      {"swimmer", "mujoco:swimmer"},
                                      {"reacher", "mujoco:reacher"},
                                      {"pusher", "mujoco:pusher"},
                                      {"humanoidstandup", "mujoco:humanoid-standup"},
                                      {"invertedpendulum", "mujoco:inverted-pendulum"},
                                      {"inverteddoublependulum", "mujoco:inverted-double-pendulum"}};

/* Small letters, - for _; cut to fit. */
static void plain(const char *typed, char text[NAME])
{
    size_t n = 0;
    for (; typed[n] && n < NAME - 1; n++) text[n] = typed[n] == '_' ? '-' : (char)tolower((unsigned char)typed[n]);
    text[n] = '\0';
}

/* Edits, or INT_MAX where so many of so few letters would be another word. With `begins` a beginning is one edit away,
 * so that "eps" leads to "eps-final" and not to "env". */
static int far(const char *typed, const char *name, bool begins)
{
    const int n = (int)strlen(typed);
    if (begins && n >= 3 && (size_t)n < strlen(name) && !strncmp(typed, name, (size_t)n)) return 1;
    int d = edits_between(typed, name);
    for (int m = n - 1; begins && n >= 6 && m <= n + 1 && (size_t)m < strlen(name); m++) {
        char start[NAME];
        snprintf(start, sizeof start, "%.*s", m, name);
        const int cut = edits_between(typed, start) + 1;
        d = cut < d ? cut : d;
    }
    return d > (n < 3 ? n / 2 : n / 3 < 3 ? n / 3 : 3) ? INT_MAX : d;
}

static const char *nearest_of(const char *typed, const char *(*names)(int i), bool begins)
{
    char key[NAME], name[NAME];
    const char *nearest = NULL;
    int least = INT_MAX;
    plain(typed, key);
    for (int i = 0; names(i); i++) {
        plain(names(i), name);
        const int d = far(key, name, begins);
        if (d < least) nearest = names(i), least = d;
    }
    return nearest;
}

const char *option_names_nearest(const char *typed, const char *(*names)(int i))
{
    return nearest_of(typed, names, true);
}

static const char *key_at(int i)
{
    return i < option_row_count ? option_rows[i].key : NULL;
}
static const char *other_at(int i)
{
    return i < OTHER_COUNT ? OTHERS[i].theirs : NULL;
}

static const struct other *other_of(const char *typed)
{
    char key[NAME];
    plain(typed, key);
    for (int i = 0; i < OTHER_COUNT; i++)
        if (!strcmp(key, OTHERS[i].theirs)) return &OTHERS[i];
    return NULL;
}

const char *option_names_advice(const char *key, char *text, size_t size)
{
    const struct other *other = other_of(key);
    if (!other && !strncmp(key, "no-", 3)) other = other_of(key + 3);
    const char *nearest = other ? NULL : nearest_of(key, key_at, true);
    const bool guess = !other && !nearest && strlen(key) >= 6; /* shorter words are near to many */
    const char *theirs = guess ? nearest_of(key, other_at, false) : NULL;
    if (theirs) other = other_of(theirs);
    text[0] = '\0';
    if (nearest)
        snprintf(text, size, "; the nearest is '%s'", nearest);
    else if (other && other->ours)
        snprintf(text, size, "; here it is '%s'%s%s", other->ours, other->note ? ": " : "",
                 other->note ? other->note : "");
    else if (other)
        snprintf(text, size, ": %s", other->note);
    return text;
}

const char *option_names_env(const char *id)
{
    char name[NAME];
    plain(id, name);
    char *version = strstr(name, "-v");
    if (version && version[2] && !version[2 + strspn(version + 2, "0123456789")]) *version = '\0';
    for (size_t i = 0; i < sizeof ENVS / sizeof *ENVS; i++)
        if (!strcmp(name, ENVS[i][0])) return ENVS[i][1];
    return NULL;
}

static const char *command_at(int i)
{
    return i < (int)(sizeof COMMANDS / sizeof *COMMANDS) ? COMMANDS[i][0] : NULL;
}

const char *option_names_command(const char *typed, const char *(*names)(int i))
{
    char word[NAME];
    plain(typed, word);
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++)
        if (!strcmp(word, COMMANDS[i][0])) return COMMANDS[i][1];
    const char *nearest = nearest_of(word, names, true), *theirs = nearest ? NULL : nearest_of(word, command_at, false);
    for (size_t i = 0; theirs && i < sizeof COMMANDS / sizeof *COMMANDS; i++)
        if (theirs == COMMANDS[i][0]) nearest = COMMANDS[i][1];
    return nearest;
}
