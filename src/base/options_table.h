/* options_table.h -- every option is one row: it feeds the struct, the INI parser, the command line, --help, the run
 * file's /config and the checks.
 *
 * X(kind, field, key, default, smallest, largest, resume, help)
 * kind: REAL double, INT int64_t, FLAG bool, TEXT char[OPTION_TEXT]; WORD an enum, whose list of words stands for the
 *       largest; NAME char[OPTION_TEXT], one of those that another room's table has (options_names())
 * resume: MAY if `dunlin resume` may change it, FIXED if not; START for what is of one start only (never stored back),
 *         FOLDER the same where a start says it of its folder, which resume is given; FIRST for what the first start
 *         says and the run keeps, whatever a later one says
 * Numbers' bounds are inclusive.
 * A row stands in the list of its group, what it is about: --help and INI files have them as headings and sections. */
#ifndef DUNLIN_BASE_OPTIONS_TABLE_H
#define DUNLIN_BASE_OPTIONS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Closed words: W(constant, word), an enum option_FIELD each. */
#define INIT_WORDS(W) W(INIT_UNIFORM, "uniform") W(INIT_HE, "he") W(INIT_ORTHOGONAL, "orthogonal")
#define ACTIVATION_WORDS(W) W(ACTIVATION_IS_RELU, "relu") W(ACTIVATION_IS_TANH, "tanh")
#define NORM_WORDS(W) W(NORM_NONE, "none") W(NORM_LAYER, "layer")
#define CRITIC_WORDS(W) W(CRITIC_SHARED, "shared") W(CRITIC_SEPARATE, "separate")
#define SIGMA_WORDS(W) W(SIGMA_FREE, "free") W(SIGMA_SCALAR, "scalar")
#define CONSISTENCY_WORDS(W) W(CONSISTENCY_VERSIONED, "versioned") W(CONSISTENCY_HOGWILD, "hogwild")
#define ON_NAN_WORDS(W) W(ON_NAN_DROP, "drop") W(ON_NAN_STOP, "stop")
#define LAG_WORDS(W) W(LAG_OFF, "off") W(LAG_COUNT, "count") W(LAG_GAP, "gap")
#define NET_AUTO "auto" /* stands nowhere any more once the environment is open (setup_choose_net()) */
#define RELAY_WORDS(W) W(RELAY_AUTO, "auto") W(RELAY_OFF, "off")
#define COMBINE_WORDS(W) W(COMBINE_NONE, "none") W(COMBINE_SUM, "sum")
#define WIRE_WORDS(W) W(WIRE_FLOAT32, "float32") W(WIRE_BF16, "bf16") W(WIRE_SIGNIFICANT, "significant")

/* clang-format off */
#define OPTIONS_TASK(X)                                                                                                \
    X(TEXT, env, "env", "catch", 0, "", FIXED, "environment: NAME, or FAMILY:NAME (see `dunlin list`)")                \
    X(INT, frames, "frames", 10000000, 1, INT64_MAX, MAY, "emulated frames to train for, all actors together")         \
    X(INT, seed, "seed", 1, 0, INT64_MAX, FIXED, "names every random stream of the run")                               \
    X(INT, no_op_max, "no-op-max", 30, 0, 10000, FIXED, "no-op actions at a reset, at most (Atari)")                   \
    X(REAL, sticky, "sticky", 0, 0, 1, FIXED, "chance that the last action is repeated instead (Atari)")               \
    X(FLAG, life_loss, "life-loss", true, 0, 1, FIXED, "a lost life ends the episode for learning (Atari)")            \
    X(TEXT, python, "python", "", 0, "", START, "the Python of a gym: environment, such as venv/bin/python; else python3")\
    X(REAL, env_timeout, "env-timeout", 60, 0.1, 86400, MAY, "seconds that a step of a gym: environment may take")     \
    X(INT, frame_skip, "frame-skip", 1, 1, 64, FIXED,                                                                  \
      "times that an action is played (gym); of pictures the brighter of the last two pixels is seen")                 \
    X(FLAG, grey, "grey", true, 0, 1, FIXED, "pictures are made grey (gym); false keeps their colours")
#define OPTIONS_LEARNING(X)                                                                                            \
    X(NAME, algo, "algo", "a3c", 0, "", FIXED, "algorithm")                                                            \
    X(TEXT, net, "net", NET_AUTO, 0, "", FIXED,                                                                        \
      "network: mlp[:64,64], small, nature; auto: mlp for floats, small for pictures")                                 \
    X(WORD, init, "init", INIT_UNIFORM, 0, INIT_WORDS, FIXED,                                                          \
      "start of the weights: the paper's, He's scaled for ReLU, or orthogonal")                                        \
    X(TEXT, init_from, "init-from", "", 0, "", FIRST,                                                                  \
      "start with the weights of FILE.safetensors, or of a checkpoint of the same network")                            \
    X(WORD, activation, "activation", ACTIVATION_IS_RELU, 0, ACTIVATION_WORDS, FIXED,                                  \
      "of dense layers, net mlp; convolutions have ReLU")                                                              \
    X(WORD, norm, "norm", NORM_NONE, 0, NORM_WORDS, FIXED,                                                             \
      "layer: the sums of hidden layers are normalised before their activation, of each pixel over its channels")      \
    X(WORD, critic, "critic", CRITIC_SHARED, 0, CRITIC_WORDS, FIXED,                                                   \
      "value and policy: heads of the same hidden layers, or each with its own (a3c)")                                 \
    X(WORD, sigma, "sigma", SIGMA_FREE, 0, SIGMA_WORDS, FIXED,                                                         \
      "continuous actions: a log sigma for each, free of the state, or the paper's one of the state (a3c)")            \
    X(REAL, log_sigma, "log-sigma", 0, -10, 3, FIXED,                                                                  \
      "log of sigma before the first gradient, where sigma is free: continuous actions alone (a3c)")                   \
    X(INT, lstm, "lstm", 0, 0, 4096, FIXED, "LSTM cells after the last hidden layer (a3c, n-step-q); 0: none")         \
    X(REAL, forget_bias, "forget-bias", 0, -10, 10, FIXED,                                                             \
      "added to the biases of an LSTM's forget gates before the first gradient; 1: cells keep more at first")          \
    X(NAME, optimizer, "optimizer", "shared-rmsprop", 0, "", FIXED, "optimizer")                                       \
    X(REAL, lr, "lr", 7e-4, 0, 1e3, MAY, "learning rate at the start")                                                 \
    X(FLAG, lr_anneal, "lr-anneal", true, 0, 1, MAY, "anneal the learning rate linearly to 0 over `frames`")           \
    X(REAL, gamma, "gamma", 0.99, 0, 1, MAY, "discount of a reward one step away")                                     \
    X(INT, t_max, "t-max", 5, 0, 100000, FIXED, "steps between two updates; 0: one update per finished episode")       \
    X(INT, envs_per_actor, "envs-per-actor", 1, 1, 1024, FIXED, "environments that each actor plays in turn")          \
    X(REAL, gae, "gae", 1, 0, 1, MAY,                                                                                  \
      "lambda of generalised advantage estimation; 1: n-step returns (a3c)")                                           \
    X(FLAG, norm_adv, "norm-adv", false, 0, 1, MAY,                                                                    \
      "advantages of a rollout less their mean, over their deviation, in the policy's gradient (a3c)")                 \
    X(REAL, lambda, "lambda", 1, 0, 1, MAY,                                                                            \
      "lambda of Q(lambda): how much of a return is what was met, the rest max Q; 1: n-step returns (n-step-q)")       \
    X(INT, epochs, "epochs", 1, 1, 100, MAY,                                                                           \
      "gradients made of each rollout, each on weights that have the one before; 1: the paper (not dqn)")              \
    X(REAL, ppo_clip, "ppo-clip", 0, 0, 1, MAY,                                                                        \
      "epochs above 1: how far an action's probability may move from that which played; 0: freely (a3c)")              \
    X(REAL, value_coef, "value-coef", 0.5, 0, 1e3, MAY, "weight of the value loss (a3c)")                              \
    X(REAL, clip, "clip", 40, 0, 1e9, MAY, "largest gradient norm an actor pushes; 0: no clipping")                    \
    X(WORD, lag_scale, "lag-scale", LAG_OFF, 0, LAG_WORDS, MAY,                                                        \
      "steps of late gradients shortened, by updates since their weights (count) or how far these moved (gap); RMSProp")\
    X(REAL, lag_unit, "lag-unit", 16, 1e-3, 1e9, MAY, "updates that halve a step with lag-scale count")                \
    X(REAL, rms_decay, "rms-decay", 0.99, 0, 0.9999999, MAY, "RMSProp's decay of the mean square")                     \
    X(REAL, rms_eps, "rms-eps", 0.1, 1e-12, 1e3, MAY, "RMSProp's eps, inside the root")                                \
    X(REAL, rms_start, "rms-start", 0, 0, 1e6, FIXED,                                                                  \
      "RMSProp's mean square before the first gradient; above 0: a warm-up")                                           \
    X(REAL, momentum, "momentum", 0.9, 0, 0.9999999, MAY, "decay of momentum-sgd")                                     \
    X(REAL, adam_beta1, "adam-beta1", 0.9, 0, 0.9999999, MAY, "Adam's decay of the mean")                              \
    X(REAL, adam_beta2, "adam-beta2", 0.999, 0, 0.9999999, MAY, "Adam's decay of the mean square")                     \
    X(REAL, adam_eps, "adam-eps", 1e-8, 1e-30, 1e3, MAY, "Adam's eps, outside the root")                               \
    X(INT, target_every, "target-every", 40000, 0, INT64_MAX, MAY,                                                     \
      "frames between two updates of the target network; 0: none, targets are of what played (not dqn)")               \
    X(REAL, td_clip, "td-clip", 0, 0, 1e9, MAY,                                                                        \
      "Huber's loss: an error of Q beyond it has the slope it has there; 0: squares alone, with dqn 1 (Q methods)")     \
    X(INT, memory, "memory", 1000000, 1, 1000000000, MAY,                                                              \
      "steps that are kept to learn from, by all actors together (dqn); Atari: 7 KB each")                             \
    X(INT, replay_start, "replay-start", 50000, 0, 1000000000, MAY,                                                    \
      "steps before the first gradient, of all actors together, also after a resume (dqn)")                            \
    X(INT, batch, "batch", 32, 1, 65536, MAY, "steps drawn for a gradient (dqn), one every t-max steps")               \
    X(REAL, reward_scale, "reward-scale", 1, 1e-9, 1e9, MAY, "rewards count times this when learning")                 \
    X(FLAG, reward_clip, "reward-clip", false, 0, 1, MAY, "last of all clip them to [-1, 1] when learning")            \
    X(FLAG, reward_norm, "reward-norm", false, 0, 1, FIXED,                                                            \
      "divide rewards by the running deviation of their discounted sum when learning; reward-clip comes behind it")    \
    X(FLAG, obs_norm, "obs-norm", false, 0, 1, FIXED,                                                                  \
      "the network reads observations less their running mean, over their running standard deviation")
#define OPTIONS_EXPLORATION(X)                                                                                         \
    X(REAL, entropy, "entropy", 0.01, 0, 1e3, MAY, "beta, weight of the policy's entropy (a3c)")                       \
    X(TEXT, eps_final, "eps-final", "0.1:0.4,0.01:0.3,0.5:0.3", 0, "", MAY,                                            \
      "final exploration: one value, or VALUE:PROBABILITY,... to draw from per environment")                           \
    X(INT, eps_frames, "eps-frames", 4000000, 0, INT64_MAX, MAY, "global frames over which exploration falls from 1")  \
    X(REAL, eps_share, "eps-share", 0, 0, 1, MAY,                                                                      \
      "the same as a share of `frames`, also of those that a resume says, in place of eps-frames; 0: off")             \
    X(REAL, ema, "ema", 0, 0, 0.9999999, MAY,                                                                          \
      "decay of an average of the weights, evaluated and stored beside them (eval --ema plays it); 0: none")           \
    X(REAL, eval_eps, "eval-eps", 0, 0, 1, MAY, "epsilon when a Q method is evaluated")
#define OPTIONS_RUNNING(X)                                                                                             \
    X(TEXT, out, "out", "", 0, "", FOLDER, "folder of the run; default runs/ENV-ALGO-TIME")                            \
    X(FLAG, or_resume, "or-resume", false, 0, 1, FOLDER,                                                               \
      "resume where `out` already holds a run of this configuration")                                                  \
    X(FLAG, force, "force", false, 0, 1, FOLDER, "throw away what `out` holds")                                        \
    X(INT, actors, "actors", 0, 0, 65536, START,                                                                       \
      "actors to launch when started alone; 0: one per core, or those of before")                                      \
    X(INT, master_threads, "master-threads", 0, 0, 64, MAY,                                                            \
      "threads of rank 0 that apply waiting gradients; 0: one, and more where they help")                              \
    X(INT, checkpoint_every, "checkpoint-every", 4000000, 1, INT64_MAX, MAY, "frames between two checkpoints, at least") \
    X(INT, checkpoint_keep, "checkpoint-keep", 3, 1, 1000000, MAY, "checkpoints kept")                                 \
    X(REAL, log_every, "log-every", 2, 0.05, 86400, MAY, "seconds between two progress lines and rows of /train")      \
    X(TEXT, tensorboard, "tensorboard", "", 0, "", MAY,                                                                \
      "folder to which curves go while training, as TensorBoard reads them; none without")                             \
    X(INT, eval_every, "eval-every", 1000000, 0, INT64_MAX, MAY, "frames between two evaluations; 0: none")            \
    X(INT, eval_episodes, "eval-episodes", 10, 1, 1000000, MAY, "episodes of an evaluation")                           \
    X(REAL, eval_seconds, "eval-seconds", 1800, 0, 1e9, MAY, "seconds that an evaluation may take; 0: no limit")       \
    X(TEXT, stop_at, "stop-at", "", 0, "", MAY,                                                                        \
      "a score: the run is done once the mean of an evaluation has reached it; empty: at `frames`")                    \
    X(WORD, consistency, "consistency", CONSISTENCY_VERSIONED, 0, CONSISTENCY_WORDS, MAY,                              \
      "weights fetched whole (versioned), or as they lie (hogwild)")                                                   \
    X(FLAG, deterministic, "deterministic", false, 0, 1, FIXED,                                                        \
      "rounds: each actor's gradient on the same weights, applied in rank order; the same seed gives the same bits")   \
    X(INT, log_frames, "log-frames", 10000, 1, INT64_MAX, MAY,                                                         \
      "frames between two rows of /train with deterministic")                                                          \
    X(WORD, on_nan, "on-nan", ON_NAN_DROP, 0, ON_NAN_WORDS, MAY,                                                       \
      "a NaN or Inf in a reward, observation or gradient: drop that rollout, or save and stop the run")
#define OPTIONS_NODES(X)                                                                                               \
    X(REAL, patience, "patience", 60, 1, 1e6, MAY,                                                                     \
      "seconds that a rank which cannot be looked up (on another node) may be silent; looked up, silence is no death") \
    X(WORD, relay, "relay", RELAY_AUTO, 0, RELAY_WORDS, MAY,                                                           \
      "other nodes: one relay a node shares weights among its actors (auto), or each actor puts and gets (off)")       \
    X(WORD, combine, "combine", COMBINE_NONE, 0, COMBINE_WORDS, MAY,                                                   \
      "other nodes: gradients go on one by one (none), or the waiting ones of a node as one update (sum)")             \
    X(INT, combine_most, "combine-most", 0, 0, 1000000, MAY,                                                           \
      "combine sum: a relay takes each gradient at once, so many for a sum at most, and its actor plays on; "          \
      "0: an actor waits until rank 0 has answered")                                                                   \
    X(INT, combine_age, "combine-age", 0, 0, 1000000000, MAY,                                                          \
      "combine-most: no more into a sum whose oldest weights are so many updates behind the node's; 0: at any age")    \
    X(WORD, wire, "wire", WIRE_FLOAT32, 0, WIRE_WORDS, MAY,                                                            \
      "other nodes: gradients travel as they are, in 16 bits, or only entries that matter; the rest is kept "          \
      "and added up")
#define OPTIONS(X) OPTIONS_TASK(X) OPTIONS_LEARNING(X) OPTIONS_EXPLORATION(X) OPTIONS_RUNNING(X) OPTIONS_NODES(X)
/* clang-format on */

enum { OPTION_TEXT = 512, OPTIONS_MOST = 96 }; /* bytes of a text value, its end included; rows */

#define OPTION_WORD(constant, word) constant,
#define X_REAL(field, words)
#define X_INT(field, words)
#define X_FLAG(field, words)
#define X_TEXT(field, words)
#define X_NAME(field, words)
#define X_WORD(field, words) enum option_##field{words(OPTION_WORD)};
#define X(kind, field, key, def, low, high, resume, help) X_##kind(field, high)
OPTIONS(X)
#undef X
#undef X_REAL
#undef X_INT
#undef X_FLAG
#undef X_TEXT
#undef X_NAME
#undef X_WORD
#undef OPTION_WORD

struct options {
#define X_REAL(field) double field;
#define X_INT(field) int64_t field;
#define X_FLAG(field) bool field;
#define X_TEXT(field) char field[OPTION_TEXT];
#define X_NAME(field) char field[OPTION_TEXT];
#define X_WORD(field) enum option_##field field;
#define X(kind, field, key, def, low, high, resume, help) X_##kind(field)
    OPTIONS(X)
#undef X
#undef X_REAL
#undef X_INT
#undef X_FLAG
#undef X_TEXT
#undef X_NAME
#undef X_WORD
};

#endif
