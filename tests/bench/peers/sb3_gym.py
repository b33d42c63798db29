"""sb3_gym.py -- Stable-Baselines3's A2C with its defaults on an environment of Gymnasium, 8 of them, two layers of 64."""
import gymnasium
import stable_baselines3
import torch
from stable_baselines3 import A2C
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env

import peer

ENVS = 8


class Stop(BaseCallback):
    def __init__(self, meter):
        super().__init__()
        self.meter = meter

    def _on_step(self):
        return not self.meter.count(ENVS)


def main():
    args = peer.words((stable_baselines3, gymnasium))
    torch.set_num_threads(1)  # with layers so small more are slower
    model = A2C("MlpPolicy", make_vec_env(args.game, n_envs=ENVS, seed=1), device="cpu", seed=1)
    meter = peer.Meter(args.warm, args.seconds)
    model.learn(total_timesteps=10**12, callback=Stop(meter), log_interval=10**9)
    meter.report(1)


if __name__ == "__main__":
    main()
