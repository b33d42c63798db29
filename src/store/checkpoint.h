/* checkpoint.h -- checkpoints: written whole, verified before HDF5 opens them.
 *
 * RUN/checkpoint-FRAMES.h5 and RUN/checkpoint-best.h5. A 512-byte HDF5 user block holds magic, format, length and
 * SHA-256 of the rest; a file under its final name is whole (written beside it, flushed to disk, renamed). Inside:
 *   /config (attributes), /counters (attributes), /params/LAYER/{weight,bias,...} in textbook shapes,
 *   /model (model.h), /target/LAYER/..., /ema/LAYER/... (an average of /params), /optimizer,
 *   /actors/RANK/state (bytes), /actors/RANK attribute "missing".
 * An optimiser keeps sets of blocks: one set for all actors, or one for each (attribute "rows": how many). A block is
 * /optimizer/LAYER/...; with several sets it is in actor-N/ (N from 0: the actor of rank N + 1), and of several
 * blocks in a set each is in a group of its name: /optimizer/m/LAYER/... Attribute
 * "steps", where it matters: gradients applied.
 */
#ifndef DUNLIN_STORE_CHECKPOINT_H
#define DUNLIN_STORE_CHECKPOINT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/options.h"
#include "nn/model.h"
#include "nn/net.h"

#define CHECKPOINT_COUNTERS(X)                                                                                         \
    X(int64_t, frames, "T")                                                                                            \
    X(int64_t, steps, "agent steps")                                                                                   \
    X(int64_t, updates, "gradients applied: the version of theta")                                                     \
    X(int64_t, episodes, "finished")                                                                                   \
    X(int64_t, target_frames, "T at which theta_target was last set")                                                  \
    X(int64_t, eval_frames, "T of the last evaluation")                                                                \
    X(int64_t, bad_gradients, "with a NaN or Inf, never applied")                                                      \
    X(int64_t, ranks, "1 + actors of the session that wrote this")                                                     \
    X(int64_t, session, "0: the first start, 1: the first resume, ...")                                                \
    X(double, seconds, "of training so far, all sessions")                                                             \
    X(double, best_mean, "mean return of the best evaluation so far; NaN: none")

struct checkpoint_counters {
#define X(type, field, help) type field;
    CHECKPOINT_COUNTERS(X)
#undef X
};

struct checkpoint_actor {
    int rank;
    const void *state; /* NULL: it was missing */
    size_t bytes;
};

struct checkpoint_optim {
    int sets, blocks;          /* of a set */
    const char *const *names;  /* (blocks) not read where there is one */
    const float *const *state; /* (sets * blocks) of params floats */
    int64_t steps;             /* -1: not kept */
};

/* What goes in; everything is borrowed. */
struct checkpoint {
    const struct option_set *options;
    const struct net *net;
    struct checkpoint_counters counters;
    const float *theta;
    const float *target;  /* NULL: none */
    const float *average; /* of theta, for evaluation; NULL: none */
    struct checkpoint_optim optim;
    const struct checkpoint_actor *actors;
    int actor_count;
    const struct model *model; /* NULL: not told */
};

/* Writes dir/name. 0, or -1 after error_set() (disk full, folder gone, ...): then what stood there
 * before still stands. */
int checkpoint_write(const char *dir, const char *name, const struct checkpoint *c);

/* The same in two steps. The first takes a copy of all that c points to, as the file it will be, and is the only one to
 * call HDF5; the second, which may take long or never come back, may run in another thread (writer.h). NULL, and -1,
 * after error_set(). Owner: checkpoint_image_free(), for which NULL is fine. Local. */
struct checkpoint_image *checkpoint_image(const char *dir, const char *name, const struct checkpoint *c);
int checkpoint_image_write(const struct checkpoint_image *image);
const char *checkpoint_image_name(const struct checkpoint_image *image); /* as given; lives as long as the image */
void checkpoint_image_free(struct checkpoint_image **image);

/* Keeps `keep` good checkpoint-FRAMES.h5: `written`, the name just written, whatever its number, and the newest of the
 * others. Removes what is older than these, and half-written files that an earlier death left. Good are those that this
 * process has written or vouched for; others (damaged, foreign, not looked at) are not counted, and stay while they are
 * newer. Reads none and calls no HDF5: for a thread that may wait. */
void checkpoint_prune(const char *dir, const char *written, int keep);
/* The file, as it was before it was read, can be gone on from. Any thread. */
struct stat;
void checkpoint_vouch(const struct stat *file);

/* An opened checkpoint: its file is opened once, read whole, verified, and closed; what follows reads the bytes in
 * memory, which are as many as the file has. HDF5 goes through them first in a process of its own, so that a file with
 * a good seal on which HDF5 crashes or hangs is a line too. NULL after error_set(). No file that HDF5 could write to
 * may be open. Owner: checkpoint_close(). */
struct checkpoint_file *checkpoint_open(const char *path);
/* The newest checkpoint-FRAMES.h5 of a run folder with fewer than *frames that can be opened, each one looked at opened
 * once; *frames becomes its FRAMES. Those that cannot are a line of log each, which ends in or_else; NULL: that the
 * one before it is tried, where there is one; "": no line. 0; 1 where there is none; -1 after error_set() where the
 * folder cannot be read. */
int checkpoint_open_before(const char *dir, int64_t *frames, const char *or_else, struct checkpoint_file **f);
/* Is there a checkpoint-FRAMES.h5 with fewer than frames, whatever is in it. */
bool checkpoint_is_before(const char *dir, int64_t frames);
/* A run folder or a checkpoint file, as users name them, opened: of a folder the newest that can be, or, where users
 * said --best, checkpoint-best.h5 and no other. NULL after error_set(), with a line for who said --best of a run
 * without one, or of another file. */
struct checkpoint_file *checkpoint_find(const char *run_or_file, bool best);
const char *checkpoint_path(const struct checkpoint_file *f);
/* The file when it was read: for checkpoint_vouch(). */
const struct stat *checkpoint_stat(const struct checkpoint_file *f);
void checkpoint_close(struct checkpoint_file **f);
int checkpoint_read_counters(struct checkpoint_file *f, struct checkpoint_counters *c);
/* The stored configuration, origin STORED. */
int checkpoint_read_options(struct checkpoint_file *f, struct option_set *options);
/* Weights in the net's own order; shapes must match: the line says which tensor, found and expected shape. group is
 * "params", "target", "ema" or checkpoint_optim_group(). Returns 1 where there is no such group. */
int checkpoint_read_tensors(struct checkpoint_file *f, const char *group, const struct net *net, float *theta);
/* What the weights are weights of: model_get(). */
int checkpoint_read_model(struct checkpoint_file *f, struct model *model);
int checkpoint_optim_sets(struct checkpoint_file *f);
/* All tensors of a group by name, type ("F32", or what it is else) and shape, not read: malloc'd to *list, *count of
 * them. 0, or -1 after error_set(). */
struct safe_tensor;
int checkpoint_list_tensors(struct checkpoint_file *f, const char *group, struct safe_tensor **list, int *count);
/* 0, or -1 after error_set(). */
int checkpoint_optim_steps(struct checkpoint_file *f, int64_t *steps);
/* The group of a block: of set `set` of `sets`, by its name, or NULL where it is the only one. */
enum { CHECKPOINT_GROUP = 64 };
void checkpoint_optim_group(char group[CHECKPOINT_GROUP], int sets, int set, const char *block);
/* The state of a rank, malloc'd; 0, 1 where it was missing, -1. */
int checkpoint_read_actor(struct checkpoint_file *f, int rank, void **state, size_t *bytes);

#endif
