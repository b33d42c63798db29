"""sb3_a2c.py -- Stable-Baselines3's A2C with its own Atari wrappers, 16 environments in processes, n = 5, the small net."""
import ale_py
import gymnasium
import stable_baselines3
import torch
from stable_baselines3 import A2C
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_atari_env
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import SubprocVecEnv, VecFrameStack

import peer

ENVS, T_MAX = 16, 5


class Small(BaseFeaturesExtractor):
    """Pictures come as floats in [0, 1], channels first."""

    def __init__(self, space):
        super().__init__(space, 256)
        self.torso = peer.small_torso()

    def forward(self, obs):
        return self.torso(obs)


class Stop(BaseCallback):
    def __init__(self, meter):
        super().__init__()
        self.meter = meter

    def _on_step(self):
        return not self.meter.count(ENVS)


def main():
    args = peer.words((stable_baselines3, gymnasium, ale_py))
    gymnasium.register_envs(ale_py)
    torch.set_num_threads(args.cores)
    envs = make_atari_env(f"{args.game.capitalize()}NoFrameskip-v4", n_envs=ENVS, seed=1, vec_env_cls=SubprocVecEnv)
    envs = VecFrameStack(envs, n_stack=4)
    policy = {"features_extractor_class": Small, "net_arch": []}
    model = A2C("CnnPolicy", envs, learning_rate=7e-4, n_steps=T_MAX, gamma=0.99, ent_coef=0.01, vf_coef=0.25,
                max_grad_norm=40, policy_kwargs=policy, device="cpu", seed=1)
    meter = peer.Meter(args.warm, args.seconds)
    model.learn(total_timesteps=10**12, callback=Stop(meter), log_interval=10**9)
    meter.report()
    envs.close()


if __name__ == "__main__":
    main()
