"""pfrl_a3c.py -- PFRL's A3C, one process a core, t_max 5, the small net, its shared RMSProp with eps inside the root.

Its own Atari wrappers want an old gym; so the game comes straight from ALE here, with the same preprocessing (4 frames a step,
maximum of the last two, grey, 84x84 by area) and the interface that PFRL expects: reset() and step() with 4 values."""
import random
import tempfile
import threading
import time

import ale_py
import cv2
import numpy as np
import pfrl
import torch
import torch.multiprocessing as mp
from pfrl.agents import A3C
from pfrl.experiments import train_agent_async
from pfrl.optimizers import SharedRMSpropEpsInsideSqrt
from pfrl.policies import SoftmaxCategoricalHead
from torch import nn

import peer

T_MAX, NO_OPS, STEPS_MOST = 5, 30, 27000


class Game:
    def __init__(self, game, seed):
        ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
        self.ale = ale_py.ALEInterface()
        self.ale.setInt("random_seed", seed)
        self.ale.setFloat("repeat_action_probability", 0.0)
        self.ale.loadROM(ale_py.roms.get_rom_path(game))
        self.actions = self.ale.getMinimalActionSet()
        self.random = random.Random(seed)
        self.before = self.ale.getScreenGrayscale()
        self.stack = np.zeros((4, 84, 84), np.float32)

    def _take(self):
        screen = self.ale.getScreenGrayscale()
        plane = cv2.resize(np.maximum(screen, self.before), (84, 84), interpolation=cv2.INTER_AREA)
        self.stack = np.concatenate((self.stack[1:], plane[None].astype(np.float32) / 255))
        return self.stack

    def reset(self):
        self.ale.reset_game()
        for _ in range(self.random.randint(0, NO_OPS)):
            self.ale.act(self.actions[0])
        self.steps, self.lives = 0, self.ale.lives()
        self.before = self.ale.getScreenGrayscale()
        self.stack = np.zeros((4, 84, 84), np.float32)
        return self._take()

    def step(self, action):
        reward = 0.0
        for frame in range(peer.REPEAT):
            reward += self.ale.act(self.actions[int(action)])
            if frame == peer.REPEAT - 2:
                self.before = self.ale.getScreenGrayscale()
        self.steps += 1
        over = self.ale.game_over()
        info = {"needs_reset": self.steps >= STEPS_MOST and not over}
        return self._take(), float(np.sign(reward)), over, info

    def close(self):
        pass


def make_agent(actions):
    model = nn.Sequential(peer.small_torso(),
                          pfrl.nn.Branched(nn.Sequential(nn.Linear(256, actions), SoftmaxCategoricalHead()),
                                           nn.Linear(256, 1)))
    optimizer = SharedRMSpropEpsInsideSqrt(model.parameters(), lr=7e-4, eps=0.1, alpha=0.99)
    return A3C(model, optimizer, t_max=T_MAX, gamma=0.99, beta=0.01, max_grad_norm=40.0)


def main():
    args = peer.words((pfrl, ale_py, cv2))
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    steps, stop = mp.Value("l", 0, lock=False), mp.Event()
    rate = []

    def watch():
        while not steps.value:  # processes are still starting
            time.sleep(0.01)
        meter = peer.Meter(args.warm, args.seconds)
        before = 0
        while True:
            now = steps.value
            if meter.count(now - before):
                break
            before = now
            time.sleep(0.01)
        rate.append(meter)
        stop.set()

    def note(_env, _agent, step):
        steps.value = step

    actions = len(Game(args.game, 1).actions)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    with tempfile.TemporaryDirectory() as out:
        train_agent_async(out, args.cores, lambda index, test: Game(args.game, 1 + index), steps=10**12, eval_interval=None,
                          agent=make_agent(actions), random_seeds=list(range(args.cores)), global_step_hooks=[note],
                          stop_event=stop)
    if not rate:
        raise SystemExit("PFRL's processes ended before the time was over")
    rate[0].report()


if __name__ == "__main__":
    main()
