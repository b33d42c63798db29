/* mujoco_host.h -- what DIR/mujoco.so exports beside `dunlin_env`, for the program that loads it. */
#ifndef DUNLIN_MUJOCO_HOST_H
#define DUNLIN_MUJOCO_HOST_H

/* Where lines go that MuJoCo wants said; without a call they go to stderr. */
typedef void mujoco_say(const char *line);
typedef void mujoco_host(mujoco_say *say);

/* Its name among the library's symbols. */
#define MUJOCO_HOST dunlin_mujoco_host

#endif
