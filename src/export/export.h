/* export.h -- `dunlin export`: weights and curves as other programs read them. Local; no MPI. */
#ifndef DUNLIN_EXPORT_EXPORT_H
#define DUNLIN_EXPORT_EXPORT_H

#include <stdbool.h>

#include "base/options.h"
#include "export/graph.h"
#include "nn/model.h"
#include "store/checkpoint.h"
#include "store/message.h"

int export_main(int argc, char **argv);

/* What is exported, all of one checkpoint; borrowed by the writers. */
struct exported {
    const char *path; /* of the checkpoint */
    const struct option_set *options;
    const struct checkpoint_counters *counters;
    const struct model *model;
    const struct net *net;
    const struct net_facts *facts;
    const struct graph *graph; /* NULL for writers that need none */
    const float *theta;
    bool raw; /* the graph reads what the environment writes */
    bool ema; /* theta is the average of the weights, of which no score is kept */
};

/* A writer of one form fills a file in memory: 0, or -1 after error_set(). */
int export_safetensors(const struct exported *e, struct message *file);
int export_csv(const struct exported *e, struct message *file);
int export_onnx(const struct exported *e, struct message *file);
int export_keras(const struct exported *e, struct message *file);

/* The curves of run.h5 in a folder as TensorBoard reads it: one file of events, named by the run's start, so that the
 * same run gives the same file. 0, or -1 after error_set(). */
int export_events(const char *run, const char *dir);

#endif
