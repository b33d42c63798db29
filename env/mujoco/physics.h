/* physics.h -- what the files of DIR/mujoco.so share: a task as one row, and the instance that is played. */
#ifndef DUNLIN_MUJOCO_PHYSICS_H
#define DUNLIN_MUJOCO_PHYSICS_H

#include <mujoco/mujoco.h>
#include <stdbool.h>
#include <stdint.h>

#include "dunlin/env.h"

enum { OBS_MOST = 512, BODIES_MOST = 3 };

/* What a step of a task comes to, as it stands in Gymnasium's files of the same name, version 5. */
struct task {
    const char *name, *file; /* as typed; in assets/ */
    struct {
        int nq, nv, nu, nbody, nsite;
        const char *bodies[BODIES_MOST];
    } model;         /* of what is read: sizes (sites: at least), and bodies that have a name */
    int skip, steps; /* physics steps of an action; actions of an episode */
    double qpos_noise, qvel_noise;
    bool normal; /* the noise of qvel, of this standard deviation; else uniform within it, as that of qpos always is */
    /* Places what a reset draws beyond that noise. NULL: nothing. */
    void (*start)(const mjModel *m, mjData *d, struct rng *rng);
    /* How far it has come, in m: its reward is of the way that a step makes. NULL: none. */
    double (*progress)(const mjModel *m, const mjData *d);
    /* Writes the observation; returns its length. */
    int (*observe)(const mjModel *m, const mjData *d, float *obs);
    /* speed: of the progress, m/s; u: (nu) the action. `truncated` is the caller's. */
    struct env_step (*judge)(const mjModel *m, const mjData *d, double speed, const float *u);
    struct {
        double tilt;          /* 0: from the side, pi/2: from above */
        double height, depth; /* of what stands in its middle, m; its x moves along with the progress */
        double span;          /* m from left to right */
    } view;                   /* of its picture */
};

extern const struct task tasks[];
extern const int tasks_count;

/* One environment. */
struct physics {
    const struct task *task;
    const mjModel *model; /* the process's */
    mjData *data;         /* its own */
    int64_t steps;        /* of the episode */
    double progress;      /* before the step to come */
    const char *failure;  /* what the library said when it gave up; NULL */
};

enum { PICTURE_HEIGHT = 240, PICTURE_WIDTH = 320 };

/* Draws as MuJoCo does, into rgb[PICTURE_HEIGHT][PICTURE_WIDTH][3]. False where there is no EGL of Mesa's. */
bool physics_draw_gl(const struct physics *p, uint8_t *rgb);

/* The same picture by hand: fills the bodies' shapes, without any graphics library. */
void physics_draw(const struct physics *p, uint8_t *rgb);

#endif
