"""sb3_mujoco.py -- Stable-Baselines3's A2C, or with --algo its PPO, on a task of MuJoCo in Gymnasium: 8 environments, two layers
of 64, observations and rewards normalised as for the zoo's table; otherwise its defaults, but a rollout of PPO has 2048 steps of
all environments together."""
import sys

import gymnasium
import stable_baselines3
import torch
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import VecNormalize

import peer

ENVS = 8
ROLLOUT = 2048


class Stop(BaseCallback):
    """Counts at the end of each rollout, so that PPO's seconds of learning belong to the steps before them."""

    def __init__(self, meter):
        super().__init__()
        self.meter = meter
        self.steps = 0
        self.over = False

    def _on_step(self):
        self.steps += ENVS
        return not self.over

    def _on_rollout_end(self):
        self.over = self.meter.count(self.steps)
        self.steps = 0


def task(name):
    """hopper: Hopper-v5, inverted-pendulum: InvertedPendulum-v5."""
    wanted = name.replace("-", "") + "-v5"
    return next(i for i in gymnasium.registry if i.lower() == wanted)


def main():
    algo = "a2c"
    if "--algo" in sys.argv:
        at = sys.argv.index("--algo")
        algo = sys.argv[at + 1]
        del sys.argv[at:at + 2]
    args = peer.words((stable_baselines3, gymnasium))
    torch.set_num_threads(1)  # with layers so small more are slower
    envs = VecNormalize(make_vec_env(task(args.game), n_envs=ENVS, seed=1))
    more = {"n_steps": ROLLOUT // ENVS} if algo == "ppo" else {}
    model = {"a2c": A2C, "ppo": PPO}[algo]("MlpPolicy", envs, device="cpu", seed=1, **more)
    meter = peer.Meter(args.warm, args.seconds)
    model.learn(total_timesteps=10**12, callback=Stop(meter), log_interval=10**9)
    meter.report(1)


if __name__ == "__main__":
    main()
