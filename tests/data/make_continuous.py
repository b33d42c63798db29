"""Trajectories of Gymnasium's continuous classics for tests/test_continuous.c: states before each step, actions within
bounds, what came of them. Needs: gymnasium (1.4), numpy (2), h5py.  Run: python make_continuous.py continuous.h5
"""
import sys

import gymnasium as gym
import h5py
import numpy as np

with h5py.File(sys.argv[1], "w") as f:
    for name, n in (("Pendulum-v1", 600), ("MountainCarContinuous-v0", 1000)):
        env, draw = gym.make(name), np.random.default_rng(11)
        high = env.action_space.high
        obs, _ = env.reset(seed=5)
        rows = []
        for k in range(n):
            a = draw.uniform(-1, 1, 1)
            if name != "Pendulum-v1" and k % 500 < 400:  # along with the velocity: it arrives; then it runs out of time
                a = np.copysign(np.abs(a) + 0.3, obs[1])
            a = np.clip(a * 1.3 * high, -high, high).astype(np.float32)
            state = np.array(env.unwrapped.state, dtype=np.float64)
            obs, reward, terminated, truncated, _ = env.step(a)
            rows.append((state, a, np.array(obs, np.float64), float(reward), terminated, truncated))
            if terminated or truncated:
                obs, _ = env.reset()
        g = f.create_group("env/" + name)
        for key, column in zip(("state", "action", "obs_next", "reward", "terminated", "truncated"), zip(*rows)):
            g.create_dataset(key, data=np.array(column), compression="gzip")
        print(name, sum(r[4] for r in rows), "terminated,", sum(r[5] for r in rows), "truncated")
