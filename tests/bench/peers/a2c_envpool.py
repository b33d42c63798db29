"""a2c_envpool.py -- a synchronous A2C: EnvPool plays (C++ threads), PyTorch acts for all environments at once and
differentiates n = 5 steps; the loss, clipping and RMSProp of Mnih et al. 2016 with PyTorch's own optimizer."""
import envpool
import numpy as np
import torch
from torch import nn

import peer

ENVS, T_MAX, GAMMA, BETA, CLIP = 16, 5, 0.99, 0.01, 40.0


class Net(nn.Module):
    def __init__(self, actions):
        super().__init__()
        self.torso = peer.small_torso()
        self.pi = nn.Linear(256, actions)
        self.v = nn.Linear(256, 1)

    def forward(self, obs):
        h = self.torso(obs.float() / 255)
        return self.pi(h), self.v(h).squeeze(-1)


def returns(rewards, ends, bootstrap):
    """R_i <- r_i + gamma R_(i+1), 0 behind an end."""
    R, out = bootstrap, []
    for r, end in zip(reversed(rewards), reversed(ends)):
        R = r + GAMMA * R * (1 - end)
        out.append(R)
    return torch.stack(out[::-1])


def main():
    args = peer.words((envpool,))
    torch.set_num_threads(args.cores)
    torch.manual_seed(1)
    envs = envpool.make(f"{args.game.capitalize()}-v5", env_type="gymnasium", num_envs=ENVS, num_threads=args.cores,
                        stack_num=4, frame_skip=4, img_height=84, img_width=84, gray_scale=True, noop_max=30,
                        episodic_life=True, reward_clip=True, repeat_action_probability=0.0, full_action_space=False,
                        seed=1)
    net = Net(int(envs.action_space.n))
    optimizer = torch.optim.RMSprop(net.parameters(), lr=7e-4, alpha=0.99, eps=0.1)
    meter = peer.Meter(args.warm, args.seconds)
    obs = torch.from_numpy(envs.reset()[0])
    while True:
        logps, entropies, values, rewards, ends = [], [], [], [], []
        for _ in range(T_MAX):
            # the graph of acting is kept: nothing is computed twice
            logits, value = net(obs)
            logp = torch.log_softmax(logits, -1)
            action = torch.multinomial(logp.detach().exp(), 1)
            next_obs, reward, terminated, truncated, _ = envs.step(action.squeeze(1).numpy().astype(np.int32))
            logps.append(logp.gather(1, action).squeeze(1))
            entropies.append(-(logp.exp() * logp).sum(-1))
            values.append(value)
            rewards.append(torch.from_numpy(np.asarray(reward, np.float32)))
            ends.append(torch.from_numpy(np.logical_or(terminated, truncated).astype(np.float32)))
            obs = torch.from_numpy(next_obs)
        with torch.no_grad():
            R = returns(rewards, ends, net(obs)[1])
        adv = R - torch.stack(values)
        loss = (-torch.stack(logps) * adv.detach() - BETA * torch.stack(entropies) + 0.5 * adv.pow(2)).sum(0).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimizer.step()
        if meter.count(T_MAX * ENVS):
            break
    meter.report()


if __name__ == "__main__":
    main()
