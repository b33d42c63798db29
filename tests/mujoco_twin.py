"""mujoco_twin.py TEST_MUJOCO -- our MuJoCo tasks against Gymnasium's, version 5, on the same MuJoCo.

TEST_MUJOCO --record plays a task by random actions and writes where each episode starts, and each action with what came
of it. Gymnasium starts from the same positions and speeds, takes the same actions, and must come to the same observations
(as floats), rewards and ends, bit for bit. The rewards of reacher and pusher hold a norm, for which NumPy asks BLAS, and
BLAS another kernel on another processor: there the last bit is free.
"""
import struct
import subprocess
import sys

import gymnasium
import mujoco
import numpy as np

STEPS, LONG = 400, 1010  # the latter beyond the time limit of 1,000
HEAD = 24  # bytes of a saved state before its numbers
TASKS = {
    "hopper": "Hopper", "walker2d": "Walker2d", "halfcheetah": "HalfCheetah", "ant": "Ant", "humanoid": "Humanoid",
    "humanoid-standup": "HumanoidStandup", "swimmer": "Swimmer", "inverted-pendulum": "InvertedPendulum",
    "inverted-double-pendulum": "InvertedDoublePendulum", "reacher": "Reacher", "pusher": "Pusher",
}


def compare(program, task):
    env = gymnasium.make(TASKS[task] + "-v5")
    inner = env.unwrapped
    scratch = mujoco.MjData(inner.model)
    count = dict(steps=0, episodes=0, terminated=0, truncated=0)
    steps = LONG if task in ("halfcheetah", "swimmer") else STEPS
    slack = 4e-16 if task in ("reacher", "pusher") else 0
    with subprocess.Popen([program, "--record", task, str(steps)], stdout=subprocess.PIPE) as process:
        out = process.stdout
        n, dims, saved = struct.unpack("<3i", out.read(12))
        assert (n,) == env.observation_space.shape and (dims,) == env.action_space.shape
        while kind := out.read(1):
            if kind == b"R":
                mujoco.mj_setState(inner.model, scratch, np.frombuffer(bytearray(out.read(saved)[HEAD:])),
                                   mujoco.mjtState.mjSTATE_INTEGRATION)
                env.reset()
                mujoco.mj_resetData(inner.model, inner.data)
                inner.set_state(scratch.qpos, scratch.qvel)
                theirs, reward, ends = inner._get_obs(), 0.0, (False, False)
                ours_reward, ours_ends = 0.0, (0, 0)
                count["episodes"] += 1
            else:
                action = np.frombuffer(out.read(4 * dims), np.float32)
                ours_reward, *ours_ends = struct.unpack("<d2i", out.read(16))
                theirs, reward, *ends, _ = env.step(action)
                count["steps"] += 1
                count["terminated"] += ours_ends[0]
                count["truncated"] += ours_ends[1]
            ours = np.frombuffer(out.read(4 * n), np.float32)
            where = f"episode {count['episodes']}, step {count['steps']}"
            apart = np.flatnonzero(ours != theirs.astype(np.float32))
            assert not apart.size, f"{where}: observation {apart[0]} is {ours[apart[0]]}, the twin's {theirs[apart[0]]}"
            reward = float(reward)
            assert abs(reward - ours_reward) <= slack * abs(reward), f"{where}: reward {ours_reward!r}, the twin's {reward!r}"
            ends = [int(ends[0]), int(ends[1] and not ends[0])]
            assert list(ours_ends) == ends, f"{where}: terminated, truncated {ours_ends}, the twin's {ends}"
    assert process.returncode == 0 and count["steps"] == steps
    return count


def main():
    failed = 0
    for n, task in enumerate(TASKS, int(sys.argv[2])):
        name = f"{task}: observations, rewards and ends are Gymnasium's"
        try:
            count = compare(sys.argv[1], task)
            print(f"ok {n} - {name}\n#   " + ", ".join(f"{v} {k}" for k, v in count.items()))
        except AssertionError as e:
            failed = 1
            print(f"not ok {n} - {name}\n#   {e}")
    return failed


sys.exit(main())
