/* rows.h -- the tables of run.h5: the rows of each, and which there are. */
#ifndef DUNLIN_STORE_ROWS_H
#define DUNLIN_STORE_ROWS_H

#include <stdint.h>

/* clang-format off */
/* X(type, field): a table is its struct; types int64_t, double, float; TEXT(n) is char[n], zero padded. */
#define RUN_TRAIN(X) \
    X(double, seconds) X(int64_t, frames) X(int64_t, steps) X(int64_t, updates) X(double, frames_per_s) \
    X(double, updates_per_s) X(double, return_mean) X(double, return_max) X(int64_t, episodes) X(double, policy_loss) \
    X(double, value_loss) X(double, entropy) X(double, grad_norm) X(double, lr) X(double, lag_mean) \
    X(int64_t, lag_max)     X(int64_t, dropped)
#define RUN_EPISODES(X) X(int64_t, frames) X(double, seconds) X(int64_t, actor) X(double, ret) X(int64_t, length)
#define RUN_EVAL(X) \
    X(int64_t, frames) X(double, seconds) X(int64_t, episodes) X(double, mean) X(double, median) X(double, std) \
    X(double, min) X(double, max)
#define RUN_LAG(X) X(int64_t, lag) X(int64_t, count) /* rewritten in place; the last row counts all longer lags */
#define RUN_EVENTS(X) X(double, seconds) X(int64_t, frames) X(int64_t, rank) X(TEXT(32), kind) X(TEXT(224), text)
#define RUN_ACTORS(X) /* a row per rank, rewritten in place */ \
    X(int64_t, rank) X(TEXT(64), host) X(int64_t, frames) X(int64_t, updates) X(int64_t, episodes) \
    X(double, last_seen) X(double, epsilon) X(TEXT(16), state)
/* clang-format on */

#define TEXT(n) TEXT_##n
typedef char TEXT_16[16];
typedef char TEXT_32[32];
typedef char TEXT_64[64];
typedef char TEXT_224[224];
#define X(type, field) type field;
struct run_train {
    RUN_TRAIN(X)
};
struct run_episode {
    RUN_EPISODES(X)
}; /* `ret` is named "return" in the file */
struct run_eval {
    RUN_EVAL(X)
};
struct run_lag {
    RUN_LAG(X)
};
struct run_event {
    RUN_EVENTS(X)
};
struct run_actor {
    RUN_ACTORS(X)
};
#undef X

enum { RUN_LAG_ROWS = 1024 };

enum runfile_table {
    RUN_TABLE_TRAIN,
    RUN_TABLE_EPISODES,
    RUN_TABLE_EVAL,
    RUN_TABLE_LAG,
    RUN_TABLE_EVENTS,
    RUN_TABLE_ACTORS
};

#endif
