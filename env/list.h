/* list.h -- the built-in environments, one line each, in the order of `dunlin list`. Whoever includes this defines
 * ENV(id); id names env/id.c, its `const struct env_ops env_id` and, as text, - for _, what is typed
 * after --env. */
/* clang-format off */
ENV(catch)
ENV(cartpole)
ENV(acrobot)
ENV(mountaincar)
ENV(pendulum)
ENV(mountaincar_continuous)
ENV(corridor)
ENV(cue)
ENV(drive)
ENV(maze)
ENV(atari)
ENV(mujoco)
ENV(gym)
