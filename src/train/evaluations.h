/* evaluations.h -- evaluations during training: the first live actor plays whole games with a copy of theta, between
 * two pushes; the best weights are kept. All local. */
#ifndef DUNLIN_TRAIN_EVALUATIONS_H
#define DUNLIN_TRAIN_EVALUATIONS_H

#include <stdbool.h>
#include <stdint.h>

struct files;
struct ranks;
struct run;

struct evaluations {
    struct run *run;
    struct ranks *ranks;
    struct files *files;
    uint64_t id;          /* of the last request */
    int actor;            /* that evaluates; -1: none under way */
    int64_t frames, next; /* T of theta; from which T on the next one is due */
    float *theta;         /* (params) under evaluation, its own */
    /* (params) the average of the same moment, evaluated after theta by the same actor: theta's requests have odd ids,
     * the average's even ones; NULL: none */
    float *average;
    uint64_t version; /* updates of theta */
    double mean;      /* of the last one; NaN: none */
};

void evaluations_init(struct evaluations *v, struct run *run, struct ranks *ranks, struct files *files);
void evaluations_free(struct evaluations *v);
void evaluations_turn(struct evaluations *v);
/* The two halves of a turn: takes what has come of an evaluation under way; asks for one of theta where one is due. */
void evaluations_take(struct evaluations *v);
void evaluations_ask(struct evaluations *v, const float *theta);
/* Ends the run where the last one had the score of --stop-at. In rounds the loop says when, between two rollouts, where
 * all that a checkpoint needs is there; else taking does it. */
void evaluations_end(struct evaluations *v);
bool evaluations_busy(const struct evaluations *v); /* is one under way */
/* Rank 0 itself evaluates the final weights, once the actors are done; a stop signal ends it. Has it been done now? */
bool evaluations_final(struct evaluations *v);

#endif
