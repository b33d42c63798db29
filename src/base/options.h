/* options.h -- every option is one row: it feeds the struct, the INI parser, the command line, --help, the run file's
 * /config and the checks.
 */
#ifndef DUNLIN_BASE_OPTIONS_H
#define DUNLIN_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dunlin/env.h"

enum { OPTION_TEXT = 512 }; /* bytes of a text value, its end included */

/* X(kind, field, key, default, smallest, largest, resume, help)
 * kind: REAL double, INT int64_t, FLAG bool, TEXT char[OPTION_TEXT]
 * resume: MAY if `dunlin resume` may change it, START for what is of one start only (never stored back), FIXED
 * A TEXT's largest names the allowed words, separated by '|', or "" for any; OPTION_NAMES: those of option_names(). Numbers' bounds are inclusive. */
/* clang-format off */
#define OPTIONS(X)                                                                                                       \
    X(TEXT, env, "env", "catch", 0, "", FIXED, "environment: NAME, or FAMILY:NAME (see `dunlin list`)")                    \
    X(TEXT, algo, "algo", "a3c", 0, OPTION_NAMES, FIXED, "algorithm")                          \
    X(TEXT, net, "net", "small", 0, "", FIXED, "network: mlp[:64,64], small, nature")                                      \
    X(TEXT, init, "init", "uniform", 0, "uniform|he", FIXED, "start of the weights: the paper's, or He's scaled for ReLU")  \
    X(INT, lstm, "lstm", 0, 0, 4096, FIXED, "LSTM cells after the last hidden layer (a3c, n-step-q); 0: none")             \
    X(TEXT, optimizer, "optimizer", "shared-rmsprop", 0, "shared-rmsprop|rmsprop|momentum-sgd", FIXED, "optimizer")        \
    X(REAL, lr, "lr", 7e-4, 0, 1e3, MAY, "learning rate at the start")                                                     \
    X(FLAG, lr_anneal, "lr-anneal", true, 0, 1, MAY, "anneal the learning rate linearly to 0 over `frames`")               \
    X(REAL, gamma, "gamma", 0.99, 0, 1, MAY, "discount of a reward one step away")                                         \
    X(INT, t_max, "t-max", 5, 0, 100000, FIXED, "steps between two updates; 0: one update per finished episode")           \
    X(REAL, entropy, "entropy", 0.01, 0, 1e3, MAY, "beta, weight of the policy's entropy (a3c)")                           \
    X(REAL, value_coef, "value-coef", 0.5, 0, 1e3, MAY, "weight of the value loss (a3c)")                                  \
    X(REAL, clip, "clip", 40, 0, 1e9, MAY, "largest gradient norm an actor pushes; 0: no clipping")                        \
    X(REAL, rms_decay, "rms-decay", 0.99, 0, 0.999999999, MAY, "RMSProp's decay of the mean square")                       \
    X(REAL, rms_eps, "rms-eps", 0.1, 1e-12, 1e3, MAY, "RMSProp's eps, inside the root")                                    \
    X(REAL, rms_start, "rms-start", 0, 0, 1e6, FIXED, "RMSProp's mean square before the first gradient; above 0: a warm-up")\
    X(REAL, momentum, "momentum", 0.9, 0, 0.999999999, MAY, "decay of momentum-sgd")                                       \
    X(INT, target_every, "target-every", 40000, 1, INT64_MAX, MAY, "frames between two updates of the target network")     \
    X(TEXT, eps_final, "eps-final", "0.1:0.4,0.01:0.3,0.5:0.3", 0, "", MAY,                                                \
      "final exploration: one value, or VALUE:PROBABILITY,... to draw from per environment")                               \
    X(INT, eps_frames, "eps-frames", 4000000, 0, INT64_MAX, MAY, "global frames over which exploration falls from 1")      \
    X(REAL, reward_scale, "reward-scale", 1, 1e-9, 1e9, MAY, "rewards count times this when learning")                     \
    X(FLAG, reward_clip, "reward-clip", false, 0, 1, MAY, "then clip them to [-1, 1] when learning")                       \
    X(INT, frames, "frames", 10000000, 1, INT64_MAX, MAY, "emulated frames to train for, all actors together")             \
    X(INT, envs_per_actor, "envs-per-actor", 1, 1, 1024, FIXED, "environments that each actor plays in turn")              \
    X(INT, seed, "seed", 1, 0, INT64_MAX, FIXED, "names every random stream of the run")                                   \
    X(TEXT, out, "out", "", 0, "", START, "folder of the run; default runs/ENV-ALGO-TIME")                                 \
    X(FLAG, or_resume, "or-resume", false, 0, 1, START, "resume where `out` already holds a run of this configuration")    \
    X(FLAG, force, "force", false, 0, 1, START, "throw away what `out` holds")                                             \
    X(INT, actors, "actors", 0, 0, 65536, START, "actors to launch when started alone; 0: one per core, or those of before")   \
    X(INT, checkpoint_every, "checkpoint-every", 4000000, 1, INT64_MAX, MAY, "frames between two checkpoints")             \
    X(INT, checkpoint_keep, "checkpoint-keep", 3, 1, 1000000, MAY, "checkpoints kept")                                     \
    X(REAL, log_every, "log-every", 2, 0.05, 86400, MAY, "seconds between two progress lines and rows of /train")          \
    X(INT, eval_every, "eval-every", 1000000, 0, INT64_MAX, MAY, "frames between two evaluations; 0: none")                \
    X(INT, eval_episodes, "eval-episodes", 10, 1, 1000000, MAY, "episodes of an evaluation")                               \
    X(REAL, eval_eps, "eval-eps", 0, 0, 1, MAY, "epsilon when a Q method is evaluated")                                    \
    X(INT, no_op_max, "no-op-max", 30, 0, 10000, FIXED, "no-op actions at a reset, at most (Atari)")                       \
    X(REAL, sticky, "sticky", 0, 0, 1, FIXED, "chance that the last action is repeated instead (Atari)")                   \
    X(FLAG, life_loss, "life-loss", true, 0, 1, FIXED, "a lost life ends the episode for learning (Atari)")                \
    X(TEXT, consistency, "consistency", "versioned", 0, "versioned|hogwild", MAY,                                          \
      "weights fetched whole (versioned), or as they lie (hogwild)")                                                    \
    X(FLAG, deterministic, "deterministic", false, 0, 1, FIXED,                                                            \
      "rounds: each actor's gradient on the same weights, applied in rank order; the same seed gives the same bits")       \
    X(INT, log_frames, "log-frames", 10000, 1, INT64_MAX, MAY, "frames between two rows of /train with deterministic")     \
    X(TEXT, on_nan, "on-nan", "drop", 0, "drop|stop", MAY,                                                                 \
      "a NaN or Inf in a reward, observation or gradient: drop that rollout, or save and stop the run")                        \
    X(TEXT, relay, "relay", "auto", 0, "auto|off", MAY,                                                                    \
      "other nodes: one relay a node shares weights among its actors (auto), or each actor puts and gets (off)")           \
    X(TEXT, combine, "combine", "none", 0, "none|sum", MAY,                                                                \
      "other nodes: gradients go on one by one (none), or the waiting ones of a node as one update (sum)")                 \
    X(TEXT, wire, "wire", "float32", 0, "float32|bf16|significant", MAY,                                                   \
      "other nodes: gradients travel as they are, in 16 bits, or only entries that matter; the rest is kept and added up")
/* clang-format on */

#define OPTION_NAMES "|" /* no word holds it */
/* The names that the option `key` allows, separated by '|', where a table in a room above this one has them: that room
 * defines this function (setup/names.c). It is called for rows with OPTION_NAMES alone. */
const char *option_names(const char *key);

struct options {
#define OPTION_REAL(field) double field;
#define OPTION_INT(field) int64_t field;
#define OPTION_FLAG(field) bool field;
#define OPTION_TEXT_FIELD(field) char field[OPTION_TEXT];
#define X_REAL OPTION_REAL
#define X_INT OPTION_INT
#define X_FLAG OPTION_FLAG
#define X_TEXT OPTION_TEXT_FIELD
#define X(kind, field, key, def, low, high, resume, help) X_##kind(field)
    OPTIONS(X)
#undef X
#undef X_REAL
#undef X_INT
#undef X_FLAG
#undef X_TEXT
};

/* Where a value came from; a later one wins over an earlier one. */
enum option_origin { ORIGIN_DEFAULT, ORIGIN_ENVIRONMENT, ORIGIN_STORED, ORIGIN_FILE, ORIGIN_COMMAND };
const char *option_origin_name(enum option_origin origin);

int option_count(void);
const char *option_key(int i);
const char *option_help(int i);
/* The words that a TEXT allows, separated by '|', or "" for any. */
const char *option_words(int i);
/* -1 where no option has that key; the line then names the nearest key. */
int option_find(const char *key);

/* Values and their origins while they are collected. */
struct option_set {
    struct options values;
    enum option_origin origin[64]; /* by option index */
};

/* All defaults. */
void options_init(struct option_set *set);
/* One value, parsed and checked against its row: 0, or -1 after error_set(): where (a file and line, or "--key"), key,
 * value found, what is allowed. Values of a weaker origin than the one present are ignored. */
int options_set(struct option_set *set, const char *key, const char *value, enum option_origin origin,
                const char *where);
/* An INI file, "key = value" lines, # and ; comments, sections ignored but for their brackets. 0, or -1 after
 * error_set(). */
int options_read_file(struct option_set *set, const char *path);
/* What stands behind the subcommand: at most one FILE.ini (read first), then --key value, --key=value, or a bare
 * --flag. *positional is the first word that is neither (NULL: none; more than one is an error). */
int options_read_args(struct option_set *set, int argc, char **argv, const char **positional);
/* The environment's own defaults for set->values.algo, with origin ENVIRONMENT. */
int options_apply_env(struct option_set *set, const struct env_ops *ops);
/* What concerns several options at once and needs no environment (eps_final's list, ...). 0, or
 * -1 after error_set(). */
int options_check(const struct option_set *set);
/* The value of option i as text that options_set() reads back to the same bits. */
void options_format(const struct options *values, int i, char *text, size_t size);
/* May `dunlin resume` change option i; is it of one start only. */
bool option_may_change(int i);
bool option_of_start(int i);
/* The first option that may not change on resume and differs: then a and b are of two runs. -1: none does. */
int options_other_run(const struct option_set *a, const struct option_set *b);
/* eps_final's list; returns the count (1 .. 8), or -1 after error_set(). */
int options_eps_final(const char *text, double value[8], double prob[8]);
/* The help text of all options, one line each with its value in set and its range; for a resume only of those that may
 * change there, which otherwise stay as they were. */
void options_print_help(const struct option_set *set, bool resume);

#endif
